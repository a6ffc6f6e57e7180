//! The time of decoded samples: where the container's clock and the edit list put them.
//!
//! Positions count frames of the decoded track: samples as they come from the decoder, and silence
//! where the container's clock says that packets are missing. [`Parts`] tells which positions are
//! the recording, and in which order.

use std::collections::VecDeque;

/// Difference in seconds between the clock and the samples so far up to which the clock is held to
/// be inexact. Live recorders write times that jitter by some packets of 10 or 20 ms.
const TOLERANCE_S: f64 = 0.04;
/// Longest silence in seconds that the clock of one recording may ask for, all gaps together.
/// Beyond it, the clock is held to be wrong.
pub(super) const MAX_SILENCE_S: f64 = 3_600.0;
/// A step back of the clock in seconds after which it is held to have started anew, as in files
/// that were joined.
const RESTART_S: f64 = 10.0;

/// A part of a recording, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// Silence of this length.
    Silence(f64),
    /// The track from a start to an end (`None`: to its end).
    Media { start_s: f64, end_s: Option<f64> },
}

impl Part {
    /// The whole track, without the first `skip_s` seconds.
    pub(super) fn from(skip_s: f64) -> Self {
        Self::Media { start_s: skip_s, end_s: None }
    }
}

/// Length in seconds of all parts together; `None` if one is open.
pub(super) fn length_s<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Option<f64> {
    parts
        .into_iter()
        .map(|part| match *part {
            Part::Silence(seconds) => Some(seconds),
            Part::Media { start_s, end_s } => end_s.map(|end_s| (end_s - start_s).max(0.0)),
        })
        .sum()
}

/// The next thing in a recording whose decoder is at a certain position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Silence of so many frames, independent of the track.
    Silence(u64),
    /// So many frames of the track that are not part of the recording.
    Drop(u64),
    /// So many frames of the track.
    Take(u64),
    /// The track from an earlier position on.
    Back,
    /// Nothing.
    End,
}

/// The parts of a recording that are still to come.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: VecDeque<Part>,
    /// Frames of the first part's silence that were taken.
    silence: u64,
    /// Whether the first part follows another and none of it came yet, so that it may lie before
    /// the position.
    is_new: bool,
}

impl Parts {
    pub(super) fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self { parts: parts.into_iter().collect(), ..Self::default() }
    }

    /// Puts silence before the recording.
    pub(super) fn lead(&mut self, seconds: f64) {
        self.parts.push_front(Part::Silence(seconds));
    }

    /// The next thing at a position; parts that end there are dropped.
    pub(super) fn next(&mut self, position: u64, sample_rate: u32) -> Next {
        if sample_rate == 0 {
            // The header of MP4 cannot hold rates above 65,535 Hz; the first packet tells them.
            return Next::Take(u64::MAX);
        }
        let frames = |seconds: f64| (seconds * f64::from(sample_rate)).round().max(0.0) as u64;
        while let Some(&part) = self.parts.front() {
            let next = match part {
                Part::Silence(seconds) => match frames(seconds).saturating_sub(self.silence) {
                    0 => None,
                    rest => Some(Next::Silence(rest)),
                },
                Part::Media { start_s, .. } if position < frames(start_s) => {
                    Some(Next::Drop(frames(start_s) - position))
                }
                Part::Media { start_s, .. } if self.is_new && position > frames(start_s) + 1 => Some(Next::Back),
                Part::Media { end_s: None, .. } => Some(Next::Take(u64::MAX)),
                Part::Media { end_s: Some(end_s), .. } => match frames(end_s).saturating_sub(position) {
                    0 => None,
                    rest => Some(Next::Take(rest)),
                },
            };
            if let Some(next) = next {
                // The caller may have to ask again before it can go back.
                self.is_new &= next == Next::Back;
                return next;
            }
            self.drop_first();
        }
        Next::End
    }

    fn drop_first(&mut self) {
        self.silence = 0;
        self.parts.pop_front();
        self.is_new = true;
    }

    /// Takes the first part from the decoder's new position on, after [`Next::Back`].
    pub(super) fn went_back(&mut self) {
        self.is_new = false;
    }

    /// Counts frames of silence that were taken.
    pub(super) fn take_silence(&mut self, frames: u64) {
        self.silence += frames;
    }

    /// Start in seconds of the first part of the track.
    pub(super) fn start_s(&self) -> f64 {
        match self.parts.front() {
            Some(&Part::Media { start_s, .. }) => start_s,
            _ => 0.0,
        }
    }

    /// Whether another part follows the one at hand.
    pub(super) fn has_more(&self) -> bool {
        self.parts.len() > 1
    }

    /// Gives up the part at hand, as the track has ended; whether others follow.
    pub(super) fn end_of_track(&mut self) -> bool {
        self.drop_first();
        !self.parts.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.parts.clear();
    }
}

