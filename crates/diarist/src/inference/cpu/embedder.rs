//! Computes embeddings wave after wave, with either kind of trunk passes.

use crate::analysis::Subsegments;
use crate::error::Result;
use crate::inference::cache_use::CacheUse;
use crate::inference::settings::{EmbeddingMode, TrunkPasses};
use crate::inference::wave::{ChunkEmbeddings, first_needed};
use crate::segmentation::CHUNK_SAMPLES;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::chunk_embedder::ChunkEmbedder;
use super::shared_trunk::SharedTrunk;
use super::subsegments::embed_subsegments;
use super::wave::Wave;

/// Computes embeddings wave after wave, and carries trunk passes from one wave to the next.
#[derive(Debug)]
pub(super) enum Embedder {
    PerChunk,
    Shared(SharedTrunk),
}

impl Embedder {
    pub(super) fn new(passes: TrunkPasses) -> Self {
        match passes {
            TrunkPasses::PerChunk => Self::PerChunk,
            TrunkPasses::Shared => Self::Shared(SharedTrunk::default()),
        }
    }

    /// The first chunk whose samples [`Self::resume`] needs to continue at chunk `next`.
    pub(super) fn first_resumed(&self, mode: EmbeddingMode, next: usize, step_samples: usize) -> usize {
        let has_passes = matches!(self, Self::Shared(_)) && mode != EmbeddingMode::Skip;
        if has_passes { first_needed(next, step_samples) } else { next }
    }

    /// Restores the state before the chunks of `wave`, which has none itself.
    pub(super) fn resume(&mut self, chunks: &ChunkEmbedder<'_>, wave: &Wave<'_>, recent: &[ChunkProbabilities]) {
        if let Self::Shared(trunk) = self
            && chunks.mode != EmbeddingMode::Skip
        {
            trunk.resume(chunks, wave, recent);
        }
    }

    /// Number of samples that a wave needs after its last chunk: a shared pass may begin in that
    /// chunk and end after it.
    pub(super) fn samples_beyond(&self) -> usize {
        if matches!(self, Self::Shared(_)) { CHUNK_SAMPLES } else { 0 }
    }

    /// Fills `out` for the chunks of `wave`, appends the subsegments that are known with it, and
    /// counts cache hits.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if the embedding of a subsegment is not finite.
    pub(super) fn embed(
        &mut self,
        chunks: &ChunkEmbedder<'_>,
        wave: &Wave<'_>,
        out: &mut [ChunkEmbeddings],
        subsegments: &mut Subsegments,
    ) -> Result<CacheUse> {
        if chunks.mode == EmbeddingMode::Skip {
            return Ok(CacheUse::default());
        }
        match self {
            Self::PerChunk => Ok(chunks.embed(wave, out)),
            Self::Shared(trunk) => {
                trunk.embed(chunks, wave, out);
                embed_subsegments(trunk, chunks, wave, subsegments)?;
                Ok(CacheUse::default())
            }
        }
    }
}
