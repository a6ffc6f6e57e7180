//! Convolutional front end of the segmentation network: one chunk of samples to 589 frames of 60 features.
//!
//! Source: pyannote.audio `models/blocks/sincnet.py` and asteroid-filterbanks `param_sinc_fb.py` (Ravanelli and Bengio,
//! "Speaker recognition from raw waveform with SincNet", 2018). Three blocks of convolution, maximum over three neighbours,
//! instance norm and leaky ReLU; the first convolution has band-pass filters that are computed once, at load.

use diarist_kernels::{AlignedBuffer, Isa, PackedConv1d, PackedMatrix, Rows, RowsMut, Store, gemm};

use super::Tensors;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, SAMPLE_RATE};
use crate::{Error, Result};

/// Filters of the first layer: first the even (cosine), then the odd (sine) one of every band.
const SINC_FILTERS: usize = 80;
const SINC_BANDS: usize = SINC_FILTERS / 2;
const SINC_TAPS: usize = 251;
const SINC_STRIDE: usize = 10;
/// Channels of the second and third block.
pub(super) const CHANNELS: usize = 60;
const KERNEL: usize = 5;
const POOL: usize = 3;

const SINC_FRAMES: usize = (CHUNK_SAMPLES - SINC_TAPS) / SINC_STRIDE + 1;
const FRAMES_1: usize = SINC_FRAMES / POOL;
const FRAMES_2: usize = (FRAMES_1 - KERNEL + 1) / POOL;
const FRAMES_3: usize = (FRAMES_2 - KERNEL + 1) / POOL;
const _: () = assert!(FRAMES_3 == FRAMES_PER_CHUNK);

/// Frames of the first layer that are computed before they are pooled: what fits in the first-level caches.
const SINC_BLOCK_FRAMES: usize = 28 * POOL;

const NORM_EPSILON: f64 = 1e-5;
const LEAKY_SLOPE: f32 = 0.01;

/// Instance norm: every channel of one chunk is brought to zero mean and unit variance over time, then scaled and shifted.
#[derive(Debug, Clone)]
struct InstanceNorm<const C: usize> {
    weight: [f32; C],
    bias: [f32; C],
}

impl<const C: usize> InstanceNorm<C> {
    fn new(tensors: &Tensors<'_>, name: &str) -> Result<Self> {
        let read = |part: &str| -> Result<[f32; C]> {
            let values = tensors.f32(&format!("{name}.{part}"), &[C])?;
            let mut array = [0.0; C];
            array.copy_from_slice(&values);
            Ok(array)
        };
        Ok(Self { weight: read("weight")?, bias: read("bias")? })
    }

    /// Scale and shift per channel such that `(x - mean) * scale + bias` is the norm of `rows`, and the mean.
    ///
    /// The variance is the biased one, in a second pass around the mean; a constant channel has variance 0 and becomes `bias`.
    fn statistics(&self, rows: &[[f32; C]]) -> ([f32; C], [f32; C]) {
        let count = rows.len() as f64;
        // Distances from the first row: a constant channel then has exactly its value as mean, and becomes exactly `bias`.
        // With plain sums, the mean's last bit would be blown up by 1 / sqrt(epsilon) = 316.
        let first = rows.first().unwrap_or(&[0.0; C]);
        let distances = column_sums(rows, |x, first| x - first, first);
        let mean = std::array::from_fn(|c| (f64::from(first[c]) + distances[c] / count) as f32);
        let squares = column_sums(rows, |x, mean| (x - mean) * (x - mean), &mean);
        let scale =
            std::array::from_fn(|c| (f64::from(self.weight[c]) / (squares[c] / count + NORM_EPSILON).sqrt()) as f32);
        (mean, scale)
    }

    /// Norm and leaky ReLU of `rows`; row `t` goes to `output(t)`.
    fn run_leaky<'a>(&self, rows: &[[f32; C]], output: impl Iterator<Item = &'a mut [f32]>) {
        let (mean, scale) = self.statistics(rows);
        for (row, output) in rows.iter().zip(output) {
            for c in 0..C {
                let value = (row[c] - mean[c]) * scale[c] + self.bias[c];
                output[c] = larger(value, value * LEAKY_SLOPE);
            }
        }
    }
}

