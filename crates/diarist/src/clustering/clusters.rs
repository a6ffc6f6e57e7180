//! The result of clustering.

use std::collections::BTreeSet;

/// The result of clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The cluster of each row of [`crate::analysis::Embeddings`]; `None` if the constrained
    /// assignment left the row out.
    pub hard: Vec<Option<u32>>,
    /// One centroid per cluster, 256 raw (not normalised) values each.
    ///
    /// As in pyannote.audio, a cluster without a slot keeps its number and its centroid here.
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
