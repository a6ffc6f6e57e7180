//! Convolutional front end of the segmentation network: ten seconds of samples to 589 frames of 60
//! features.
//!
//! Source: pyannote.audio `models/blocks/sincnet.py` and asteroid-filterbanks `param_sinc_fb.py`
//! (Ravanelli and Bengio, "Speaker recognition from raw waveform with SincNet", 2018). Three blocks
//! of convolution, maximum over three neighbours, instance norm and leaky ReLU; the first
//! convolution has band-pass filters that are computed once, at load.
//!
//! The chunks of a call lie in one signal and share the first convolution where they overlap. The
//! network first normalises the samples of a chunk to `(x - mean) * scale + bias`. A convolution is
//! linear, so it is applied to the raw samples instead, and the result for a chunk follows as
//! `convolved * scale + (bias - mean * scale) * sum of the filter`.
//!
//! The work proceeds in blocks that fit the caches: a block of convolved frames is pooled for each
//! chunk that it belongs to, and a block of pooled frames is normalised only when the next
//! convolution reads it.

use diarist_kernels::{
    AlignedBuffer, ChannelMoments, Element, Isa, Normalisation, PackedConv1d, PackedFilterBank, Recurrent, Rows,
    RowsMut, Store, max_pool, max_pool_magnitudes,
};

use super::sinc_filters::{Filters, SINC_BANDS, SINC_REACH, SINC_TAPS};
use super::tensors::Tensors;
use crate::error::Result;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK};

/// Number of filters of the first layer. Here the even and the odd filter of each band alternate;
/// in checkpoints all even filters come first.
const SINC_FILTERS: usize = 2 * SINC_BANDS;
/// Samples between frames of the first layer. Chunks of a call start at multiples of this number.
pub(super) const SINC_STRIDE: usize = 10;
/// Channels of the second and third block.
pub(super) const CHANNELS: usize = 60;
const KERNEL: usize = 5;
const POOL: usize = 3;

const SINC_FRAMES: usize = (CHUNK_SAMPLES - SINC_TAPS) / SINC_STRIDE + 1;
const FRAMES_1: usize = SINC_FRAMES / POOL;
const FRAMES_2: usize = (FRAMES_1 - KERNEL + 1) / POOL;
const FRAMES_3: usize = (FRAMES_2 - KERNEL + 1) / POOL;
const _: () = assert!(FRAMES_3 == FRAMES_PER_CHUNK);

/// Frames of the first layer that are computed before they are pooled. A block of this size stays
/// in the second-level cache until then.
const SINC_BLOCK_FRAMES: usize = 240;
/// Frames before a block that the first pooling group of the block may need.
const CARRIED_FRAMES: usize = POOL - 1;
/// Pooled frames of the first layer over which statistics are summed in f32.
const STRETCH_FRAMES: usize = 64;
/// Pooled frames of the other layers that are computed at a time. Three times as many rows fill
/// whole tiles of the matrix product, and the block fits into the first-level caches.
const CONV_BLOCK_FRAMES: usize = 28;
/// Length of the rows of neighbouring samples over which the statistics of the samples are
/// gathered, as if the samples of a row were channels.
const WAVE_COLUMNS: usize = 16;

const NORM_EPSILON: f64 = 1e-5;
const LEAKY_SLOPE: f32 = 0.01;

/// Weights of an instance norm: every channel of one chunk is brought to zero mean and unit
/// variance over time, then scaled and shifted.
#[derive(Debug, Clone)]
struct InstanceNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl InstanceNorm {
    fn new(tensors: &Tensors<'_>, name: &str, num_channels: usize) -> Result<Self> {
        let read = |part: &str| tensors.f32(&format!("{name}.{part}"), &[num_channels]);
        Ok(Self { weight: read("weight")?, bias: read("bias")? })
    }

