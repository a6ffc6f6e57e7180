//! The clustering of pyannote community-1.
//!
//! Source: pyannote.audio 4 `pipelines/clustering.py`, `VBxClustering`. AHC of unit vectors gives
//! the initial clusters of VBx, which works on PLDA features. The responsibilities weight the raw
//! embeddings into centroids, and every slot is assigned to a centroid.

use super::forced::forced_centroids;
use super::linkage::{centroid_linkage, flat_clusters};
use super::options::VbxOptions;
use super::slots::{Similarities, rows_with_clean_speech, widened_rows};
use super::vbx::vbx;
use super::vectors::{mean, normalised};
use super::{Clusters, Plda, SpeakerBounds};
use crate::analysis::{EMBEDDING_DIMENSION, Embeddings};
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;

/// Share of a chunk in which a slot must be the only active one to take part in the search for
/// speakers.
pub(super) const MIN_CLEAN_RATIO: f64 = 0.2;

/// VBx has removed the speakers with a smaller prior than this.
const MIN_PRIOR: f64 = 1e-7;

/// Steps 1 to 7 of the method. At least `bounds.min()` rows must exist.
pub(super) fn cluster(
    embeddings: &Embeddings,
    masks: &[ChunkMasks],
    options: &VbxOptions,
    bounds: SpeakerBounds,
    plda: &Plda,
) -> Result<Clusters> {
    let rows = widened_rows(embeddings);
    let train_rows = rows_with_clean_speech(embeddings, masks, MIN_CLEAN_RATIO);
    let train: Vec<Vec<f64>> = train_rows.iter().map(|&row| rows[row].clone()).collect();
    let mut centroids = match train.len() {
        0 => vec![mean(&rows)],
        1 => train.clone(),
        _ => speaker_centroids(&train, options, plda),
    };
    // pyannote assigns without the constraint if it did not cluster.
    let mut constrained = options.constrained_assignment && train.len() >= 2;
    let wanted = bounds.clamp(centroids.len());
    if wanted != centroids.len() {
        centroids = forced_centroids(embeddings, &train_rows, wanted)?;
        constrained = false;
    }
    let similarities = Similarities::new(&rows, &centroids);
    let mut hard = if constrained { similarities.constrained(embeddings)? } else { similarities.most_similar() };
    similarities.occupy(&mut hard, bounds.min());
    Ok(Clusters::new(hard, &centroids))
}

/// Puts all slots into one cluster, which is the result for exactly one speaker.
pub(super) fn one_cluster(embeddings: &Embeddings, masks: &[ChunkMasks]) -> Clusters {
    let rows = widened_rows(embeddings);
    let train_rows = rows_with_clean_speech(embeddings, masks, MIN_CLEAN_RATIO);
    let train: Vec<Vec<f64>> = train_rows.iter().map(|&row| rows[row].clone()).collect();
    let centroid = mean(if train.is_empty() { &rows } else { &train });
    Clusters::new(vec![Some(0); rows.len()], &[centroid])
}

/// The speakers that VBx keeps, as means of the raw embeddings.
fn speaker_centroids(train: &[Vec<f64>], options: &VbxOptions, plda: &Plda) -> Vec<Vec<f64>> {
    let sums = speaker_sums(train, options, plda).into_iter();
    sums.map(|(sum, total)| sum.into_iter().map(|value| value / total).collect()).collect()
}

/// The speakers that VBx keeps: sums of the raw embeddings, weighted by the responsibilities, and
/// the sums of these weights.
pub(super) fn speaker_sums(train: &[Vec<f64>], options: &VbxOptions, plda: &Plda) -> Vec<(Vec<f64>, f64)> {
    let outcome = vbx(&plda.transform(train), plda.phi(), &initial_labels(train, options.threshold), options);
    let num_speakers = outcome.pi.len();
    let kept = (0..num_speakers).filter(|&speaker| outcome.pi[speaker] > MIN_PRIOR);
    kept.map(|speaker| {
        let mut centroid = vec![0.0; EMBEDDING_DIMENSION];
        let mut total = 0.0;
        for (responsibilities, embedding) in outcome.gamma.chunks_exact(num_speakers).zip(train) {
            let weight = responsibilities[speaker];
            total += weight;
            for (sum, value) in centroid.iter_mut().zip(embedding) {
                *sum += weight * value;
            }
        }
        (centroid, total)
    })
    .collect()
}

/// Clusters the unit vectors by AHC. The labels start at 0 and have no gaps.
pub(super) fn initial_labels(train: &[Vec<f64>], threshold: f64) -> Vec<usize> {
    let vectors: Vec<f64> = train.iter().flat_map(|row| normalised(row)).collect();
    let merges = centroid_linkage(vectors, train.len(), EMBEDDING_DIMENSION);
    flat_clusters(&merges, train.len(), threshold, |step| merges[step].height)
}