/// Sum over the rows of `value(x, parameter)` per channel: short stretches in f32, their sums in f64.
fn column_sums<const C: usize>(rows: &[[f32; C]], value: impl Fn(f32, f32) -> f32, parameter: &[f32; C]) -> [f64; C] {
    let mut total = [0.0_f64; C];
    for stretch in rows.chunks(32) {
        let mut sums = [0.0_f32; C];
        for row in stretch {
            for c in 0..C {
                sums[c] += value(row[c], parameter[c]);
            }
        }
        for c in 0..C {
            total[c] += f64::from(sums[c]);
        }
    }
    total
}

/// The larger of two values; compiles to one instruction, unlike `f32::max`, which treats NaN specially.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Buffers of [`SincNet::run`].
#[derive(Debug, Clone, Default)]
pub(super) struct SincNetWorkspace {
    wave: AlignedBuffer,
    convolved: AlignedBuffer,
    pooled: AlignedBuffer,
    features: AlignedBuffer,
}

/// The front end with packed weights.
#[derive(Debug, Clone)]
pub(super) struct SincNet {
    wave_norm: InstanceNorm<1>,
    sinc: PackedMatrix,
    norm_1: InstanceNorm<SINC_FILTERS>,
    conv_2: PackedConv1d,
    norm_2: InstanceNorm<CHANNELS>,
    conv_3: PackedConv1d,
    norm_3: InstanceNorm<CHANNELS>,
}

impl SincNet {
    pub(super) fn new(tensors: &Tensors<'_>, isa: Isa) -> Result<Self> {
        let filters = filters_from(tensors)?;
        let conv = |index: usize, in_channels: usize| -> Result<PackedConv1d> {
            let name = format!("sincnet.conv1d.{index}");
            let weight = tensors.f32(&format!("{name}.weight"), &[CHANNELS, in_channels, KERNEL])?;
            let bias = tensors.f32(&format!("{name}.bias"), &[CHANNELS])?;
            Ok(PackedConv1d::new(isa, &weight, &bias, in_channels, KERNEL))
        };
        Ok(Self {
            wave_norm: InstanceNorm::new(tensors, "sincnet.wav_norm1d")?,
            sinc: PackedMatrix::from_transposed(isa, &filters, SINC_TAPS, SINC_FILTERS),
            norm_1: InstanceNorm::new(tensors, "sincnet.norm1d.0")?,
            conv_2: conv(1, SINC_FILTERS)?,
            norm_2: InstanceNorm::new(tensors, "sincnet.norm1d.1")?,
            conv_3: conv(2, CHANNELS)?,
            norm_3: InstanceNorm::new(tensors, "sincnet.norm1d.2")?,
        })
    }

    /// Features of one chunk of [`CHUNK_SAMPLES`] samples; row `t` of 589 goes to the front of the `t`-th slice of `output`.
    pub(super) fn run<'a>(
        &self,
        samples: &[f32],
        workspace: &mut SincNetWorkspace,
        output: impl Iterator<Item = &'a mut [f32]>,
    ) {
        let SincNetWorkspace { wave, convolved, pooled, features } = workspace;
        wave.resize(CHUNK_SAMPLES);
        convolved.resize((FRAMES_1 - KERNEL + 1) * CHANNELS);
        pooled.resize(FRAMES_1 * SINC_FILTERS);
        features.resize(FRAMES_1 * SINC_FILTERS);

        self.normalise_wave(samples, wave);
        self.sinc_and_pool(wave, &mut convolved[..SINC_BLOCK_FRAMES * SINC_FILTERS], pooled);
        self.norm_1.run_leaky(rows(pooled), features.chunks_exact_mut(SINC_FILTERS));

        self.conv_2.run(features, Store::default(), convolved);
        let pooled = &mut pooled[..FRAMES_2 * CHANNELS];
        pool::<CHANNELS>(convolved, |x| x, pooled);
        let features = &mut features[..FRAMES_2 * CHANNELS];
        self.norm_2.run_leaky(rows(pooled), features.chunks_exact_mut(CHANNELS));

        let convolved = &mut convolved[..(FRAMES_2 - KERNEL + 1) * CHANNELS];
        self.conv_3.run(features, Store::default(), convolved);
        let pooled = &mut pooled[..FRAMES_3 * CHANNELS];
        pool::<CHANNELS>(convolved, |x| x, pooled);
        self.norm_3.run_leaky(rows(pooled), output);
    }

    fn normalise_wave(&self, samples: &[f32], wave: &mut [f32]) {
        // Sixteen neighbouring samples as channels, so that the sums run in vector lanes; their sums are then added up.
        let (blocks, rest) = samples.as_chunks::<16>();
        assert!(rest.is_empty(), "a chunk is a whole number of blocks");
        let count = samples.len() as f64;
        let first = samples[0];
        let distances = column_sums(blocks, |x, first| x - first, &[first; 16]).iter().sum::<f64>();
        let mean = (f64::from(first) + distances / count) as f32;
        let squares = column_sums(blocks, |x, mean| (x - mean) * (x - mean), &[mean; 16]).iter().sum::<f64>();
        let scale = (f64::from(self.wave_norm.weight[0]) / (squares / count + NORM_EPSILON).sqrt()) as f32;
        for (value, sample) in wave.iter_mut().zip(samples) {
            *value = (sample - mean) * scale + self.wave_norm.bias[0];
        }
    }

    /// Sinc convolution, absolute value and maximum over three frames, block by block.
    fn sinc_and_pool(&self, wave: &[f32], block: &mut [f32], pooled: &mut [f32]) {
        for (index, pooled) in pooled.chunks_mut(SINC_BLOCK_FRAMES / POOL * SINC_FILTERS).enumerate() {
            let num_frames = pooled.len() / SINC_FILTERS * POOL;
            let block = &mut block[..num_frames * SINC_FILTERS];
            let frames = Rows { data: &wave[index * SINC_BLOCK_FRAMES * SINC_STRIDE..], stride: SINC_STRIDE };
            let out = RowsMut { data: block, stride: SINC_FILTERS };
            gemm(num_frames, frames, &self.sinc, Store::default(), out);
            pool::<SINC_FILTERS>(block, f32::abs, pooled);
        }
    }
}

