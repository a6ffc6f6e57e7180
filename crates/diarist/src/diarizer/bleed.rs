//! Speech that is heard on the channel of another person.

use crate::audio::AudioSource;
use crate::error::Result;
use crate::segmentation::SAMPLE_RATE;
use crate::timeline::{Segment, Turn};

/// Frames of levels per second.
const FRAMES_PER_S: usize = 100;
/// Levels are means over this many frames on both sides.
const REACH: usize = 12;
/// Speech this much below another channel, as a ratio of energies (12 dB), comes from there.
const BLEED: f32 = 16.0;
/// Shorter interruptions of a turn are filled, and shorter rests of it are left out, in frames.
const SHORT: usize = 25;

/// Passes a source on and measures its energy.
pub(super) struct Metered<'a, S> {
    source: S,
    levels: &'a mut Levels,
    sum: f32,
    num_samples: usize,
}

/// Energy of each frame of a channel.
#[derive(Debug, Default)]
pub(super) struct Levels(Vec<f32>);

impl<'a, S> Metered<'a, S> {
    pub(super) fn new(source: S, levels: &'a mut Levels) -> Self {
        Self { source, levels, sum: 0.0, num_samples: 0 }
    }
}

impl<S: AudioSource> AudioSource for Metered<'_, S> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let before = out.len();
        let is_more = self.source.read(out)?;
        for &sample in &out[before..] {
            self.sum += sample * sample;
            self.num_samples += 1;
            if self.num_samples == SAMPLE_RATE as usize / FRAMES_PER_S {
                self.levels.0.push(self.sum);
                (self.sum, self.num_samples) = (0.0, 0);
            }
        }
        Ok(is_more)
    }

    fn inner(&self) -> Option<&dyn AudioSource> {
        Some(&self.source)
    }
}

impl Levels {
    /// The same levels, as means over the neighbourhood.
    pub(super) fn smoothed(&self) -> Self {
        let mut sums = vec![0.0f64];
        sums.extend(self.0.iter().scan(0.0f64, |sum, &level| {
            *sum += f64::from(level);
            Some(*sum)
        }));
        let mean = |frame: usize| {
            let (start, end) = (frame.saturating_sub(REACH), (frame + REACH + 1).min(self.0.len()));
            ((sums[end] - sums[start]) / (end - start) as f64) as f32
        };
        Self((0..self.0.len()).map(mean).collect())
    }

    fn at(&self, frame: usize) -> f32 {
        self.0.get(frame).or(self.0.last()).copied().unwrap_or(0.0)
    }
}

/// Leaves out the parts of `turns[c]`, the turns of channel `c`, in which another channel is much
/// louder.
pub(super) fn without_bleed(turns: &[Vec<Turn>], levels: &[Levels]) -> Vec<Vec<Turn>> {
    let is_own = |channel: usize, frame: usize| {
        let own = levels[channel].at(frame) * BLEED;
        levels.iter().all(|other| other.at(frame) <= own)
    };
    turns.iter().enumerate().map(|(c, turns)| cut(turns, |frame| is_own(c, frame), SHORT)).collect()
}

/// Gives every moment to the loudest of the channels that have a turn there, in order of time.
pub(super) fn exclusive(turns: &[Vec<Turn>], levels: &[Levels]) -> Vec<Turn> {
    let active: Vec<Vec<bool>> = turns.iter().map(|turns| active_frames(turns)).collect();
    let level = |channel: usize, frame: usize| match active[channel].get(frame) {
        Some(true) => levels[channel].at(frame),
        _ => -1.0,
    };
    let wins = |channel: usize, frame: usize| {
        let own = level(channel, frame);
        (0..levels.len()).all(|other| level(other, frame) < own || (other >= channel && level(other, frame) == own))
    };
    let parts = turns.iter().enumerate().flat_map(|(c, turns)| cut(turns, |frame| wins(c, frame), 0));
    let mut merged: Vec<Turn> = parts.collect();
    merged.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let mut end_s = 0.0f64;
    for turn in &mut merged {
        // Turns begin and end within frames.
        turn.start_s = turn.start_s.max(end_s);
        end_s = end_s.max(turn.end_s);
    }
    merged.retain(|turn| !turn.segment().is_empty());
    merged
}

fn frames(turn: &Turn) -> std::ops::Range<usize> {
    let frame = |seconds: f64| (seconds * FRAMES_PER_S as f64).round() as usize;
    frame(turn.start_s)..frame(turn.end_s).max(frame(turn.start_s) + 1)
}

fn active_frames(turns: &[Turn]) -> Vec<bool> {
    let mut active = vec![false; turns.iter().map(|turn| frames(turn).end).max().unwrap_or(0)];
    turns.iter().for_each(|turn| active[frames(turn)].fill(true));
    active
}

/// The parts of `turns` whose frames are `kept`, where changes of fewer than `short` frames do not
/// count.
fn cut(turns: &[Turn], kept: impl Fn(usize) -> bool, short: usize) -> Vec<Turn> {
    let mut parts = Vec::new();
    for turn in turns {
        let frames = frames(turn);
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for frame in frames.clone().filter(|&frame| kept(frame)) {
            match runs.last_mut() {
                Some(run) if frame - run.end <= short => run.end = frame + 1,
                _ => runs.push(frame..frame + 1),
            }
        }
        let seconds = |frame: usize| frame as f64 / FRAMES_PER_S as f64;
        for run in runs.into_iter().filter(|run| run.len() >= short.min(frames.len())) {
            let start_s = if run.start == frames.start { turn.start_s } else { seconds(run.start) };
            let end_s = if run.end == frames.end { turn.end_s } else { seconds(run.end) };
            parts.push(turn.with_segment(Segment::new(start_s, end_s)));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of the given values for one second each.
    fn levels(values: &[f32]) -> Levels {
        Levels(values.iter().flat_map(|&value| vec![value; FRAMES_PER_S]).collect())
    }

    fn shown(turns: &[Turn]) -> Vec<(f64, f64)> {
        turns.iter().map(|turn| (turn.start_s, turn.end_s)).collect()
    }

    #[test]
    fn faint_speech_on_another_channel_is_left_out() {
        let turns = [vec![Turn::new(0.005, 2.0, "a")], vec![Turn::new(0.0, 3.5, "b"), Turn::new(5.0, 5.3, "b")]];
        let levels = [levels(&[1.0, 1.0, 0.0, 0.0, 0.0, 1.0]), levels(&[0.01, 0.5, 0.5, 0.5, 0.0, 0.01])];
        let kept = without_bleed(&turns, &levels);
        assert_eq!(shown(&kept[0]), [(0.005, 2.0)]);
        assert_eq!(shown(&kept[1]), [(1.0, 3.5)]);
        // Both speak in the second second, and the first one is louder.
        let both = exclusive(&kept, &levels);
        assert_eq!(shown(&both), [(0.005, 2.0), (2.0, 3.5)]);
    }

    #[test]
    fn equal_channels_keep_their_turns_and_the_first_one_the_exclusive_ones() {
        let turns = [vec![Turn::new(0.0, 2.0, "a")], vec![Turn::new(1.0, 3.004, "b")]];
        let levels = [levels(&[1.0; 3]), levels(&[1.0; 3])];
        assert_eq!(without_bleed(&turns, &levels), turns);
        assert_eq!(shown(&exclusive(&turns, &levels)), [(0.0, 2.0), (2.0, 3.004)]);
    }
}
