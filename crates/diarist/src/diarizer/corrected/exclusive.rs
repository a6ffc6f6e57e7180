//! The exclusive timeline of turns that were corrected.

use crate::timeline::{Segment, Turn};

/// The exclusive turns for `turns`, which are in order of time. Where several speakers talk, the
/// one of `before` stays if possible, or else the one who began first has the time.
pub(super) fn exclusive(turns: &[Turn], before: &[Turn]) -> Vec<Turn> {
    let mut times: Vec<f64> = turns.iter().chain(before).flat_map(|turn| [turn.start_s, turn.end_s]).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut active: Vec<&Turn> = Vec::new();
    let (mut next, mut earlier) = (0, 0);
    let mut found: Vec<Turn> = Vec::new();
    for pair in times.windows(2) {
        let part = Segment::new(pair[0], pair[1]);
        active.retain(|turn| turn.end_s > part.start);
        while next < turns.len() && turns[next].start_s <= part.start {
            active.push(&turns[next]);
            next += 1;
        }
        while earlier < before.len() && before[earlier].end_s <= part.start {
            earlier += 1;
        }
        let old = before.get(earlier).filter(|turn| turn.start_s <= part.start);
        let of_old = active.iter().find(|turn| old.is_some_and(|old| old.speaker == turn.speaker));
        let Some(turn) = of_old.or(active.first()) else { continue };
        match found.last_mut() {
            Some(last) if last.speaker == turn.speaker && last.end_s >= part.start => last.end_s = part.end,
            _ => found.push(turn.with_segment(part)),
        }
    }
    found.retain(|turn| !turn.segment().is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(all: &[(f64, f64, &str)]) -> Vec<Turn> {
        all.iter().map(|&(start, end, speaker)| Turn::new(start, end, speaker)).collect()
    }

    #[test]
    fn the_earlier_speaker_stays_where_several_talk() {
        let all = turns(&[(0.0, 4.0, "a"), (2.0, 6.0, "b"), (8.0, 9.0, "b")]);
        let before = turns(&[(0.0, 3.0, "a"), (3.0, 6.0, "b")]);
        assert_eq!(exclusive(&all, &before), turns(&[(0.0, 3.0, "a"), (3.0, 6.0, "b"), (8.0, 9.0, "b")]));
        assert_eq!(exclusive(&all, &[]), turns(&[(0.0, 4.0, "a"), (4.0, 6.0, "b"), (8.0, 9.0, "b")]));
        // Speech that is gone leaves a gap, and another speaker takes over.
        let before = turns(&[(0.0, 7.0, "c")]);
        assert_eq!(exclusive(&all, &before), turns(&[(0.0, 4.0, "a"), (4.0, 6.0, "b"), (8.0, 9.0, "b")]));
        assert!(exclusive(&[], &before).is_empty());
    }
}
