//! Converts clusters into turns: aggregation, speaker count, reconstruction, binarisation.
//!
//! [`build`] is the whole back end of the offline pipeline. Its steps are public for callers who
//! build their own pipeline. They reproduce `pyannote.audio` 4.0 (`core/inference.py`,
//! `pipelines/utils/diarization.py`, `pipelines/speaker_diarization.py`, `utils/signal.py`),
//! including its rounding. [`readable`] makes turns for people of them.

mod binarize;
mod confidence;
mod count;
pub mod intervals;
mod labels;
mod readable;
mod reconstruct;
mod segment;
mod sliding_window;
mod vote_order;

pub(crate) use binarize::MIN_DURATION_OFF_S;
pub use binarize::{TimelineSettings, Timelines, build, labels, to_turns};
pub use confidence::set_confidences;
pub(crate) use count::rounded_mean;
pub use count::speaker_count;
pub use labels::label_name;
pub use readable::{ReadableSettings, readable};
pub use reconstruct::{Discrete, Run, reconstruct};
pub use segment::{Annotation, Segment, Turn};
pub use sliding_window::{Coverage, SlidingWindow};

#[cfg(test)]
mod tests;