    /// The normalisation of a chunk with these moments; `parameters` holds its values.
    fn for_chunk<'a>(&'a self, moments: &ChannelMoments, parameters: &'a mut NormParameters) -> Normalisation<'a> {
        let NormParameters { mean, scale } = parameters;
        mean.clear();
        mean.extend(moments.mean().iter().map(|mean| *mean as f32));
        scale.clear();
        let deviation = moments.variance().map(|variance| (variance + NORM_EPSILON).sqrt());
        scale.extend(
            self.weight.iter().zip(deviation).map(|(weight, deviation)| (f64::from(*weight) / deviation) as f32),
        );
        Normalisation { mean, scale, bias: &self.bias, slope: LEAKY_SLOPE }
    }
}

#[derive(Debug, Clone, Default)]
struct NormParameters {
    mean: Vec<f32>,
    scale: Vec<f32>,
}

/// Buffers of [`SincNet::run`].
#[derive(Debug, Clone, Default)]
pub(super) struct SincNetWorkspace<T: Element> {
    filter_scratch: AlignedBuffer,
    /// The last frames of the previous block, then those of the current block,
    /// `[CARRIED_FRAMES + block, SINC_FILTERS]`.
    filtered: AlignedBuffer,
    /// Buffers of the chunks that have begun and are not finished; chunks reuse them in turn.
    begun: Vec<BegunChunk>,
    wave_moments: ChannelMoments,
    rest: RestWorkspace<T>,
}

/// The first layer of a chunk, as far as it has been computed.
#[derive(Debug, Clone, Default)]
struct BegunChunk {
    /// Normalisation of the chunk's samples in the form that applies after the convolution,
    /// `x * scale + shift`.
    scale: f32,
    shift: Vec<f32>,
    num_pooled: usize,
    /// `[FRAMES_1, SINC_FILTERS]`
    pooled: AlignedBuffer,
    /// Number of frames of `pooled` that `moments` contains.
    num_gathered: usize,
    moments: ChannelMoments,
}

/// Buffers of the second and third layer.
#[derive(Debug, Clone, Default)]
struct RestWorkspace<T: Element> {
    moments: ChannelMoments,
    parameters: NormParameters,
    /// Normalised frames of a block.
    features: AlignedBuffer<T>,
    convolved: AlignedBuffer,
    pooled_2: AlignedBuffer,
    pooled_3: AlignedBuffer,
}

/// The front end with packed weights. The second and third convolution multiply numbers of type
/// `T`; the first, which must not round its samples, and everything between the convolutions use
/// `f32`.
#[derive(Debug, Clone)]
pub(super) struct SincNet<T: Recurrent> {
    isa: Isa,
    wave_weight: f64,
    wave_bias: f64,
    bank: PackedFilterBank,
    /// Sum of the taps of each filter.
    filter_sums: Vec<f64>,
    norm_1: InstanceNorm,
    conv_2: PackedConv1d<T>,
    norm_2: InstanceNorm,
    conv_3: PackedConv1d<T>,
    norm_3: InstanceNorm,
}

impl<T: Recurrent> SincNet<T> {
    pub(super) fn new(tensors: &Tensors<'_>, isa: Isa) -> Result<Self> {
        let wave_norm = InstanceNorm::new(tensors, "sincnet.wav_norm1d", 1)?;
        let filters = Filters::new(tensors)?;
        let conv = |index: usize, in_channels: usize| -> Result<(Vec<f32>, Vec<f32>)> {
            let name = format!("sincnet.conv1d.{index}");
            let weight = tensors.f32(&format!("{name}.weight"), &[CHANNELS, in_channels, KERNEL])?;
            Ok((weight, tensors.f32(&format!("{name}.bias"), &[CHANNELS])?))
        };
        let mut norm_1 = InstanceNorm::new(tensors, "sincnet.norm1d.0", SINC_FILTERS)?;
        norm_1.weight = take_turns(&norm_1.weight, 1);
        norm_1.bias = take_turns(&norm_1.bias, 1);
        let (mut weight_2, bias_2) = conv(1, SINC_FILTERS)?;
        weight_2 = weight_2.chunks_exact(SINC_FILTERS * KERNEL).flat_map(|filter| take_turns(filter, KERNEL)).collect();
        let (weight_3, bias_3) = conv(2, CHANNELS)?;
        Ok(Self {
            isa,
            wave_weight: f64::from(wave_norm.weight[0]),
            wave_bias: f64::from(wave_norm.bias[0]),
            bank: PackedFilterBank::new(isa, &filters.even, &filters.odd, SINC_REACH, SINC_STRIDE),
            filter_sums: filters.sums(),
            norm_1,
            conv_2: PackedConv1d::new(isa, &weight_2, &bias_2, SINC_FILTERS, KERNEL),
            norm_2: InstanceNorm::new(tensors, "sincnet.norm1d.1", CHANNELS)?,
            conv_3: PackedConv1d::new(isa, &weight_3, &bias_3, CHANNELS, KERNEL),
            norm_3: InstanceNorm::new(tensors, "sincnet.norm1d.2", CHANNELS)?,
        })
    }

