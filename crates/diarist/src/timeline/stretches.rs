//! Stretches of frames in which clusters are active, and how certain they are.

use std::collections::BTreeMap;

use super::calibration::calibrated;
use super::labels::label_name;
use super::{Discrete, Run, SlidingWindow, Turn};

/// A run, and the sum over its frames of the probability that its cluster is active.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    pub(super) run: Run,
    pub(super) certainty: f64,
}

/// The active clusters of a recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stretches {
    /// Number of frames of the recording.
    num_frames: usize,
    /// In the order of cluster, then start.
    pub(super) all: Vec<Stretch>,
}

impl Stretches {
    /// The stretches without their certainty.
    pub(super) fn discrete(&self) -> Discrete {
        Discrete { num_frames: self.num_frames, runs: self.all.iter().map(|stretch| stretch.run).collect() }
    }

    /// Sets the confidence of `turns`, which were made of these stretches with `labels`: the mean
    /// of the certainty over the frames of the turn, calibrated. In a gap that was filled, it is 0.
    pub(super) fn set_confidences(&self, turns: &mut [Turn], labels: &[u32]) {
        let clusters: BTreeMap<String, u32> = (0..).map(label_name).zip(labels.iter().copied()).collect();
        for turn in turns {
            let mean = clusters.get(&turn.speaker).map_or(0.0, |&cluster| self.certainty(turn, cluster));
            turn.confidence = Some(calibrated(mean));
        }
    }

    /// Mean certainty of a turn of `cluster`, from 0 to 1.
    fn certainty(&self, turn: &Turn, cluster: u32) -> f64 {
        let start_s = |stretch: &Stretch| SlidingWindow::FRAMES.middle(stretch.run.start);
        let first = self.all.partition_point(|stretch| {
            stretch.run.cluster < cluster || (stretch.run.cluster == cluster && start_s(stretch) < turn.start_s)
        });
        let rest = self.all[first..].iter();
        let mut of_turn = rest.take_while(|other| other.run.cluster == cluster && start_s(other) < turn.end_s);
        let Some(first) = of_turn.next() else { return 0.0 };
        let (sum, end) =
            of_turn.fold((first.certainty, first.run.end), |(sum, _), other| (sum + other.certainty, other.run.end));
        (sum / (end - first.run.start) as f64).clamp(0.0, 1.0)
    }
}

/// Makes stretches of the active clusters, frame by frame.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    open: Vec<Stretch>,
    done: Vec<Stretch>,
}

impl Tracker {
    /// The clusters that are active in `frame`, each with its certainty; frames come in order.
    pub(super) fn advance(&mut self, frame: usize, active: &[(u32, f64)]) {
        let done = &mut self.done;
        self.open.retain(|stretch| {
            let stays = active.iter().any(|(cluster, _)| *cluster == stretch.run.cluster);
            if !stays {
                done.push(Stretch { run: Run { end: frame, ..stretch.run }, ..*stretch });
            }
            stays
        });
        for &(cluster, certainty) in active {
            match self.open.iter_mut().find(|stretch| stretch.run.cluster == cluster) {
                Some(stretch) => stretch.certainty += certainty,
                None => self.open.push(Stretch { run: Run { cluster, start: frame, end: frame }, certainty }),
            }
        }
    }

    /// All stretches of a recording of `num_frames` frames.
    pub(super) fn finish(mut self, num_frames: usize) -> Stretches {
        self.advance(num_frames, &[]);
        self.done.sort_unstable_by_key(|stretch| stretch.run);
        Stretches { num_frames, all: self.done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{labels, to_turns};

    #[test]
    fn confidence_is_the_mean_over_the_frames_of_a_turn() {
        let mut tracker = Tracker::default();
        for frame in 0..100 {
            let mut active = Vec::new();
            match frame {
                10..20 => active.push((7, 0.5)),
                20..30 => active.extend([(3, 1.0), (7, 1.0)]),
                40..50 => active.push((7, 0.9)),
                _ => {}
            }
            tracker.advance(frame, &active);
        }
        let stretches = tracker.finish(100);
        let discrete = stretches.discrete();
        let run = |cluster, start, end| Run { cluster, start, end };
        assert_eq!(discrete.runs, [run(3, 20, 30), run(7, 10, 30), run(7, 40, 50)]);
        let confidences = |gap_s| {
            let mut turns = to_turns(&discrete, &labels(&discrete), gap_s);
            stretches.set_confidences(&mut turns, &labels(&discrete));
            let all: Vec<f64> = turns.iter().map(|turn| (turn.confidence.unwrap() * 1e9).round() / 1e9).collect();
            all
        };
        let calibrated_all = |certainties: &[f64]| -> Vec<f64> {
            certainties.iter().map(|&certainty| (calibrated(certainty) * 1e9).round() / 1e9).collect()
        };
        assert_eq!(confidences(0.0), calibrated_all(&[0.75, 1.0, 0.9]));
        // The gap of 10 frames is part of the turn: (5 + 10 + 9) / 40.
        assert_eq!(confidences(0.5), calibrated_all(&[0.6, 1.0]));
        let mut unknown = [Turn::new(0.0, 1.0, "SPEAKER_09"), Turn::new(0.9, 1.0, "SPEAKER_00")];
        stretches.set_confidences(&mut unknown, &[3]);
        assert_eq!(unknown.map(|turn| turn.confidence), [Some(calibrated(0.0)); 2]);
    }
}
