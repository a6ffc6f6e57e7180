//! K-means as scikit-learn runs it: `KMeans(n_clusters=k, n_init=3, random_state=42)` on `f32`
//! rows.
//!
//! Source: scikit-learn 1.9 (`cluster/_kmeans.py`, `_k_means_common.pyx`, `_k_means_lloyd.pyx`) and
//! NumPy's `RandomState`. The aim is the same labels. The random draws of the seeding depend on
//! roundings to `f32`, which are repeated here; all other sums are made in `f64`.
//!
//! Two things can differ. One is a draw or a nearest centre that is decided by less than the
//! rounding of an `f32` sum. The other is the order in which two or more clusters that became empty
//! in the same step get new places: scikit-learn leaves it to `argpartition`, and here the farthest
//! row comes first.

use rand_mt::Mt;
use rayon::prelude::*;

use super::vectors::{dot, squared_distance, widened};

const NUM_RUNS: usize = 3;
const RANDOM_STATE: u32 = 42;
const MAX_ITERATIONS: usize = 300;
/// Centres have converged once they move by less than this share of the mean variance.
const TOLERANCE: f64 = 1e-4;

/// Labels 0..`num_clusters` of the rows of `rows`, row-major `[rows.len() / dimension, dimension]`.
///
/// There must be at least `num_clusters` rows, each with at least one value. A cluster can stay
/// empty if fewer rows than clusters are distinct. Deterministic for any number of threads.
pub(crate) fn kmeans(rows: &[f32], dimension: usize, num_clusters: usize) -> Vec<usize> {
    debug_assert!(num_clusters >= 1 && rows.len() >= num_clusters * dimension);
    let data = Data::new(rows, dimension);
    let mut random = Random(Mt::new(RANDOM_STATE));
    let mut best: Option<(f64, Vec<usize>)> = None;
    for _ in 0..NUM_RUNS {
        let centres = data.seed(num_clusters, &mut random);
        let (inertia, labels) = data.lloyd(centres);
        let is_better = best.as_ref().is_none_or(|(best_inertia, best_labels)| {
            inertia < *best_inertia && !is_same_clustering(&labels, best_labels, num_clusters)
        });
        if is_better {
            best = Some((inertia, labels));
        }
    }
    best.map(|(_, labels)| labels).unwrap_or_default()
}

/// NumPy's legacy random number generator.
struct Random(Mt);

impl Random {
    /// Uniform in [0, 1) with 53 bits, as `RandomState.random_sample`.
    fn uniform(&mut self) -> f64 {
        let high = f64::from(self.0.next_u32() >> 5);
        let low = f64::from(self.0.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }
}

struct Data {
    dimension: usize,
    /// Rows minus their mean: values are `f32`, arithmetic is `f64`.
    rows: Vec<f64>,
    squared_norms: Vec<f64>,
    /// The centres have converged if their squared movements sum up to at most this.
    tolerance: f64,
}

impl Data {
    fn new(rows: &[f32], dimension: usize) -> Self {
        let num_rows = rows.len() / dimension;
        let mut mean = vec![0.0_f32; dimension];
        for row in rows.chunks_exact(dimension) {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += value;
            }
        }
        for value in &mut mean {
            *value /= num_rows as f32;
        }
        let centred: Vec<f32> =
            rows.chunks_exact(dimension).flat_map(|row| row.iter().zip(&mean).map(|(x, mean)| x - mean)).collect();
        let rows = widened(&centred);
        let squared_norms: Vec<f64> = rows.chunks_exact(dimension).map(|row| dot(row, row)).collect();
        // The mean is 0, so the squares are the variance.
        let mean_variance = squared_norms.iter().sum::<f64>() / (num_rows * dimension) as f64;
        Self { dimension, rows, squared_norms, tolerance: TOLERANCE * mean_variance }
    }

