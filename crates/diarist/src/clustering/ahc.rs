//! The clustering of pyannote speaker-diarization-3.1.
//!
//! Source: pyannote.audio 3.4 `pipelines/clustering.py`, `AgglomerativeClustering` with
//! `method="centroid"`. Every slot takes part, even one with little speech.

use super::forced::forced_centroids;
use super::linkage::{Merge, centroid_linkage, flat_clusters};
use super::options::AhcOptions;
use super::slots::{Similarities, widened_rows};
use super::vectors::{cluster_means, cosine_similarity, normalised};
use super::{Clusters, SpeakerBounds};
use crate::analysis::{EMBEDDING_DIMENSION, Embeddings};
use crate::error::Result;

/// The smallest cluster size is at most this share of the number of embeddings.
const MAX_SIZE_RATIO: f64 = 0.1;

/// Clusters all rows. There must be at least one row, and at least `bounds.min()` of them.
///
/// If no cut of the tree has an allowed number of speakers, K-means makes that number of clusters;
/// pyannote.audio only warns.
pub(super) fn cluster(embeddings: &Embeddings, options: &AhcOptions, bounds: SpeakerBounds) -> Result<Clusters> {
    let rows = widened_rows(embeddings);
    let labels = labels(&rows, options, bounds);
    let num_clusters = labels.iter().max().map_or(0, |max| max + 1);
    let wanted = bounds.clamp(num_clusters);
    let centroids = if wanted == num_clusters {
        cluster_means(rows.iter().map(Vec::as_slice), &labels, num_clusters, EMBEDDING_DIMENSION)
    } else {
        forced_centroids(embeddings, &(0..rows.len()).collect::<Vec<_>>(), wanted)?
    };
    let similarities = Similarities::new(&rows, &centroids);
    let mut hard = similarities.most_similar();
    similarities.occupy(&mut hard, bounds.min());
    Ok(Clusters::new(hard, &centroids))
}

/// A cut of the tree, with the number of its clusters that are large enough.
struct Cut {
    labels: Vec<usize>,
    sizes: Vec<usize>,
    num_large: usize,
}

impl Cut {
    fn new(labels: Vec<usize>, min_size: usize) -> Self {
        let mut sizes = vec![0_usize; labels.iter().max().map_or(0, |max| max + 1)];
        for &label in &labels {
            sizes[label] += 1;
        }
        let num_large = sizes.iter().filter(|&&size| size >= min_size).count();
        Self { labels, sizes, num_large }
    }
}

/// Labels from 0 without gaps. The number of clusters is as near to an allowed one as the cuts of
/// the tree permit.
pub(super) fn labels(rows: &[Vec<f64>], options: &AhcOptions, bounds: SpeakerBounds) -> Vec<usize> {
    let num_rows = rows.len();
    if num_rows < 2 {
        return vec![0; num_rows];
    }
    let size_limit = (MAX_SIZE_RATIO * num_rows as f64).round_ties_even() as usize;
    let min_size = options.min_cluster_size.min(size_limit.max(1));
    let unit: Vec<Vec<f64>> = rows.iter().map(|row| normalised(row)).collect();
    let merges = centroid_linkage(unit.concat(), num_rows, EMBEDDING_DIMENSION);
    let by_height = flat_clusters(&merges, num_rows, options.threshold, |step| merges[step].height);
    let mut cut = Cut::new(by_height, min_size);
    let wanted = bounds.clamp(cut.num_large);
    // Without a large cluster, pyannote also searches a cut for the smallest allowed number, which
    // is then 1.
    if wanted != cut.num_large {
        cut = search_cut(&merges, num_rows, min_size, wanted, options.threshold);
    }
    without_small_clusters(&unit, cut, min_size)
}

/// Tries the cuts after each number of merges, starting with those whose last merge is nearest to
/// `threshold`, until a cut has `wanted` large clusters. If none has, returns the cut that comes
/// nearest to it.
fn search_cut(merges: &[Merge], num_rows: usize, min_size: usize, wanted: usize, threshold: f64) -> Cut {
    let cut_at =
        |last_step: usize| Cut::new(flat_clusters(merges, num_rows, last_step as f64, |step| step as f64), min_size);
    let distance_to_threshold = |step: &usize| (merges[*step].height - threshold).abs();
    let mut steps: Vec<usize> = (0..merges.len()).collect();
    steps.sort_by(|a, b| distance_to_threshold(a).total_cmp(&distance_to_threshold(b)));
    let (mut best_step, mut best_num_large) = (merges.len(), 1_usize);
    for step in steps {
        if merges[step].size < min_size {
            continue;
        }
        let cut = cut_at(step);
        if cut.num_large == wanted {
            return cut;
        }
        if cut.num_large.abs_diff(wanted) < best_num_large.abs_diff(wanted) {
            (best_step, best_num_large) = (step, cut.num_large);
        }
    }
    cut_at(best_step)
}

/// Moves every small cluster into the large cluster with the most similar mean.
fn without_small_clusters(unit: &[Vec<f64>], cut: Cut, min_size: usize) -> Vec<usize> {
    if cut.num_large == 0 {
        return vec![0; cut.labels.len()];
    }
    let means = cluster_means(unit.iter().map(Vec::as_slice), &cut.labels, cut.sizes.len(), EMBEDDING_DIMENSION);
    let large: Vec<usize> = (0..cut.sizes.len()).filter(|&label| cut.sizes[label] >= min_size).collect();
    let new_labels: Vec<usize> = (0..cut.sizes.len())
        .map(|label| {
            if let Some(position) = large.iter().position(|&other| other == label) {
                return position;
            }
            let (mut best, mut highest) = (0, f64::NEG_INFINITY);
            for (position, &other) in large.iter().enumerate() {
                let similarity = cosine_similarity(&means[label], &means[other]);
                if similarity > highest {
                    (best, highest) = (position, similarity);
                }
            }
            best
        })
        .collect();
    cut.labels.into_iter().map(|label| new_labels[label]).collect()
}
