//! From clusters to turns: aggregation, speaker count, reconstruction, binarisation.
//!
//! [`build`] is the whole back-end of the offline pipeline; the steps are public for those who assemble their own.
//! Everything here reproduces `pyannote.audio` 4.0 (`core/inference.py`, `pipelines/utils/diarization.py`,
//! `pipelines/speaker_diarization.py`, `utils/signal.py`), up to its rounding.

mod binarize;
mod confidence;
mod count;
pub mod intervals;
mod reconstruct;
mod segment;
mod sliding_window;
mod vote_order;

pub use binarize::{TimelineOptions, Timelines, build, label_name, labels, to_annotation};
pub use confidence::confidences;
pub(crate) use count::rounded_mean;
pub use count::speaker_count;
pub use reconstruct::{Discrete, Run, reconstruct};
pub use segment::{Annotation, Segment, Turn};
pub use sliding_window::{Coverage, SlidingWindow};

#[cfg(test)]
mod tests;
