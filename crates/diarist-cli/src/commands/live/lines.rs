//! Lines that stay on the screen: readable turns, and corrections of them.

use std::collections::BTreeSet;

use diarist::LiveEvent;
use diarist::parts::live::{Board, LiveTurn};
use diarist::parts::timeline::ReadableSettings;

use diarist_page::drawing::clock;

/// Turns that are over and wait for their line: a short pause may still join them with the next
/// turn of their speaker.
#[derive(Debug)]
pub(super) struct Lines {
    settings: ReadableSettings,
    waiting: Vec<Waiting>,
    /// Numbers of the turns that have a line.
    shown: BTreeSet<u64>,
}

/// Closed turns of one speaker with short pauses between them.
#[derive(Debug)]
struct Waiting {
    numbers: Vec<u64>,
}

impl Waiting {
    /// The turns as one, unless all were removed.
    fn turn(&self, board: &Board) -> Option<LiveTurn> {
        let turns = self.numbers.iter().filter_map(|number| board.get(*number)).copied();
        turns.reduce(|all, turn| LiveTurn {
            start_s: all.start_s.min(turn.start_s),
            end_s: all.end_s.max(turn.end_s),
            ..all
        })
    }
}

/// Whether `later` goes on after a pause shorter than `max_gap_s`.
fn joins(turn: &LiveTurn, later: &LiveTurn, max_gap_s: f64) -> bool {
    turn.speaker == later.speaker && later.start_s - turn.end_s < max_gap_s && later.end_s >= turn.start_s
}

impl Lines {
    pub(super) fn new(settings: ReadableSettings) -> Self {
        Self { settings, waiting: Vec::new(), shown: BTreeSet::new() }
    }

    /// The line for an event that `board` has applied, if it needs one at once.
    pub(super) fn event(&mut self, board: &Board, event: &LiveEvent) -> Option<String> {
        match *event {
            LiveEvent::Closed { turn, .. } => {
                let closed = *board.get(turn)?;
                let max_gap_s = self.settings.max_gap_s;
                let goes_on =
                    |waiting: &Waiting| waiting.turn(board).is_some_and(|waiting| joins(&waiting, &closed, max_gap_s));
                match self.waiting.iter().rposition(goes_on) {
                    Some(index) => self.waiting[index].numbers.push(turn),
                    None => self.waiting.push(Waiting { numbers: vec![turn] }),
                }
                None
            }
            LiveEvent::Relabelled { turn, speaker } => {
                let turn = board.get(turn).filter(|_| self.shown.contains(&turn))?;
                Some(format!("{:>8}: that was {}", clock(turn.start_s), called(board, speaker)))
            }
            LiveEvent::Merged { speaker, into } => {
                Some(format!("          speaker {speaker} is {}", called(board, into)))
            }
            LiveEvent::Named { speaker, ref name, .. } => {
                Some(format!("          speaker {speaker} is {}", name.as_deref().unwrap_or("somebody unknown")))
            }
            LiveEvent::Labelled { speaker, ref label } => {
                Some(format!("          {} is {label} in the result", called(board, speaker)))
            }
            // A line with other times, or of a turn that was none, stays; new turns get lines of
            // their own.
            LiveEvent::Opened { .. }
            | LiveEvent::Extended { .. }
            | LiveEvent::Moved { .. }
            | LiveEvent::Removed { .. } => None,
        }
    }

    /// The lines of turns that no turn after `decided_s` can go on, in order of time.
    pub(super) fn ripe(&mut self, board: &Board, decided_s: f64) -> Vec<String> {
        let max_gap_s = self.settings.max_gap_s;
        let goes_on = |turn: &LiveTurn| board.turns().any(|(_, open)| open.is_open && joins(turn, open, max_gap_s));
        let mut ripe = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting.turn(board) {
                Some(turn) if turn.end_s + max_gap_s <= decided_s && !goes_on(&turn) => ripe.push((waiting, turn)),
                Some(_) => self.waiting.push(waiting),
                None => {}
            }
        }
        ripe.retain(|(_, turn)| turn.end_s - turn.start_s >= self.settings.min_turn_s);
        ripe.sort_by(|a, b| a.1.start_s.total_cmp(&b.1.start_s));
        let line = |(waiting, turn): (Waiting, LiveTurn)| {
            self.shown.extend(waiting.numbers);
            let (start, end, length_s) = (clock(turn.start_s), clock(turn.end_s), turn.end_s - turn.start_s);
            format!("{start:>8} - {end:<8} {} ({length_s:.1} s)", called(board, turn.speaker))
        };
        let lines = ripe.into_iter().map(line).collect();
        self.shown.retain(|number| board.get(*number).is_some());
        lines
    }
}

