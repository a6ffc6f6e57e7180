//! Speakers by VBx, block by block in long recordings. Those that are one person are joined: parts
//! of a long recording, or a brief speaker whom VBx has split.

use super::super::community1::speaker_sums;
use super::super::options::VbxOptions;
use super::super::plda::Plda;
use super::super::vectors::cosine_similarity;
use super::rows::Rows;

/// Most rows of a block. AHC takes time and memory with the square of it. At a step of 1 s, a block
/// is about half an hour of a conversation.
const MAX_BLOCK_ROWS: usize = 2500;

/// Cosine similarity from which two speakers are one person, by the number of rows of the
/// smaller one. Between the points, the limit is interpolated.
///
/// Measured on thirds of simulated meetings: with 40 rows or more, 99 % of the pairs of one person
/// are above 0.94, and 99 % of those of two people below 0.6; with 5 to 15 rows, above 0.55 and
/// below 0.46.
const LINK_LIMITS: [(f64, f64); 3] = [(10.0, 0.55), (25.0, 0.72), (60.0, 0.85)];

/// Centroids of the speakers, weighted means of raw embeddings of the rows `train`, of which there
/// must be two.
pub(super) fn find(rows: &Rows<'_>, train: &[usize], options: &VbxOptions, plda: &Plda) -> Vec<Vec<f64>> {
    let num_blocks = train.len().div_ceil(MAX_BLOCK_ROWS);
    let mut found = Vec::new();
    for block in 0..num_blocks {
        let block = &train[train.len() * block / num_blocks..train.len() * (block + 1) / num_blocks];
        let raw: Vec<Vec<f64>> = block.iter().map(|&row| rows.raw(row)).collect();
        found.extend(speaker_sums(&raw, options, plda));
    }
    link(&mut found);
    found.into_iter().map(|(sum, weight)| sum.into_iter().map(|value| value / weight).collect()).collect()
}

/// Joins the speakers that are one person: again and again the pair with the highest similarity
/// among those above their limit. A speaker is a sum of rows, with their number.
pub(super) fn link(speakers: &mut Vec<(Vec<f64>, f64)>) {
    let similarity = |a: &(Vec<f64>, f64), b: &(Vec<f64>, f64)| {
        let similarity = cosine_similarity(&a.0, &b.0);
        (similarity >= link_limit(a.1.min(b.1))).then_some(similarity)
    };
    // Of each speaker, the most similar earlier one that may be the same person.
    let best_before = |speakers: &[(Vec<f64>, f64)], index: usize| {
        let mut best: Option<(f64, usize)> = None;
        for other in 0..index {
            if let Some(similarity) = similarity(&speakers[other], &speakers[index])
                && best.is_none_or(|(highest, _)| similarity > highest)
            {
                best = Some((similarity, other));
            }
        }
        best
    };
    let mut best: Vec<_> = (0..speakers.len()).map(|index| best_before(speakers, index)).collect();
    loop {
        let mut pair: Option<(f64, usize, usize)> = None;
        for (index, entry) in best.iter().enumerate() {
            if let Some((similarity, other)) = *entry
                && pair.is_none_or(|(highest, ..)| similarity > highest)
            {
                pair = Some((similarity, other, index));
            }
        }
        let Some((_, into, from)) = pair else { return };
        let (sum, weight) = speakers.remove(from);
        best.remove(from);
        speakers[into].0.iter_mut().zip(&sum).for_each(|(total, value)| *total += value);
        speakers[into].1 += weight;
        for index in 0..speakers.len() {
            // Indices beyond the removed speaker have moved.
            let is_stale = index >= into && best[index].is_some_and(|(_, other)| other == into || other == from);
            if index == into || is_stale {
                best[index] = best_before(speakers, index);
            } else if let Some((_, other)) = &mut best[index] {
                *other -= usize::from(*other > from);
            }
            if index > into
                && let Some(now) = similarity(&speakers[into], &speakers[index])
                && best[index].is_none_or(|(highest, other)| now > highest || now == highest && into < other)
            {
                best[index] = Some((now, into));
            }
        }
    }
}

pub(super) fn link_limit(num_rows: f64) -> f64 {
    let [first, .., last] = LINK_LIMITS;
    let between = |[a, b]: &[(f64, f64); 2]| a.1 + (b.1 - a.1) * (num_rows - a.0) / (b.0 - a.0);
    match num_rows {
        few if few <= first.0 => first.1,
        many if many >= last.0 => last.1,
        _ => LINK_LIMITS.array_windows().find(|[_, b]| num_rows <= b.0).map_or(last.1, between),
    }
}
