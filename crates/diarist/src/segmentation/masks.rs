//! Local-speaker masks of one chunk, a bit per frame.

use super::geometry::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

pub(crate) const WORDS: usize = FRAMES_PER_CHUNK.div_ceil(64);

/// A clean mask is used for the embedding only if it has more frames than this.
///
/// The embedding network needs one 25 ms window, 400 samples, which is `ceil(589 * 400 / 160000)`
/// frames. Source: pyannote.audio `SpeakerDiarization.get_embeddings` (`min_num_frames`); the
/// comparison there is strict.
const MIN_CLEAN_FRAMES: usize = (FRAMES_PER_CHUNK * 400).div_ceil(CHUNK_SAMPLES);

/// A set of frames of one chunk: bit `t` is set if frame `t` (0..589) belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FrameMask {
    words: [u64; WORDS],
}

impl FrameMask {
    /// Whether frame `t` is in the set.
    #[inline]
    pub fn get(&self, t: usize) -> bool {
        assert!(t < FRAMES_PER_CHUNK);
        self.words[t / 64] >> (t % 64) & 1 == 1
    }

    /// Puts frame `t` into the set.
    #[inline]
    pub fn insert(&mut self, t: usize) {
        assert!(t < FRAMES_PER_CHUNK);
        self.words[t / 64] |= 1 << (t % 64);
    }

    /// The set as bits: frame `t` is bit `t % 64` of word `t / 64`.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The inverse of [`Self::words`]; `None` if a bit beyond the last frame is set.
    pub(crate) fn from_words(words: [u64; WORDS]) -> Option<Self> {
        (words[WORDS - 1] >> (FRAMES_PER_CHUNK % 64) == 0).then_some(Self { words })
    }

    /// Number of frames in the set.
    #[inline]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    fn zip(&self, other: &Self, op: impl Fn(u64, u64) -> u64) -> Self {
        Self { words: std::array::from_fn(|i| op(self.words[i], other.words[i])) }
    }
}

/// Activity of the local speakers in one chunk: one [`FrameMask`] per local speaker, shape
/// `[3, 589]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ChunkMasks {
    /// Frames in which each local speaker is active, overlapped frames included.
    pub speakers: [FrameMask; LOCAL_SPEAKERS],
}

impl ChunkMasks {
    /// Frames in which two or more local speakers are active.
    pub fn overlap(&self) -> FrameMask {
        let [a, b, c] = &self.speakers;
        let ab = a.zip(b, |x, y| x & y);
        let any = a.zip(b, |x, y| x | y).zip(c, |x, y| x & y);
        ab.zip(&any, |x, y| x | y)
    }

    /// Clean masks: the frames in which a local speaker is the only active one.
    pub fn clean(&self) -> [FrameMask; LOCAL_SPEAKERS] {
        let overlap = self.overlap();
        self.speakers.map(|mask| mask.zip(&overlap, |x, y| x & !y))
    }

    /// Frames to pool the embedding of each local speaker over; `None` for a local speaker who is
    /// never active.
    ///
    /// This is the clean mask if it has more than two frames, else the full mask, so that a speaker
    /// who is heard only in overlap still gets an embedding. Source: pyannote.audio
    /// `SpeakerDiarization.get_embeddings` with `exclude_overlap`.
    pub fn embedding_masks(&self) -> [Option<FrameMask>; LOCAL_SPEAKERS] {
        let clean = self.clean();
        std::array::from_fn(|s| {
            let full = self.speakers[s];
            let used = if clean[s].count() > MIN_CLEAN_FRAMES { clean[s] } else { full };
            (!full.is_empty()).then_some(used)
        })
    }

    /// Number of frames in which each local speaker is the only active one. It decides whether an
    /// embedding is good enough to find the clusters with.
    pub fn num_clean_frames(&self) -> [usize; LOCAL_SPEAKERS] {
        self.clean().map(|mask| mask.count())
    }

    /// Number of active local speakers in frame `t`.
    #[inline]
    pub fn num_active(&self, t: usize) -> u8 {
        self.speakers.iter().map(|mask| u8::from(mask.get(t))).sum()
    }

    /// Whether nobody speaks in this chunk.
    pub fn is_silent(&self) -> bool {
        self.speakers.iter().all(FrameMask::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(frames: impl IntoIterator<Item = usize>) -> FrameMask {
        let mut mask = FrameMask::default();
        frames.into_iter().for_each(|t| mask.insert(t));
        mask
    }

    /// Masks from the definition, frame by frame: `active(t, s)`.
    fn masks(active: impl Fn(usize, usize) -> bool) -> ChunkMasks {
        ChunkMasks { speakers: std::array::from_fn(|s| mask((0..FRAMES_PER_CHUNK).filter(|&t| active(t, s)))) }
    }

    #[test]
    fn frames_at_word_borders_are_separate() {
        let borders = [0, 1, 63, 64, 127, 128, 511, 512, 575, 576, 588];
        let mask = mask(borders);
        assert_eq!(mask.count(), borders.len());
        for t in 0..FRAMES_PER_CHUNK {
            assert_eq!(mask.get(t), borders.contains(&t), "frame {t}");
        }
    }

    #[test]
    #[should_panic(expected = "t < FRAMES_PER_CHUNK")]
    fn frame_589_does_not_exist() {
        FrameMask::default().insert(FRAMES_PER_CHUNK);
    }

    #[test]
    fn clean_is_active_and_alone() {
        // All eight combinations of three speakers, each many times and at every position within a
        // word.
        let active = |t: usize, s: usize| (t * 5 + t / 8) >> s & 1 == 1;
        let masks = masks(active);
        let (clean, overlap) = (masks.clean(), masks.overlap());
        for t in 0..FRAMES_PER_CHUNK {
            let num_active = (0..LOCAL_SPEAKERS).filter(|&s| active(t, s)).count();
            assert_eq!(usize::from(masks.num_active(t)), num_active, "frame {t}");
            assert_eq!(overlap.get(t), num_active >= 2, "frame {t}");
            for (s, clean) in clean.iter().enumerate() {
                assert_eq!(clean.get(t), active(t, s) && num_active == 1, "frame {t} speaker {s}");
            }
        }
        assert_eq!(masks.num_clean_frames(), clean.map(|mask| mask.count()));
    }

    #[test]
    fn embedding_mask_is_clean_above_two_frames() {
        assert_eq!(MIN_CLEAN_FRAMES, 2);
        // Speaker 0 talks in 0..100; speaker 1 is alone in `alone` frames from 100 on; speaker 2
        // never talks.
        for (alone, expect_clean) in [(0, false), (1, false), (2, false), (3, true), (50, true)] {
            let masks = ChunkMasks { speakers: [mask(0..100), mask(90..100 + alone), mask([])] };
            let [first, second, third] = masks.embedding_masks();
            assert_eq!(first, Some(mask(0..90)), "{alone} clean frames");
            let expected = if expect_clean { mask(100..100 + alone) } else { mask(90..100 + alone) };
            assert_eq!(second, Some(expected), "{alone} clean frames");
            assert_eq!(third, None);
        }
        assert_eq!(ChunkMasks::default().embedding_masks(), [None; LOCAL_SPEAKERS]);
        assert!(ChunkMasks::default().is_silent());
    }
}
