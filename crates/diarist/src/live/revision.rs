//! The turns that correct earlier ones: which turn becomes which.
//!
//! Listeners know turns by their numbers, so a corrected turn keeps the number of the turn that it
//! shares most time with.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Frames (17 ms) by which a boundary must move to be reported, and that a new turn must have: 0.1
/// s. Later windows change boundaries by less again and again.
const MIN_CHANGE: usize = 6;

/// A turn in frames of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) number: u64,
    pub(super) speaker: u32,
    pub(super) start: usize,
    /// First frame after the part that is known.
    pub(super) end: usize,
    pub(super) is_open: bool,
}

/// The turns by the present decisions.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The number is unspecified.
    turns: Vec<Turn>,
}

impl Found {
    /// The turns in which `speakers` speak, from frame `first` on.
    pub(super) fn new(first: usize, speakers: &[Vec<u32>]) -> Self {
        let mut open: BTreeMap<u32, usize> = BTreeMap::new();
        let mut turns = Vec::new();
        let turn = |speaker, start, end, is_open| Turn { number: 0, speaker, start, end, is_open };
        for (frame, active) in (first..).zip(speakers) {
            open.retain(|&speaker, start| {
                let goes_on = active.contains(&speaker);
                if !goes_on {
                    turns.push(turn(speaker, *start, frame, false));
                }
                goes_on
            });
            active.iter().for_each(|&speaker| {
                open.entry(speaker).or_insert(frame);
            });
        }
        let end = first + speakers.len();
        turns.extend(open.into_iter().map(|(speaker, start)| turn(speaker, start, end, true)));
        turns.sort_by_key(|turn| (turn.start, turn.speaker));
        Self { turns }
    }
}

/// The fate of a turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// There is no such turn.
    Removed(Turn),
    /// `known` is `found`, which has its number. They may be equal.
    Kept { known: Turn, found: Turn },
    /// A turn without a number.
    New(Turn),
}

/// Turns `known` into `found`, which begins at frame `first`: the removed turns, then those that
/// stay, in the order of `known`, then new ones.
pub(super) fn revise(known: &[Turn], first: usize, found: &Found) -> Vec<Revision> {
    let mut found: Vec<Turn> = found.turns.clone();
    let mut part_of: Vec<Option<usize>> = vec![None; known.len()];
    let mut is_taken = vec![false; found.len()];
    // A turn that began earlier goes on with the same speaker, or it ends.
    for (turn, part) in known.iter().zip(&mut part_of).filter(|(turn, _)| turn.start < first) {
        let goes_on = |other: &Turn| other.start == first && other.speaker == turn.speaker && can_be(turn, other);
        *part = found.iter().position(goes_on);
        if let Some(index) = *part {
            (found[index].start, is_taken[index]) = (turn.start, true);
        }
    }
    for (_, _, index, other) in pairs(known, first, &found) {
        if part_of[index].is_none() && !is_taken[other] {
            (part_of[index], is_taken[other]) = (Some(other), true);
        }
    }
    let mut revisions = Vec::new();
    let mut kept = Vec::new();
    for (turn, part) in known.iter().zip(part_of) {
        match part {
            Some(index) => kept.push(Revision::Kept { known: *turn, found: smoothed(turn, &found[index]) }),
            None if turn.start < first => {
                kept.push(Revision::Kept { known: *turn, found: Turn { end: first, is_open: false, ..*turn } });
            }
            None => revisions.push(Revision::Removed(*turn)),
        }
    }
    revisions.append(&mut kept);
    let new = found.into_iter().zip(is_taken).filter(|(_, is_taken)| !is_taken).map(|(turn, _)| turn);
    // An open turn may still become longer.
    revisions.extend(new.filter(|turn| turn.is_open || turn.end - turn.start >= MIN_CHANGE).map(Revision::New));
    revisions
}

/// Whether a known turn can become `found`: a closed one cannot open again.
fn can_be(known: &Turn, found: &Turn) -> bool {
    known.is_open || !found.is_open
}