/// A slice of whole rows as rows.
fn rows<const C: usize>(values: &[f32]) -> &[[f32; C]] {
    values.as_chunks::<C>().0
}

/// Maximum of `map(x)` over every three rows of `input`; rows that are left over are dropped.
fn pool<const C: usize>(input: &[f32], map: impl Fn(f32) -> f32, output: &mut [f32]) {
    let (groups, _) = rows::<C>(input).as_chunks::<POOL>();
    let (output, _) = output.as_chunks_mut::<C>();
    assert_eq!(groups.len(), output.len(), "pooled rows");
    for ([a, b, c], out) in groups.iter().zip(output) {
        for i in 0..C {
            out[i] = larger(larger(map(a[i]), map(b[i])), map(c[i]));
        }
    }
}

/// The filters of the first layer, `[80, 251]`, from the cut-off parameters of the checkpoint.
fn filters_from(tensors: &Tensors<'_>) -> Result<Vec<f32>> {
    let prefix = "sincnet.conv1d.0.filterbank";
    let low_hz = tensors.f64(&format!("{prefix}.low_hz_"), &[SINC_BANDS, 1])?;
    let band_hz = tensors.f64(&format!("{prefix}.band_hz_"), &[SINC_BANDS, 1])?;
    let mut even = Vec::with_capacity(SINC_FILTERS * SINC_TAPS);
    let mut odd = Vec::with_capacity(SINC_BANDS * SINC_TAPS);
    for (low_hz, band_hz) in low_hz.into_iter().zip(band_hz) {
        let (even_taps, odd_taps) = band_filters(low_hz, band_hz).ok_or_else(|| {
            Error::weights(format!(
                "{prefix}.low_hz_ has a band from {low_hz} Hz, which is not below the highest frequency"
            ))
            .at(tensors.what())
            .hint("the file is damaged or for another sample rate")
        })?;
        even.extend(even_taps.map(|tap| tap as f32));
        odd.extend(odd_taps.map(|tap| tap as f32));
    }
    even.append(&mut odd);
    Ok(even)
}

