//! The segmentation network: chunks of ten seconds to masks and probabilities of local speakers.
//!
//! Source: pyannote.audio `models/segmentation/PyanNet.py`. Chunks lie in one signal and share the
//! first convolution where they overlap. Samples and everything before the last instance norm are
//! `f32` in any case. The results of a chunk are the same for any other chunks of the batch.

mod activations;
mod geometry;
mod weights;

use wgpu::Buffer;

use crate::element::Element;
use crate::gemm::{Gemm, GemmForm};
use crate::gpu::Gpu;
use crate::recorder::{Kernel, Recorder};
use crate::scratch::Scratch;
use crate::shader::{Shader, Source, shader};
use crate::work;

use activations::{Activations, num_filtered_frames};
use geometry::{
    CHANNELS, CHUNK_SAMPLES, CLASSES, FILTERS, FRAMES, FRAMES_1, FRAMES_2, HIDDEN, LINEAR, LOCAL_SPEAKERS, LSTM,
    MASK_WORDS, SINC_HALF, SINC_STRIDE, TAPS,
};
pub use weights::{LstmDirection, Weights};

const WAVE: Shader = shader!("wave");
const MOMENTS: Shader = shader!("moments");
const NORM: Shader = shader!("norm");
const SINC: Shader = shader!("sinc");
const POOL: Shader = shader!("pool");
const CONV: Shader = shader!("conv1d");
const NORMALISE: Shader = shader!("normalise");
const RECURRENCE: Shader = shader!("recurrence");
const CLASSIFY: Shader = shader!("classify");

/// Samples of a slice of `wave.wgsl`, and slices of a chunk.
const WAVE_SLICE: usize = 6400;
const WAVE_SLICES: usize = CHUNK_SAMPLES / WAVE_SLICE;
/// Frames of a slice of `moments.wgsl`.
const FRAME_SLICE: usize = 64;
/// Frames of a group of `sinc.wgsl`, and groups in the first dimension of its grid.
const SINC_FRAMES: usize = 128;
const SINC_GROUPS: usize = 32_768;
/// Pooled frames of a group of `conv1d.wgsl`.
const CONV_FRAMES: usize = 32;
/// Chunks of a group of `recurrence.wgsl`: the smallest number that holds the batch, or the last.
const RECURRENT_CHUNKS: [usize; 2] = [4, 8];
/// Threads of a group of the kernels without tiles.
const THREADS: usize = 256;

/// The segmentation network with its weights on a GPU.
#[derive(Debug, Clone)]
pub struct Segmentation {
    element: Element,
    wave: Kernel,
    norm: Kernel,
    sinc: Kernel,
    pool: Kernel,
    wave_weight: Buffer,
    wave_bias: Buffer,
    filters: Buffer,
    filter_sums: Buffer,
    norms: [Norm; 3],
    convolutions: [Convolution; 2],
    normalise: Kernel,
    /// For each of `RECURRENT_CHUNKS`.
    recurrences: [Kernel; 2],
    lstm: Vec<LstmLayer>,
    linear: [Gemm; 2],
    classify: Kernel,
    classifier: [Buffer; 2],
}

/// An instance norm over the frames of a chunk.
#[derive(Debug, Clone)]
struct Norm {
    moments: Kernel,
    num_channels: usize,
    weight: Buffer,
    bias: Buffer,
}

#[derive(Debug, Clone)]
struct Convolution {
    kernel: Kernel,
    weight: Buffer,
    bias: Buffer,
}

#[derive(Debug, Clone)]
struct LstmLayer {
    projection: Gemm,
    recurrent: Buffer,
}

/// The products of the network: input's part of the gates in the first LSTM layer and in the
/// others, first and second linear layer.
fn products(element: Element) -> [GemmForm; 4] {
    let gates = |inputs| GemmForm { inputs, outputs: 4 * LSTM, is_leaky: false, stored: element };
    let linear = |inputs| GemmForm { inputs, outputs: LINEAR, is_leaky: true, stored: element };
    [gates(CHANNELS), gates(LSTM), linear(LSTM), linear(LINEAR)]
}

