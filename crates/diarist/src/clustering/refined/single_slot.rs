//! The slot that becomes a speaker if more are asked for.
//!
//! A slot may be a person whom VBx has missed: it is like no speaker, or it is clearly the voice of
//! some seconds of speech. Any other slot is likely to be one of the speakers, so it takes as
//! little speech from them as it can: its voice must be more similar than theirs by a margin.

use super::super::vectors::normalised;
use super::rows::Rows;
use super::turn_taking::Voices;
use crate::analysis::Subsegments;

/// Clean frames of a slot that becomes a speaker, if there is such a slot: 0.5 s.
const MIN_CLEAN_FRAMES: usize = 30;
/// Slots that are compared.
const MAX_CANDIDATES: usize = 200;
/// Vectors with a higher similarity are equal but for rounding.
const EQUAL: f64 = 1.0 - 1e-9;
/// Gain in similarity from which a subsegment is clearly the voice of a slot.
const CLEAR: f64 = 0.3;
/// Clear subsegments of a person, 3.6 s, and the similarity to speakers up to which one is enough.
const MIN_CLEAR: usize = 8;
const UNLIKE: f64 = 0.1;
/// Share of the largest gain of a subsegment that is the margin.
const MARGIN: f64 = 0.9;
/// Factor of a gain in the logistic function for the speech that is taken from others, as in the
/// evidence of the timeline.
const SHARPNESS: f64 = 15.0;

/// A slot that becomes a speaker.
pub(super) struct Slot {
    pub(super) row: usize,
    /// How much more similar to it a voice must be than to others.
    pub(super) margin: f64,
}

/// The best slot; `None` if all are equal to a centroid.
pub(super) fn find(rows: &Rows<'_>, subsegments: &Subsegments, centroids: &[Vec<f64>]) -> Option<Slot> {
    let units: Vec<Vec<f64>> = centroids.iter().map(|centroid| normalised(centroid)).collect();
    let voices = Voices::new(subsegments);
    let nearest: Vec<f64> = (0..rows.len()).map(|row| rows.highest(row, &units)).collect();
    let nearest_of_subsegments: Vec<f64> = (0..voices.len()).map(|row| voices.highest(row, &units)).collect();
    let mut best: Option<(Rank, Slot)> = None;
    for row in candidates(rows, &nearest) {
        let unit = rows.unit(row);
        let gains: Vec<f64> =
            (0..voices.len()).map(|other| voices.cosine(other, &unit) - nearest_of_subsegments[other]).collect();
        let (rank, margin) = judged(&gains, nearest[row]);
        if best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
            best = Some((rank, Slot { row, margin }));
        }
    }
    best.map(|(_, slot)| slot)
}

/// The slots with enough clean speech, the least similar to speakers first.
fn candidates(rows: &Rows<'_>, nearest: &[f64]) -> Vec<usize> {
    let mut candidates: Vec<usize> = (0..nearest.len()).filter(|&row| nearest[row] < EQUAL).collect();
    if candidates.iter().any(|&row| rows.clean_frames(row) >= MIN_CLEAN_FRAMES) {
        candidates.retain(|&row| rows.clean_frames(row) >= MIN_CLEAN_FRAMES);
    }
    candidates.sort_by(|&a, &b| nearest[a].total_cmp(&nearest[b]));
    candidates.truncate(MAX_CANDIDATES);
    candidates
}

/// Whether a slot is a person, whether any subsegment is more similar to it than to the speakers,
/// and how good it is among its like.
type Rank = (bool, bool, f64);

/// Rank and margin of a slot by the gains in similarity of all subsegments, and by its own highest
/// similarity to a speaker.
fn judged(gains: &[f64], nearest: f64) -> (Rank, f64) {
    let highest = gains.iter().copied().fold(0.0, f64::max);
    let num_clear = gains.iter().filter(|&&gain| gain > CLEAR).count();
    if num_clear >= MIN_CLEAR || (num_clear > 0 && nearest <= UNLIKE) {
        let total: f64 = gains.iter().map(|gain| (gain - CLEAR).max(0.0)).sum();
        return ((true, true, total), 0.0);
    }
    let margin = MARGIN * highest;
    let taken: f64 = gains.iter().map(|gain| 1.0 / (1.0 + (-SHARPNESS * (gain - margin)).exp())).sum();
    ((false, highest > 0.0, -taken), margin)
}