/// The even and the odd band-pass filter of one band; `None` if the band is empty.
///
/// The learnt parameters are distances: the band begins 50 Hz above 0 plus `|low_hz|` and is 50 Hz plus `|band_hz|` wide.
fn band_filters(low_hz: f64, band_hz: f64) -> Option<([f64; SINC_TAPS], [f64; SINC_TAPS])> {
    const MIN_LOW_HZ: f64 = 50.0;
    const MIN_BAND_HZ: f64 = 50.0;
    const HALF: usize = SINC_TAPS / 2;
    let nyquist_hz = f64::from(SAMPLE_RATE) / 2.0;
    let low = MIN_LOW_HZ + low_hz.abs();
    let high = (low + MIN_BAND_HZ + band_hz.abs()).clamp(MIN_LOW_HZ, nyquist_hz);
    let band = high - low;
    if band.is_nan() || band <= 0.0 {
        return None;
    }
    let mut even = [0.0; SINC_TAPS];
    let mut odd = [0.0; SINC_TAPS];
    even[HALF] = 1.0;
    for k in 0..HALF {
        // Radians per Hz at the tap's distance from the centre, negative to the left of it. This and the window are f32
        // constants of the original network, rounded in these steps; times 8 kHz their rounding shows in the filters.
        let n = (k as f32 - HALF as f32) / SAMPLE_RATE as f32 * std::f32::consts::TAU;
        let window = (0.54 - 0.46 * (std::f64::consts::TAU * k as f64 / (SINC_TAPS - 1) as f64).cos()) as f32;
        let (n, window) = (f64::from(n), f64::from(window));
        let factor = window / (n / 2.0) / (2.0 * band);
        even[k] = ((high * n).sin() - (low * n).sin()) * factor;
        odd[k] = ((low * n).cos() - (high * n).cos()) * factor;
        even[SINC_TAPS - 1 - k] = even[k];
        odd[SINC_TAPS - 1 - k] = -odd[k];
    }
    Some((even, odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_equal_asteroid() {
        let tensors = Tensors::parse(diarist_weights::segmentation(), "segmentation").unwrap();
        let filters = filters_from(&tensors).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/pyannet/sinc_filters.npy");
        let expected: Vec<f32> = npyz::NpyFile::new(std::fs::File::open(path).unwrap()).unwrap().into_vec().unwrap();
        assert_eq!(filters.len(), expected.len());
        for (index, (found, expected)) in filters.iter().zip(&expected).enumerate() {
            // Rounding to f32 of a filter of at most 1.
            assert!((found - expected).abs() <= 6e-8, "filter {} tap {}", index / SINC_TAPS, index % SINC_TAPS);
        }
    }

    #[test]
    fn band_above_the_highest_frequency_is_refused() {
        assert!(band_filters(7_000.0, 100.0).is_some());
        assert!(band_filters(-7_000.0, -100.0).is_some());
        assert!(band_filters(7_950.0, 100.0).is_none());
        assert!(band_filters(f64::NAN, 100.0).is_none());
    }

    #[test]
    fn constant_channel_becomes_its_bias_exactly() {
        let norm = InstanceNorm::<3> { weight: [1.0, -2.0, 0.5], bias: [0.25, 7.0, -4.0] };
        for rows in [1, 31, 33, 5325] {
            let input = vec![[1.0e4 / 3.0, -0.1, 0.0]; rows];
            let mut output = vec![f32::NAN; rows * 3];
            norm.run_leaky(&input, output.chunks_exact_mut(3));
            assert!(output.chunks_exact(3).all(|row| row == [0.25, 7.0, -0.04]), "{rows} rows: {:?}", &output[..3]);
        }
    }

    #[test]
    fn instance_norm_is_well_conditioned_far_from_zero() {
        // A ramp of 1/256 steps on top of 4096: every value is exact in f32, sums of squares would not be.
        let norm = InstanceNorm::<1> { weight: [1.0], bias: [0.0] };
        let count = 999;
        let ramp: Vec<[f32; 1]> = (0..count).map(|i| [4096.0 + i as f32 / 256.0]).collect();
        let mut output = vec![0.0; count];
        norm.run_leaky(&ramp, output.chunks_exact_mut(1));
        let variance = (count * count - 1) as f64 / 12.0 / (256.0 * 256.0);
        for (i, value) in output.iter().enumerate() {
            let normal = (i as f64 - 499.0) / 256.0 / (variance + NORM_EPSILON).sqrt();
            let expected = if normal > 0.0 { normal } else { 0.01 * normal };
            // The mean is rounded to f32 at 4096 (2.4e-4), and the deviation is about 1.
            assert!((f64::from(*value) - expected).abs() < 3e-4, "{i}: {value} {expected}");
        }
    }

    #[test]
    fn pool_takes_the_maximum_of_three_and_drops_the_rest() {
        let input = [1.0, -9.0, 3.0, -8.0, 2.0, -7.0, 0.0, 4.0, -6.0, 5.0, 0.5, -1.0, 9.0, 9.0];
        let mut output = [0.0; 4];
        pool::<2>(&input, |x| x, &mut output);
        assert_eq!(output, [3.0, -7.0, 0.5, 5.0]);
        pool::<2>(&input, f32::abs, &mut output);
        assert_eq!(output, [3.0, 9.0, 6.0, 5.0]);
    }
}
