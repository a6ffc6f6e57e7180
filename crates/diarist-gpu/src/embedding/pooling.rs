//! Statistics of sets of frames, and the last layer.

use wgpu::Buffer;

use super::{DIMENSION, FEATURE_CHANNELS, FEATURE_ROWS, Kernels, LIST_LEN};
use crate::element::Element;
use crate::gpu::Gpu;
use crate::layer::Layer;
use crate::recorder::{Kernel, Recorder};
use crate::scratch::Scratch;
use crate::shader::{Source, shader};
use crate::work;

/// Means, then standard deviations, over (frequency, channel).
const NUM_STATISTICS: usize = 2 * FEATURE_ROWS * FEATURE_CHANNELS;
/// Sets and outputs of a group of the last layer.
const GROUP_SETS: usize = 4;
const GROUP_OUTPUTS: usize = 64;

/// Sets of feature frames.
#[derive(Debug, Clone, Copy)]
pub struct Sets<'a> {
    /// `[num_sets, 128]`: the frames of each set, as pixels of the lowest frequency row: `slot *
    /// 10 * row_frames + frame`.
    pub lists: &'a Buffer,
    /// `[num_sets]`: the number of frames of each set.
    pub counts: &'a Buffer,
    /// Number of sets.
    pub num_sets: usize,
    /// Feature frames of a slot.
    pub row_frames: usize,
}

/// Bytes of the statistics.
pub(super) fn scratch_bytes(num_sets: usize) -> usize {
    num_sets * NUM_STATISTICS * 4
}

fn statistics_source(element: Element) -> Source {
    shader!("statistics").source(element, &[])
}

fn linear_source(element: Element) -> Source {
    shader!("pooled_linear").source(element, &[])
}

/// Both kernels.
pub(super) fn sources(element: Element) -> [Source; 2] {
    [statistics_source(element), linear_source(element)]
}

#[derive(Debug)]
pub(super) struct Pooling {
    element: Element,
    statistics: Kernel,
    linear: Kernel,
    weight: Buffer,
    bias: Buffer,
}

impl Pooling {
    pub(super) fn new(gpu: &Gpu, kernels: &Kernels, layer: &Layer) -> Self {
        let element = kernels.element;
        assert_eq!(layer.weight.len(), DIMENSION * NUM_STATISTICS, "weights of the last layer");
        assert_eq!(layer.bias.len(), DIMENSION, "outputs of the last layer");
        Self {
            element,
            statistics: kernels.get(&statistics_source(element)),
            linear: kernels.get(&linear_source(element)),
            weight: gpu.weights("last layer", element, &transposed(&layer.weight)),
            bias: gpu.weights("bias", Element::F32, &layer.bias),
        }
    }

    pub(super) fn record(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        features: &Buffer,
        sets: Sets<'_>,
        embeddings: &Buffer,
    ) {
        let Sets { lists, counts, num_sets, row_frames } = sets;
        let statistics = scratch.get(recorder.gpu(), "statistics", scratch_bytes(num_sets));
        let buffers = [features, lists, counts, &statistics];
        recorder.dispatch(&self.statistics, &[row_frames as u32], buffers, [FEATURE_ROWS, num_sets, 1]);
        // The most that it can be, since only the GPU knows how many frames the sets have. Four
        // operations: the sum of the mean, and of squared differences.
        let (len, num_statistics) = (num_sets * LIST_LEN * NUM_STATISTICS / 2, num_sets * NUM_STATISTICS);
        recorder.note_work(work::per_number(4, len), work::bytes(self.element, len, num_statistics));
        let buffers = [&statistics, &self.weight, &self.bias, embeddings];
        let groups = [num_sets.div_ceil(GROUP_SETS), DIMENSION / GROUP_OUTPUTS, 1];
        recorder.dispatch(&self.linear, &[num_sets as u32], buffers, groups);
        let singles = num_statistics + num_sets * DIMENSION;
        recorder.note_work(
            work::product([num_sets, NUM_STATISTICS, DIMENSION]),
            work::bytes(self.element, NUM_STATISTICS * DIMENSION, singles),
        );
    }
}

/// `[5120, 256]` with rows in the order of the statistics: mean or deviation, frequency, channel.
fn transposed(weight: &[f32]) -> Vec<f32> {
    let half = FEATURE_ROWS * FEATURE_CHANNELS;
    let checkpoint = |statistic: usize| {
        let (kind, row, channel) =
            (statistic / half, statistic % half / FEATURE_CHANNELS, statistic % FEATURE_CHANNELS);
        kind * half + channel * FEATURE_ROWS + row
    };
    let outputs = |column: usize| (0..DIMENSION).map(move |output| weight[output * NUM_STATISTICS + column]);
    (0..NUM_STATISTICS).flat_map(|statistic| outputs(checkpoint(statistic))).collect()
}
