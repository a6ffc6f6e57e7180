//! Keeps the embeddings of earlier chunks, for
//! [`EmbeddingMode::Cached`](crate::inference::EmbeddingMode::Cached).
//!
//! An entry is one chunk. The masks of its local speakers follow from its samples, so either all
//! embeddings of a chunk are found or none. A cache belongs to one analyzer, and so to one set of
//! networks, one precision and one instruction set: a hit has the same bits as a new computation.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use sha2::{Digest, Sha256};

use crate::clock::Instant;
use crate::inference::wave::ChunkEmbeddings;
use crate::segmentation::CHUNK_SAMPLES;
use crate::segmentation::masks::ChunkMasks;

/// Largest number of chunks in a cache, 3 KiB each: 17 min of audio at a step of 1 s.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(1000).unwrap();
/// Age at which an entry expires.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// SHA-256 of a chunk's samples and masks.
pub(super) type Key = [u8; 32];

struct Entry {
    embeddings: Box<ChunkEmbeddings>,
    made: Instant,
}

/// At most [`MAX_ENTRIES`] chunks, none older than [`MAX_AGE`]. A full cache drops the least
/// recently used chunk.
pub(super) struct EmbeddingCache {
    entries: Mutex<LruCache<Key, Entry>>,
    max_age: Duration,
}

impl std::fmt::Debug for EmbeddingCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddingCache").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

impl Default for EmbeddingCache {
    fn default() -> Self {
        Self::new(MAX_ENTRIES, MAX_AGE)
    }
}

impl EmbeddingCache {
    fn new(max_entries: NonZeroUsize, max_age: Duration) -> Self {
        // An unbounded map allocates memory as it grows; `insert` keeps the bound.
        let mut entries = LruCache::unbounded();
        entries.resize(max_entries);
        Self { entries: Mutex::new(entries), max_age }
    }

    /// The key of the chunk at the start of `signal`.
    pub(super) fn key(signal: &[f32], masks: &ChunkMasks) -> Key {
        let mut hasher = Sha256::new();
        let mut bytes = [0; 4096];
        for samples in signal[..CHUNK_SAMPLES].chunks(bytes.len() / 4) {
            let bytes = &mut bytes[..4 * samples.len()];
            for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
                *bytes = sample.to_le_bytes();
            }
            hasher.update(bytes);
        }
        for word in masks.speakers.iter().flat_map(|mask| mask.words()) {
            hasher.update(word.to_le_bytes());
        }
        hasher.finalize().into()
    }

    /// Copies the entry of `key` to `out` if there is one that has not expired. Returns whether
    /// there was one.
    pub(super) fn get(&self, key: &Key, out: &mut ChunkEmbeddings) -> bool {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get(key) {
            Some(entry) if entry.made.elapsed() <= self.max_age => {
                out.copy_from_slice(entry.embeddings.as_slice());
                true
            }
            Some(_) => {
                entries.pop(key);
                false
            }
            None => false,
        }
    }

    /// Stores a copy of `embeddings`.
    pub(super) fn insert(&self, key: Key, embeddings: &ChunkEmbeddings) {
        let entry = Entry { embeddings: Box::new(*embeddings), made: Instant::now() };
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).put(key, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::EMBEDDING_DIMENSION;
    use crate::segmentation::LOCAL_SPEAKERS;
    use crate::segmentation::masks::FrameMask;

    fn found(cache: &EmbeddingCache, key: u8) -> Option<f32> {
        let mut out = [0.0; LOCAL_SPEAKERS * EMBEDDING_DIMENSION];
        cache.get(&[key; 32], &mut out).then_some(out[0])
    }

    fn insert(cache: &EmbeddingCache, key: u8) {
        cache.insert([key; 32], &[f32::from(key); LOCAL_SPEAKERS * EMBEDDING_DIMENSION]);
    }

    #[test]
    fn the_least_recently_used_entry_is_dropped_first() {
        let cache = EmbeddingCache::new(NonZeroUsize::new(2).unwrap(), MAX_AGE);
        insert(&cache, 1);
        insert(&cache, 2);
        assert_eq!(found(&cache, 1), Some(1.0));
        insert(&cache, 3);
        assert_eq!([1, 2, 3].map(|key| found(&cache, key)), [Some(1.0), None, Some(3.0)]);
    }

    #[test]
    fn old_entries_are_not_found() {
        let cache = EmbeddingCache::new(MAX_ENTRIES, Duration::ZERO);
        insert(&cache, 1);
        while cache.entries.lock().unwrap().peek(&[1; 32]).unwrap().made.elapsed().is_zero() {}
        assert_eq!(found(&cache, 1), None);
        assert!(cache.entries.lock().unwrap().is_empty());
    }

    #[test]
    fn a_key_depends_on_every_sample_of_the_chunk_and_on_every_mask() {
        let mut signal = vec![0.0; CHUNK_SAMPLES + 1];
        let mut masks = ChunkMasks::default();
        let key = EmbeddingCache::key(&signal, &masks);
        signal[CHUNK_SAMPLES] = 1.0;
        assert_eq!(EmbeddingCache::key(&signal, &masks), key);
        for index in [0, 1023, 1024, CHUNK_SAMPLES - 1] {
            signal[index] = 1e-9;
            assert_ne!(EmbeddingCache::key(&signal, &masks), key, "sample {index}");
            signal[index] = 0.0;
        }
        for speaker in 0..LOCAL_SPEAKERS {
            masks.speakers[speaker].insert(588);
            assert_ne!(EmbeddingCache::key(&signal, &masks), key, "speaker {speaker}");
            masks.speakers[speaker] = FrameMask::default();
        }
        assert_eq!(EmbeddingCache::key(&signal, &masks), key);
    }
}
