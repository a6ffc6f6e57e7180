//! Hits of the cache of embeddings.

use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// Use of the cache of [`EmbeddingMode::Cached`](super::EmbeddingMode::Cached) by one recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheUse {
    /// Chunks with speech.
    pub num_chunks: usize,
    /// Chunks with speech whose embeddings were in the cache.
    pub num_hits: usize,
}

impl CacheUse {
    /// Hits per chunk; 0 for no chunks.
    pub fn hit_rate(&self) -> f64 {
        self.num_hits as f64 / self.num_chunks.max(1) as f64
    }
}

impl Sum for CacheUse {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, other| Self {
            num_chunks: sum.num_chunks + other.num_chunks,
            num_hits: sum.num_hits + other.num_hits,
        })
    }
}