/// Pairs of a turn of `known` and one of `found` that share frames, those with most first; among
/// equals, those with the same speaker.
fn pairs(known: &[Turn], first: usize, found: &[Turn]) -> Vec<(Reverse<usize>, bool, usize, usize)> {
    let mut pairs = Vec::new();
    for (index, turn) in known.iter().enumerate().filter(|(_, turn)| turn.start >= first) {
        for (other, candidate) in found.iter().enumerate().filter(|(_, other)| can_be(turn, other)) {
            let shared = turn.end.min(candidate.end).saturating_sub(turn.start.max(candidate.start));
            if shared > 0 {
                pairs.push((Reverse(shared), turn.speaker != candidate.speaker, index, other));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// `found` with the number of `known`, and with its boundaries where they hardly differ.
fn smoothed(known: &Turn, found: &Turn) -> Turn {
    let close = |known: usize, found: usize| if known.abs_diff(found) < MIN_CHANGE { known } else { found };
    let start = close(known.start, found.start);
    let end = if found.is_open { found.end } else { close(known.end, found.end) };
    Turn { number: known.number, start, end: end.max(start), ..*found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(number: u64, speaker: u32, start: usize, end: usize) -> Turn {
        Turn { number, speaker, start, end, is_open: false }
    }

    fn open(number: u64, speaker: u32, start: usize, end: usize) -> Turn {
        Turn { is_open: true, ..turn(number, speaker, start, end) }
    }

    fn revised(known: &[Turn], first: usize, found: &[Turn]) -> Vec<Revision> {
        revise(known, first, &Found { turns: found.to_vec() })
    }

    #[test]
    fn turns_are_runs_of_frames_with_a_speaker() {
        let speakers = [vec![], vec![2], vec![2, 1], vec![1], vec![1], vec![], vec![1]];
        let found = Found::new(10, &speakers);
        assert_eq!(found.turns, [turn(0, 2, 11, 13), turn(0, 1, 12, 15), open(0, 1, 16, 17)]);
    }

    #[test]
    fn a_turn_of_two_people_is_split() {
        let known = [turn(5, 1, 100, 300), open(6, 1, 340, 400)];
        let found = [turn(0, 2, 100, 180), turn(0, 1, 180, 297), open(0, 3, 350, 400)];
        let expected = [
            // The end moves by too little.
            Revision::Kept { known: known[0], found: turn(5, 1, 180, 300) },
            Revision::Kept { known: known[1], found: open(6, 3, 350, 400) },
            Revision::New(found[0]),
        ];
        assert_eq!(revised(&known, 0, &found), expected);
    }

    #[test]
    fn equal_turns_stay_as_they_are() {
        let known = [turn(1, 1, 20, 80), turn(2, 2, 60, 90), open(3, 1, 95, 120)];
        let kept = known.map(|known| Revision::Kept { known, found: known });
        assert_eq!(revised(&known, 10, &known), kept);
    }

    #[test]
    fn turns_without_speech_are_removed_and_crumbs_are_not_added() {
        let known = [turn(1, 1, 20, 80), open(2, 1, 95, 120)];
        assert_eq!(revised(&known, 10, &[turn(0, 1, 200, 205)]), known.map(Revision::Removed));
        // A closed turn does not open again.
        let found = open(0, 1, 20, 120);
        assert_eq!(revised(&known[..1], 10, &[found]), [Revision::Removed(known[0]), Revision::New(found)]);
        // An open one may be over.
        assert_eq!(
            revised(&known[1..], 10, &[turn(0, 1, 95, 110)]),
            [Revision::Kept { known: known[1], found: turn(2, 1, 95, 110) }]
        );
    }

    #[test]
    fn a_turn_that_began_earlier_keeps_its_beginning() {
        let known = [turn(1, 1, 20, 80), open(2, 2, 30, 120)];
        let found = [turn(0, 1, 50, 100), turn(0, 3, 50, 60), open(0, 3, 70, 120)];
        let expected = [
            Revision::Kept { known: known[0], found: turn(1, 1, 20, 100) },
            Revision::Kept { known: known[1], found: turn(2, 2, 30, 50) },
            Revision::New(found[1]),
            Revision::New(found[2]),
        ];
        assert_eq!(revised(&known, 50, &found), expected);
    }
}
