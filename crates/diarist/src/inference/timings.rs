//! Where the time of one recording goes.

use std::iter::Sum;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Wall-clock seconds of one recording.
///
/// Every moment belongs to one stage at most, so that the stages and [`Timings::other_s`] add up to `total_s`. With several
/// threads, audio is read while embeddings are computed; that time is the embedding's, and `decode_beside_s` and
/// `resample_beside_s` tell, outside the sum, how much of it reading took on one of the threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Opening, reading (on stdin also waiting) and decoding, as far as nothing else was done meanwhile.
    pub decode_s: f64,
    /// Resampling to 16 kHz, as far as nothing else was done meanwhile.
    pub resample_s: f64,
    /// Mel filterbank features.
    pub fbank_s: f64,
    /// Segmentation network and powerset decoding.
    pub segmentation_s: f64,
    /// Embedding network.
    pub embedding_s: f64,
    /// Clustering.
    pub clustering_s: f64,
    /// Reconstruction of the timeline.
    pub timeline_s: f64,
    /// Giving the result the form of its output; 0 in results of the library.
    pub output_s: f64,
    /// From opening the recording to the end of the last stage.
    pub total_s: f64,
    /// Decoding beside the embedding.
    pub decode_beside_s: f64,
    /// Resampling beside the embedding.
    pub resample_beside_s: f64,
}

/// A stage of a recording's work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Its name in one word.
    pub name: &'static str,
    /// Wall-clock seconds.
    pub wall_s: f64,
    /// Seconds of one thread beside another stage.
    pub beside_s: f64,
}

impl Timings {
    /// The stages in the order in which a recording goes through them.
    pub fn stages(&self) -> [Stage; 8] {
        [
            ("decode", self.decode_s, self.decode_beside_s),
            ("resample", self.resample_s, self.resample_beside_s),
            ("fbank", self.fbank_s, 0.0),
            ("segmentation", self.segmentation_s, 0.0),
            ("embedding", self.embedding_s, 0.0),
            ("clustering", self.clustering_s, 0.0),
            ("timeline", self.timeline_s, 0.0),
            ("output", self.output_s, 0.0),
        ]
        .map(|(name, wall_s, beside_s)| Stage { name, wall_s, beside_s })
    }

    /// What lies between the stages.
    pub fn other_s(&self) -> f64 {
        (self.total_s - self.stages().iter().map(|stage| stage.wall_s).sum::<f64>()).max(0.0)
    }

    /// Adds the time of an output, which comes after everything that was counted so far.
    pub fn add_output(&mut self, elapsed: Duration) {
        self.output_s += elapsed.as_secs_f64();
        self.total_s += elapsed.as_secs_f64();
    }

    /// `combine` of every value of `self` and `other`.
    fn zip(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let of = |value: fn(&Self) -> f64| combine(value(self), value(other));
        Self {
            decode_s: of(|timings| timings.decode_s),
            resample_s: of(|timings| timings.resample_s),
            fbank_s: of(|timings| timings.fbank_s),
            segmentation_s: of(|timings| timings.segmentation_s),
            embedding_s: of(|timings| timings.embedding_s),
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

    /// Counts `elapsed` of reading, of which `resampling` was resampling and `beside` ran beside the embedding.
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
    fn what_runs_beside_another_stage_is_not_in_the_sum() {
        let seconds = Duration::from_secs_f64;
        let mut timings = Timings { embedding_s: 3.0, total_s: 4.5, ..Timings::default() };
        timings.add_reading(seconds(1.0), seconds(0.25), seconds(0.0));
        timings.add_reading(seconds(0.0), seconds(0.0), seconds(0.0));
        timings.add_reading(seconds(2.0), seconds(0.5), seconds(2.0));
        timings.add_reading(seconds(0.4), seconds(0.2), seconds(0.1));
        let close = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
        // 0.75 s before; three quarters of the last 0.4 s were waited for.
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
