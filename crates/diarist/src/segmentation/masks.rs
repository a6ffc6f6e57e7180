//! Local-speaker masks of one chunk, a bit per frame.

use super::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

const WORDS: usize = FRAMES_PER_CHUNK.div_ceil(64);

/// A set of frames of one chunk: bit `t` is set if frame `t` (0..589) belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FrameMask {
    words: [u64; WORDS],
}

impl FrameMask {
    /// Is frame `t` in the set?
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

    /// Number of frames in the set.
    #[inline]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Is the set empty?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    fn zip(&self, other: &Self, op: impl Fn(u64, u64) -> u64) -> Self {
        Self { words: std::array::from_fn(|i| op(self.words[i], other.words[i])) }
    }
}

/// Who speaks when in one chunk: one [`FrameMask`] per local speaker, shape `[3, 589]`.
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

    /// Clean masks: the frames in which a local speaker is the only active one (the journal's embedding preprocessor).
    pub fn clean(&self) -> [FrameMask; LOCAL_SPEAKERS] {
        let overlap = self.overlap();
        self.speakers.map(|mask| mask.zip(&overlap, |x, y| x & !y))
    }

    /// Number of active local speakers in frame `t`.
    #[inline]
    pub fn num_active(&self, t: usize) -> u8 {
        self.speakers.iter().map(|mask| u8::from(mask.get(t))).sum()
    }

    /// Does nobody speak in this chunk?
    pub fn is_silent(&self) -> bool {
        self.speakers.iter().all(FrameMask::is_empty)
    }
}