    /// Features of `num_chunks` chunks of [`CHUNK_SAMPLES`] samples, one every `step` samples of
    /// `signal`; `output` has shape `[589, num_chunks, 60]`.
    ///
    /// The features of a chunk are the same, bit for bit, for any other chunks and any position in
    /// `signal`.
    ///
    /// # Panics
    ///
    /// If `step` is not a positive multiple of [`SINC_STRIDE`] or a length does not fit.
    pub(super) fn run(
        &self,
        signal: &[f32],
        step: usize,
        num_chunks: usize,
        workspace: &mut SincNetWorkspace<T>,
        output: &mut [T],
    ) {
        assert!(step > 0 && step.is_multiple_of(SINC_STRIDE), "chunks every {step} samples");
        assert_eq!(output.len(), FRAMES_3 * num_chunks * CHANNELS, "output");
        let Some(num_later_chunks) = num_chunks.checked_sub(1) else { return };
        let SincNetWorkspace { filter_scratch, filtered, begun, wave_moments, rest } = workspace;
        let step_frames = step / SINC_STRIDE;
        let num_frames = num_later_chunks * step_frames + SINC_FRAMES;
        let num_places = num_chunks.min(SINC_FRAMES.div_ceil(step_frames));
        if begun.len() < num_places {
            begun.resize_with(num_places, BegunChunk::default);
        }
        filtered.resize((CARRIED_FRAMES + SINC_BLOCK_FRAMES) * SINC_FILTERS);
        let (mut num_begun, mut num_finished) = (0, 0);
        for first in (0..num_frames).step_by(SINC_BLOCK_FRAMES) {
            let end = num_frames.min(first + SINC_BLOCK_FRAMES);
            filtered.copy_within(SINC_BLOCK_FRAMES * SINC_FILTERS.., 0);
            let block = &mut filtered[CARRIED_FRAMES * SINC_FILTERS..][..(end - first) * SINC_FILTERS];
            self.bank.run(&signal[first * SINC_STRIDE..], filter_scratch, block);
            let unfinished = num_finished..num_chunks.min(end.div_ceil(step_frames));
            for index in unfinished {
                let first_of_chunk = index * step_frames;
                let chunk = &mut begun[index % num_places];
                if index == num_begun {
                    self.begin(&signal[index * step..][..CHUNK_SAMPLES], wave_moments, chunk);
                    num_begun += 1;
                }
                let next = first_of_chunk + POOL * chunk.num_pooled;
                chunk.pool(self.isa, &filtered[(next + CARRIED_FRAMES - first) * SINC_FILTERS..], end - next);
                if chunk.num_pooled == FRAMES_1 {
                    num_finished += 1;
                    let rows = RowsMut { data: &mut output[index * CHANNELS..], stride: num_chunks * CHANNELS };
                    self.run_rest(chunk, rest, rows);
                }
            }
        }
    }

    fn begin(&self, samples: &[f32], moments: &mut ChannelMoments, chunk: &mut BegunChunk) {
        moments.reset(WAVE_COLUMNS);
        for stretch in samples.chunks(STRETCH_FRAMES * WAVE_COLUMNS) {
            moments.add(self.isa, stretch);
        }
        let (mean, variance) = joined(moments);
        let scale = self.wave_weight / (variance + NORM_EPSILON).sqrt();
        let offset = self.wave_bias - mean * scale;
        chunk.scale = scale as f32;
        chunk.shift.clear();
        chunk.shift.extend(self.filter_sums.iter().map(|sum| (offset * sum) as f32));
        chunk.num_pooled = 0;
        chunk.pooled.resize(FRAMES_1 * SINC_FILTERS);
        chunk.num_gathered = 0;
        chunk.moments.reset(SINC_FILTERS);
    }

