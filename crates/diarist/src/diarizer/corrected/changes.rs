//! The difference between two results.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::diarizer::result::Diarization;
use crate::timeline::intervals::PRECISION_S;
use crate::timeline::{Segment, Turn};

/// A stretch in which two results have other speakers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// Labels of the speakers in the first result, sorted.
    pub from: Vec<String>,
    /// Labels of the speakers in the second one, sorted.
    pub to: Vec<String>,
}

/// The stretches in which `before` and `after` have other speakers, in order of time.
pub fn changes(before: &Diarization, after: &Diarization) -> Vec<Change> {
    let mut times: Vec<f64> =
        before.turns.iter().chain(&after.turns).flat_map(|turn| [turn.start_s, turn.end_s]).collect();
    times.sort_by(f64::total_cmp);
    times.dedup_by(|later, earlier| *later - *earlier <= PRECISION_S);
    let [mut old, mut new] = [before, after].map(|result| Sweep { turns: &result.turns, next: 0, active: Vec::new() });
    let mut changes: Vec<Change> = Vec::new();
    for pair in times.windows(2) {
        let part = Segment::new(pair[0], pair[1]);
        let (from, to) = (old.at(part), new.at(part));
        if from == to {
            continue;
        }
        match changes.last_mut() {
            Some(last) if last.end_s == part.start && last.from == from && last.to == to => last.end_s = part.end,
            _ => changes.push(Change { start_s: part.start, end_s: part.end, from, to }),
        }
    }
    changes
}

/// The active turns at ascending times.
struct Sweep<'a> {
    turns: &'a [Turn],
    next: usize,
    active: Vec<&'a Turn>,
}

impl Sweep<'_> {
    /// The labels in `part`, in which no turn begins or ends.
    fn at(&mut self, part: Segment) -> Vec<String> {
        let middle = (part.start + part.end) / 2.0;
        while self.next < self.turns.len() && self.turns[self.next].start_s <= middle {
            self.active.push(&self.turns[self.next]);
            self.next += 1;
        }
        self.active.retain(|turn| turn.end_s > middle);
        let labels: BTreeSet<&str> = self.active.iter().map(|turn| turn.speaker.as_str()).collect();
        labels.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_with_other_speakers_are_found() {
        let result = |turns: &[(f64, f64, &str)]| Diarization {
            turns: turns.iter().map(|&(start, end, speaker)| Turn::new(start, end, speaker)).collect(),
            ..Diarization::default()
        };
        let before = result(&[(0.0, 4.0, "a"), (3.0, 5.0, "b"), (6.0, 7.0, "a")]);
        let after = result(&[(0.0, 2.0, "a"), (2.0, 4.0, "c"), (3.0, 5.0, "b"), (6.0, 7.0, "a")]);
        let change = |start_s, end_s, from: &[&str], to: &[&str]| {
            let owned = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
            Change { start_s, end_s, from: owned(from), to: owned(to) }
        };
        assert_eq!(
            changes(&before, &after),
            [change(2.0, 3.0, &["a"], &["c"]), change(3.0, 4.0, &["a", "b"], &["b", "c"])]
        );
        assert!(changes(&before, &before).is_empty());
        assert_eq!(changes(&result(&[]), &result(&[(1.0, 2.0, "a")])), [change(1.0, 2.0, &[], &["a"])]);
    }
}
