//! The current turns, rebuilt from the events by a listener.

use std::collections::BTreeMap;

use crate::timeline::{Annotation, Turn};

use super::events::LiveEvent;

/// The current state of a turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveTurn {
    /// Number of the speaker.
    pub speaker: u32,
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds; of an open turn, the end so far.
    pub end_s: f64,
    /// Does the turn still go on?
    pub is_open: bool,
}

/// All turns of a recording, or the newest ones, by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Board {
    turns: BTreeMap<u64, LiveTurn>,
    names: BTreeMap<u32, String>,
}

impl Board {
    /// Applies an event to the turns. Events of turns that are not on the board change nothing.
    pub fn apply(&mut self, event: &LiveEvent) {
        match *event {
            LiveEvent::Opened { turn, speaker, start_s } => {
                self.turns.insert(turn, LiveTurn { speaker, start_s, end_s: start_s, is_open: true });
            }
            LiveEvent::Extended { turn, end_s } | LiveEvent::Closed { turn, end_s } => {
                if let Some(turn) = self.turns.get_mut(&turn) {
                    turn.end_s = end_s;
                    turn.is_open = matches!(event, LiveEvent::Extended { .. });
                }
            }
            LiveEvent::Relabelled { turn, speaker } => {
                if let Some(turn) = self.turns.get_mut(&turn) {
                    turn.speaker = speaker;
                }
            }
            LiveEvent::Moved { turn, start_s, end_s } => {
                if let Some(turn) = self.turns.get_mut(&turn) {
                    (turn.start_s, turn.end_s) = (start_s, end_s);
                }
            }
            LiveEvent::Removed { turn } => {
                self.turns.remove(&turn);
            }
            LiveEvent::Merged { speaker, into } => {
                for turn in self.turns.values_mut().filter(|turn| turn.speaker == speaker) {
                    turn.speaker = into;
                }
                self.names.remove(&speaker);
            }
            LiveEvent::Named { speaker, ref name, .. } => {
                match name {
                    Some(name) => self.names.insert(speaker, name.clone()),
                    None => self.names.remove(&speaker),
                };
            }
            LiveEvent::Labelled { .. } => {}
        }
    }

    /// The name of a speaker that is a known person.
    pub fn name(&self, speaker: u32) -> Option<&str> {
        self.names.get(&speaker).map(String::as_str)
    }

