//! Assigns every slot to a cluster by the similarity of its embedding to the centroids.
//!
//! Source: pyannote.audio `pipelines/clustering.py`, `filter_embeddings` and `constrained_argmax`.

use rayon::prelude::*;

use super::vectors::{cosine_similarity, widened};
use crate::analysis::{EMBEDDING_DIMENSION, Embeddings};
use crate::assignment::{Objective, assign};
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

/// Rows whose slot is the only active one in at least `min_ratio` of the frames of its chunk.
pub(super) fn rows_with_clean_speech(embeddings: &Embeddings, masks: &[ChunkMasks], min_ratio: f64) -> Vec<usize> {
    let min_frames = min_ratio * FRAMES_PER_CHUNK as f64;
    let clean_frames = |row: usize| {
        let slot = embeddings.slots[row];
        masks[slot.chunk as usize].clean()[usize::from(slot.local)].count()
    };
    (0..embeddings.len()).filter(|&row| clean_frames(row) as f64 >= min_frames).collect()
}

/// All embeddings in `f64`.
pub(super) fn widened_rows(embeddings: &Embeddings) -> Vec<Vec<f64>> {
    embeddings.values.chunks_exact(EMBEDDING_DIMENSION).map(widened).collect()
}

/// Cosine similarity of every row to every centroid, `[rows, centroids]`, row-major.
pub(super) struct Similarities {
    values: Vec<f64>,
    num_clusters: usize,
}

impl Similarities {
    pub(super) fn new(rows: &[Vec<f64>], centroids: &[Vec<f64>]) -> Self {
        let values = rows
            .par_iter()
            .flat_map_iter(|row| centroids.iter().map(|centroid| cosine_similarity(row, centroid)))
            .collect();
        Self { values, num_clusters: centroids.len() }
    }

    /// As [`Self::new`], for all embeddings.
    pub(super) fn of_embeddings(embeddings: &Embeddings, centroids: &[Vec<f64>]) -> Self {
        let rows = embeddings.values.par_chunks_exact(EMBEDDING_DIMENSION);
        let values = rows
            .flat_map_iter(|row| {
                let row = widened(row);
                centroids.iter().map(move |centroid| cosine_similarity(&row, centroid))
            })
            .collect();
        Self { values, num_clusters: centroids.len() }
    }

