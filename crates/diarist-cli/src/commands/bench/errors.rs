//! Where a file has its errors.

use std::collections::BTreeSet;

use diarist::Turn;
use diarist::parts::timeline::Segment;
use diarist::parts::timeline::intervals::union;

use super::record::FileRecord;

/// Stretches with missed speech, false alarms, and speech of the wrong speaker, in this order. Two
/// speakers missed at once are one stretch. A collar and skipped overlap are not taken into
/// account.
pub(super) fn errors(file: &FileRecord) -> [Vec<Segment>; 3] {
    let mut times: Vec<f64> = Vec::new();
    let turns = file.reference.iter().chain(&file.hypothesis);
    turns.for_each(|turn| times.extend([turn.start_s, turn.end_s]));
    // Reports of earlier versions do not have the regions.
    let whole = [(0.0, file.figures.duration_s)];
    let regions = if file.regions.is_empty() { &whole[..] } else { &file.regions };
    regions.iter().for_each(|&(start, end)| times.extend([start, end]));
    times.sort_by(f64::total_cmp);
    times.dedup();
    let counterpart = |speaker: &str| file.mapping.iter().find(|(from, _)| from == speaker).map(|(_, to)| to.as_str());

    let (mut reference, mut hypothesis) = (Active::new(&file.reference), Active::new(&file.hypothesis));
    let mut found: [Vec<Segment>; 3] = Default::default();
    for pair in times.windows(2) {
        let stretch = Segment::new(pair[0], pair[1]);
        let (right, given) = (reference.at(stretch.start), hypothesis.at(stretch.start));
        if !regions.iter().any(|&(start, end)| start <= stretch.start && stretch.end <= end) {
            continue;
        }
        let mapped: BTreeSet<&str> = given.iter().filter_map(|speaker| counterpart(speaker)).collect();
        let num_correct = mapped.intersection(&right).count();
        let kinds = [right.len() > given.len(), given.len() > right.len(), right.len().min(given.len()) > num_correct];
        found.iter_mut().zip(kinds).filter(|(_, has)| *has).for_each(|(all, _)| all.push(stretch));
    }
    found.map(|all| union(all, 0.0))
}

/// The speakers of a moment, for moments in order.
struct Active<'a> {
    /// By their start.
    coming: std::iter::Peekable<std::vec::IntoIter<&'a Turn>>,
    now: Vec<&'a Turn>,
}

impl<'a> Active<'a> {
    fn new(turns: &'a [Turn]) -> Self {
        let mut coming: Vec<&Turn> = turns.iter().collect();
        coming.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        Self { coming: coming.into_iter().peekable(), now: Vec::new() }
    }

    fn at(&mut self, time_s: f64) -> BTreeSet<&'a str> {
        while let Some(turn) = self.coming.next_if(|turn| turn.start_s <= time_s) {
            self.now.push(turn);
        }
        self.now.retain(|turn| turn.end_s > time_s);
        self.now.iter().map(|turn| turn.speaker.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use diarist::parts::metrics::{ScoreOptions, optimal_mapping, score};
    use diarist::parts::timeline::Annotation;

    use super::super::record::tests::{figures, report};
    use super::*;

    #[test]
    fn stretches_are_those_that_are_scored() {
        let turns = |turns: &[(f64, f64, &str)]| Annotation {
            file_id: "a".to_owned(),
            turns: turns.iter().map(|&(start, end, speaker)| Turn::new(start, end, speaker)).collect(),
        };
        let reference = turns(&[(1.0, 5.0, "Ann"), (4.0, 8.0, "Bo"), (9.0, 12.0, "Ann")]);
        let hypothesis = turns(&[(0.0, 4.5, "S0"), (4.5, 10.0, "S1"), (10.0, 12.0, "S0"), (13.0, 20.0, "S2")]);
        let region = Segment::new(0.5, 14.0);
        let options = ScoreOptions::default();
        let scores = score(&reference, &hypothesis, Some(&[region]), &options).unwrap().der;
        let mut file = report(&[("a", figures(1.0, 10.0, 1.0))]).files.remove(0);
        file.mapping = optimal_mapping(&reference, &hypothesis, Some(&[region]), &options).unwrap();
        (file.reference, file.hypothesis) = (reference.turns, hypothesis.turns);
        file.regions = vec![(region.start, region.end)];
        let found = errors(&file);
        let segment = Segment::new;
        assert_eq!(found[0], [segment(4.0, 5.0)], "two speak, one is found");
        assert_eq!(found[1], [segment(0.5, 1.0), segment(8.0, 9.0), segment(13.0, 14.0)]);
        assert_eq!(found[2], [segment(9.0, 10.0)]);
        let seconds = found.map(|all| all.iter().map(Segment::duration).sum::<f64>());
        assert_eq!(seconds, [scores.missed_detection_s, scores.false_alarm_s, scores.confusion_s]);
    }
}
