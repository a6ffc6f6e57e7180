//! Computes embeddings wave after wave, with either kind of trunk passes.

use crate::analysis::{Analysis, Subsegments};
use crate::error::Result;
use crate::segmentation::CHUNK_SAMPLES;

use super::cache::CacheUse;
use super::chunk_embedder::ChunkEmbedder;
use super::intake::Intake;
use super::settings::{AnalysisSettings, EmbeddingMode, TrunkPasses};
use super::shared_trunk::SharedTrunk;
use super::subsegments::embed_subsegments;
use super::wave::{ChunkEmbeddings, Wave};

/// The first chunk whose samples are needed to resume at chunk `next`, when all earlier chunks are
/// done.
pub(super) fn first_needed(next: usize, settings: &AnalysisSettings, step_samples: usize) -> usize {
    if settings.has_subsegments() { SharedTrunk::first_needed(next, step_samples) } else { next }
}

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

    /// Restores the state after the chunks of `done`. `intake` begins at the chunk
    /// [`first_needed`].
    pub(super) fn resume(
        &mut self,
        chunks: &ChunkEmbedder<'_>,
        done: &Analysis,
        intake: &mut Intake<'_>,
    ) -> Result<()> {
        let (next, step_samples) = (done.masks.len(), done.geometry.step_samples);
        if chunks.mode == EmbeddingMode::Skip {
            return Ok(());
        }
        match self {
            Self::PerChunk => {}
            Self::Shared(trunk) => {
                let first = SharedTrunk::first_needed(next, step_samples);
                if first == next {
                    return Ok(());
                }
                intake.read_chunks(first, next - first, CHUNK_SAMPLES)?;
                intake.compute_fbank();
                let all_chunks = intake.all_chunks();
                let window = intake.window();
                let (masks, probabilities) = (&[], &[]);
                let wave = Wave { window, first_chunk: next, masks, probabilities, step_samples, all_chunks };
                trunk.resume(chunks, &wave, done);
            }
        }
        Ok(())
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
