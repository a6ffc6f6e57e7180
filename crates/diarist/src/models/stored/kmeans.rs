//! Deterministic k-means for numbers on a line. Neighbouring clusters are joined where that costs
//! least (Ward's criterion) until k are left. Then each border moves to the middle between the
//! means of its two clusters until no border moves (Lloyd).
//!
//! Sources: J. H. Ward, "Hierarchical Grouping to Optimize an Objective Function" (1963); S. Lloyd,
//! "Least Squares Quantization in PCM" (1982). The exact optimum (dynamic programming) needs k
//! times as much memory as there are values; this method comes within a few percent of it in n log
//! n time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Number of equal parts of the range. Values in the same part count as their mean. There are far
/// more parts than clusters, and far fewer than weights in a large tensor.
const NUM_PARTS: f64 = 65_536.0;
/// Most rounds of Lloyd's iteration; the weights of a network need at most a few hundred.
const MAX_ROUNDS: usize = 1000;

/// The means, ascending, of at most `num_clusters` clusters of `values` with a small sum of squared
/// distances; fewer if fewer values differ. Values must be finite.
pub(super) fn means(values: &[f32], num_clusters: usize) -> Vec<f64> {
    let mut points = Points::new(values);
    if points.len() <= num_clusters {
        return points.values;
    }
    let mut borders = join_neighbours(&points, num_clusters);
    points.accumulate();
    let mut means = points.means(&borders);
    for _ in 0..MAX_ROUNDS {
        let moved = points.borders_between(&means);
        if moved == borders {
            break;
        }
        borders = moved;
        means = points.means(&borders);
    }
    means
}

/// The different values, ascending, with their counts. Nearly equal values are merged into their
/// mean.
struct Points {
    values: Vec<f64>,
    counts: Vec<f64>,
    /// Sums of counts, and of counts times values, before each point; one entry more than there are
    /// points.
    sums: Vec<(f64, f64)>,
}

impl Points {
    fn new(values: &[f32]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let mut points = Self { values: Vec::new(), counts: Vec::new(), sums: Vec::new() };
        let (min, max) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(0.0));
        let parts_per_unit = NUM_PARTS / (f64::from(max) - f64::from(min));
        let part = |value: f32| ((f64::from(value) - f64::from(min)) * parts_per_unit) as u32;
        for group in sorted.chunk_by(|a, b| a == b || part(*a) == part(*b)) {
            let count = group.len() as f64;
            points.values.push(group.iter().map(|value| f64::from(*value)).sum::<f64>() / count);
            points.counts.push(count);
        }
        points
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn accumulate(&mut self) {
        let (mut count, mut sum) = (0.0, 0.0);
        self.sums.push((count, sum));
        for (value, n) in self.values.iter().zip(&self.counts) {
            count += n;
            sum += n * value;
            self.sums.push((count, sum));
        }
    }

    /// The means of the clusters that begin at `borders`.
    fn means(&self, borders: &[usize]) -> Vec<f64> {
        let ends = borders.iter().copied().skip(1).chain([self.len()]);
        let mean = |(start, end): (&usize, usize)| {
            let ((count_before, sum_before), (count, sum)) = (self.sums[*start], self.sums[end]);
            (sum - sum_before) / (count - count_before)
        };
        borders.iter().zip(ends).map(mean).collect()
    }

    /// First point of each cluster if every point belongs to the nearest mean; clusters without
    /// points are dropped.
    fn borders_between(&self, means: &[f64]) -> Vec<usize> {
        let mut borders = vec![0];
        for pair in means.windows(2) {
            let middle = f64::midpoint(pair[0], pair[1]);
            borders.push(self.values.partition_point(|value| *value < middle));
        }
        borders.dedup();
        borders
    }
}

/// A possible join of the cluster that begins at point `first` with the next cluster.
struct Join {
    cost: f64,
    first: usize,
    /// Versions of the two clusters when the cost was computed.
    versions: [u32; 2],
}

impl Join {
    fn key(&self) -> (f64, usize) {
        (self.cost, self.first)
    }
}

impl Ord for Join {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((cost, first), (other_cost, other_first)) = (self.key(), other.key());
        cost.total_cmp(&other_cost).then(first.cmp(&other_first))
    }
}