    /// The similarities, less a margin of each of the first clusters.
    pub(super) fn less(mut self, margins: &[f64]) -> Self {
        for row in self.values.chunks_exact_mut(self.num_clusters.max(1)) {
            row.iter_mut().zip(margins).for_each(|(value, margin)| *value -= margin);
        }
        self
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.num_clusters..][..self.num_clusters]
    }

    fn num_rows(&self) -> usize {
        self.values.len() / self.num_clusters.max(1)
    }

    /// The most similar centroid of each row. Among equals, the first wins.
    pub(super) fn most_similar(&self) -> Vec<Option<u32>> {
        (0..self.num_rows())
            .map(|row| {
                let mut best = 0;
                for (cluster, similarity) in self.row(row).iter().enumerate() {
                    if *similarity > self.row(row)[best] {
                        best = cluster;
                    }
                }
                Some(best as u32)
            })
            .collect()
    }

    /// The assignment with the largest sum of similarities in each chunk. No cluster occurs twice
    /// in a chunk.
    ///
    /// If a chunk has more slots than there are clusters, the slots left over get `None`.
    pub(super) fn constrained(&self, embeddings: &Embeddings) -> Result<Vec<Option<u32>>> {
        let lowest = self.values.iter().copied().fold(f64::INFINITY, f64::min) - 1.0;
        let mut hard = vec![None; self.num_rows()];
        let mut first = 0;
        for of_chunk in embeddings.slots.chunk_by(|a, b| a.chunk == b.chunk) {
            // Missing slots take part with a similarity below all others, so that ties end as in
            // pyannote.
            let mut matrix = vec![lowest; LOCAL_SPEAKERS * self.num_clusters];
            for (offset, slot) in of_chunk.iter().enumerate() {
                let local = usize::from(slot.local);
                matrix[local * self.num_clusters..][..self.num_clusters].copy_from_slice(self.row(first + offset));
            }
            for (local, cluster) in assign(&matrix, LOCAL_SPEAKERS, self.num_clusters, Objective::Maximise)? {
                if let Some(offset) = of_chunk.iter().position(|slot| usize::from(slot.local) == local) {
                    hard[first + offset] = Some(cluster as u32);
                }
            }
            first += of_chunk.len();
        }
        Ok(hard)
    }

    /// The assignment by [`sharing`] in each chunk.
    pub(super) fn sharing(&self, embeddings: &Embeddings, cost: f64) -> Vec<Option<u32>> {
        let mut hard = Vec::with_capacity(self.num_rows());
        for of_chunk in embeddings.slots.chunk_by(|a, b| a.chunk == b.chunk) {
            let first = hard.len() * self.num_clusters;
            let similarities = &self.values[first..][..of_chunk.len() * self.num_clusters];
            hard.extend(sharing(similarities, self.num_clusters, cost).into_iter().map(|cluster| Some(cluster as u32)));
        }
        hard
    }

    /// Gives slots to empty clusters until at least `wanted` clusters have one. pyannote warns
    /// instead.
    ///
    /// Each step takes the most similar pair of an empty cluster and a slot that its cluster can
    /// spare; among equals, the first. There must be at least `wanted` rows and clusters.
    pub(super) fn occupy(&self, hard: &mut [Option<u32>], wanted: usize) {
        let mut sizes = vec![0_usize; self.num_clusters];
        for cluster in hard.iter().flatten() {
            sizes[*cluster as usize] += 1;
        }
        while sizes.iter().filter(|&&size| size > 0).count() < wanted {
            let mut best: Option<(f64, usize, usize)> = None;
            for cluster in (0..self.num_clusters).filter(|&cluster| sizes[cluster] == 0) {
                for (row, old) in hard.iter().enumerate() {
                    let can_spare = old.is_none_or(|old| sizes[old as usize] > 1);
                    let similarity = self.row(row)[cluster];
                    if can_spare && best.is_none_or(|(highest, ..)| similarity > highest) {
                        best = Some((similarity, cluster, row));
                    }
                }
            }
            let Some((_, cluster, row)) = best else { return };
            if let Some(old) = hard[row].replace(cluster as u32) {
                sizes[old as usize] -= 1;
            }
            sizes[cluster] = 1;
        }
    }
}

/// The clusters of the slots of one chunk with the largest sum of similarities, in which two slots
/// may share a cluster at the price of `cost`. Among equals, the first wins.
///
/// `similarities` has shape `[slots, num_clusters]`, with at most three slots.
pub(crate) fn sharing(similarities: &[f64], num_clusters: usize, cost: f64) -> Vec<usize> {
    let rows: Vec<&[f64]> = similarities.chunks_exact(num_clusters.max(1)).collect();
    let choices: Vec<Vec<usize>> = rows.iter().map(|row| most_similar(row, LOCAL_SPEAKERS)).collect();
    let mut best: Option<(f64, Vec<usize>)> = None;
    let num_choices: usize = choices.iter().map(Vec::len).product();
    for number in 0..num_choices {
        let mut rest = number;
        let mut chosen = Vec::with_capacity(rows.len());
        // The last slot changes fastest.
        for choice in choices.iter().rev() {
            chosen.push(choice[rest % choice.len()]);
            rest /= choice.len();
        }
        chosen.reverse();
        let similarity: f64 = chosen.iter().zip(&rows).map(|(&cluster, row)| row[cluster]).sum();
        let num_shared = (1..chosen.len()).filter(|&slot| chosen[..slot].contains(&chosen[slot])).count();
        let value = similarity - cost * num_shared as f64;
        if best.as_ref().is_none_or(|(highest, _)| value > *highest) {
            best = Some((value, chosen));
        }
    }
    best.map(|(_, chosen)| chosen).unwrap_or_default()
}

