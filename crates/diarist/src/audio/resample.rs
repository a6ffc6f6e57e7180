//! Resamples any rate to 16 kHz, with the filter of `torchaudio.functional.resample` and its
//! defaults.
//!
//! The filter is a sinc low-pass of six zero crossings on each side under a Hann window, with its
//! cut-off at 0.99 of the lower Nyquist frequency (`sinc_interp_hann`, `lowpass_filter_width=6`,
//! `rolloff=0.99`; torchaudio `functional/functional.py`, `_get_sinc_resample_kernel`).
//! pyannote.audio applies the same filter, so the networks get the same input as there. The
//! comparison with a general resampler is in `docs/adr/0004-opus-and-resampler.md`.
//!
//! With `orig / new` the two rates in lowest terms, output sample `i * new + phase` is a weighted
//! sum of the inputs near `i * orig + phase * orig / new`: one set of weights for each phase, and
//! no delay to compensate.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::segmentation::SAMPLE_RATE;

/// Zero crossings of the sinc on each side (torchaudio `lowpass_filter_width`).
const ZERO_CROSSINGS: f64 = 6.0;
/// Cut-off as a part of the lower Nyquist frequency (torchaudio `rolloff`).
const ROLLOFF: f64 = 0.99;
/// Number of partial sums in [`dot`]; the weights of a phase are padded to a multiple of it.
const LANES: usize = 8;

/// Lowest accepted sample rate in Hz; lower rates hold no speech.
pub const MIN_SAMPLE_RATE: u32 = 100;
/// Highest accepted sample rate in Hz.
pub const MAX_SAMPLE_RATE: u32 = 768_000;

/// A streaming resampler from one rate to 16 kHz, mono.
///
/// The output has `ceil(n * 16000 / rate)` samples for `n` input samples, for any division into
/// calls of [`push`](Self::push), and output sample `k` belongs to the time `k / 16000`. At 16 kHz
/// the samples pass unchanged.
#[derive(Debug)]
pub struct Resampler {
    /// Input and output rate in lowest terms.
    orig: u64,
    new: u64,
    /// Weights in [phase, tap] order, `num_taps` (a multiple of [`LANES`]) each.
    weights: Vec<f32>,
    num_taps: usize,
    /// For each phase the input index of its first weight relative to the block's first input
    /// sample.
    first_tap: Vec<i64>,
    /// Input samples that are still needed; the first has index `history_start` (negative: silence
    /// before the recording).
    history: Vec<f32>,
    history_start: i64,
    num_input: u64,
    num_output: u64,
}

impl Resampler {
    /// A resampler from `sample_rate` (Hz) to 16 kHz.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the rate is outside [`MIN_SAMPLE_RATE`] to
    /// [`MAX_SAMPLE_RATE`].
    pub fn new(sample_rate: u32) -> Result<Self> {
        if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate) {
            return Err(Error::input(format!(
                "a sample rate of {sample_rate} Hz is outside {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
            ))
            .hint("check the recording's header, or convert it to a 16 kHz WAV"));
        }
        let divisor = gcd(u64::from(sample_rate), u64::from(SAMPLE_RATE));
        let orig = u64::from(sample_rate) / divisor;
        let new = u64::from(SAMPLE_RATE) / divisor;
        let mut resampler = Self {
            orig,
            new,
            weights: Vec::new(),
            num_taps: 0,
            first_tap: Vec::new(),
            history: Vec::new(),
            history_start: 0,
            num_input: 0,
            num_output: 0,
        };
        if orig != new {
            resampler.design();
        }
        Ok(resampler)
    }

    /// Computes the weights of every phase in f64 and the silence before the first sample.
    fn design(&mut self) {
        let (orig, new) = (self.orig as f64, self.new as f64);
        // In units of the common divisor of the two rates, like torchaudio's `base_freq`.
        let cutoff = orig.min(new) * ROLLOFF;
        let half_width = ZERO_CROSSINGS * orig / cutoff;
        self.num_taps = ((2.0 * half_width) as usize + 1).next_multiple_of(LANES);
        self.weights.reserve_exact(self.num_taps * self.new as usize);
        for phase in 0..self.new {
            let centre = phase as f64 * orig / new;
            let first = (centre - half_width).ceil() as i64;
            self.first_tap.push(first);
            for tap in 0..self.num_taps {
                let input = (first + tap as i64) as f64;
                let t = (input / orig - phase as f64 / new) * cutoff;
                self.weights.push((kernel(t) * cutoff / orig) as f32);
            }
        }
        // The first phase reaches furthest back.
        self.history_start = self.first_tap[0];
        self.history.resize(self.history_start.unsigned_abs() as usize, 0.0);
    }

    /// Appends to `out` every output sample that `samples` completes.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.num_input += samples.len() as u64;
        if self.orig == self.new {
            self.num_output += samples.len() as u64;
            out.extend_from_slice(samples);
            return;
        }
        self.history.extend_from_slice(samples);
        self.produce(self.target(), out);
    }

    /// Appends the last output samples at the end of the recording.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let target = self.target();
        if self.num_output < target {
            // Adds silence after the recording, as far as the last output sample reaches.
            let (first, _) = self.reach(target - 1);
            let end = (first + self.num_taps as i64 - self.history_start).max(0) as usize;
            self.history.resize(end.max(self.history.len()), 0.0);
            self.produce(target, out);
        }
    }

    /// Number of output samples that belong to the input so far.
    fn target(&self) -> u64 {
        (u128::from(self.num_input) * u128::from(self.new)).div_ceil(u128::from(self.orig)) as u64
    }

    /// First input index and phase of output sample `index`.
    fn reach(&self, index: u64) -> (i64, usize) {
        let phase = (index % self.new) as usize;
        ((index / self.new * self.orig) as i64 + self.first_tap[phase], phase)
    }

    /// Computes output samples up to `target`, as far as the history reaches, and drops the inputs
    /// that no later output needs.
    fn produce(&mut self, target: u64, out: &mut Vec<f32>) {
        while self.num_output < target {
            let (first, phase) = self.reach(self.num_output);
            let start = (first - self.history_start) as usize;
            let Some(input) = self.history.get(start..start + self.num_taps) else { break };
            out.push(dot(input, &self.weights[phase * self.num_taps..][..self.num_taps]));
            self.num_output += 1;
        }
        let (needed, _) = self.reach(self.num_output);
        let unneeded = ((needed - self.history_start).max(0) as usize).min(self.history.len());
        self.history.drain(..unneeded);
        self.history_start += unneeded as i64;
    }
}

/// Windowed sinc at `t` zero crossings from the centre; 0 outside the window.
fn kernel(t: f64) -> f64 {
    if t.abs() >= ZERO_CROSSINGS {
        return 0.0;
    }
    let window = (t * PI / ZERO_CROSSINGS / 2.0).cos().powi(2);
    let sinc = if t == 0.0 { 1.0 } else { (t * PI).sin() / (t * PI) };
    window * sinc
}

/// Dot product with [`LANES`] partial sums, a fixed order of additions that the compiler can
/// vectorise.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
