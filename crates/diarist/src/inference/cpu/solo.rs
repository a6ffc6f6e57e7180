//! Frames of the recording in which one person speaks alone, by all chunks that cover them.

use crate::inference::wave::recording_frame;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{FRAMES_PER_CHUNK, SAMPLE_RATE, start_frame};

/// Sums of the probabilities of the chunks that cover a frame, in units of 1/255.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    speech: i32,
    overlap: i32,
    num_chunks: i32,
}

/// The sums of the frames that are still needed. They are integers, so the order of the chunks does
/// not matter.
#[derive(Debug, Default)]
pub(super) struct SoloFrames {
    /// Frame of the recording that `sums` begins with.
    first: usize,
    sums: Vec<Sum>,
}

impl SoloFrames {
    /// Discards everything before the fbank frame `frame`.
    pub(super) fn discard_before(&mut self, frame: usize) {
        let first = recording_frame(frame);
        let gone = first.saturating_sub(self.first).min(self.sums.len());
        self.sums.drain(..gone);
        self.first = first;
    }

    /// Adds a chunk that starts at the sample `start`.
    pub(super) fn add(&mut self, start: usize, probabilities: &ChunkProbabilities) {
        let start = start_frame(start as f64 / f64::from(SAMPLE_RATE));
        let end = start + FRAMES_PER_CHUNK;
        if end <= self.first {
            return;
        }
        if self.first + self.sums.len() < end {
            self.sums.resize(end - self.first, Sum::default());
        }
        for frame in start.max(self.first)..end {
            let (sum, t) = (&mut self.sums[frame - self.first], frame - start);
            sum.speech += probabilities.speech(t);
            sum.overlap += i32::from(probabilities.overlap(t));
            sum.num_chunks += 1;
        }
    }

    /// Whether somebody, and only one person, is likelier than not to speak in the feature frame at
    /// the fbank frame `frame`. `false` for frames that no chunk covers or that were discarded.
    pub(super) fn is_solo(&self, frame: usize) -> bool {
        let sum = recording_frame(frame).checked_sub(self.first).and_then(|index| self.sums.get(index));
        sum.is_some_and(|sum| 2 * sum.speech > 255 * sum.num_chunks && 2 * sum.overlap < 255 * sum.num_chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::fbank::FRAME_SHIFT;
    use crate::segmentation::masks::ChunkMasks;

    /// Probabilities of a chunk: local speaker 0 in the frames `one`, local speaker 1 in `two`.
    fn certain(one: std::ops::Range<usize>, two: std::ops::Range<usize>) -> ChunkProbabilities {
        let mut masks = ChunkMasks::default();
        one.for_each(|t| masks.speakers[0].insert(t));
        two.for_each(|t| masks.speakers[1].insert(t));
        ChunkProbabilities::from_masks(&masks)
    }

    #[test]
    fn the_mean_of_the_chunks_decides() {
        let speech = certain(0..FRAMES_PER_CHUNK, 0..0);
        let overlap = certain(0..FRAMES_PER_CHUNK, 0..FRAMES_PER_CHUNK);
        let silence = ChunkProbabilities::default();
        let cases = [
            (vec![], false),
            (vec![&speech], true),
            (vec![&overlap], false),
            (vec![&silence], false),
            (vec![&speech, &silence], false),
            (vec![&speech, &silence, &speech], true),
            (vec![&overlap, &speech], false),
            (vec![&overlap, &speech, &speech], true),
            (vec![&overlap, &silence, &speech], true),
        ];
        for (chunks, expected) in cases {
            let mut frames = SoloFrames::default();
            chunks.iter().for_each(|chunk| frames.add(0, chunk));
            for frame in (0..1000).step_by(8) {
                assert_eq!(frames.is_solo(frame), expected, "{frame}");
            }
            assert!(!frames.is_solo(1000), "no chunk covers it");
        }
    }

    #[test]
    fn discarded_frames_change_nothing_after_them() {
        let mut whole = SoloFrames::default();
        let mut rolling = SoloFrames::default();
        for chunk in 0..60 {
            let start = chunk * 70 * FRAME_SHIFT;
            let one = chunk * 11 % 400;
            let probabilities = certain(one..one + 150, 200 + one / 2..one + 160);
            whole.add(start, &probabilities);
            rolling.discard_before(chunk * 70);
            rolling.add(start, &probabilities);
            let mut late = SoloFrames::default();
            late.discard_before(chunk * 70);
            assert!(!late.is_solo(chunk * 70));
            for frame in chunk * 70..chunk * 70 + 1100 {
                assert_eq!(rolling.is_solo(frame), whole.is_solo(frame), "chunk {chunk}, {frame}");
            }
        }
        assert!((0..4000).any(|frame| whole.is_solo(frame)) && !(0..4000).all(|frame| whole.is_solo(frame)));
        assert!(rolling.sums.len() < 700, "{}", rolling.sums.len());
    }
}
