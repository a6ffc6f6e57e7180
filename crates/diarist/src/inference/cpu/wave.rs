//! A wave with its masks, and reusable memory for the networks.

use std::sync::{Mutex, PoisonError};

use crate::inference::intake::Window;
use crate::inference::wave::WaveSpan;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::frames::Frames;

/// A few consecutive chunks with their masks and probabilities.
#[derive(Clone, Copy)]
pub(super) struct Wave<'a> {
    pub(super) window: &'a Window,
    pub(super) frames: &'a Frames,
    pub(super) span: WaveSpan,
    pub(super) masks: &'a [ChunkMasks],
    pub(super) probabilities: &'a [ChunkProbabilities],
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
