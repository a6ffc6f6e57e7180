//! From segmentation classes to local-speaker masks: powerset decoding, clean masks, speaker count,
//! probabilities.

mod geometry;
pub mod masks;
pub mod powerset;
pub mod probabilities;

pub use geometry::{
    CHUNK_SAMPLES, FRAME_DURATION_S, FRAME_STEP_S, FRAMES_PER_CHUNK, LOCAL_SPEAKERS, POWERSET_CLASSES, SAMPLE_RATE,
};
