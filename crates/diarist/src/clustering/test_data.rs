//! Seeded random numbers, synthetic recordings and golden files for the tests of this module.

use std::ops::Range;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::analysis::{EMBEDDING_DIMENSION, Embeddings, Slot};
use crate::segmentation::masks::ChunkMasks;

/// A linear congruential generator, random enough for tests.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Approximately standard normal (a sum of twelve uniform numbers).
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A whole number below `below`.
    pub(super) fn below(&mut self, below: usize) -> usize {
        (self.uniform() * below as f64) as usize
    }
}

/// A chunk in which each local speaker is active in one range of frames.
pub(super) fn chunk_with(ranges: [Range<usize>; 3]) -> ChunkMasks {
    let mut chunk = ChunkMasks::default();
    for (mask, range) in chunk.speakers.iter_mut().zip(ranges) {
        range.for_each(|t| mask.insert(t));
    }
    chunk
}

/// The active slots of `masks`, in ascending order.
pub(super) fn slots_of(masks: &[ChunkMasks]) -> Vec<Slot> {
    let of_chunk = |(chunk, masks): (usize, &ChunkMasks)| {
        let active = (0..3_u8).filter(|&local| !masks.speakers[usize::from(local)].is_empty());
        active.map(|local| Slot { chunk: chunk as u32, local }).collect::<Vec<_>>()
    };
    masks.iter().enumerate().flat_map(of_chunk).collect()
}

/// Random embeddings for the active slots of `masks`.
pub(super) fn embeddings_of(masks: &[ChunkMasks]) -> Embeddings {
    let mut rng = Rng::new(1);
    let slots = slots_of(masks);
    let values = (0..slots.len() * EMBEDDING_DIMENSION).map(|_| rng.normal() as f32).collect();
    Embeddings { slots, values }
}

/// Chunks of `num_voices` well separated voices, with two voices in every third chunk. Returns also
/// the voice of each row.
pub(super) fn conversation(
    rng: &mut Rng,
    num_chunks: usize,
    num_voices: usize,
) -> (Vec<ChunkMasks>, Embeddings, Vec<usize>) {
    let voices: Vec<Vec<f64>> =
        (0..num_voices).map(|_| (0..EMBEDDING_DIMENSION).map(|_| rng.normal()).collect()).collect();
    let mut masks = Vec::new();
    let mut speaking = Vec::new();
    for chunk in 0..num_chunks {
        let first = rng.below(num_voices);
        speaking.push(first);
        if chunk % 3 == 0 && num_voices > 1 {
            speaking.push((first + 1 + rng.below(num_voices - 1)) % num_voices);
            masks.push(chunk_with([0..0, 0..250, 240..500]));
        } else {
            masks.push(chunk_with([0..300, 0..0, 0..0]));
        }
    }
    let mut embeddings = Embeddings::default();
    for (slot, &voice) in slots_of(&masks).into_iter().zip(&speaking) {
        let row: Vec<f32> = voices[voice].iter().map(|value| (value + 0.4 * rng.normal()) as f32).collect();
        embeddings.push(slot, &row);
    }
    (masks, embeddings, speaking)
}

/// Reads `fixtures/golden/clustering/{name}.json`.
pub(super) fn golden<T: DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(golden_path(&format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Reads the values of `fixtures/golden/clustering/{name}.npy`.
pub(super) fn golden_values<T: npyz::Deserialize>(name: &str) -> Vec<T> {
    let bytes = std::fs::read(golden_path(&format!("{name}.npy"))).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(file.order(), npyz::Order::C);
    file.into_vec().unwrap()
}

fn golden_path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "fixtures", "golden", "clustering", name].iter().collect()
}
