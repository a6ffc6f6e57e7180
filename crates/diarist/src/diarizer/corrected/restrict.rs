//! Limits the effect of corrections to the speakers that they are about.

use crate::diarizer::result::Diarization;
use crate::timeline::intervals::{chronological, subtract, union};
use crate::timeline::{Segment, Turn};

use super::exclusive::exclusive;

/// The part that a speaker has in the corrections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The corrections are about this speaker.
    Meant,
    /// The speaker exists only because of the corrections.
    New,
    /// The corrections are about others.
    None,
}

/// Changes `result` so that it differs from `before` only in the speech of speakers who have a part
/// in the corrections: time changes hands among them. A new speaker can have time of all others,
/// whom nobody could tell apart from this one before.
pub(super) fn restrict(result: &mut Diarization, before: &Diarization, part_of: impl Fn(&str) -> Part) {
    let of = |turns: &[Turn], part: Part| -> Vec<Turn> {
        turns.iter().filter(|turn| part_of(&turn.speaker) == part).cloned().collect()
    };
    let meant = of(&before.turns, Part::Meant);
    let [now, new] = [Part::Meant, Part::New].map(|part| of(&result.turns, part));
    let of_new = union(new.iter().map(Turn::segment), 0.0);
    let mut turns = Vec::new();
    let mut region: Vec<Segment> = meant.iter().map(Turn::segment).collect();
    for turn in of(&before.turns, Part::None) {
        let stays = union(super::turns_of(&result.turns, &turn.speaker).map(Turn::segment), 0.0);
        let taken: Vec<Segment> = within(&turn, &of_new).iter().map(Turn::segment).collect();
        let taken = subtract(&taken, &stays);
        turns.extend(subtract(&[turn.segment()], &taken).into_iter().map(|part| turn.with_segment(part)));
        region.extend(taken);
    }
    let of_meant = union(meant.iter().map(Turn::segment), 0.0);
    let region = union(region, 0.0);
    let mut parts: Vec<Turn> = now.iter().flat_map(|turn| within(turn, &of_meant)).collect();
    parts.extend(new.iter().flat_map(|turn| within(turn, &region)));
    // Speech that somebody else would get stays where it was.
    let lost = subtract(&of_meant, &union(parts.iter().map(Turn::segment), 0.0));
    parts.extend(meant.iter().flat_map(|turn| within(turn, &lost)));
    parts.sort_by(|a, b| a.speaker.cmp(&b.speaker).then_with(|| chronological(&a.segment(), &b.segment())));
    let parts = parts.into_iter().fold(Vec::new(), |mut joined: Vec<Turn>, part| {
        match joined.last_mut() {
            Some(last) if last.speaker == part.speaker && Segment::new(last.end_s, part.start_s).is_empty() => {
                last.end_s = last.end_s.max(part.end_s);
            }
            _ => joined.push(part),
        }
        joined
    });
    turns.extend(parts);
    turns.sort_by(Turn::chronological);
    // Where somebody else was exclusive and still talks, nothing has changed.
    let others = of(&before.exclusive_turns, Part::None);
    let taken: Vec<Segment> = others.iter().map(Turn::segment).collect();
    let own = result.exclusive_turns.iter().filter(|turn| part_of(&turn.speaker) != Part::None);
    let own = own.flat_map(|turn| subtract(&[turn.segment()], &taken).into_iter().map(|part| turn.with_segment(part)));
    let mut wanted: Vec<Turn> = own.chain(others.clone()).collect();
    wanted.sort_by(|a, b| chronological(&a.segment(), &b.segment()));
    result.exclusive_turns = exclusive(&turns, &wanted);
    result.turns = turns;
}

/// The parts of a turn in `region`, which is disjoint and in order of time.
fn within(turn: &Turn, region: &[Segment]) -> Vec<Turn> {
    let first = region.partition_point(|part| part.end <= turn.start_s);
    let near = region[first..].iter().take_while(|part| part.start < turn.end_s);
    let parts = near.map(|part| turn.segment().intersection(part)).filter(|part| !part.is_empty());
    parts.map(|part| turn.with_segment(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(all: &[(f64, f64, &str)]) -> Diarization {
        let turns: Vec<Turn> = all.iter().map(|&(start, end, speaker)| Turn::new(start, end, speaker)).collect();
        Diarization { exclusive_turns: exclusive(&turns, &[]), turns, ..Diarization::default() }
    }

    #[test]
    fn time_changes_hands_only_among_the_speakers_that_are_meant() {
        let before =
            result(&[(0.0, 4.0, "a"), (4.0, 8.0, "b"), (8.0, 12.0, "a"), (12.0, 14.0, "c"), (13.0, 15.0, "a")]);
        // The turn at 8 s goes to the new speaker, one of "b" would, too, and "c" would take one.
        let mut after =
            result(&[(0.0, 3.0, "a"), (3.0, 4.0, "c"), (4.0, 12.0, "d"), (12.0, 14.0, "c"), (13.0, 15.0, "d")]);
        restrict(&mut after, &before, |label| if ["a", "d"].contains(&label) { Part::Meant } else { Part::None });
        let expected =
            result(&[(0.0, 4.0, "a"), (4.0, 8.0, "b"), (8.0, 12.0, "d"), (12.0, 14.0, "c"), (13.0, 15.0, "d")]);
        assert_eq!(after.turns, expected.turns);
        assert_eq!(after.exclusive_turns, expected.exclusive_turns);
    }

    #[test]
    fn a_new_speaker_can_have_time_of_all() {
        let before = result(&[(0.0, 4.0, "a"), (4.0, 8.0, "b"), (7.0, 9.0, "c")]);
        let part_of = |label: &str| match label {
            "a" => Part::Meant,
            "d" => Part::New,
            _ => Part::None,
        };
        let mut after = result(&[(0.0, 2.0, "a"), (2.0, 6.0, "d"), (6.0, 8.0, "b"), (7.0, 9.0, "a")]);
        restrict(&mut after, &before, part_of);
        let expected = result(&[(0.0, 2.0, "a"), (2.0, 6.0, "d"), (6.0, 8.0, "b"), (7.0, 9.0, "c")]);
        assert_eq!(after.turns, expected.turns);
    }
}