    /// Runs everything after the first pooling for one chunk.
    fn run_rest(&self, chunk: &BegunChunk, workspace: &mut RestWorkspace<T>, output: RowsMut<'_, T>) {
        let RestWorkspace { moments, parameters, features, convolved, pooled_2, pooled_3 } = workspace;
        pooled_2.resize(FRAMES_2 * CHANNELS);
        pooled_3.resize(FRAMES_3 * CHANNELS);
        features.resize((POOL * CONV_BLOCK_FRAMES + KERNEL - 1) * SINC_FILTERS);
        convolved.resize(POOL * CONV_BLOCK_FRAMES * CHANNELS);
        let mut layer = |norm: Normalisation<'_>,
                         input: &[f32],
                         conv: &PackedConv1d<T>,
                         output: &mut [f32],
                         moments: &mut ChannelMoments| {
            let in_channels = norm.mean.len();
            moments.reset(CHANNELS);
            for (index, output) in output.chunks_mut(CONV_BLOCK_FRAMES * CHANNELS).enumerate() {
                let num_convolved = output.len() / CHANNELS * POOL;
                let num_inputs = num_convolved + KERNEL - 1;
                let rows = Rows { data: &input[index * CONV_BLOCK_FRAMES * POOL * in_channels..], stride: in_channels };
                norm.run(self.isa, num_inputs, rows, RowsMut { data: features, stride: in_channels });
                let convolved = &mut convolved[..num_convolved * CHANNELS];
                conv.run(&features[..num_inputs * in_channels], Store::default(), convolved);
                max_pool(self.isa, convolved, CHANNELS, output);
                moments.add(self.isa, output);
            }
        };
        layer(self.norm_1.for_chunk(&chunk.moments, parameters), &chunk.pooled, &self.conv_2, pooled_2, moments);
        let norm = self.norm_2.for_chunk(moments, parameters);
        layer(norm, pooled_2, &self.conv_3, pooled_3, moments);
        let norm = self.norm_3.for_chunk(moments, parameters);
        norm.run(self.isa, FRAMES_3, Rows { data: pooled_3, stride: CHANNELS }, output);
    }
}

impl BegunChunk {
    /// Pools up to `num_frames` filtered frames.
    fn pool(&mut self, isa: Isa, filtered: &[f32], num_frames: usize) {
        let num_groups = (num_frames / POOL).min(FRAMES_1 - self.num_pooled);
        let pooled = &mut self.pooled[self.num_pooled * SINC_FILTERS..][..num_groups * SINC_FILTERS];
        max_pool_magnitudes(isa, &filtered[..num_groups * POOL * SINC_FILTERS], self.scale, &self.shift, pooled);
        self.num_pooled += num_groups;
        // Stretches begin at fixed frames of the chunk, no matter where blocks begin.
        while self.num_gathered < self.num_pooled {
            let end = FRAMES_1.min(self.num_gathered + STRETCH_FRAMES);
            if end > self.num_pooled {
                break;
            }
            self.moments.add(isa, &self.pooled[self.num_gathered * SINC_FILTERS..end * SINC_FILTERS]);
            self.num_gathered = end;
        }
    }
}

/// Mean and variance over all channels, each of which has the same number of values.
fn joined(moments: &ChannelMoments) -> (f64, f64) {
    let count = moments.mean().len() as f64;
    let mean = moments.mean().iter().sum::<f64>() / count;
    let squares: f64 = moments.mean().iter().zip(moments.variance()).map(|(m, v)| v + (m - mean) * (m - mean)).sum();
    (mean, squares / count)
}

/// Reorders rows of `len` values, one for each filter: from all even filters before all odd ones to
/// the even and the odd filter of each band in turn.
fn take_turns(values: &[f32], len: usize) -> Vec<f32> {
    let (even, odd) = values.split_at(SINC_BANDS * len);
    even.chunks_exact(len).zip(odd.chunks_exact(len)).flat_map(|(even, odd)| [even, odd].concat()).collect()
}