fn all_sources(element: Element) -> [Source; 16] {
    let vectors = |channels: usize| [("C_4", channels as u32 / 4)];
    let channels = |channels: usize| [("C", channels as u32)];
    let [few, many] = RECURRENT_CHUNKS.map(|count| RECURRENCE.source(element, &[("CHUNKS", count as u32)]));
    let [first_gates, gates, first_linear, linear] = products(element).map(|form| form.source(element));
    [
        WAVE.source(Element::F32, &[("SLICES", WAVE_SLICES as u32)]),
        NORM.source(Element::F32, &[]),
        SINC.source(Element::F32, &[]),
        POOL.source(Element::F32, &[]),
        MOMENTS.source(Element::F32, &vectors(FILTERS)),
        MOMENTS.source(Element::F32, &vectors(CHANNELS)),
        CONV.source(element, &channels(FILTERS)),
        CONV.source(element, &channels(CHANNELS)),
        NORMALISE.source(element, &vectors(CHANNELS)),
        first_gates,
        gates,
        few,
        many,
        first_linear,
        linear,
        CLASSIFY.source(element, &[]),
    ]
}

/// All kernels of the network.
pub fn sources(element: Element) -> Vec<Source> {
    all_sources(element).into()
}

impl Segmentation {
    /// Compiles the kernels and copies the weights. Those of convolutions, LSTM and linear layers
    /// are stored as `element`.
    ///
    /// # Panics
    /// If a weight does not have the shape that [`Weights`] tells.
    pub fn new(gpu: &Gpu, element: Element, weights: &Weights) -> Self {
        let [
            wave,
            norm,
            sinc,
            pool,
            moments_1,
            moments_2,
            conv_2,
            conv_3,
            normalise,
            first_gates,
            gates,
            few,
            many,
            first_linear,
            linear,
            classify,
        ] = all_sources(element).map(|source| gpu.kernel(&source));
        let singles = |values: &[f32]| gpu.weights("segmentation", Element::F32, values);
        let stored = |values: &[f32]| gpu.weights("segmentation", element, values);
        let norm_of = |index: usize, moments: &Kernel, num_channels: usize| {
            let layer = &weights.norms[index];
            assert!(layer.weight.len() == num_channels && layer.bias.len() == num_channels, "norm {index}");
            let (weight, bias) = (singles(&layer.weight), singles(&layer.bias));
            Norm { moments: moments.clone(), num_channels, weight, bias }
        };
        let convolution = |index: usize, kernel: Kernel, inputs: usize| {
            let layer = &weights.convolutions[index];
            let weight = stored(&weights::convolution(layer, inputs));
            Convolution { kernel, weight, bias: singles(&layer.bias) }
        };
        let [first_form, form, first_linear_form, linear_form] = products(element);
        let lstm = weights.lstm.iter().enumerate().map(|(index, directions)| {
            let (form, kernel) = if index == 0 { (first_form, &first_gates) } else { (form, &gates) };
            let layer = weights::projection(directions, form.inputs);
            LstmLayer {
                projection: Gemm::new(gpu, element, form, kernel.clone(), &layer),
                recurrent: stored(&weights::recurrent(directions)),
            }
        });
        let classifier = weights.classifier();
        Self {
            element,
            wave,
            norm,
            sinc,
            pool,
            wave_weight: singles(&weights.wave_norm[..1]),
            wave_bias: singles(&weights.wave_norm[1..]),
            filters: singles(&weights.filter_taps()),
            filter_sums: singles(&weights.filter_sums()),
            norms: [
                norm_of(0, &moments_1, FILTERS),
                norm_of(1, &moments_2, CHANNELS),
                norm_of(2, &moments_2, CHANNELS),
            ],
            convolutions: [convolution(0, conv_2, FILTERS), convolution(1, conv_3, CHANNELS)],
            normalise,
            recurrences: [few, many],
            lstm: lstm.collect(),
            linear: [
                Gemm::new(gpu, element, first_linear_form, first_linear, &weights.linear[0]),
                Gemm::new(gpu, element, linear_form, linear, &weights.linear[1]),
            ],
            classify,
            classifier: [stored(&classifier.weight), singles(&classifier.bias)],
        }
    }

    /// Bytes of scratch that a batch needs, and those of the largest buffer.
    pub fn scratch_bytes(element: Element, step_samples: usize, num_chunks: usize) -> (usize, usize) {
        if num_chunks == 0 {
            return (0, 0);
        }
        let all = Activations::bytes(element, step_samples, num_chunks).all();
        (all.iter().sum(), all.into_iter().fold(0, usize::max))
    }

