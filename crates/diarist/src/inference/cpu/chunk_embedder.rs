//! Embeddings of single chunks, in any mode.
//!
//! The modes skip, fast, cached and full are handled here. No other part of the library depends on
//! how embeddings are computed.

use rayon::prelude::*;

use crate::analysis::EMBEDDING_DIMENSION;
use crate::features::fbank::chunk_mean;
use crate::inference::cache_use::CacheUse;
use crate::inference::pool::Pool;
use crate::inference::settings::EmbeddingMode;
use crate::inference::wave::ChunkEmbeddings;
use crate::models::resnet34::{ResNet34, Workspace};
use crate::segmentation::masks::ChunkMasks;

use super::cache::EmbeddingCache;
use super::wave::Wave;

/// Computes the embeddings of chunks; the values do not depend on the mode.
#[derive(Clone, Copy)]
pub(super) struct ChunkEmbedder<'a> {
    pub(super) network: &'a ResNet34,
    pub(super) pool: &'a Pool<Workspace>,
    pub(super) cache: &'a EmbeddingCache,
    pub(super) mode: EmbeddingMode,
}

impl ChunkEmbedder<'_> {
    /// Number of items of work that one thread takes at a time.
    pub(super) fn items_at_a_time(&self) -> usize {
        if self.mode == EmbeddingMode::Full { usize::MAX } else { 1 }
    }

    /// Fills `out` for the chunks of `wave`, with one trunk pass for each, and counts cache hits.
    pub(super) fn embed(&self, wave: &Wave<'_>, out: &mut [ChunkEmbeddings]) -> CacheUse {
        let items = self.items_at_a_time();
        let chunks = wave.masks.par_iter().zip(out).enumerate().with_min_len(items).with_max_len(items);
        let chunks = chunks.filter(|(_, (masks, _))| !masks.is_silent());
        chunks.map(|(index, (masks, out))| self.chunk(wave, wave.span.first_chunk + index, masks, out)).sum()
    }

    fn chunk(&self, wave: &Wave<'_>, chunk: usize, masks: &ChunkMasks, out: &mut ChunkEmbeddings) -> CacheUse {
        if self.mode != EmbeddingMode::Cached {
            self.compute(wave, chunk, masks, out);
            return CacheUse::default();
        }
        let key = EmbeddingCache::key(wave.window.chunks(chunk, 1).signal, masks);
        let is_hit = self.cache.get(&key, out);
        if !is_hit {
            self.compute(wave, chunk, masks, out);
            self.cache.insert(key, out);
        }
        CacheUse { num_chunks: 1, num_hits: usize::from(is_hit) }
    }

    /// Runs one trunk pass and pools its features once for each active local speaker.
    fn compute(&self, wave: &Wave<'_>, chunk: usize, masks: &ChunkMasks, out: &mut ChunkEmbeddings) {
        let frames = wave.frames.of_chunk(wave.span.start(chunk));
        self.pool.with(|workspace| {
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
