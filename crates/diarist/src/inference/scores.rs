//! Scores of a chunk after the embedding, computed in one pass.
//!
//! Distances to the known speakers, activity, validity and the duration filter belong together:
//! each needs the masks or the norms of the embeddings, which are read once here. Without known
//! speakers, there are no distances.

use crate::analysis::EMBEDDING_DIMENSION;
use crate::segmentation::masks::{ChunkMasks, FrameMask};
use crate::segmentation::{FRAME_STEP_S, LOCAL_SPEAKERS};

/// Thresholds of [`score_chunk`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChunkScoreOptions {
    /// Least number of active frames of a valid local speaker. Default: 10 (0.17 s).
    pub min_active_frames: usize,
    /// Local speakers that are active for fewer seconds than this lose their frames. Default: 1.0.
    pub min_duration_s: f64,
}

impl Default for ChunkScoreOptions {
    fn default() -> Self {
        Self { min_active_frames: 10, min_duration_s: 1.0 }
    }
}

/// The scores of the local speakers of one chunk, from [`score_chunk`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChunkScores {
    /// Cosine distances `[3, num_known]`, row-major, in [0, 2]; infinite if either vector is zero
    /// or absent.
    pub distances: Vec<f32>,
    /// Active frames of each local speaker, overlapped frames included.
    pub activity: [usize; LOCAL_SPEAKERS],
    /// Whether each local speaker has an embedding and at least
    /// [`ChunkScoreOptions::min_active_frames`] active frames.
    pub valid: [bool; LOCAL_SPEAKERS],
    /// The masks without the local speakers that the duration filter drops.
    pub masks: ChunkMasks,
}

/// Compares the local speakers of one chunk with the known speakers.
///
/// - `embeddings`: one raw embedding of 256 values per local speaker, `None` where the speaker is
///   inactive
/// - `known`: row-major `[num_known, 256]`, possibly empty
///
/// `scores` is overwritten; its buffer is reused.
///
/// # Panics
/// If a vector does not have 256 values.
pub fn score_chunk(
    embeddings: &[Option<&[f32]>; LOCAL_SPEAKERS],
    known: &[f32],
    masks: &ChunkMasks,
    options: &ChunkScoreOptions,
    scores: &mut ChunkScores,
) {
    assert!(known.len().is_multiple_of(EMBEDDING_DIMENSION), "known speakers are rows of {EMBEDDING_DIMENSION}");
    scores.distances.clear();
    for embedding in embeddings {
        let rows = known.chunks_exact(EMBEDDING_DIMENSION);
        scores.distances.extend(rows.map(|row| embedding.map_or(f32::INFINITY, |x| cosine_distance(x, row))));
    }
    scores.activity = std::array::from_fn(|s| masks.speakers[s].count());
    scores.valid = std::array::from_fn(|s| embeddings[s].is_some() && scores.activity[s] >= options.min_active_frames);
    scores.masks.speakers = std::array::from_fn(|s| {
        let long_enough = scores.activity[s] as f64 * FRAME_STEP_S >= options.min_duration_s;
        if long_enough { masks.speakers[s] } else { FrameMask::default() }
    });
}

/// Cosine distance `1 - a.b / (|a| |b|)` in [0, 2]; infinite if either vector is zero.
///
/// # Panics
/// If the lengths differ from 256.
pub fn cosine_distance(a: &[f32], b: &[f32]) -> f32 {
    assert!(a.len() == EMBEDDING_DIMENSION && b.len() == EMBEDDING_DIMENSION);
    let (mut dot, mut norm_a, mut norm_b) = (0f64, 0f64, 0f64);
    for (&x, &y) in a.iter().zip(b) {
        let (x, y) = (f64::from(x), f64::from(y));
        dot += x * y;
        norm_a += x * x;
        norm_b += y * y;
    }
    if norm_a == 0.0 || norm_b == 0.0 {
        return f32::INFINITY;
    }
    (1.0 - (dot / (norm_a * norm_b).sqrt()).clamp(-1.0, 1.0)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(i: usize, scale: f32) -> Vec<f32> {
        let mut v = vec![0.0; EMBEDDING_DIMENSION];
        v[i] = scale;
        v
    }

    fn masks(frames: [usize; 3]) -> ChunkMasks {
        let mut masks = ChunkMasks::default();
        for (mask, n) in masks.speakers.iter_mut().zip(frames) {
            (0..n).for_each(|t| mask.insert(t));
        }
        masks
    }

    #[test]
    fn without_known_speakers_there_are_no_distances() {
        let e = axis(0, 1.0);
        let mut scores = ChunkScores { distances: vec![3.0; 7], ..ChunkScores::default() };
        score_chunk(&[Some(&e), None, None], &[], &masks([100, 0, 0]), &ChunkScoreOptions::default(), &mut scores);
        assert!(scores.distances.is_empty());
        assert_eq!(scores.valid, [true, false, false]);
        assert_eq!(scores.activity, [100, 0, 0]);
    }

    #[test]
    fn distances_are_scale_free_and_span_zero_to_two() {
        let known = [axis(0, 5.0), axis(1, 0.1), axis(0, -2.0), vec![0.0; EMBEDDING_DIMENSION]].concat();
        let e = axis(0, 3.0);
        let mut scores = ChunkScores::default();
        score_chunk(&[None, Some(&e), None], &known, &masks([0, 60, 0]), &ChunkScoreOptions::default(), &mut scores);
        assert_eq!(scores.distances[4..8], [0.0, 1.0, 2.0, f32::INFINITY]);
        assert!(scores.distances[..4].iter().all(|d| d.is_infinite()));
    }

    #[test]
    fn the_duration_filter_and_validity_have_their_own_limits() {
        let e = axis(0, 1.0);
        let mut scores = ChunkScores::default();
        // 59 frames last 0.996 s, and 60 frames last 1.0125 s.
        let input = masks([9, 59, 60]);
        score_chunk(&[Some(&e), Some(&e), Some(&e)], &e, &input, &ChunkScoreOptions::default(), &mut scores);
        assert_eq!(scores.valid, [false, true, true]);
        assert_eq!(scores.masks.speakers.map(|mask| mask.count()), [0, 0, 60]);
        assert_eq!(scores.activity, [9, 59, 60]);
    }
}