    /// Records the work for `num_chunks` chunks of 160000 samples, one every `step_samples` samples
    /// of `signal`.
    ///
    /// `masks` is `[chunk, 3, 19]` words of 32 bits: bit `t % 32` of word `t / 32` is set if the
    /// local speaker is active in frame `t`. Rows of `probabilities` are 589 words, one for each
    /// frame: a byte for each local speaker, the first lowest, and one for overlap, in units of
    /// 1/255. Chunk 0 has the row `first_row`. A chunk with samples that are not finite has no
    /// speakers.
    ///
    /// # Panics
    /// If the step is not a positive multiple of 10, or a buffer is too small.
    #[expect(clippy::too_many_arguments, reason = "buffers of one batch")]
    pub fn record(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        signal: &Buffer,
        step_samples: usize,
        num_chunks: usize,
        masks: &Buffer,
        probabilities: &Buffer,
        first_row: usize,
    ) {
        assert!(step_samples > 0 && step_samples.is_multiple_of(SINC_STRIDE), "chunks every {step_samples} samples");
        let Some(num_later) = num_chunks.checked_sub(1) else { return };
        let num_samples = num_later * step_samples + CHUNK_SAMPLES;
        let has_room = |buffer: &Buffer, len: usize| buffer.size() >= 4 * len as u64;
        assert!(has_room(signal, num_samples), "signal");
        assert!(has_room(masks, num_chunks * LOCAL_SPEAKERS * MASK_WORDS), "masks");
        assert!(has_room(probabilities, (first_row + num_chunks) * FRAMES), "probabilities");
        let sizes = Activations::bytes(self.element, step_samples, num_chunks);
        let buffers = sizes.buffers(recorder.gpu(), scratch);
        self.record_filters(recorder, &buffers, signal, step_samples, num_chunks);
        self.record_convolutions(recorder, &buffers, num_chunks);
        self.record_lstm(recorder, &buffers, num_chunks);
        let Activations { features, wide, wave, .. } = &buffers;
        self.linear[0].record(recorder, num_chunks * FRAMES, features, wide);
        self.linear[1].record(recorder, num_chunks * FRAMES, wide, features);
        let [weight, bias] = &self.classifier;
        let shape = [FRAMES, MASK_WORDS, first_row].map(|value| value as u32);
        let parts = [features, weight, bias, wave, masks, probabilities];
        recorder.dispatch(&self.classify, &shape, parts, [MASK_WORDS, num_chunks, 1]);
        let rows = num_chunks * FRAMES;
        let words = rows + num_chunks * LOCAL_SPEAKERS * MASK_WORDS;
        recorder.note_work(
            work::product([rows, LINEAR, CLASSES]),
            work::bytes(self.element, (rows + CLASSES) * LINEAR, words),
        );
    }

    /// From samples to pooled frames of the first layer.
    fn record_filters(
        &self,
        recorder: &mut Recorder<'_>,
        buffers: &Activations<Buffer>,
        signal: &Buffer,
        step_samples: usize,
        num_chunks: usize,
    ) {
        let Activations { filtered, wide, moments, wave, .. } = buffers;
        let groups = [WAVE_SLICES, num_chunks, 1];
        recorder.dispatch(&self.wave, &[step_samples as u32], [signal, moments], groups);
        let num_samples = (num_chunks - 1) * step_samples + CHUNK_SAMPLES;
        let (all_samples, slices) = (num_chunks * CHUNK_SAMPLES, 2 * num_chunks * WAVE_SLICES);
        recorder.note_work(work::per_number(6, all_samples), work::bytes(Element::F32, num_samples, slices));
        let shape = [num_chunks, 1, WAVE_SLICES, WAVE_SLICE, CHUNK_SAMPLES];
        self.record_norm(recorder, shape, moments, &self.wave_weight, wave);

        let num_frames = num_filtered_frames(step_samples, num_chunks);
        let num_groups = num_frames.div_ceil(SINC_FRAMES);
        let groups = [num_groups.min(SINC_GROUPS), num_groups.div_ceil(SINC_GROUPS), 1];
        let parts = [signal, &self.filters, filtered];
        recorder.dispatch(&self.sinc, &[num_samples as u32, num_frames as u32], parts, groups);
        let (filtered_len, pooled_len) = (num_frames * FILTERS, num_chunks * FRAMES_1 * FILTERS);
        recorder.note_work(
            work::product([num_frames, SINC_HALF, FILTERS]),
            work::bytes(Element::F32, num_samples + SINC_HALF * FILTERS, filtered_len),
        );

        let shape = [(step_samples / SINC_STRIDE) as u32, FRAMES_1 as u32];
        let parts = [filtered, wave, &self.wave_bias, &self.filter_sums, wide];
        let groups = [(FRAMES_1 * FILTERS / 4).div_ceil(THREADS), num_chunks, 1];
        recorder.dispatch(&self.pool, &shape, parts, groups);
        // Two products with sums, a sign and a comparison for each of three frames.
        recorder.note_work(work::per_number(18, pooled_len), work::bytes(Element::F32, filtered_len, pooled_len));
    }

