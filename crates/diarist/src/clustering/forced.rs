//! Clustering into a given number of speakers, for methods that find a number that is not allowed.

use super::kmeans::kmeans;
use super::vectors::{cluster_means, norm, squared_distance, widened};
use crate::analysis::{EMBEDDING_DIMENSION, Embeddings};
use crate::error::{Error, ErrorKind, Result};

/// Centroids of exactly `num_clusters` clusters: K-means on unit vectors, centroids from the raw
/// embeddings.
///
/// Clusters `rows` if there are enough of them, otherwise every row (pyannote.audio fails in the
/// latter case).
///
/// # Errors
/// [`ErrorKind::SpeakerBounds`] if fewer than `num_clusters` embeddings are distinct.
pub(super) fn forced_centroids(embeddings: &Embeddings, rows: &[usize], num_clusters: usize) -> Result<Vec<Vec<f64>>> {
    let enough = |rows: &[usize]| rows.len() >= num_clusters;
    let all: Vec<usize> = (0..embeddings.len()).collect();
    let mut labels = None;
    for rows in [rows, &all] {
        if labels.is_none() && enough(rows) {
            labels = labels_without_gaps(embeddings, rows, num_clusters).map(|labels| (rows, labels));
        }
    }
    let Some((rows, labels)) = labels else {
        return Err(Error::new(
            ErrorKind::SpeakerBounds,
            format!("fewer than {num_clusters} different voices can be told apart in this recording"),
        )
        .hint("ask for fewer speakers"));
    };
    let raw: Vec<Vec<f64>> = rows.iter().map(|&row| widened(embeddings.row(row))).collect();
    Ok(cluster_means(raw.iter().map(Vec::as_slice), &labels, num_clusters, EMBEDDING_DIMENSION))
}

/// K-means labels in which every cluster has a row; `None` if too few rows are distinct.
fn labels_without_gaps(embeddings: &Embeddings, rows: &[usize], num_clusters: usize) -> Option<Vec<usize>> {
    let unit: Vec<f32> = rows.iter().flat_map(|&row| unit_row(embeddings.row(row))).collect();
    let mut labels = kmeans(&unit, EMBEDDING_DIMENSION, num_clusters);
    let vectors: Vec<Vec<f64>> = unit.chunks_exact(EMBEDDING_DIMENSION).map(widened).collect();
    while let Some(empty) = (0..num_clusters).find(|cluster| !labels.contains(cluster)) {
        let means = cluster_means(vectors.iter().map(Vec::as_slice), &labels, num_clusters, EMBEDDING_DIMENSION);
        let mut farthest = (0.0, None);
        for (index, vector) in vectors.iter().enumerate() {
            let distance = squared_distance(vector, &means[labels[index]]);
            // The mean of equal vectors differs from them by rounding alone, and two voices differ
            // by more than that.
            if distance > farthest.0 && distance > 1e-9 {
                farthest = (distance, Some(index));
            }
        }
        labels[farthest.1?] = empty;
    }
    Some(labels)
}

/// The embedding with norm 1, rounded to `f32` as pyannote.audio passes it to K-means.
pub(super) fn unit_row(embedding: &[f32]) -> Vec<f32> {
    let norm = norm(&widened(embedding)) as f32;
    let scale = if norm > 0.0 { norm } else { 1.0 };
    embedding.iter().map(|value| value / scale).collect()
}
