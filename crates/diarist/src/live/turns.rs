//! The turns so far, and the events that report them.

use std::collections::{BTreeMap, VecDeque};

use crate::segmentation::LOCAL_SPEAKERS;
use crate::timeline::SlidingWindow;

use super::clusters::Clustered;
use super::events::LiveEvent;
use super::history::History;

/// A turn in frames of the recording.
#[derive(Debug, Clone, Copy)]
struct OpenTurn {
    number: u64,
    speaker: u32,
    start: usize,
    /// First frame after the part that is known.
    end: usize,
}

/// Open turns, and closed turns that may still be relabelled.
#[derive(Debug, Default)]
pub(super) struct Turns {
    open: Vec<OpenTurn>,
    closed: VecDeque<OpenTurn>,
    next_number: u64,
}

/// Number of a turn, and its speaker by a clustering.
pub(super) type Decision = (u64, u32);

impl Turns {
    /// Opens and closes turns so that exactly `speakers` speak in `frame`.
    pub(super) fn advance(&mut self, frame: usize, speakers: &[u32], events: &mut Vec<LiveEvent>) {
        self.close(frame, |turn| !speakers.contains(&turn.speaker), events);
        for &speaker in speakers {
            if !self.open.iter().any(|turn| turn.speaker == speaker) {
                let number = self.next_number;
                self.next_number += 1;
                self.open.push(OpenTurn { number, speaker, start: frame, end: frame });
                events.push(LiveEvent::Opened { turn: number, speaker, start_s: time(frame) });
            }
        }
    }

    /// Extends all open turns to `frame`.
    pub(super) fn extend(&mut self, frame: usize, events: &mut Vec<LiveEvent>) {
        for turn in self.open.iter_mut().filter(|turn| turn.end < frame) {
            turn.end = frame;
            events.push(LiveEvent::Extended { turn: turn.number, end_s: time(frame) });
        }
    }

    /// Closes all turns at `frame`.
    pub(super) fn close_all(&mut self, frame: usize, events: &mut Vec<LiveEvent>) {
        self.close(frame, |_| true, events);
    }

    /// The speaker of each turn by `found`: the one with the most active frames of the turn,
    /// counted over the local speakers that the turn was made from.
    ///
    /// Drops closed turns if not every window that covers them is remembered.
    pub(super) fn decide(&mut self, history: &History, found: &Clustered) -> Vec<Decision> {
        let complete_from = history.complete_from();
        while self.closed.front().is_some_and(|turn| turn.end <= complete_from) {
            self.closed.pop_front();
        }
        let turns = self.closed.iter().chain(&self.open);
        turns.filter_map(|turn| Some((turn.number, owner(turn, history, found)?))).collect()
    }

    /// Moves the turns of the first speaker of each pair to the second.
    pub(super) fn merge(&mut self, merged: &[(u32, u32)]) {
        for turn in self.closed.iter_mut().chain(&mut self.open) {
            if let Some((_, into)) = merged.iter().find(|(speaker, _)| *speaker == turn.speaker) {
                turn.speaker = *into;
            }
        }
    }

    /// Moves turns to the speakers of `decisions`. If two open turns then have the same speaker,
    /// the later one is closed.
    pub(super) fn relabel(&mut self, decisions: &[Decision], events: &mut Vec<LiveEvent>) {
        let owners: BTreeMap<u64, u32> = decisions.iter().copied().collect();
        for turn in self.closed.iter_mut().chain(&mut self.open) {
            if let Some(&speaker) = owners.get(&turn.number).filter(|speaker| **speaker != turn.speaker) {
                turn.speaker = speaker;
                events.push(LiveEvent::Relabelled { turn: turn.number, speaker });
            }
        }
        let earlier: Vec<(u32, u64)> = self.open.iter().map(|turn| (turn.speaker, turn.number)).collect();
        let is_double = |turn: &OpenTurn| earlier.iter().any(|&(s, n)| s == turn.speaker && n < turn.number);
        let end = self.open.iter().map(|turn| turn.end).max().unwrap_or(0);
        self.close(end, is_double, events);
    }

    fn close(&mut self, frame: usize, is_over: impl Fn(&OpenTurn) -> bool, events: &mut Vec<LiveEvent>) {
        let closed = &mut self.closed;
        self.open.retain(|turn| {
            let is_over = is_over(turn);
            if is_over {
                closed.push_back(OpenTurn { end: frame, ..*turn });
                events.push(LiveEvent::Closed { turn: turn.number, end_s: time(frame) });
            }
            !is_over
        });
    }
}

fn owner(turn: &OpenTurn, history: &History, found: &Clustered) -> Option<u32> {
    let mut frames = BTreeMap::<u32, usize>::new();
    for (window, ids) in history.windows().zip(&found.ids) {
        if window.start_frame >= turn.end || window.end_frame() <= turn.start {
            continue;
        }
        for local in (0..LOCAL_SPEAKERS).filter(|&local| window.ids[local] == Some(turn.speaker)) {
            if let Some(id) = ids[local] {
                *frames.entry(id).or_default() += window.num_active_within(local, turn.start, turn.end);
            }
        }
    }
    // Among equals, the lowest number wins.
    frames
        .into_iter()
        .filter(|&(_, num)| num > 0)
        .max_by_key(|&(id, num)| (num, std::cmp::Reverse(id)))
        .map(|(id, _)| id)
}

/// The middle of a frame in seconds, the time at which turns begin and end.
fn time(frame: usize) -> f64 {
    SlidingWindow::FRAMES.middle(frame)
}
