//! Splits clusters whose subsegments fall into two groups that take turns.
//!
//! 2-means parts any set of subsegments. If the set is one person, the halves follow sounds and
//! change from one moment to the next. If it is two people, a half lasts as long as a turn. So the
//! test asks how often two subsegments that follow each other without overlap are in the same half.

use super::super::vectors::{dot, dot_bytes, normalised};
use super::rows::nearest;
use super::two_groups::{Directions, TwoGroups, two_means};
use crate::analysis::{EMBEDDING_DIMENSION, SUBSEGMENT_FRAMES, SUBSEGMENT_SHIFT, Subsegments};

/// Subsegments that each half needs: 16 s of speech alone.
const MIN_HALF: usize = 40;
/// Constancy that each half needs, and both in the mean. Means of one person were 0 to 0.56 in 100
/// clusters of simulated recordings but for one, those of two people 0.6 to 0.74.
const MIN_CONSTANCY: f64 = 0.55;
const MIN_MEAN_CONSTANCY: f64 = 0.6;
/// Largest cosine similarity of the halves. Two people had 0.6 to 0.77, one person 0.7 to 0.9. One
/// of them reads in two manners that last for sentences (0.67 in the mean, similarity 0.79).
const MAX_SIMILARITY: f64 = 0.72;
/// Subsegments from one to the first that does not overlap with it.
const NEXT: u32 = SUBSEGMENT_FRAMES.div_ceil(SUBSEGMENT_SHIFT) as u32;
/// Rounds of the search for the axis on which subsegments differ most.
const AXIS_ROUNDS: usize = 40;

/// The centroids after all splits. New ones have the norm of the split one.
pub(super) fn split(subsegments: &Subsegments, mut centroids: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    if subsegments.len() < 2 * MIN_HALF {
        return centroids;
    }
    let voices = Voices::new(subsegments);
    let mut open: Vec<(usize, Vec<usize>)> = voices.clusters(&centroids).into_iter().enumerate().collect();
    while let Some((cluster, rows)) = open.pop() {
        let Some(halves) = voices.halves(rows) else { continue };
        if !halves.are_two_people() {
            continue;
        }
        let Halves { members, groups, .. } = halves;
        let half = |second: bool| -> Vec<usize> {
            let rows = members.rows.iter().zip(&groups.is_second);
            rows.filter(|(_, is_second)| **is_second == second).map(|(row, _)| *row).collect()
        };
        let (first, second) = (half(false), half(true));
        groups.replace(&mut centroids, cluster);
        open.push((centroids.len() - 1, second));
        open.push((cluster, first));
    }
    centroids
}

/// Subsegments as directions.
pub(super) struct Voices<'a> {
    subsegments: &'a Subsegments,
    /// Inverse norms.
    scales: Vec<f64>,
}

impl<'a> Voices<'a> {
    pub(super) fn new(subsegments: &'a Subsegments) -> Self {
        let scale = |row: usize| {
            let square: i64 = subsegments.row(row).iter().map(|&value| i64::from(value) * i64::from(value)).sum();
            (square.max(1) as f64).sqrt().recip()
        };
        Self { subsegments, scales: (0..subsegments.len()).map(scale).collect() }
    }

    /// The rows that are nearest to each centroid.
    pub(super) fn clusters(&self, centroids: &[Vec<f64>]) -> Vec<Vec<usize>> {
        let units: Vec<Vec<f64>> = centroids.iter().map(|centroid| normalised(centroid)).collect();
        let mut clusters = vec![Vec::new(); units.len()];
        for row in 0..self.scales.len() {
            clusters[nearest(&units, |unit| self.cosine(row, unit))].push(row);
        }
        clusters
    }

