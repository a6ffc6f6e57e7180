//! Sizes of the segmentation network.

/// Samples of a chunk.
pub(super) const CHUNK_SAMPLES: usize = 160_000;
/// Bands of the first layer, each with an even and an odd filter.
pub(super) const SINC_BANDS: usize = 40;
pub(super) const FILTERS: usize = 2 * SINC_BANDS;
/// Taps of a filter from its centre on.
pub(super) const SINC_HALF: usize = 126;
pub(super) const SINC_STRIDE: usize = 10;
/// Taps of the other convolutions.
pub(super) const TAPS: usize = 5;
/// Neighbouring frames of which the greatest is kept.
pub(super) const POOL: usize = 3;
/// Channels of the second and third convolution.
pub(super) const CHANNELS: usize = 60;
pub(super) const HIDDEN: usize = 128;
/// Outputs of an LSTM layer.
pub(super) const LSTM: usize = 2 * HIDDEN;
/// Outputs of a linear layer.
pub(super) const LINEAR: usize = 128;
pub(super) const CLASSES: usize = 7;
pub(super) const LOCAL_SPEAKERS: usize = 3;

/// Frames of a chunk after the filters, and after each pooling.
pub(super) const FRAMES_0: usize = (CHUNK_SAMPLES - (2 * SINC_HALF - 1)) / SINC_STRIDE + 1;
pub(super) const FRAMES_1: usize = FRAMES_0 / POOL;
pub(super) const FRAMES_2: usize = (FRAMES_1 - TAPS + 1) / POOL;
/// Frames of the result.
pub(super) const FRAMES: usize = (FRAMES_2 - TAPS + 1) / POOL;
const _: () = assert!(FRAMES == 589);
/// Words of a mask.
pub(super) const MASK_WORDS: usize = FRAMES.div_ceil(32);
