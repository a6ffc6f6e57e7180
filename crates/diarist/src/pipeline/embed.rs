//! The embeddings of a wave of chunks, in any mode and by any trunk passes.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::error::Result;
use crate::features::fbank::{FRAME_SHIFT, chunk_mean};
use crate::models::resnet34::{ResNet34, Workspace};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{CHUNK_SAMPLES, LOCAL_SPEAKERS};

use super::analysis::{Analysis, EMBEDDING_DIMENSION};
use super::analyze::with_workspace;
use super::cache::{CacheUse, EmbeddingCache};
use super::intake::{Intake, Window};
use super::options::{DiarizationOptions, EmbeddingMode, TrunkPasses};
use super::shared_trunk::SharedTrunk;

/// The embeddings of one chunk, `[3, 256]`; unspecified for local speakers who are never active.
pub(super) type ChunkEmbeddings = [f32; LOCAL_SPEAKERS * EMBEDDING_DIMENSION];

/// A few chunks in a row and their masks.
#[derive(Clone, Copy)]
pub(super) struct Wave<'a> {
    pub(super) window: &'a Window,
    pub(super) first_chunk: usize,
    pub(super) masks: &'a [ChunkMasks],
    pub(super) step_samples: usize,
    /// Chunks of the recording, if all of it is in the window.
    pub(super) all_chunks: Option<usize>,
}

impl Wave<'_> {
    /// First fbank frame of a chunk in the recording.
    pub(super) fn start(&self, chunk: usize) -> usize {
        chunk * self.step_samples / FRAME_SHIFT
    }
}

/// The first chunk whose samples it takes to go on with chunk `next`, when all before it are done.
pub(super) fn first_needed(next: usize, options: &DiarizationOptions, step_samples: usize) -> usize {
    let reaches_back = options.trunk == TrunkPasses::Shared && options.embedding_mode != EmbeddingMode::Skip;
    if reaches_back { SharedTrunk::first_needed(next, step_samples) } else { next }
}

/// Computes embeddings wave after wave: what the trunk passes carry from one to the next.
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

    /// Brings about what the chunks of `done` would have left behind; `intake` begins with [`first_needed`].
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
                let wave = Wave { window: intake.window(), first_chunk: next, masks: &[], step_samples, all_chunks };
                trunk.resume(chunks, &wave);
            }
        }
        Ok(())
    }

    /// Samples that a wave needs after its last chunk: a shared pass may begin in that chunk and end after it.
    pub(super) fn samples_beyond(&self) -> usize {
        if matches!(self, Self::Shared(_)) { CHUNK_SAMPLES } else { 0 }
    }

    /// Fills `out` for the chunks of `wave`, and tells what the cache had.
    pub(super) fn embed(
        &mut self,
        chunks: &ChunkEmbedder<'_>,
        wave: &Wave<'_>,
        out: &mut [ChunkEmbeddings],
    ) -> CacheUse {
        if chunks.mode == EmbeddingMode::Skip {
            return CacheUse::default();
        }
        match self {
            Self::PerChunk => chunks.embed(wave, out),
            Self::Shared(trunk) => {
                trunk.embed(chunks, wave, out);
                CacheUse::default()
            }
        }
    }
}

/// Computes embeddings as the mode says; the values do not depend on it.
#[derive(Clone, Copy)]
pub(super) struct ChunkEmbedder<'a> {
    pub(super) network: &'a ResNet34,
    pub(super) workspaces: &'a Mutex<Vec<Workspace>>,
    pub(super) cache: &'a EmbeddingCache,
    pub(super) mode: EmbeddingMode,
}

impl ChunkEmbedder<'_> {
    /// How many items of work one thread takes at a time.
    pub(super) fn items_at_a_time(&self) -> usize {
        if self.mode == EmbeddingMode::Full { usize::MAX } else { 1 }
    }

    fn embed(&self, wave: &Wave<'_>, out: &mut [ChunkEmbeddings]) -> CacheUse {
        let items = self.items_at_a_time();
        let chunks = wave.masks.par_iter().zip(out).enumerate().with_min_len(items).with_max_len(items);
        let chunks = chunks.filter(|(_, (masks, _))| !masks.is_silent());
        chunks.map(|(index, (masks, out))| self.chunk(wave.window, wave.first_chunk + index, masks, out)).sum()
    }

    fn chunk(&self, window: &Window, chunk: usize, masks: &ChunkMasks, out: &mut ChunkEmbeddings) -> CacheUse {
        if self.mode != EmbeddingMode::Cached {
            self.compute(window, chunk, masks, out);
            return CacheUse::default();
        }
        let key = EmbeddingCache::key(window.chunks(chunk, 1).signal, masks);
        let is_hit = self.cache.get(&key, out);
        if !is_hit {
            self.compute(window, chunk, masks, out);
            self.cache.insert(key, out);
        }
        CacheUse { num_chunks: 1, num_hits: usize::from(is_hit) }
    }

    /// One trunk pass, pooled once for each local speaker who is active.
    fn compute(&self, window: &Window, chunk: usize, masks: &ChunkMasks, out: &mut ChunkEmbeddings) {
        let frames = window.frames(chunk);
        with_workspace(self.workspaces, |workspace| {
            let speakers = masks.embedding_masks();
            self.network.trunk_for(frames, &chunk_mean(frames), speakers.iter().flatten(), workspace);
            for (mask, embedding) in speakers.iter().zip(out.chunks_exact_mut(EMBEDDING_DIMENSION)) {
                if let Some(mask) = mask {
                    self.network.embed(workspace, mask, embedding);
                }
            }
        });
    }
}
