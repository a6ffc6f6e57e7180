//! From segmentation classes to local-speaker masks: powerset decoding, clean masks, speaker count,
//! probabilities.

mod frames;
mod geometry;
pub mod masks;
pub mod powerset;
pub mod probabilities;

pub use frames::{closest_frame, start_frame};
pub use geometry::{
    CHUNK_SAMPLES, FRAME_DURATION_S, FRAME_STEP_S, FRAMES_PER_CHUNK, LOCAL_SPEAKERS, POWERSET_CLASSES, SAMPLE_RATE,
};
