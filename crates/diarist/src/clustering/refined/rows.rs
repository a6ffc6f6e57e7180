//! The embeddings of all slots as directions, without a copy in `f64`.

use super::super::vectors::{dot_narrow, widened};
use crate::analysis::Embeddings;
use crate::segmentation::masks::ChunkMasks;

/// Embeddings of slots, with the inverse of their norms and their clean frames.
pub(super) struct Rows<'a> {
    embeddings: &'a Embeddings,
    /// 0 for an embedding of zeros.
    scales: Vec<f64>,
    clean_frames: Vec<usize>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(embeddings: &'a Embeddings, masks: &[ChunkMasks]) -> Self {
        let scale = |row: usize| {
            let wide = widened(embeddings.row(row));
            let square: f64 = dot_narrow(embeddings.row(row), &wide);
            if square > 0.0 { square.sqrt().recip() } else { 0.0 }
        };
        let clean = |row: usize| {
            let slot = embeddings.slots[row];
            masks[slot.chunk as usize].num_clean_frames()[usize::from(slot.local)]
        };
        let all = 0..embeddings.len();
        Self { embeddings, scales: all.clone().map(scale).collect(), clean_frames: all.map(clean).collect() }
    }

    pub(super) fn embeddings(&self) -> &Embeddings {
        self.embeddings
    }

    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// The chunk of a row.
    pub(super) fn chunk(&self, row: usize) -> u32 {
        self.embeddings.slots[row].chunk
    }

    /// Frames of the chunk in which the slot is the only active one.
    pub(super) fn clean_frames(&self, row: usize) -> usize {
        self.clean_frames[row]
    }

    pub(super) fn raw(&self, row: usize) -> Vec<f64> {
        widened(self.embeddings.row(row))
    }

    pub(super) fn all_raw(&self) -> Vec<Vec<f64>> {
        (0..self.len()).map(|row| self.raw(row)).collect()
    }

    /// The row with norm 1.
    pub(super) fn unit(&self, row: usize) -> Vec<f64> {
        let scale = self.scales[row];
        self.embeddings.row(row).iter().map(|&value| f64::from(value) * scale).collect()
    }

    /// Cosine similarity of a row to a vector with norm 1.
    pub(super) fn cosine(&self, row: usize, unit: &[f64]) -> f64 {
        dot_narrow(self.embeddings.row(row), unit) * self.scales[row]
    }

    /// The highest cosine similarity to one of `units`.
    pub(super) fn highest(&self, row: usize, units: &[Vec<f64>]) -> f64 {
        units.iter().map(|unit| self.cosine(row, unit)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The most similar of `units`, the first among equals.
    pub(super) fn nearest(&self, row: usize, units: &[Vec<f64>]) -> usize {
        nearest(units, |unit| self.cosine(row, unit))
    }
}

/// Index of the vector with the highest similarity, the first among equals; 0 if there is none.
pub(super) fn nearest(units: &[Vec<f64>], similarity: impl Fn(&[f64]) -> f64) -> usize {
    let (mut best, mut highest) = (0, f64::NEG_INFINITY);
    for (index, unit) in units.iter().enumerate() {
        let similarity = similarity(unit);
        if similarity > highest {
            (best, highest) = (index, similarity);
        }
    }
    best
}
