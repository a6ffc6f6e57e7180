//! The result of clustering.

use std::collections::BTreeSet;

use super::NumberPosterior;

/// The result of clustering.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clusters {
    /// The cluster of each row of [`crate::analysis::Embeddings`]; `None` if the constrained
    /// assignment left the row out.
    pub hard: Vec<Option<u32>>,
    /// One centroid per cluster, 256 raw (not normalised) values each.
    ///
    /// As in pyannote.audio, a cluster without a slot keeps its number and its centroid here.
    pub centroids: Vec<Vec<f32>>,
    /// Probabilities of the numbers of speakers. `None` if an exact number is told, or if they are
    /// not known: for other methods than [`Method::Refined`](super::Method::Refined), for a single
    /// chunk, and without subsegments.
    pub number: Option<NumberPosterior>,
}

impl Clusters {
    /// Number of clusters with a slot.
    pub(crate) fn num_occupied(&self) -> usize {
        self.hard.iter().flatten().collect::<BTreeSet<_>>().len()
    }

    pub(crate) fn new(hard: Vec<Option<u32>>, centroids: &[Vec<f64>]) -> Self {
        let narrowed = |centroid: &Vec<f64>| centroid.iter().map(|&value| value as f32).collect();
        Self { hard, centroids: centroids.iter().map(narrowed).collect(), ..Self::default() }
    }
}
