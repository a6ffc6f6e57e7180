//! The result of clustering.

use std::collections::BTreeSet;

use super::NumberPosterior;

/// Factor of a margin that is lowered.
const STEP: f32 = 0.8;
/// Smallest margin that makes a difference.
const MIN_MARGIN: f32 = 0.02;

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
    /// How much more similar a voice must be to each cluster than to all others to belong to it: 0,
    /// but for clusters that exist only because their number was asked for. May end early.
    pub margins: Vec<f32>,
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

    /// Lowers the margins of these clusters. Returns whether there are any.
    pub(crate) fn lower_margins(&mut self, is_low: impl Fn(u32) -> bool) -> bool {
        let mut is_any = false;
        for (_, margin) in (0..).zip(&mut self.margins).filter(|(cluster, margin)| **margin > 0.0 && is_low(*cluster)) {
            let lower = *margin * STEP;
            *margin = if lower < MIN_MARGIN { 0.0 } else { lower };
            is_any = true;
        }
        is_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_lowered_until_none_is_left() {
        let mut clusters = Clusters { margins: vec![0.0, 0.4, 0.024], ..Clusters::default() };
        assert!(!clusters.lower_margins(|cluster| cluster == 0), "there is no margin");
        assert!(clusters.lower_margins(|cluster| cluster > 0));
        assert_eq!(clusters.margins, [0.0, 0.4 * STEP, 0.0]);
        assert!(!clusters.lower_margins(|cluster| cluster == 2));
        assert_eq!((0..100).take_while(|_| clusters.lower_margins(|_| true)).count(), 13);
        assert_eq!(clusters.margins, [0.0; 3]);
    }
}
