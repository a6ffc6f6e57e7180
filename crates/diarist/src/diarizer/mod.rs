//! The offline pipeline: from a recording to turns.
//!
//! A [`Diarizer`] runs the networks over a recording and clusters their output. [`cluster()`] does
//! only the second half, for a saved analysis.

mod bleed;
mod channels;
mod cluster;
mod constraints;
mod corrected;
mod find;
mod naming;
mod pipeline;
mod result;
mod stitch;

pub use channels::ChannelSpeakers;
pub use cluster::cluster;
pub use corrected::{Change, changes};
pub use pipeline::Diarizer;
pub use result::{Diarization, NumberOfSpeakers, Speaker};