/// The `num` most similar clusters of a row, the most similar first; equal ones by their number.
fn most_similar(similarities: &[f64], num: usize) -> Vec<usize> {
    let mut clusters: Vec<usize> = (0..similarities.len()).collect();
    clusters.sort_by(|&a, &b| similarities[b].total_cmp(&similarities[a]));
    clusters.truncate(num);
    clusters
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{chunk_with, embeddings_of};
    use super::*;

    fn similarities(values: &[f64], num_clusters: usize) -> Similarities {
        Similarities { values: values.to_vec(), num_clusters }
    }

    #[test]
    fn slots_need_a_fifth_of_a_chunk_of_clean_speech() {
        // A fifth of a chunk is 117.8 frames, so 117 clean frames are too few and 118 are enough.
        // Overlapped frames do not count.
        let masks = [chunk_with([0..117, 300..418, 0..0]), chunk_with([0..200, 100..589, 0..0])];
        let embeddings = embeddings_of(&masks);
        assert_eq!(rows_with_clean_speech(&embeddings, &masks, 0.2), [1, 3]);
        assert_eq!(rows_with_clean_speech(&embeddings, &masks, 0.0), [0, 1, 2, 3]);
    }

    #[test]
    fn a_margin_keeps_slots_from_a_cluster() {
        let values = [0.5, 0.4, 0.9, 0.1, 0.6, 0.0];
        assert_eq!(similarities(&values, 2).most_similar(), [Some(0), Some(0), Some(0)]);
        assert_eq!(similarities(&values, 2).less(&[0.2]).most_similar(), [Some(1), Some(0), Some(0)]);
    }

    #[test]
    fn the_first_of_equally_similar_centroids_wins() {
        let hard = similarities(&[0.5, 0.5, -1.0, 0.2, 0.3, 0.3], 3).most_similar();
        assert_eq!(hard, [Some(0), Some(1)]);
    }

    #[test]
    fn slots_of_one_chunk_are_kept_apart() {
        let masks = [chunk_with([0..50, 60..90, 100..200]), chunk_with([0..0, 0..10, 0..0])];
        let embeddings = embeddings_of(&masks);
        // Slots 0 and 1 both prefer cluster 0. The sum is largest if slot 1 gets it. Slot 2 is left
        // out.
        let two = similarities(&[0.9, 0.8, 0.9, 0.1, 0.2, 0.1, 0.7, 0.6], 2);
        assert_eq!(two.constrained(&embeddings).unwrap(), [Some(1), Some(0), None, Some(0)]);
        let one = similarities(&[0.9, 0.95, 0.2, -0.7], 1);
        assert_eq!(one.constrained(&embeddings).unwrap(), [None, Some(0), None, Some(0)]);
    }

    #[test]
    fn slots_of_a_chunk_share_a_cluster_if_they_gain_more_than_it_costs() {
        let masks = [chunk_with([0..50, 60..90, 100..200]), chunk_with([0..0, 0..10, 0..0])];
        let embeddings = embeddings_of(&masks);
        // All three slots of the first chunk prefer cluster 0. Slot 1 loses 0.1 by another cluster,
        // slot 2 loses 0.4.
        let three = similarities(&[0.9, 0.1, 0.2, 0.8, 0.7, 0.1, 0.9, 0.5, 0.4, 0.1, 0.3, 0.2], 3);
        for (cost, expected) in [(0.05, [0, 0, 0, 1]), (0.2, [0, 1, 0, 1]), (0.4, [0, 1, 0, 1]), (0.6, [0, 1, 2, 1])] {
            assert_eq!(three.sharing(&embeddings, cost), expected.map(Some), "{cost}");
        }
        // If there are fewer clusters than slots, some are shared at any cost.
        let two = similarities(&[0.9, 0.8, 0.9, 0.1, 0.2, 0.0, 0.7, 0.6], 2);
        assert_eq!(two.sharing(&embeddings, 4.0), [1, 0, 0, 0].map(Some));
        assert_eq!(similarities(&[0.9, 0.95, 0.2, -0.7], 1).sharing(&embeddings, 4.0), [Some(0); 4]);
        // Among equals, the first wins.
        assert_eq!(similarities(&[0.5; 12], 3).sharing(&embeddings, 0.1), [0, 1, 2, 0].map(Some));
    }

    #[test]
    fn empty_clusters_take_the_most_similar_slot_that_can_be_spared() {
        let three = similarities(&[0.9, 0.5, 0.1, 0.8, 0.6, 0.3, 0.7, 0.2, 0.4], 3);
        let mut hard = vec![Some(0), Some(0), Some(0)];
        three.occupy(&mut hard, 2);
        assert_eq!(hard, [Some(0), Some(1), Some(0)]);
        three.occupy(&mut hard, 3);
        assert_eq!(hard, [Some(0), Some(1), Some(2)]);
        let mut hard = vec![Some(0), None, Some(1)];
        three.occupy(&mut hard, 3);
        assert_eq!(hard, [Some(0), Some(2), Some(1)], "only the slot that was left out can be spared");
    }
}
