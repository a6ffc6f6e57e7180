//! The result of clustering.

use std::collections::BTreeSet;

/// The result of clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// For each row of [`crate::analysis::Embeddings`]: its cluster, or `None` if the constrained assignment left it out.
    pub hard: Vec<Option<u32>>,
    /// One centroid per cluster, 256 raw (not normalised) values each.
    ///
    /// A cluster that no slot was assigned to keeps its place here and its number, as in pyannote.audio.
    pub centroids: Vec<Vec<f32>>,
}

impl Clusters {
    /// Number of clusters with a slot.
    pub(crate) fn num_occupied(&self) -> usize {
        self.hard.iter().flatten().collect::<BTreeSet<_>>().len()
    }

    pub(crate) fn new(hard: Vec<Option<u32>>, centroids: &[Vec<f64>]) -> Self {
        let narrowed = |centroid: &Vec<f64>| centroid.iter().map(|&value| value as f32).collect();
        Self { hard, centroids: centroids.iter().map(narrowed).collect() }
    }
}
