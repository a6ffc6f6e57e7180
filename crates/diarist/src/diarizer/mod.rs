//! The offline pipeline: a recording in, turns out.
//!
//! A [`Diarizer`] runs the networks over a recording and clusters what they give; [`cluster()`] does
//! the second half for an analysis that was saved.

mod cluster;
mod constraints;
mod naming;
mod pipeline;
mod result;
mod stitch;

pub use cluster::cluster;
pub use pipeline::Diarizer;
pub use result::{Diarization, Speaker};
