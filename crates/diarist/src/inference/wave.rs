//! Consecutive chunks that are processed together, and reusable memory for the networks.

use std::sync::{Mutex, PoisonError};

use crate::analysis::{EMBEDDING_DIMENSION, SUBSEGMENT_SHIFT, first_open};
use crate::features::fbank::FRAME_SHIFT;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, LOCAL_SPEAKERS};

use super::intake::Window;

/// The embeddings of one chunk, `[3, 256]`; unspecified for local speakers that are never active.
pub(super) type ChunkEmbeddings = [f32; LOCAL_SPEAKERS * EMBEDDING_DIMENSION];

/// A few consecutive chunks with their masks and probabilities.
#[derive(Clone, Copy)]
pub(super) struct Wave<'a> {
    pub(super) window: &'a Window,
    pub(super) first_chunk: usize,
    pub(super) masks: &'a [ChunkMasks],
    pub(super) probabilities: &'a [ChunkProbabilities],
    pub(super) step_samples: usize,
    /// Number of chunks of the recording, once all of it is in the window.
    pub(super) all_chunks: Option<usize>,
}

impl Wave<'_> {
    /// First fbank frame of a chunk, counted from the start of the recording.
    pub(super) fn start(&self, chunk: usize) -> usize {
        chunk * self.step_samples / FRAME_SHIFT
    }

    /// End of the last chunk of the wave, in fbank frames.
    pub(super) fn end(&self) -> usize {
        self.start(self.first_chunk + self.masks.len() - 1) + CHUNK_SAMPLES / FRAME_SHIFT
    }

    /// First fbank frame of the first subsegment that this wave or later ones may change.
    pub(super) fn first_open_frame(&self) -> usize {
        first_open(self.start(self.first_chunk)) * SUBSEGMENT_SHIFT
    }
}

/// Scratch memory of a network, one piece for each thread that has used it. After the first wave,
/// nothing is allocated.
#[derive(Debug)]
pub(super) struct Pool<W>(Mutex<Vec<W>>);

impl<W> Default for Pool<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W: Default> Pool<W> {
    /// Calls `work` with a piece of memory that no other thread uses meanwhile.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut W) -> R) -> R {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut workspace = taken.unwrap_or_default();
        let result = work(&mut workspace);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        result
    }
}
