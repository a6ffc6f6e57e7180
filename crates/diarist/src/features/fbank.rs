//! Kaldi-compatible log-mel filterbank, the input of the embedding network, and its batch frame
//! extractor.
//!
//! Source: `torchaudio.compliance.kaldi.fbank` with the options that pyannote.audio's WeSpeaker
//! front end gives it (80 bins, 25 ms every 10 ms, Hamming window, no dither, no energy, snip
//! edges, everything else default); the golden files under `fixtures/golden/fbank` come from it.
//!
//! A frame depends on its own 400 samples alone. Features of a recording can therefore be computed
//! once, in pieces of any size, and a chunk that starts at a multiple of [`FRAME_SHIFT`] samples
//! finds its frames among them. Only the mean that is subtracted afterwards differs between chunks
//! (see [`chunk_mean`]).

use microfft::real::rfft_512;

/// Samples in a frame: 25 ms at 16 kHz.
pub const FRAME_LENGTH: usize = 400;
/// Samples between the starts of neighbouring frames: 10 ms at 16 kHz.
pub const FRAME_SHIFT: usize = 160;
/// Values in a frame.
pub const NUM_MEL_BINS: usize = 80;

const FFT_LENGTH: usize = 512;
/// Number of spectrum bins without the Nyquist bin, which no filter covers.
const SPECTRUM_LENGTH: usize = FFT_LENGTH / 2;
const SAMPLE_RATE_HZ: f64 = 16_000.0;
const LOW_HZ: f64 = 20.0;
const HIGH_HZ: f64 = 8_000.0;
const PREEMPHASIS: f32 = 0.97;
/// Scale from samples in [-1, 1] to the 16-bit samples that the features are defined for.
const SAMPLE_SCALE: f32 = 32_768.0;
/// Smallest energy before the logarithm: the machine epsilon of f32, as in Kaldi.
const ENERGY_FLOOR: f32 = f32::EPSILON;

/// Number of whole frames in `num_samples` samples (snip edges): none if there are fewer than
/// [`FRAME_LENGTH`].
pub const fn num_frames(num_samples: usize) -> usize {
    if num_samples < FRAME_LENGTH { 0 } else { 1 + (num_samples - FRAME_LENGTH) / FRAME_SHIFT }
}

/// A triangular mel filter: weights of the neighbouring spectrum bins
/// `first..first + weights.len()`.
#[derive(Debug, Clone)]
struct MelFilter {
    first: usize,
    weights: Vec<f32>,
}

/// Log-mel filterbank with its tables and buffers. Clone it to use it on several threads.
#[derive(Debug, Clone)]
pub struct Fbank {
    window: Vec<f32>,
    filters: Vec<MelFilter>,
    frame: [f32; FFT_LENGTH],
    power: [f32; SPECTRUM_LENGTH],
}

impl Default for Fbank {
    fn default() -> Self {
        Self::new()
    }
}

impl Fbank {
    /// Computes the window and the filters.
    pub fn new() -> Self {
        Self {
            window: hamming_window(),
            filters: mel_filters(),
            frame: [0.0; FFT_LENGTH],
            power: [0.0; SPECTRUM_LENGTH],
        }
    }

    /// Batch frame extractor: appends the features of all whole frames of `samples` to `out`:
    /// `[num_frames(samples.len()), 80]`, row-major.
    ///
    /// `samples` are mono, 16 kHz, in [-1, 1]; frame `i` covers samples `160 i .. 160 i + 400`.
    /// Nothing is appended if there are fewer than 400. Values are natural logarithms, -15.9424 for
    /// digital silence. Does not allocate, apart from the growth of `out`.
    pub fn compute(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let frames = num_frames(samples.len());
        let start = out.len();
        out.resize(start + frames * NUM_MEL_BINS, 0.0);
        for (i, features) in out[start..].chunks_exact_mut(NUM_MEL_BINS).enumerate() {
            self.frame_features(&samples[i * FRAME_SHIFT..][..FRAME_LENGTH], features);
        }
    }

    /// Features of one frame; the steps are in Kaldi's order.
    fn frame_features(&mut self, samples: &[f32], features: &mut [f32]) {
        let (frame, padding) = self.frame.split_at_mut(FRAME_LENGTH);
        for (value, sample) in frame.iter_mut().zip(samples) {
            *value = sample * SAMPLE_SCALE;
        }
        let mean = lane_sum(frame) / FRAME_LENGTH as f32;
        // Backwards, so that the neighbour on the left is still untouched; the first sample is its
        // own neighbour.
        for i in (1..FRAME_LENGTH).rev() {
            frame[i] = ((frame[i] - mean) - PREEMPHASIS * (frame[i - 1] - mean)) * self.window[i];
        }
        let first = frame[0] - mean;
        frame[0] = (first - PREEMPHASIS * first) * self.window[0];
        padding.fill(0.0);

        // In place. Bin 0 also holds the Nyquist bin; no filter covers either.
        for (power, bin) in self.power.iter_mut().zip(rfft_512(&mut self.frame)) {
            *power = bin.norm_sqr();
        }
        for (feature, filter) in features.iter_mut().zip(&self.filters) {
            let power = &self.power[filter.first..][..filter.weights.len()];
            let energy: f32 = power.iter().zip(&filter.weights).map(|(p, w)| p * w).sum();
            *feature = energy.max(ENERGY_FLOOR).ln();
        }
    }
}

