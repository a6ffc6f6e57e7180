//! Sizes of chunks, frames and classes that the segmentation network fixes.

/// Sample rate in Hz of everything after decoding.
pub const SAMPLE_RATE: u32 = 16_000;
/// Samples in a chunk (10 s).
pub const CHUNK_SAMPLES: usize = 160_000;
/// Segmentation frames in a chunk.
pub const FRAMES_PER_CHUNK: usize = 589;
/// Local speakers that the powerset model tells apart in a chunk.
pub const LOCAL_SPEAKERS: usize = 3;
/// Powerset classes: {} {0} {1} {2} {0,1} {0,2} {1,2}.
pub const POWERSET_CLASSES: usize = 7;
/// Seconds between segmentation frames: 270 samples.
pub const FRAME_STEP_S: f64 = 270.0 / 16_000.0;
/// Receptive field of a segmentation frame in seconds: 991 samples.
pub const FRAME_DURATION_S: f64 = 991.0 / 16_000.0;
