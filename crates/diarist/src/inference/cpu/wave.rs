//! A wave with its masks.

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