/// Mean over the frames of a chunk, per bin; zeros if there is no frame.
///
/// `frames` is `[n, 80]`, row-major. Sums in f64, so that the precision does not depend on the
/// length of the chunk.
pub fn chunk_mean(frames: &[f32]) -> [f32; NUM_MEL_BINS] {
    let mut sums = [0.0_f64; NUM_MEL_BINS];
    for frame in frames.chunks_exact(NUM_MEL_BINS) {
        for (sum, &value) in sums.iter_mut().zip(frame) {
            *sum += f64::from(value);
        }
    }
    let count = (frames.len() / NUM_MEL_BINS).max(1) as f64;
    sums.map(|sum| (sum / count) as f32)
}

/// Sum in eight lanes: exact for 16-bit samples (every partial sum is an integer below 2^24).
fn lane_sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for block in values.chunks_exact(8) {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    const { assert!(FRAME_LENGTH.is_multiple_of(8)) };
    lanes.iter().sum()
}

/// Symmetric Hamming window of [`FRAME_LENGTH`] values.
pub(crate) fn hamming_window() -> Vec<f32> {
    (0..FRAME_LENGTH)
        .map(|i| {
            let phase = std::f64::consts::TAU * i as f64 / (FRAME_LENGTH - 1) as f64;
            (0.54 - 0.46 * phase.cos()) as f32
        })
        .collect()
}

/// Kaldi's mel scale.
fn mel(frequency_hz: f64) -> f64 {
    1127.0 * (1.0 + frequency_hz / 700.0).ln()
}

/// The mel filters as a matrix, `[80, 256]`: filter by spectrum bin.
#[cfg(feature = "gpu")]
pub(crate) fn mel_matrix() -> Vec<f32> {
    let mut matrix = vec![0.0; NUM_MEL_BINS * SPECTRUM_LENGTH];
    for (row, filter) in matrix.chunks_exact_mut(SPECTRUM_LENGTH).zip(mel_filters()) {
        row[filter.first..][..filter.weights.len()].copy_from_slice(&filter.weights);
    }
    matrix
}

/// Triangles that are linear on the mel scale. The Nyquist bin belongs to none.
fn mel_filters() -> Vec<MelFilter> {
    let (low, high) = (mel(LOW_HZ), mel(HIGH_HZ));
    let spacing = (high - low) / (NUM_MEL_BINS + 1) as f64;
    let weight = |bin: usize, left: f64| {
        let position = mel(bin as f64 * SAMPLE_RATE_HZ / FFT_LENGTH as f64);
        let up = (position - left) / spacing;
        let down = (left + 2.0 * spacing - position) / spacing;
        up.min(down).max(0.0)
    };
    (0..NUM_MEL_BINS)
        .map(|filter| {
            let left = low + filter as f64 * spacing;
            let bins = 0..SPECTRUM_LENGTH;
            let first = bins.clone().find(|&bin| weight(bin, left) > 0.0).unwrap_or(0);
            let weights =
                bins.skip(first).map(|bin| weight(bin, left)).take_while(|&w| w > 0.0).map(|w| w as f32).collect();
            MelFilter { first, weights }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn num_frames_snips_edges() {
        let cases = [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (160_000, 998)];
        for (samples, frames) in cases {
            assert_eq!(num_frames(samples), frames, "{samples} samples");
        }
    }

    #[test]
    fn every_filter_has_a_peak_and_no_gap_to_its_neighbour() {
        let filters = mel_filters();
        assert_eq!(filters.len(), NUM_MEL_BINS);
        for (index, filter) in filters.iter().enumerate() {
            assert!(!filter.weights.is_empty(), "filter {index} is empty");
            assert!(filter.first >= 1 && filter.first + filter.weights.len() <= SPECTRUM_LENGTH, "filter {index}");
            assert!(filter.weights.iter().all(|w| (0.0..=1.0).contains(w)), "filter {index}");
        }
        // Between the first and the last centre the two triangles over a bin add up to one.
        for bin in 3..240 {
            let total: f32 = filters
                .iter()
                .filter(|f| (f.first..f.first + f.weights.len()).contains(&bin))
                .map(|f| f.weights[bin - f.first])
                .sum();
            assert!((total - 1.0).abs() < 1e-5, "bin {bin}: {total}"); // rounding of two f32 weights
        }
    }

    #[test]
    fn silence_gives_the_floor_and_short_audio_gives_no_frames() {
        let mut fbank = Fbank::new();
        let mut out = Vec::new();
        fbank.compute(&[0.0; 399], &mut out);
        assert!(out.is_empty());
        fbank.compute(&[0.0; 560], &mut out);
        assert_eq!(out.len(), 2 * NUM_MEL_BINS);
        assert!(out.iter().all(|v| *v == f32::EPSILON.ln()));
    }

    #[test]
    fn chunk_mean_is_per_bin_and_zero_without_frames() {
        let frames: Vec<f32> = (0..3 * NUM_MEL_BINS).map(|i| i as f32).collect();
        let mean = chunk_mean(&frames);
        assert!(mean.iter().enumerate().all(|(bin, m)| *m == (bin + NUM_MEL_BINS) as f32));
        assert_eq!(chunk_mean(&[]), [0.0; NUM_MEL_BINS]);
    }
}
