//! The parts of a recording in which one speaker of its result talks alone: the speech from which a
//! voice is made.

use std::path::Path;

use crate::audio::{self, AudioSource};
use crate::error::Result;
use crate::segmentation::SAMPLE_RATE;
use crate::timeline::intervals::{subtract, union};
use crate::timeline::{Segment, Turn};

/// Longest excerpt in seconds. More speech hardly changes a voice.
const MAX_EXCERPT_S: f64 = 600.0;

/// The stretches in which `speaker` talks and nobody else does, disjoint and in order of time.
pub fn alone(turns: &[Turn], speaker: &str) -> Vec<Segment> {
    let (own, others): (Vec<&Turn>, Vec<&Turn>) = turns.iter().partition(|turn| turn.speaker == speaker);
    let joined = |turns: Vec<&Turn>| union(turns.into_iter().map(Turn::segment), 0.0);
    subtract(&joined(own), &joined(others))
}

/// The samples (16 kHz, mono) of the recording at `path` in `segments`, which are disjoint and in
/// order of time. At most the first ten minutes of them are read.
///
/// # Errors
/// As [`audio::open`] and [`AudioSource::read`].
pub fn excerpt(path: &Path, segments: &[Segment]) -> Result<Vec<f32>> {
    let mut source = audio::open(path)?;
    let rate = f64::from(SAMPLE_RATE);
    let max = (MAX_EXCERPT_S * rate) as usize;
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
        let found: Vec<(f64, f64)> = alone(&turns, "a").iter().map(|part| (part.start, part.end)).collect();
        assert_eq!(found, [(0.0, 1.0), (2.0, 3.5), (8.0, 9.5)]);
    }

    #[test]
    fn an_excerpt_has_the_samples_of_its_segments() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/conversation.flac");
        let whole = excerpt(&file, &[Segment::new(0.0, 1e9)]).unwrap();
        let parts = excerpt(&file, &[Segment::new(0.5, 1.0), Segment::new(3.25, 3.5)]).unwrap();
        assert_eq!(parts, [&whole[8_000..16_000], &whole[52_000..56_000]].concat());
        assert!(excerpt(&file, &[]).unwrap().is_empty());
    }
}
