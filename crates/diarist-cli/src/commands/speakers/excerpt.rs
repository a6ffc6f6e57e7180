//! The parts of a recording in which one speaker of a finished result speaks alone.

use std::path::Path;

use diarist::parts::analysis::file_id;
use diarist::parts::audio::{self, AudioSource};
use diarist::parts::segmentation::SAMPLE_RATE;
use diarist::parts::timeline::Segment;
use diarist::{Error, Result, Turn};

use crate::labels;

/// Longest excerpt in seconds. More speech hardly changes a voice.
const MAX_S: f64 = 600.0;

/// The stretches in which `speaker` speaks alone, according to the result at `path`, in order.
pub(super) fn alone(path: &Path, speaker: &str, recording: &Path) -> Result<Vec<Segment>> {
    let located = |error: Error| error.at(path.display().to_string());
    let mut recordings = labels::read(path)?;
    let index = match recordings.len() {
        1 => Some(0),
        _ => recordings.iter().position(|labels| labels.turns.file_id == file_id(recording)),
    };
    let labels = index.map(|index| recordings.swap_remove(index)).ok_or_else(|| {
        located(
            Error::input("no recording in this result is named like the file").hint("give a result of one recording"),
        )
    })?;
    let turns = labels.turns.turns;
    if turns.iter().all(|turn| turn.speaker != speaker) {
        let speakers = crate::drawing::speakers(&turns).join(", ");
        return Err(located(
            Error::input(format!("there is no speaker {speaker:?}")).hint(format!("here are {speakers}")),
        ));
    }
    Ok(without_others(&turns, speaker))
}

/// The turns of `speaker` without the time of all others.
fn without_others(turns: &[Turn], speaker: &str) -> Vec<Segment> {
    // Starts and ends of turns: a change in the number of turns of the speaker, and of others.
    let mut changes: Vec<(f64, i32, i32)> = turns
        .iter()
        .flat_map(|turn| {
            let (own, other) = if turn.speaker == speaker { (1, 0) } else { (0, 1) };
            [(turn.start_s, own, other), (turn.end_s, -own, -other)]
        })
        .collect();
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut num_own, mut num_others, mut segments) = (0, 0, Vec::new());
    for (index, (time, own, other)) in changes.iter().enumerate() {
        num_own += own;
        num_others += other;
        let next = changes.get(index + 1).map_or(*time, |change| change.0);
        if num_own > 0 && num_others == 0 && next > *time {
            segments.push(Segment::new(*time, next));
        }
    }
    segments
}

/// The samples (16 kHz) of the recording at `path` in `segments`, at most [`MAX_S`].
pub(super) fn samples(path: &Path, segments: &[Segment]) -> Result<Vec<f32>> {
    let mut source = audio::open(path)?;
    let rate = f64::from(SAMPLE_RATE);
    let max = (MAX_S * rate) as usize;
    let (mut block, mut excerpt, mut first) = (Vec::new(), Vec::new(), 0);
    let mut segments = segments.iter().peekable();
    while excerpt.len() < max && segments.peek().is_some() && source.read(&mut block)? {
        let end = first + block.len();
        while let Some(segment) = segments.peek() {
            let (from, to) = ((segment.start * rate) as usize, (segment.end * rate) as usize);
            let part = from.clamp(first, end)..to.clamp(first, end);
            excerpt.extend_from_slice(&block[part.start - first..part.end - first]);
            if to > end {
                break;
            }
            segments.next();
        }
        first = end;
        block.clear();
    }
    excerpt.truncate(max);
    Ok(excerpt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_with_others_is_left_out() {
        let turn = |start: f64, end: f64, speaker: &str| Turn::new(start, end, speaker);
        let turns =
            [turn(0.0, 4.0, "a"), turn(1.0, 2.0, "b"), turn(3.5, 6.0, "b"), turn(8.0, 9.0, "a"), turn(8.5, 9.5, "a")];
        let found: Vec<(f64, f64)> = without_others(&turns, "a").iter().map(|part| (part.start, part.end)).collect();
        assert_eq!(found, [(0.0, 1.0), (2.0, 3.5), (8.0, 8.5), (8.5, 9.0), (9.0, 9.5)]);
    }
}
