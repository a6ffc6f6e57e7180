//! Convolutional front end of the segmentation network: ten seconds of samples to 589 frames of 60 features.
//!
//! Source: pyannote.audio `models/blocks/sincnet.py` and asteroid-filterbanks `param_sinc_fb.py` (Ravanelli and Bengio,
//! "Speaker recognition from raw waveform with SincNet", 2018). Three blocks of convolution, maximum over three neighbours,
//! instance norm and leaky ReLU; the first convolution has band-pass filters that are computed once, at load.
//!
//! The chunks of a call lie in one signal and share the first convolution where they overlap. The network normalises a chunk's
//! samples to `(x - mean) * scale + bias` first, but a convolution is linear: it is applied to the samples as they are, and what
//! the chunk makes of them follows as `convolved * scale + (bias - mean * scale) * sum of the filter`.
//!
//! Everything goes block by block through the caches: a block of convolved frames is pooled for each chunk it belongs to, and a
//! block of pooled frames is normalised only when the next convolution reads it.

use diarist_kernels::{
    AlignedBuffer, ChannelMoments, Isa, Normalisation, PackedConv1d, PackedFilterBank, Rows, RowsMut, Store, max_pool,
    max_pool_magnitudes,
};

use super::Tensors;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, SAMPLE_RATE};
use crate::{Error, Result};

const SINC_BANDS: usize = 40;
/// Filters of the first layer: an even (cosine) and an odd (sine) one for every band. Here they take turns; in checkpoints all
/// even ones come first.
const SINC_FILTERS: usize = 2 * SINC_BANDS;
/// Taps to either side of a filter's centre.
const SINC_REACH: usize = 125;
const SINC_TAPS: usize = 2 * SINC_REACH + 1;
/// Samples between frames of the first layer. Chunks of a call start at multiples of it.
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

/// Frames of the first layer that are computed before they are pooled: what stays in the second-level cache until then.
const SINC_BLOCK_FRAMES: usize = 240;
/// Frames before a block that its first group of three may need.
const CARRIED_FRAMES: usize = POOL - 1;
/// Pooled frames of the first layer over which statistics are summed in f32.
const STRETCH_FRAMES: usize = 64;
/// Pooled frames of the other layers that are computed at a time: three times as many rows fill whole tiles of the matrix
/// product, and all fits into the first-level caches.
const CONV_BLOCK_FRAMES: usize = 28;
/// The samples' statistics are gathered over rows of neighbouring samples, as if they were channels.
const WAVE_COLUMNS: usize = 16;

const NORM_EPSILON: f64 = 1e-5;
const LEAKY_SLOPE: f32 = 0.01;

/// Weights of an instance norm: every channel of one chunk is brought to zero mean and unit variance over time, then scaled and
/// shifted.
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

    /// What the norm does to a chunk with these moments. `parameters` is memory for it.
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
pub(super) struct SincNetWorkspace {
    filter_scratch: AlignedBuffer,
    /// The last frames of the block before, then those of the block at hand, `[CARRIED_FRAMES + block, SINC_FILTERS]`.
    filtered: AlignedBuffer,
    /// Chunks that began in this block or before and are not through yet take turns in these.
    begun: Vec<BegunChunk>,
    wave_moments: ChannelMoments,
    rest: RestWorkspace,
}

/// The first layer of a chunk, as far as it got.
#[derive(Debug, Clone, Default)]
struct BegunChunk {
    /// What the chunk's normalisation of samples does to convolved ones, `x * scale + shift`.
    scale: f32,
    shift: Vec<f32>,
    num_pooled: usize,
    /// `[FRAMES_1, SINC_FILTERS]`
    pooled: AlignedBuffer,
    /// Frames of `pooled` in `moments`.
    num_gathered: usize,
    moments: ChannelMoments,
}

/// Buffers of the second and third layer.
#[derive(Debug, Clone, Default)]
struct RestWorkspace {
    moments: ChannelMoments,
    parameters: NormParameters,
    /// Normalised frames of a block.
    features: AlignedBuffer,
    convolved: AlignedBuffer,
    pooled_2: AlignedBuffer,
    pooled_3: AlignedBuffer,
}

