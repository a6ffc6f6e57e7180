//! Speaker diarization: who spoke when.
#![forbid(unsafe_code)]

pub mod assignment;
pub mod audio;
pub mod clustering;
mod error;
pub mod features;
pub mod formats;
pub mod live;
pub mod metrics;
pub mod models;
pub mod pipeline;
pub mod segmentation;
pub mod timeline;
pub mod tracking;
pub mod voices;
pub mod words;

pub use error::{Error, ErrorKind, Result};
