//! Splits clusters that are two people by the segmentation: chunks hear two of their local speakers
//! side by side, and the difference is always the same.
//!
//! The segmentation takes one person for two now and then, but then the difference has no constant
//! direction, or it is small.

use super::super::vectors::normalised;
use super::rows::Rows;
use super::two_groups::{Directions, TwoGroups, differences, two_means};
use crate::analysis::EMBEDDING_DIMENSION;

/// Clean frames that a slot needs: 1.5 s.
const MIN_CLEAN_FRAMES: usize = 90;
/// Chunks that a cluster needs with two of its slots side by side.
const MIN_PAIRS: usize = 3;
/// Share of the pairs that the nearest of two means must part.
const MIN_AGREEMENT: f64 = 0.8;
/// Cosine similarity of the two means up to which a few pairs are enough.
const FAR: f64 = 0.6;
/// Cosine similarity up to which a cluster is split if at least [`MANY_PAIRS`] of its chunks have a
/// pair. Halves of one voice have more, two alike voices less.
const NEAR: f64 = 0.84;
const MANY_PAIRS: f64 = 0.2;
/// Share of the slots that the smaller of two people must have. Fewer are noise, or single mistakes
/// of the segmentation.
const MIN_SHARE: f64 = 0.1;
/// Rounds, each of which may split every cluster.
const MAX_ROUNDS: usize = 3;

/// The centroids after all splits. New ones have the norm of the split one.
pub(super) fn split(rows: &Rows<'_>, mut centroids: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let candidates: Vec<usize> = (0..rows.len()).filter(|&row| rows.clean_frames(row) >= MIN_CLEAN_FRAMES).collect();
    for _ in 0..MAX_ROUNDS {
        let units: Vec<Vec<f64>> = centroids.iter().map(|centroid| normalised(centroid)).collect();
        let mut of_clusters = vec![Vec::new(); centroids.len()];
        for &row in &candidates {
            of_clusters[rows.nearest(row, &units)].push(row);
        }
        let num_before = centroids.len();
        for (cluster, members) in of_clusters.into_iter().enumerate() {
            if let Some(people) = Members::new(rows, members).people() {
                people.replace(&mut centroids, cluster);
            }
        }
        if centroids.len() == num_before {
            break;
        }
    }
    centroids
}

/// The slots of a cluster.
struct Members<'a> {
    rows: &'a Rows<'a>,
    members: Vec<usize>,
    /// Positions in `members` of two slots of the same chunk.
    pairs: Vec<(usize, usize)>,
    num_chunks: usize,
}

impl<'a> Members<'a> {
    fn new(rows: &'a Rows<'a>, members: Vec<usize>) -> Self {
        let (mut pairs, mut num_chunks, mut position) = (Vec::new(), 0, 0);
        for of_chunk in members.chunk_by(|&a, &b| rows.chunk(a) == rows.chunk(b)) {
            if of_chunk.len() > 1 {
                pairs.push((position, position + 1));
            }
            num_chunks += 1;
            position += of_chunk.len();
        }
        Self { rows, members, pairs, num_chunks }
    }

    /// The groups of two people, if the cluster is two people.
    fn people(&self) -> Option<TwoGroups> {
        if self.pairs.len() < MIN_PAIRS {
            return None;
        }
        let groups = self.groups()?;
        let differences = differences(self, &groups.means);
        let parted = self.pairs.iter().filter(|(a, b)| (differences[*a] > 0.0) != (differences[*b] > 0.0)).count();
        let has_many = self.pairs.len() as f64 >= MANY_PAIRS * self.num_chunks as f64;
        let limit = if has_many { NEAR } else { FAR };
        let are_two = parted as f64 >= MIN_AGREEMENT * self.pairs.len() as f64
            && groups.similarity() <= limit
            && groups.smaller() as f64 >= MIN_SHARE * self.members.len() as f64;
        are_two.then_some(groups)
    }

    /// The best of several results of 2-means that part every pair.
    fn groups(&self) -> Option<TwoGroups> {
        let last = self.pairs.len() - 1;
        let mut best: Option<(f64, TwoGroups)> = None;
        for seed in [0, last / 2, last] {
            let (a, b) = self.pairs[seed];
            let seeds = [a, b].map(|position| self.rows.unit(self.members[position]));
            let start = differences(self, &seeds).iter().map(|difference| *difference < 0.0).collect();
            let part_pairs = |differences: &[f64], is_second: &mut [bool]| {
                for &(a, b) in &self.pairs {
                    (is_second[a], is_second[b]) =
                        if differences[a] >= differences[b] { (false, true) } else { (true, false) };
                }
            };
            let Some(groups) = two_means(self, EMBEDDING_DIMENSION, start, part_pairs) else { continue };
            let fit = (0..self.members.len())
                .map(|position| self.cosine(position, &groups.means[usize::from(groups.is_second[position])]))
                .sum::<f64>();
            if best.as_ref().is_none_or(|(highest, _)| fit > *highest) {
                best = Some((fit, groups));
            }
        }
        best.map(|(_, groups)| groups)
    }
}

impl Directions for Members<'_> {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn cosine(&self, index: usize, unit: &[f64]) -> f64 {
        self.rows.cosine(self.members[index], unit)
    }

    fn add_to(&self, index: usize, factor: f64, sum: &mut [f64]) {
        let unit = self.rows.unit(self.members[index]);
        sum.iter_mut().zip(unit).for_each(|(sum, value)| *sum += factor * value);
    }
}