/// The name or number of a speaker.
pub(super) fn called(board: &Board, speaker: u32) -> String {
    board.name(speaker).map_or_else(|| format!("speaker {speaker}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies an event as the screen does.
    fn apply(board: &mut Board, lines: &mut Lines, event: LiveEvent) -> Option<String> {
        board.apply(&event);
        lines.event(board, &event)
    }

    fn turn(board: &mut Board, lines: &mut Lines, turn: u64, speaker: u32, start_s: f64, end_s: f64) {
        assert_eq!(apply(board, lines, LiveEvent::Opened { turn, speaker, start_s }), None);
        assert_eq!(apply(board, lines, LiveEvent::Closed { turn, end_s }), None);
    }

    #[test]
    fn short_pauses_are_joined_and_crumbs_left_out() {
        let (board, lines) = (&mut Board::default(), &mut Lines::new(ReadableSettings::default()));
        turn(board, lines, 0, 1, 61.0, 62.0);
        turn(board, lines, 1, 2, 62.0, 62.017);
        turn(board, lines, 2, 1, 62.25, 64.5);
        assert_eq!(lines.ripe(board, 64.5), [""; 0], "the speaker may go on");
        assert_eq!(lines.ripe(board, 65.0), ["    1:01 - 1:05     speaker 1 (3.5 s)"]);
        // An open turn that goes on keeps its beginning waiting.
        turn(board, lines, 3, 2, 66.0, 68.0);
        apply(board, lines, LiveEvent::Opened { turn: 4, speaker: 2, start_s: 68.25 });
        assert_eq!(lines.ripe(board, 90.0), [""; 0]);
        apply(board, lines, LiveEvent::Closed { turn: 4, end_s: 91.0 });
        assert_eq!(lines.ripe(board, f64::INFINITY), ["    1:06 - 1:31     speaker 2 (25.0 s)"]);
    }

    #[test]
    fn corrections_have_a_line_if_their_turn_has_one() {
        let (board, lines) = (&mut Board::default(), &mut Lines::new(ReadableSettings::default()));
        turn(board, lines, 0, 1, 1.0, 2.0);
        assert_eq!(apply(board, lines, LiveEvent::Relabelled { turn: 0, speaker: 3 }), None, "not shown yet");
        apply(board, lines, LiveEvent::Moved { turn: 0, start_s: 1.0, end_s: 2.5 });
        turn(board, lines, 1, 1, 3.0, 4.0);
        apply(board, lines, LiveEvent::Removed { turn: 1 });
        assert_eq!(lines.ripe(board, 9.0), ["    0:01 - 0:03     speaker 3 (1.5 s)"]);
        let named = LiveEvent::Named { speaker: 2, name: Some("Ann".to_owned()), probability: Some(1.0) };
        assert_eq!(apply(board, lines, named).unwrap(), "          speaker 2 is Ann");
        let relabelled = apply(board, lines, LiveEvent::Relabelled { turn: 0, speaker: 2 });
        assert_eq!(relabelled.unwrap(), "    0:01: that was Ann");
        let merged = apply(board, lines, LiveEvent::Merged { speaker: 3, into: 2 });
        assert_eq!(merged.unwrap(), "          speaker 3 is Ann");
        let labelled = apply(board, lines, LiveEvent::Labelled { speaker: 1, label: "SPEAKER_02".to_owned() });
        assert_eq!(labelled.unwrap(), "          speaker 1 is SPEAKER_02 in the result");
    }
}