    /// From pooled frames of the first layer to the features of the LSTM.
    fn record_convolutions(&self, recorder: &mut Recorder<'_>, buffers: &Activations<Buffer>, num_chunks: usize) {
        let Activations { wide, pooled_2, pooled_3, features, norms, .. } = buffers;
        let frames = [FRAMES_1, FRAMES_2, FRAMES];
        let pooled = [wide, pooled_2, pooled_3];
        for (index, Convolution { kernel, weight, bias }) in self.convolutions.iter().enumerate() {
            let norm = &self.norms[index];
            let (frames_in, frames_out) = (frames[index], frames[index + 1]);
            self.record_moments(recorder, buffers, norm, pooled[index], frames_in, num_chunks);
            let parts = [pooled[index], norms, &norm.bias, weight, bias, pooled[index + 1]];
            let groups = [frames_out.div_ceil(CONV_FRAMES), num_chunks, 1];
            recorder.dispatch(kernel, &[frames_in as u32, frames_out as u32], parts, groups);
            let channels = norm.num_channels;
            let singles = num_chunks * (frames_in * channels + frames_out * CHANNELS);
            recorder.note_work(
                work::product([num_chunks * frames_out * geometry::POOL, TAPS * channels, CHANNELS]),
                work::bytes(self.element, TAPS * channels * CHANNELS, singles),
            );
        }
        let norm = &self.norms[2];
        self.record_moments(recorder, buffers, norm, pooled_3, FRAMES, num_chunks);
        let groups = [(FRAMES * CHANNELS / 4).div_ceil(THREADS), num_chunks, 1];
        recorder.dispatch(&self.normalise, &[FRAMES as u32], [pooled_3, norms, &norm.bias, features], groups);
        let len = num_chunks * FRAMES * CHANNELS;
        recorder.note_work(work::per_number(5, len), work::bytes(self.element, len, len));
    }

    /// The parameters of an instance norm over `frames` frames of `input` in each chunk.
    fn record_moments(
        &self,
        recorder: &mut Recorder<'_>,
        buffers: &Activations<Buffer>,
        norm: &Norm,
        input: &Buffer,
        frames: usize,
        num_chunks: usize,
    ) {
        let slices = frames.div_ceil(FRAME_SLICE);
        let shape = [frames as u32, slices as u32];
        recorder.dispatch(&norm.moments, &shape, [input, &buffers.moments], [slices, num_chunks, 1]);
        let (len, num_moments) = (num_chunks * frames * norm.num_channels, 2 * num_chunks * slices * norm.num_channels);
        recorder.note_work(work::per_number(6, len), work::bytes(Element::F32, len, num_moments));
        let shape = [num_chunks, norm.num_channels, slices, FRAME_SLICE, frames];
        self.record_norm(recorder, shape, &buffers.moments, &norm.weight, &buffers.norms);
    }

    /// `shape`: chunks, channels, slices, length of a slice and of a chunk.
    fn record_norm(
        &self,
        recorder: &mut Recorder<'_>,
        shape: [usize; 5],
        moments: &Buffer,
        weight: &Buffer,
        norms: &Buffer,
    ) {
        let [num_chunks, channels, slices, slice_len, chunk_len] = shape;
        let rows = num_chunks * channels;
        let shape = [rows, channels, slices, slice_len, chunk_len].map(|value| value as u32);
        recorder.dispatch(&self.norm, &shape, [moments, weight, norms], [rows.div_ceil(64), 1, 1]);
        recorder.note_work(
            work::per_number(8, rows * slices),
            work::bytes(Element::F32, 2 * rows * slices, 2 * rows + channels),
        );
    }

    /// The LSTM layers, from features to features.
    fn record_lstm(&self, recorder: &mut Recorder<'_>, buffers: &Activations<Buffer>, num_chunks: usize) {
        let Activations { wide: gates, features, .. } = buffers;
        let index = usize::from(num_chunks > RECURRENT_CHUNKS[0]);
        for LstmLayer { projection, recurrent } in &self.lstm {
            projection.record(recorder, num_chunks * FRAMES, features, gates);
            let groups = [num_chunks.div_ceil(RECURRENT_CHUNKS[index]), 2, 1];
            let shape = [num_chunks as u32, FRAMES as u32];
            recorder.dispatch(&self.recurrences[index], &shape, [gates, recurrent, features], groups);
            let rows = num_chunks * FRAMES;
            let stored = rows * 5 * LSTM + 2 * HIDDEN * 4 * HIDDEN;
            recorder.note_work(work::product([2 * rows, HIDDEN, 4 * HIDDEN]), work::bytes(self.element, stored, 0));
        }
    }
}