    /// Number of subsegments.
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// The highest cosine similarity of a row to one of `units`.
    pub(super) fn highest(&self, row: usize, units: &[Vec<f64>]) -> f64 {
        units.iter().map(|unit| self.cosine(row, unit)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The most similar of `units`, the first among equals, and the similarity.
    pub(super) fn nearest(&self, row: usize, units: &[Vec<f64>]) -> (usize, f64) {
        let index = nearest(units, |unit| self.cosine(row, unit));
        (index, self.cosine(row, &units[index]))
    }

    /// Cosine similarity of a row to a vector with norm 1.
    pub(super) fn cosine(&self, row: usize, unit: &[f64]) -> f64 {
        dot_bytes(self.subsegments.row(row), unit) * self.scales[row]
    }

    /// The halves of a cluster, if both are large enough.
    pub(super) fn halves(&self, rows: Vec<usize>) -> Option<Halves<'_>> {
        if rows.len() < 2 * MIN_HALF {
            return None;
        }
        let members = Members { voices: self, rows };
        let groups = two_means(&members, EMBEDDING_DIMENSION, members.beyond_middle(), |_, _| {})?;
        (groups.smaller() >= MIN_HALF).then(|| {
            let constancy = members.constancy(&groups.is_second);
            Halves { members, groups, constancy }
        })
    }
}

/// Two halves of a cluster.
pub(super) struct Halves<'a> {
    members: Members<'a>,
    pub(super) groups: TwoGroups,
    /// From 0, if the next subsegment is in the same half as often as by chance, to 1, if it always
    /// is.
    pub(super) constancy: [f64; 2],
}

impl Halves<'_> {
    fn are_two_people(&self) -> bool {
        let [a, b] = self.constancy;
        a.min(b) >= MIN_CONSTANCY && (a + b) / 2.0 >= MIN_MEAN_CONSTANCY && self.groups.similarity() <= MAX_SIMILARITY
    }
}

/// The subsegments of a cluster, in the order of time.
struct Members<'a> {
    voices: &'a Voices<'a>,
    rows: Vec<usize>,
}

impl Members<'_> {
    /// The directions on one side of the mean, on the axis on which they differ most.
    fn beyond_middle(&self) -> Vec<bool> {
        let mut mean = vec![0.0; EMBEDDING_DIMENSION];
        (0..self.len()).for_each(|index| self.add_to(index, 1.0 / self.len() as f64, &mut mean));
        // The direction that is farthest from the mean is a start that is not at right angles to
        // the axis.
        let farthest = |&a: &usize, &b: &usize| self.cosine(a, &mean).total_cmp(&self.cosine(b, &mean));
        let mut axis = vec![0.0; EMBEDDING_DIMENSION];
        if let Some(start) = (0..self.len()).min_by(farthest) {
            self.add_to(start, 1.0, &mut axis);
            axis.iter_mut().zip(&mean).for_each(|(axis, mean)| *axis -= mean);
        }
        for _ in 0..AXIS_ROUNDS {
            axis = normalised(&axis);
            let offset = dot(&axis, &mean);
            let mut next = vec![0.0; EMBEDDING_DIMENSION];
            let mut total = 0.0;
            for index in 0..self.len() {
                let position = self.cosine(index, &axis) - offset;
                total += position;
                self.add_to(index, position, &mut next);
            }
            next.iter_mut().zip(&mean).for_each(|(next, mean)| *next -= total * mean);
            axis = next;
        }
        axis = normalised(&axis);
        let offset = dot(&axis, &mean);
        (0..self.len()).map(|index| self.cosine(index, &axis) <= offset).collect()
    }

    /// How much more often than by chance the next subsegment is in the same half, by half.
    fn constancy(&self, is_second: &[bool]) -> [f64; 2] {
        let indices = &self.voices.subsegments.indices;
        let (mut same, mut all, mut sizes) = ([0_usize; 2], [0_usize; 2], [0_usize; 2]);
        let mut ahead = 0;
        for (position, &row) in self.rows.iter().enumerate() {
            let half = usize::from(is_second[position]);
            sizes[half] += 1;
            let next = indices[row] + NEXT;
            while self.rows.get(ahead).is_some_and(|&row| indices[row] < next) {
                ahead += 1;
            }
            if self.rows.get(ahead).is_some_and(|&row| indices[row] == next) {
                all[half] += 1;
                same[half] += usize::from(is_second[ahead] == is_second[position]);
            }
        }
        [0, 1].map(|half| {
            let by_chance = sizes[half] as f64 / self.rows.len() as f64;
            let found = same[half] as f64 / all[half].max(1) as f64;
            if all[half] == 0 { 0.0 } else { (found - by_chance) / (1.0 - by_chance) }
        })
    }
}

impl Directions for Members<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn cosine(&self, index: usize, unit: &[f64]) -> f64 {
        self.voices.cosine(self.rows[index], unit)
    }

    fn add_to(&self, index: usize, factor: f64, sum: &mut [f64]) {
        let row = self.rows[index];
        let factor = factor * self.voices.scales[row];
        let values = self.voices.subsegments.row(row);
        sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += factor * f64::from(value));
    }
}
