//! The embeddings of a wave of chunks, in any mode.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::features::fbank::chunk_mean;
use crate::models::resnet34::{ResNet34, Workspace};
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;

use super::analysis::EMBEDDING_DIMENSION;
use super::analyze::with_workspace;
use super::cache::{CacheUse, EmbeddingCache};
use super::intake::Window;
use super::options::EmbeddingMode;

/// The embeddings of one chunk, `[3, 256]`; unspecified for local speakers who are never active.
pub(super) type ChunkEmbeddings = [f32; LOCAL_SPEAKERS * EMBEDDING_DIMENSION];

/// Computes embeddings as the mode says; the values do not depend on it.
pub(super) struct Embedder<'a> {
    pub(super) network: &'a ResNet34,
    pub(super) workspaces: &'a Mutex<Vec<Workspace>>,
    pub(super) cache: &'a EmbeddingCache,
    pub(super) mode: EmbeddingMode,
}

impl Embedder<'_> {
    /// Fills `out` for the chunks from `first_chunk` on, whose masks are `masks`, and tells what the cache had.
    pub(super) fn embed(
        &self,
        window: &Window,
        first_chunk: usize,
        masks: &[ChunkMasks],
        out: &mut [ChunkEmbeddings],
    ) -> CacheUse {
        let embed = |(i, (masks, out)): (usize, (&ChunkMasks, &mut ChunkEmbeddings))| {
            if masks.is_silent() { CacheUse::default() } else { self.chunk(window, first_chunk + i, masks, out) }
        };
        match self.mode {
            EmbeddingMode::Skip => CacheUse::default(),
            EmbeddingMode::Full => masks.iter().zip(out).enumerate().map(embed).sum(),
            EmbeddingMode::Fast | EmbeddingMode::Cached => {
                masks.par_iter().zip(out).enumerate().with_max_len(1).map(embed).sum()
            }
        }
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
