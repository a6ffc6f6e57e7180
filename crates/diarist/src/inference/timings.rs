//! The seconds that each stage of the work on a recording takes.

use std::iter::Sum;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Wall-clock seconds of one recording.
///
/// Every moment belongs to at most one stage, so the stages and [`Timings::other_s`] add up to
/// `total_s`. With several threads, audio is read while the networks run. That time belongs to the
/// networks. Outside the sum, `decode_beside_s` and `resample_beside_s` give the seconds that
/// reading took on one of the threads meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Opening, reading (including the wait for standard input) and decoding, while no other stage
    /// ran.
    pub decode_s: f64,
    /// Resampling to 16 kHz, while no other stage ran.
    pub resample_s: f64,
    /// Mel filterbank features.
    pub fbank_s: f64,
    /// Segmentation network and powerset decoding.
    pub segmentation_s: f64,
    /// Embedding network.
    pub embedding_s: f64,
    /// Features and both networks on a GPU, which computes them together; the three stages above
    /// are those of the CPU.
    #[serde(default)]
    pub gpu_s: f64,
    /// Clustering.
    pub clustering_s: f64,
    /// Reconstruction of the timeline.
    pub timeline_s: f64,
    /// Formatting and writing of the output; 0 in results of the library.
    pub output_s: f64,
    /// Total from the opening of the recording to the end of the last stage.
    pub total_s: f64,
    /// Decoding while the networks ran.
    pub decode_beside_s: f64,
    /// Resampling while the networks ran.
    pub resample_beside_s: f64,
}

/// A stage of the work on a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Name in one word.
    pub name: &'static str,
    /// Wall-clock seconds.
    pub wall_s: f64,
    /// Seconds on one thread during another stage.
    pub beside_s: f64,
}

impl Timings {
    /// The stages in the order in which a recording passes through them.
    pub fn stages(&self) -> [Stage; 9] {
        [
            ("decode", self.decode_s, self.decode_beside_s),
            ("resample", self.resample_s, self.resample_beside_s),
            ("fbank", self.fbank_s, 0.0),
            ("segmentation", self.segmentation_s, 0.0),
            ("embedding", self.embedding_s, 0.0),
            ("gpu", self.gpu_s, 0.0),
            ("clustering", self.clustering_s, 0.0),
            ("timeline", self.timeline_s, 0.0),
            ("output", self.output_s, 0.0),
        ]
        .map(|(name, wall_s, beside_s)| Stage { name, wall_s, beside_s })
    }

    /// Seconds between the stages.
    pub fn other_s(&self) -> f64 {
        (self.total_s - self.stages().iter().map(|stage| stage.wall_s).sum::<f64>()).max(0.0)
    }

    /// Adds the time of an output, which comes after all stages counted so far.
    pub fn add_output(&mut self, elapsed: Duration) {
        self.output_s += elapsed.as_secs_f64();
        self.total_s += elapsed.as_secs_f64();
    }

    /// Applies `combine` to every value of `self` and `other`.
    fn zip(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let of = |value: fn(&Self) -> f64| combine(value(self), value(other));
        Self {
            decode_s: of(|timings| timings.decode_s),
            resample_s: of(|timings| timings.resample_s),
            fbank_s: of(|timings| timings.fbank_s),
            segmentation_s: of(|timings| timings.segmentation_s),
            embedding_s: of(|timings| timings.embedding_s),
            gpu_s: of(|timings| timings.gpu_s),
            clustering_s: of(|timings| timings.clustering_s),
            timeline_s: of(|timings| timings.timeline_s),
            output_s: of(|timings| timings.output_s),
            total_s: of(|timings| timings.total_s),
            decode_beside_s: of(|timings| timings.decode_beside_s),
            resample_beside_s: of(|timings| timings.resample_beside_s),
        }
    }

    /// Every value rounded to microseconds.
    pub(crate) fn rounded(&self) -> Self {
        self.zip(self, |seconds, _| (seconds * 1e6).round() / 1e6)
    }

    /// Adds the seconds that the networks took for a wave.
    pub(super) fn add_networks(&mut self, wave: &Self) {
        *self = self.zip(wave, |all, of_wave| all + of_wave);
    }

    /// Adds `elapsed` seconds of reading. `resampling` is the part of them that was resampling, and
    /// `beside` the part while the networks ran.
    pub(super) fn add_reading(&mut self, elapsed: Duration, resampling: Duration, beside: Duration) {
        let (elapsed_s, resample_s) = (elapsed.as_secs_f64(), resampling.as_secs_f64());
        let decode_s = (elapsed_s - resample_s).max(0.0);
        let share = if elapsed_s > 0.0 { beside.as_secs_f64() / elapsed_s } else { 0.0 };
        self.decode_s += decode_s * (1.0 - share);
        self.decode_beside_s += decode_s * share;
        self.resample_s += resample_s * (1.0 - share);
        self.resample_beside_s += resample_s * share;
    }
}

impl Sum for Timings {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, timings| sum.zip(&timings, |a, b| a + b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_beside_another_stage_is_not_in_the_sum() {
        let seconds = Duration::from_secs_f64;
        let mut timings = Timings { embedding_s: 3.0, total_s: 4.5, ..Timings::default() };
        timings.add_reading(seconds(1.0), seconds(0.25), seconds(0.0));
        timings.add_reading(seconds(0.0), seconds(0.0), seconds(0.0));
        timings.add_reading(seconds(2.0), seconds(0.5), seconds(2.0));
        timings.add_reading(seconds(0.4), seconds(0.2), seconds(0.1));
        let close = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
        // 0.75 s came before. Three quarters of the last 0.4 s did not run during the embedding.
        close(timings.decode_s, 0.75 + 0.15);
        close(timings.resample_s, 0.25 + 0.15);
        close(timings.decode_beside_s, 1.5 + 0.05);
        close(timings.resample_beside_s, 0.5 + 0.05);
        close(timings.other_s(), 0.2);
        timings.add_output(seconds(0.5));
        close(timings.total_s, 5.0);
        close(timings.other_s(), 0.2);
    }
}