/// The front end with packed weights.
#[derive(Debug, Clone)]
pub(super) struct SincNet {
    isa: Isa,
    wave_weight: f64,
    wave_bias: f64,
    bank: PackedFilterBank,
    /// Sum of the taps of each filter.
    filter_sums: Vec<f64>,
    norm_1: InstanceNorm,
    conv_2: PackedConv1d,
    norm_2: InstanceNorm,
    conv_3: PackedConv1d,
    norm_3: InstanceNorm,
}

impl SincNet {
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

    /// Features of `num_chunks` chunks of [`CHUNK_SAMPLES`] samples, one every `step` samples of `signal`; `output` has shape
    /// `[589, num_chunks, 60]`.
    ///
    /// A chunk's features are the same, bit for bit, whatever the other chunks are and wherever in `signal` it lies.
    ///
    /// # Panics
    ///
    /// If `step` is not a positive multiple of [`SINC_STRIDE`] or a length does not fit.
    pub(super) fn run(
        &self,
        signal: &[f32],
        step: usize,
        num_chunks: usize,
        workspace: &mut SincNetWorkspace,
        output: &mut [f32],
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

    /// Everything after the first pooling, for a chunk.
    fn run_rest(&self, chunk: &BegunChunk, workspace: &mut RestWorkspace, output: RowsMut<'_>) {
        let RestWorkspace { moments, parameters, features, convolved, pooled_2, pooled_3 } = workspace;
        pooled_2.resize(FRAMES_2 * CHANNELS);
        pooled_3.resize(FRAMES_3 * CHANNELS);
        features.resize((POOL * CONV_BLOCK_FRAMES + KERNEL - 1) * SINC_FILTERS);
        convolved.resize(POOL * CONV_BLOCK_FRAMES * CHANNELS);
        let mut layer = |norm: Normalisation<'_>,
                         input: &[f32],
                         conv: &PackedConv1d,
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
    /// Takes up to `num_frames` filtered frames.
    fn pool(&mut self, isa: Isa, filtered: &[f32], num_frames: usize) {
        let num_groups = (num_frames / POOL).min(FRAMES_1 - self.num_pooled);
        let pooled = &mut self.pooled[self.num_pooled * SINC_FILTERS..][..num_groups * SINC_FILTERS];
        max_pool_magnitudes(isa, &filtered[..num_groups * POOL * SINC_FILTERS], self.scale, &self.shift, pooled);
        self.num_pooled += num_groups;
        // Stretches begin at fixed frames of the chunk, wherever blocks do.
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

/// Mean and variance over all channels; each saw equally many values.
fn joined(moments: &ChannelMoments) -> (f64, f64) {
    let count = moments.mean().len() as f64;
    let mean = moments.mean().iter().sum::<f64>() / count;
    let squares: f64 = moments.mean().iter().zip(moments.variance()).map(|(m, v)| v + (m - mean) * (m - mean)).sum();
    (mean, squares / count)
}

/// Rows of `len` values for all even, then all odd filters, reordered so that the two of a band follow each other.
fn take_turns(values: &[f32], len: usize) -> Vec<f32> {
    let (even, odd) = values.split_at(SINC_BANDS * len);
    even.chunks_exact(len).zip(odd.chunks_exact(len)).flat_map(|(even, odd)| [even, odd].concat()).collect()
}

/// The filters of the first layer from their centres to the right, `[SINC_BANDS, SINC_REACH + 1]` each.
struct Filters {
    even: Vec<f32>,
    odd: Vec<f32>,
}

impl Filters {
    /// From the cut-off parameters of the checkpoint.
    fn new(tensors: &Tensors<'_>) -> Result<Self> {
        let prefix = "sincnet.conv1d.0.filterbank";
        let low_hz = tensors.f64(&format!("{prefix}.low_hz_"), &[SINC_BANDS, 1])?;
        let band_hz = tensors.f64(&format!("{prefix}.band_hz_"), &[SINC_BANDS, 1])?;
        let mut filters = Self { even: Vec::new(), odd: Vec::new() };
        for (low_hz, band_hz) in low_hz.into_iter().zip(band_hz) {
            let (even, odd) = band_filters(low_hz, band_hz).ok_or_else(|| {
                Error::weights(format!(
                    "{prefix}.low_hz_ has a band from {low_hz} Hz, which is not below the highest frequency"
                ))
                .at(tensors.what())
                .hint("the file is damaged or for another sample rate")
            })?;
            filters.even.extend(even.map(|tap| tap as f32));
            filters.odd.extend(odd.map(|tap| tap as f32));
        }
        Ok(filters)
    }

    /// Sum of the taps of each filter, in turn for the even and the odd one of a band.
    fn sums(&self) -> Vec<f64> {
        let bands = self.even.chunks_exact(SINC_REACH + 1);
        let even =
            bands.map(|taps| f64::from(taps[0]) + 2.0 * taps[1..].iter().map(|tap| f64::from(*tap)).sum::<f64>());
        even.flat_map(|sum| [sum, 0.0]).collect()
    }
}

/// The even and the odd band-pass filter of one band from the centre to the right; `None` if the band is empty.
///
/// The learnt parameters are distances: the band begins 50 Hz above 0 plus `|low_hz|` and is 50 Hz plus `|band_hz|` wide.
fn band_filters(low_hz: f64, band_hz: f64) -> Option<([f64; SINC_REACH + 1], [f64; SINC_REACH + 1])> {
    const MIN_LOW_HZ: f64 = 50.0;
    const MIN_BAND_HZ: f64 = 50.0;
    let nyquist_hz = f64::from(SAMPLE_RATE) / 2.0;
    let low = MIN_LOW_HZ + low_hz.abs();
    let high = (low + MIN_BAND_HZ + band_hz.abs()).clamp(MIN_LOW_HZ, nyquist_hz);
    let band = high - low;
    if band.is_nan() || band <= 0.0 {
        return None;
    }
    let mut even = [0.0; SINC_REACH + 1];
    let mut odd = [0.0; SINC_REACH + 1];
    even[0] = 1.0;
    for k in 1..=SINC_REACH {
        // Radians per Hz at the tap's distance from the centre. This and the window are f32 constants of the original network,
        // rounded in these steps; times 8 kHz their rounding shows in the filters.
        let n = k as f32 / SAMPLE_RATE as f32 * std::f32::consts::TAU;
        let position = (SINC_REACH - k) as f64 / (SINC_TAPS - 1) as f64;
        let window = (0.54 - 0.46 * (std::f64::consts::TAU * position).cos()) as f32;
        let (n, window) = (f64::from(n), f64::from(window));
        let factor = window / (n / 2.0) / (2.0 * band);
        even[k] = ((high * n).sin() - (low * n).sin()) * factor;
        odd[k] = ((low * n).cos() - (high * n).cos()) * factor;
    }
    Some((even, odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_equal_asteroid() {
        let tensors = Tensors::parse(diarist_weights::segmentation(), "segmentation").unwrap();
        let filters = Filters::new(&tensors).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/pyannet/sinc_filters.npy");
        let expected: Vec<f32> = npyz::NpyFile::new(std::fs::File::open(path).unwrap()).unwrap().into_vec().unwrap();
        assert_eq!(expected.len(), SINC_FILTERS * SINC_TAPS);
        for (index, expected) in expected.iter().enumerate() {
            let (filter, tap) = (index / SINC_TAPS, index % SINC_TAPS);
            let distance = tap.abs_diff(SINC_REACH);
            let half = |filters: &[f32]| filters[filter % SINC_BANDS * (SINC_REACH + 1) + distance];
            let found = match filter < SINC_BANDS {
                true => half(&filters.even),
                false if tap < SINC_REACH => -half(&filters.odd),
                false => half(&filters.odd),
            };
            // Rounding to f32 of a filter of at most 1.
            assert!((found - expected).abs() <= 6e-8, "filter {filter} tap {tap}: {found} {expected}");
        }
    }

    #[test]
    fn band_above_the_highest_frequency_is_refused() {
        assert!(band_filters(7_000.0, 100.0).is_some());
        assert!(band_filters(-7_000.0, -100.0).is_some());
        assert!(band_filters(7_950.0, 100.0).is_none());
        assert!(band_filters(f64::NAN, 100.0).is_none());
    }
}