    /// The turns with their numbers, in the order of opening.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = (u64, &LiveTurn)> {
        self.turns.iter().map(|(&number, turn)| (number, turn))
    }

    /// The turn with this number.
    pub fn get(&self, turn: u64) -> Option<&LiveTurn> {
        self.turns.get(&turn)
    }

    /// Removes closed turns that ended before `time_s`.
    pub fn forget_before(&mut self, time_s: f64) {
        self.turns.retain(|_, turn| turn.is_open || turn.end_s >= time_s);
    }

    /// For each speaker with turns, the speaker of `result` who shares most time with it.
    pub(super) fn labels_in(&self, result: &[Turn]) -> Vec<(u32, String)> {
        let mut result: Vec<&Turn> = result.iter().collect();
        result.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let longest_s = result.iter().map(|turn| turn.end_s - turn.start_s).fold(0.0, f64::max);
        let mut shared_s: BTreeMap<(u32, &str), f64> = BTreeMap::new();
        for turn in self.turns.values() {
            // Only these can reach into the turn.
            let first = result.partition_point(|other| other.start_s < turn.start_s - longest_s);
            for other in result[first..].iter().take_while(|other| other.start_s < turn.end_s) {
                let common_s = other.end_s.min(turn.end_s) - other.start_s.max(turn.start_s);
                if common_s > 0.0 {
                    *shared_s.entry((turn.speaker, &other.speaker)).or_default() += common_s;
                }
            }
        }
        let mut best: BTreeMap<u32, (&str, f64)> = BTreeMap::new();
        for ((speaker, label), common_s) in shared_s {
            let found = best.entry(speaker).or_insert((label, common_s));
            if common_s > found.1 {
                *found = (label, common_s);
            }
        }
        best.into_iter().map(|(speaker, (label, _))| (speaker, label.to_owned())).collect()
    }

    /// The turns as an annotation of the recording `file_id`; the numbers of speakers are the
    /// labels.
    pub fn annotation(&self, file_id: &str) -> Annotation {
        let turns = self.turns.values().filter(|turn| turn.end_s > turn.start_s);
        let mut turns: Vec<Turn> =
            turns.map(|turn| Turn::new(turn.start_s, turn.end_s, turn.speaker.to_string())).collect();
        turns.sort_by(Turn::chronological);
        Annotation { file_id: file_id.to_owned(), turns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Segment;

    #[test]
    fn events_add_up_to_turns() {
        let mut board = Board::default();
        let events = [
            LiveEvent::Opened { turn: 0, speaker: 1, start_s: 1.0 },
            LiveEvent::Extended { turn: 0, end_s: 2.0 },
            LiveEvent::Opened { turn: 1, speaker: 2, start_s: 1.5 },
            LiveEvent::Closed { turn: 0, end_s: 2.25 },
            LiveEvent::Extended { turn: 1, end_s: 3.0 },
            LiveEvent::Relabelled { turn: 0, speaker: 3 },
            LiveEvent::Merged { speaker: 3, into: 2 },
            LiveEvent::Relabelled { turn: 9, speaker: 3 },
            LiveEvent::Moved { turn: 0, start_s: 1.25, end_s: 2.0 },
            LiveEvent::Moved { turn: 9, start_s: 1.0, end_s: 2.0 },
            LiveEvent::Opened { turn: 2, speaker: 2, start_s: 0.5 },
            LiveEvent::Removed { turn: 2 },
            LiveEvent::Named { speaker: 2, name: Some("Ann".to_owned()), probability: Some(0.9) },
        ];
        events.iter().for_each(|event| board.apply(event));
        let turn = |start_s, end_s, is_open| LiveTurn { speaker: 2, start_s, end_s, is_open };
        let turns: Vec<_> = board.turns().map(|(number, turn)| (number, *turn)).collect();
        assert_eq!(turns, [(0, turn(1.25, 2.0, false)), (1, turn(1.5, 3.0, true))]);
        assert_eq!(board.annotation("a").turns[1].segment(), Segment::new(1.5, 3.0));
        assert_eq!((board.name(2), board.name(1)), (Some("Ann"), None));
        board.apply(&LiveEvent::Named { speaker: 2, name: None, probability: None });
        assert_eq!(board.name(2), None);
        board.forget_before(5.0);
        assert_eq!(board.turns().map(|(number, _)| number).collect::<Vec<_>>(), [1], "an open turn stays");
    }

    #[test]
    fn a_speaker_is_the_one_of_the_result_who_shares_most_time() {
        let mut board = Board::default();
        for (turn, speaker, start_s, end_s) in
            [(0, 1, 0.0, 9.0), (1, 2, 9.0, 12.0), (2, 3, 12.0, 20.0), (3, 4, 30.0, 31.0)]
        {
            board.apply(&LiveEvent::Opened { turn, speaker, start_s });
            board.apply(&LiveEvent::Closed { turn, end_s });
        }
        // A long turn reaches into later ones, and speakers 2 and 3 are one person in the result.
        let result = [Turn::new(0.0, 10.0, "B"), Turn::new(0.5, 3.0, "A"), Turn::new(9.5, 19.0, "A")];
        let label = |speaker: u32, label: &str| (speaker, label.to_owned());
        assert_eq!(board.labels_in(&result), [label(1, "B"), label(2, "A"), label(3, "A")]);
        assert_eq!(board.labels_in(&[]), []);
    }
}
