//! Buffers of the segmentation network for one batch.

use wgpu::Buffer;

use crate::element::Element;
use crate::gpu::Gpu;
use crate::scratch::Scratch;

use super::geometry::{CHANNELS, FILTERS, FRAMES, FRAMES_0, FRAMES_1, FRAMES_2, LSTM, SINC_STRIDE};
use super::{FRAME_SLICE, WAVE_SLICES};

/// Buffers, or their sizes in bytes.
pub(super) struct Activations<T> {
    /// Filtered frames of the signal, `[frames, 80]`.
    pub(super) filtered: T,
    /// Pooled frames of the first layer, `[chunk, 5325, 80]`. Later gates, `[chunk, 589, 1024]`,
    /// and last the output of the first linear layer, `[chunk, 589, 128]`.
    pub(super) wide: T,
    /// Pooled frames of the second layer, `[chunk, 1773, 60]`.
    pub(super) pooled_2: T,
    /// Pooled frames of the third layer, `[chunk, 589, 60]`.
    pub(super) pooled_3: T,
    /// Input and output of the layers after it, `[chunk, 589, up to 256]`.
    pub(super) features: T,
    /// Moments of slices of whatever is normalised next.
    pub(super) moments: T,
    /// Norms of samples, `[chunk, 2]`, and of channels, `[chunk, 2, channels]`.
    pub(super) wave: T,
    pub(super) norms: T,
}

impl Activations<usize> {
    /// Bytes of each buffer for `num_chunks` chunks, at least one.
    pub(super) fn bytes(element: Element, step_samples: usize, num_chunks: usize) -> Self {
        let singles = |len: usize| len * size_of::<f32>();
        let features = num_chunks * FRAMES * LSTM * element.num_bytes();
        let slices = FRAMES_1.div_ceil(FRAME_SLICE) * FILTERS;
        let gates = FRAMES * 4 * LSTM * element.num_bytes();
        Self {
            filtered: singles(num_filtered_frames(step_samples, num_chunks) * FILTERS),
            wide: num_chunks * gates.max(singles(FRAMES_1 * FILTERS)),
            pooled_2: singles(num_chunks * FRAMES_2 * CHANNELS),
            pooled_3: singles(num_chunks * FRAMES * CHANNELS),
            features,
            moments: singles(num_chunks * 2 * slices.max(WAVE_SLICES)),
            wave: singles(num_chunks * 2),
            norms: singles(num_chunks * 2 * FILTERS),
        }
    }

    /// Each size.
    pub(super) fn all(&self) -> [usize; 8] {
        let Self { filtered, wide, pooled_2, pooled_3, features, moments, wave, norms } = *self;
        [filtered, wide, pooled_2, pooled_3, features, moments, wave, norms]
    }

    pub(super) fn buffers(&self, gpu: &Gpu, scratch: &mut Scratch) -> Activations<Buffer> {
        let mut get = |name, num_bytes| scratch.get(gpu, name, num_bytes);
        Activations {
            filtered: get("segmentation filtered", self.filtered),
            wide: get("segmentation wide", self.wide),
            pooled_2: get("segmentation pooled 2", self.pooled_2),
            pooled_3: get("segmentation pooled 3", self.pooled_3),
            features: get("segmentation features", self.features),
            moments: get("segmentation moments", self.moments),
            wave: get("segmentation wave", self.wave),
            norms: get("segmentation norms", self.norms),
        }
    }
}

/// Frames of the filters from the start of the first chunk to the end of the last.
pub(super) fn num_filtered_frames(step_samples: usize, num_chunks: usize) -> usize {
    (num_chunks - 1) * (step_samples / SINC_STRIDE) + FRAMES_0
}