impl PartialOrd for Join {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Join {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Join {}

/// A cluster, stored at the index of its first point.
#[derive(Clone)]
struct Cluster {
    count: f64,
    sum: f64,
    previous: usize,
    next: usize,
    version: u32,
    exists: bool,
}

/// Joins neighbouring points into `num_clusters` clusters and returns the first point of each.
fn join_neighbours(points: &Points, num_clusters: usize) -> Vec<usize> {
    let num_points = points.len();
    let mut clusters: Vec<Cluster> = (0..num_points)
        .map(|i| {
            let (count, sum) = (points.counts[i], points.counts[i] * points.values[i]);
            Cluster { count, sum, previous: i.wrapping_sub(1), next: i + 1, version: 0, exists: true }
        })
        .collect();
    let join = |clusters: &[Cluster], first: usize| {
        let a = clusters.get(first)?;
        let b = clusters.get(a.next)?;
        let distance = a.sum / a.count - b.sum / b.count;
        let cost = a.count * b.count / (a.count + b.count) * distance * distance;
        Some(Reverse(Join { cost, first, versions: [a.version, b.version] }))
    };
    let mut joins: BinaryHeap<_> = (0..num_points).filter_map(|first| join(&clusters, first)).collect();
    let mut num_left = num_points;
    while num_left > num_clusters {
        let Some(Reverse(Join { first, versions, .. })) = joins.pop() else { break };
        let second = clusters[first].next;
        if !clusters[first].exists
            || clusters.get(second).map(|b| [clusters[first].version, b.version]) != Some(versions)
        {
            continue;
        }
        let Cluster { count, sum, next, .. } = clusters[second].clone();
        clusters[second].exists = false;
        let joined = &mut clusters[first];
        joined.count += count;
        joined.sum += sum;
        joined.next = next;
        joined.version += 1;
        let previous = joined.previous;
        if let Some(next) = clusters.get_mut(next) {
            next.previous = first;
        }
        joins.extend(join(&clusters, previous));
        joins.extend(join(&clusters, first));
        num_left -= 1;
    }
    (0..num_points).filter(|i| clusters[*i].exists).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn inertia(values: &[f32], means: &[f64]) -> f64 {
        let distance =
            |value: &f32| means.iter().map(|mean| (f64::from(*value) - mean).powi(2)).fold(f64::INFINITY, f64::min);
        values.iter().map(distance).sum()
    }

    #[test]
    fn clusters_are_as_tight_as_scikit_learns() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/kmeans1d");
        let file = std::fs::File::open(folder.join("values.npy")).unwrap();
        let values: Vec<f32> = npyz::NpyFile::new(file).unwrap().into_vec().unwrap();
        let text = std::fs::read_to_string(folder.join("inertia.json")).unwrap();
        let expected: Vec<(usize, usize, usize, f64)> = serde_json::from_str(&text).unwrap();
        assert_eq!(expected.len(), 12);
        for (start, end, num_clusters, expected) in expected {
            let values = &values[start..end];
            let found = means(values, num_clusters);
            assert_eq!(found.len(), num_clusters);
            assert!(found.is_sorted_by(|a, b| a < b));
            let ratio = inertia(values, &found) / expected;
            // Both methods end in local optima; scikit-learn's is the best of ten starts.
            assert!(ratio < 1.05, "{} values, {num_clusters} clusters: {ratio}", values.len());
        }
    }

    #[test]
    fn few_values_are_their_own_means() {
        assert_eq!(means(&[2.0, -1.0, 2.0, 0.0, -0.0], 3), [-1.0, 0.0, 2.0]);
        assert_eq!(means(&[2.0, -1.0, 2.0], 16), [-1.0, 2.0]);
        assert_eq!(means(&[], 4), Vec::<f64>::new());
    }

    #[test]
    fn groups_far_apart_are_found() {
        let values = [10.0, -3.0, 0.1, 10.2, -3.1, 0.0, -2.9, 0.2];
        let found = means(&values, 3);
        let difference = |(a, b): (&f64, &f64)| (a - b).abs();
        // Tolerance: the values are rounded to f32.
        assert!(found.iter().zip(&[-3.0, 0.1, 10.1]).map(difference).all(|d| d < 1e-6), "{found:?}");
    }
}