/// The container's clock beside the number of decoded frames.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Clock at position 0; `None` before the first packet.
    base_s: Option<f64>,
    /// Silence that the clock has asked for so far.
    silence_s: f64,
    /// The first jump that was not followed: its length and its place, in seconds.
    pub(super) jump: Option<(f64, f64)>,
}

impl Clock {
    /// Whether no packet has come yet.
    pub(super) fn is_new(&self) -> bool {
        self.base_s.is_none()
    }

    /// Sets the clock's value at position 0.
    pub(super) fn start(&mut self, base_s: f64) {
        self.base_s = Some(base_s);
    }

    /// Forgets the clock's value, so that the next packet follows without a gap.
    pub(super) fn restart(&mut self) {
        self.base_s = None;
    }

    /// Position in seconds of a time.
    pub(super) fn position_s(&self, time_s: f64) -> f64 {
        time_s - self.base_s.unwrap_or(0.0)
    }

    /// Seconds of silence before a packet of time `time_s` that the decoder has reached after
    /// `position_s` seconds.
    pub(super) fn gap_s(&mut self, time_s: f64, position_s: f64) -> f64 {
        let gap_s = self.position_s(time_s) - position_s;
        if gap_s < -RESTART_S {
            self.base_s = Some(time_s - position_s);
            return 0.0;
        }
        self.allow(gap_s, position_s).unwrap_or_else(|| {
            self.base_s = Some(time_s - position_s);
            0.0
        })
    }

    /// The silence to insert for a gap of the clock; `None` if the clock must be wrong.
    pub(super) fn allow(&mut self, gap_s: f64, position_s: f64) -> Option<f64> {
        if gap_s <= TOLERANCE_S {
            return Some(0.0);
        }
        if self.silence_s + gap_s > MAX_SILENCE_S {
            let _ = self.jump.get_or_insert((gap_s, position_s));
            return None;
        }
        self.silence_s += gap_s;
        Some(gap_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_followed_in_their_order() {
        let media = |start_s, end_s| Part::Media { start_s, end_s: Some(end_s) };
        let mut parts = Parts::new([Part::Silence(0.5), media(1.0, 2.0), media(2.5, 3.0), media(0.0, 0.5)]);
        assert_eq!(parts.next(0, 100), Next::Silence(50));
        parts.take_silence(30);
        assert_eq!(parts.next(0, 100), Next::Silence(20));
        parts.take_silence(20);
        assert_eq!(parts.next(0, 100), Next::Drop(100));
        assert_eq!(parts.next(100, 100), Next::Take(100));
        assert_eq!(parts.next(150, 100), Next::Take(50));
        assert_eq!(parts.next(200, 100), Next::Drop(50));
        assert_eq!(parts.next(250, 100), Next::Take(50));
        assert_eq!(parts.next(300, 100), Next::Back);
        assert_eq!(parts.next(300, 100), Next::Back, "until the caller went back");
        assert_eq!(parts.start_s(), 0.0);
        parts.went_back();
        assert_eq!(parts.next(0, 100), Next::Take(50));
        assert_eq!(parts.next(50, 100), Next::End);
    }

    #[test]
    fn a_part_after_the_end_of_the_track_may_lie_before_it() {
        let mut parts = Parts::new([Part::from(1.0), Part::Media { start_s: 0.0, end_s: Some(0.5) }]);
        assert_eq!(parts.next(150, 100), Next::Take(u64::MAX));
        assert!(parts.end_of_track());
        assert_eq!(parts.next(200, 100), Next::Back);
    }

    #[test]
    fn gaps_are_silence_and_jitter_is_not() {
        let mut clock = Clock::default();
        clock.start(100.0);
        assert_eq!(clock.gap_s(101.03, 1.0), 0.0, "jitter");
        assert_eq!(clock.gap_s(100.5, 1.0), 0.0, "overlap");
        assert_eq!(clock.gap_s(104.0, 1.0), 3.0);
        assert_eq!(clock.gap_s(50.0, 5.0), 0.0, "a new start");
        assert_eq!(clock.gap_s(52.0, 5.0), 2.0, "counted from the new start");
        assert_eq!(clock.gap_s(1e9, 8.0), 0.0, "a wrong clock");
        assert!(clock.jump.is_some_and(|(_, place_s)| place_s == 8.0));
        assert_eq!(clock.gap_s(1e9 + 1.0, 9.0), 0.0, "counted from there");
    }
}