    fn num_rows(&self) -> usize {
        self.squared_norms.len()
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.dimension..][..self.dimension]
    }

    /// Greedy k-means++: chooses the rows that become the first centres.
    fn seed(&self, num_clusters: usize, random: &mut Random) -> Vec<Vec<f64>> {
        let num_trials = 2 + (num_clusters as f64).ln() as usize;
        let mut chosen = vec![self.first_seed(random)];
        let mut closest = self.squared_distances_to(chosen[0]);
        let mut potential = sum(&closest);
        while chosen.len() < num_clusters {
            let cumulative: Vec<f32> = closest
                .iter()
                .scan(0.0_f32, |sum, distance| {
                    *sum += distance;
                    Some(*sum)
                })
                .collect();
            let candidates: Vec<usize> = (0..num_trials)
                .map(|_| {
                    let value = random.uniform() * f64::from(potential);
                    cumulative.partition_point(|&sum| f64::from(sum) < value).min(self.num_rows() - 1)
                })
                .collect();
            let mut best: Option<(f32, usize, Vec<f32>)> = None;
            for candidate in candidates {
                let mut distances = self.squared_distances_to(candidate);
                for (distance, closest) in distances.iter_mut().zip(&closest) {
                    *distance = distance.min(*closest);
                }
                let potential = sum(&distances);
                if best.as_ref().is_none_or(|(best_potential, ..)| potential < *best_potential) {
                    best = Some((potential, candidate, distances));
                }
            }
            let Some((best_potential, best_candidate, distances)) = best else { break };
            potential = best_potential;
            closest = distances;
            chosen.push(best_candidate);
        }
        chosen.into_iter().map(|index| self.row(index).to_vec()).collect()
    }

    /// Draws a row with equal chances, by inversion of the cumulative distribution as in
    /// `RandomState.choice(p=...)`.
    fn first_seed(&self, random: &mut Random) -> usize {
        let chance = f64::from(1.0 / self.num_rows() as f32);
        let mut cumulative: Vec<f64> = Vec::with_capacity(self.num_rows());
        let mut sum = 0.0;
        for _ in 0..self.num_rows() {
            sum += chance;
            cumulative.push(sum);
        }
        let value = random.uniform();
        cumulative.partition_point(|&cumulative| cumulative / sum <= value).min(self.num_rows() - 1)
    }

    fn squared_distances_to(&self, index: usize) -> Vec<f32> {
        let from = self.row(index);
        (0..self.num_rows())
            .map(|other| {
                let distance =
                    -2.0 * dot(from, self.row(other)) + self.squared_norms[index] + self.squared_norms[other];
                (distance as f32).max(0.0)
            })
            .collect()
    }

    /// Runs Lloyd's iterations from `centres`. Returns the inertia and the labels.
    fn lloyd(&self, mut centres: Vec<Vec<f64>>) -> (f64, Vec<usize>) {
        let mut labels = Vec::new();
        let mut is_stable = false;
        for _ in 0..MAX_ITERATIONS {
            let new_labels = self.nearest_centres(&centres);
            let new_centres = self.new_centres(&centres, &new_labels);
            let shift: f64 = centres.iter().zip(&new_centres).map(|(old, new)| squared_distance(old, new)).sum();
            centres = new_centres;
            is_stable = new_labels == labels;
            labels = new_labels;
            if is_stable || shift <= self.tolerance {
                break;
            }
        }
        if !is_stable {
            labels = self.nearest_centres(&centres);
        }
        let inertia =
            labels.iter().enumerate().map(|(index, &label)| squared_distance(self.row(index), &centres[label])).sum();
        (inertia, labels)
    }

    fn nearest_centres(&self, centres: &[Vec<f64>]) -> Vec<usize> {
        let squared_norms: Vec<f64> = centres.iter().map(|centre| dot(centre, centre)).collect();
        self.rows
            .par_chunks(self.dimension)
            .map(|row| {
                let (mut nearest, mut smallest) = (0, f64::INFINITY);
                for (label, centre) in centres.iter().enumerate() {
                    let distance = squared_norms[label] - 2.0 * dot(row, centre);
                    if distance < smallest {
                        (nearest, smallest) = (label, distance);
                    }
                }
                nearest
            })
            .collect()
    }

    /// Means of the labelled rows. An empty cluster takes the row that is farthest from its old
    /// centre.
    fn new_centres(&self, centres: &[Vec<f64>], labels: &[usize]) -> Vec<Vec<f64>> {
        let mut sums = vec![vec![0.0; self.dimension]; centres.len()];
        let mut sizes = vec![0_usize; centres.len()];
        for (index, &label) in labels.iter().enumerate() {
            sizes[label] += 1;
            for (sum, value) in sums[label].iter_mut().zip(self.row(index)) {
                *sum += value;
            }
        }
        let empty: Vec<usize> = (0..centres.len()).filter(|&label| sizes[label] == 0).collect();
        if !empty.is_empty() {
            let distances: Vec<f64> = labels
                .iter()
                .enumerate()
                .map(|(index, &label)| squared_distance(self.row(index), &centres[label]))
                .collect();
            let mut farthest: Vec<usize> = (0..labels.len()).collect();
            farthest.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
            // If every row lies on its centre, there are fewer distinct rows than clusters, and
            // moving has no effect.
            if distances[farthest[0]] > 0.0 {
                for (&label, &index) in empty.iter().zip(&farthest) {
                    let old_label = labels[index];
                    for (sum, value) in sums[old_label].iter_mut().zip(self.row(index)) {
                        *sum -= value;
                    }
                    sums[label] = self.row(index).to_vec();
                    sizes[old_label] -= 1;
                    sizes[label] = 1;
                }
            }
        }
        let mut largest = 0;
        for label in 1..sizes.len() {
            if sizes[label] > sizes[largest] {
                largest = label;
            }
        }
        for (sum, &size) in sums.iter_mut().zip(&sizes) {
            for value in sum.iter_mut() {
                *value /= size.max(1) as f64;
            }
        }
        for label in 0..sizes.len() {
            if sizes[label] == 0 {
                sums[label] = sums[largest].clone();
            }
        }
        sums
    }
}

fn sum(values: &[f32]) -> f32 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() as f32
}

/// Whether the labels differ only in their numbering.
fn is_same_clustering(labels: &[usize], others: &[usize], num_clusters: usize) -> bool {
    let mut mapping = vec![None; num_clusters];
    labels.iter().zip(others).all(|(&label, &other)| *mapping[label].get_or_insert(other) == other)
}
