//! The turns so far, and the events that report them.

use std::collections::VecDeque;

use crate::timeline::SlidingWindow;

use super::events::LiveEvent;
use super::revision::{Found, Revision, Turn, revise};

/// Open turns, and closed turns that may still be corrected.
#[derive(Debug, Default)]
pub(super) struct Turns {
    open: Vec<Turn>,
    /// Ordered by their ends.
    closed: VecDeque<Turn>,
    next_number: u64,
}

impl Turns {
    /// Opens and closes turns so that exactly `speakers` speak in `frame`.
    pub(super) fn advance(&mut self, frame: usize, speakers: &[u32], events: &mut Vec<LiveEvent>) {
        self.close(frame, |turn| !speakers.contains(&turn.speaker), events);
        for &speaker in speakers {
            if !self.open.iter().any(|turn| turn.speaker == speaker) {
                let turn = Turn { number: self.new_number(), speaker, start: frame, end: frame, is_open: true };
                self.open.push(turn);
                events.push(LiveEvent::Opened { turn: turn.number, speaker, start_s: time(frame) });
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

    /// Moves the turns of the first speaker of each pair to the second.
    pub(super) fn merge(&mut self, merged: &[(u32, u32)]) {
        for turn in self.closed.iter_mut().chain(&mut self.open) {
            if let Some((_, into)) = merged.iter().find(|(speaker, _)| *speaker == turn.speaker) {
                turn.speaker = *into;
            }
        }
    }

    /// Corrects the turns after frame `first` by `speakers`, the speakers of every frame from there
    /// to the last one that was decided. Forgets closed turns before `first`.
    pub(super) fn revise(&mut self, first: usize, speakers: &[Vec<u32>], events: &mut Vec<LiveEvent>) {
        while self.closed.front().is_some_and(|turn| turn.end <= first) {
            self.closed.pop_front();
        }
        let known: Vec<Turn> = self.closed.drain(..).chain(self.open.drain(..)).collect();
        let found = Found::new(first, speakers);
        for revision in revise(&known, first, &found) {
            let turn = match revision {
                Revision::Removed(turn) => {
                    events.push(LiveEvent::Removed { turn: turn.number });
                    continue;
                }
                Revision::New(found) => {
                    let turn = Turn { number: self.new_number(), ..found };
                    let (number, speaker) = (turn.number, turn.speaker);
                    events.push(LiveEvent::Opened { turn: number, speaker, start_s: time(turn.start) });
                    events.push(match turn.is_open {
                        true => LiveEvent::Extended { turn: number, end_s: time(turn.end) },
                        false => LiveEvent::Closed { turn: number, end_s: time(turn.end) },
                    });
                    turn
                }
                Revision::Kept { known, found } => {
                    report(&known, &found, events);
                    found
                }
            };
            if turn.is_open { self.open.push(turn) } else { self.closed.push_back(turn) }
        }
        self.closed.make_contiguous().sort_by_key(|turn| turn.end);
    }

    fn new_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    fn close(&mut self, frame: usize, is_over: impl Fn(&Turn) -> bool, events: &mut Vec<LiveEvent>) {
        let closed = &mut self.closed;
        self.open.retain(|turn| {
            let is_over = is_over(turn);
            if is_over {
                closed.push_back(Turn { end: frame, is_open: false, ..*turn });
                events.push(LiveEvent::Closed { turn: turn.number, end_s: time(frame) });
            }
            !is_over
        });
    }
}

/// Reports the difference between a turn and its correction.
fn report(known: &Turn, found: &Turn, events: &mut Vec<LiveEvent>) {
    let &Turn { number: turn, speaker, start, end, is_open } = found;
    if known.speaker != speaker {
        events.push(LiveEvent::Relabelled { turn, speaker });
    }
    let is_closed_now = known.is_open && !is_open;
    if known.start != start || (known.end != end && !is_closed_now) {
        events.push(LiveEvent::Moved { turn, start_s: time(start), end_s: time(end) });
    }
    if is_closed_now {
        events.push(LiveEvent::Closed { turn, end_s: time(end) });
    }
}

/// The middle of a frame in seconds, the time at which turns begin and end.
fn time(frame: usize) -> f64 {
    SlidingWindow::FRAMES.middle(frame)
}
