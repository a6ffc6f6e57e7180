//! Log-mel features.

use std::f64::consts::TAU;

use wgpu::Buffer;

use super::{Kernels, NUM_MEL_BINS, Weights};
use crate::element::Element;
use crate::gpu::Gpu;
use crate::recorder::{Kernel, Recorder};
use crate::shader::{Source, shader};
use crate::work;

const FRAME_LENGTH: usize = 400;
const FRAME_SHIFT: usize = 160;
const SPECTRUM_LENGTH: usize = 256;
/// Operations of a frame: 8 stages of a complex transform of 256 numbers with 5 operations a number
/// and stage, about 25 for each bin of the spectrum around it.
const FRAME_OPERATIONS: u64 = (8 * 5 + 25) * SPECTRUM_LENGTH as u64;
/// Frames in a row of groups; the number of rows is limited as well.
const ROW_FRAMES: usize = 32_768;
/// Roots of unity in the table: three quarters of the circle.
const NUM_ROOTS: usize = 384;

/// Number of whole frames in `num_samples` samples.
pub const fn num_frames(num_samples: usize) -> usize {
    if num_samples < FRAME_LENGTH { 0 } else { 1 + (num_samples - FRAME_LENGTH) / FRAME_SHIFT }
}

#[derive(Debug)]
pub(super) struct Fbank {
    kernel: Kernel,
    window: Buffer,
    roots: Buffer,
    filters: Buffer,
    mel: Buffer,
}

impl Fbank {
    pub(super) fn source() -> Source {
        shader!("fbank").source(Element::F32, &[("ROW_FRAMES", ROW_FRAMES as u32)])
    }

    pub(super) fn new(gpu: &Gpu, kernels: &Kernels, weights: &Weights) -> Self {
        assert_eq!(weights.window.len(), FRAME_LENGTH, "window");
        assert_eq!(weights.mel.len(), NUM_MEL_BINS * SPECTRUM_LENGTH, "mel filters");
        let (filters, mel) = sparse(&weights.mel);
        Self {
            kernel: kernels.get(&Self::source()),
            window: gpu.weights("window", Element::F32, &weights.window),
            roots: gpu.weights("roots", Element::F32, &roots()),
            filters: gpu.buffer_of("filters", bytemuck::cast_slice(&filters)),
            mel: gpu.weights("mel", Element::F32, &mel),
        }
    }

    pub(super) fn record(&self, recorder: &mut Recorder<'_>, signal: &Buffer, num_samples: usize, fbank: &Buffer) {
        let num_frames = num_frames(num_samples);
        recorder.dispatch(
            &self.kernel,
            &[num_frames as u32],
            [signal, &self.window, &self.roots, &self.filters, &self.mel, fbank],
            [num_frames.min(ROW_FRAMES), num_frames.div_ceil(ROW_FRAMES), 1],
        );
        recorder.note_work(
            work::per_number(FRAME_OPERATIONS, num_frames),
            work::bytes(Element::F32, num_samples, num_frames * NUM_MEL_BINS),
        );
    }
}

/// `exp(-2 pi i k / 512)` as pairs of real and imaginary part.
fn roots() -> Vec<f32> {
    let angle = |k: usize| -TAU * k as f64 / 512.0;
    (0..NUM_ROOTS).flat_map(|k| [angle(k).cos() as f32, angle(k).sin() as f32]).collect()
}

/// The filters without their zeros: first bin, number of bins and start of the weights, and the
/// weights.
fn sparse(mel: &[f32]) -> (Vec<[u32; 4]>, Vec<f32>) {
    let mut weights = Vec::new();
    let filters = mel.chunks_exact(SPECTRUM_LENGTH).map(|filter| {
        let is_used = |weight: &f32| *weight != 0.0;
        let first = filter.iter().position(is_used).unwrap_or(0);
        let end = filter.iter().rposition(is_used).map_or(first, |last| last + 1);
        let start = weights.len();
        weights.extend_from_slice(&filter[first..end]);
        [first as u32, (end - first) as u32, start as u32, 0]
    });
    (filters.collect(), weights)
}
