//! Converts clusters into turns: aggregation, speaker count, reconstruction, binarisation.
//!
//! [`build`] is the whole back end of the offline pipeline. Its steps are public for callers who
//! build their own pipeline. They reproduce `pyannote.audio` 4.0 (`core/inference.py`,
//! `pipelines/utils/diarization.py`, `pipelines/speaker_diarization.py`, `utils/signal.py`),
//! including its rounding. [`Reconstruction::Probabilities`] is another way, by probabilities and
//! voices of short stretches. [`readable`] makes turns for people of them.

mod binarize;
mod build;
mod calibration;
mod confidence;
mod count;
mod evidence;
mod frame_votes;
pub mod intervals;
mod labels;
mod readable;
mod reconstruct;
mod segment;
mod settings;
mod sliding_window;
mod soft;
mod stretches;
mod vote_order;

pub use binarize::{labels, to_turns};
pub use build::{Timelines, build};
pub use confidence::set_confidences;
pub(crate) use count::rounded_mean;
pub use count::speaker_count;
pub(crate) use evidence::Evidence;
pub(crate) use frame_votes::FrameVotes;
pub use labels::label_name;
pub use readable::{ReadableSettings, readable};
pub use reconstruct::{Discrete, Run, reconstruct};
pub use segment::{Annotation, Segment, Turn};
pub(crate) use settings::{MIN_DURATION_OFF_S, OVERLAP_THRESHOLD, SPEECH_THRESHOLD};
pub use settings::{Reconstruction, TimelineSettings};
pub use sliding_window::{Coverage, SlidingWindow};

#[cfg(test)]
mod soft_tests;
#[cfg(test)]
mod tests;
