//! Parts directions into two groups.

use super::super::vectors::{dot, norm, normalised};

/// Most rounds of 2-means. Fewer suffice almost always.
const MAX_ROUNDS: usize = 30;

/// Directions, of which two groups are sought.
pub(super) trait Directions {
    /// Number of directions.
    fn len(&self) -> usize;
    /// Cosine similarity of direction `index` to a vector with norm 1.
    fn cosine(&self, index: usize, unit: &[f64]) -> f64;
    /// Adds direction `index`, with norm 1, times `factor` to `sum`.
    fn add_to(&self, index: usize, factor: f64, sum: &mut [f64]);
}

/// Two groups of directions.
pub(super) struct TwoGroups {
    /// Means of the groups, with norm 1.
    pub(super) means: [Vec<f64>; 2],
    /// The group of each direction.
    pub(super) is_second: Vec<bool>,
}

impl TwoGroups {
    /// Cosine similarity of the means.
    pub(super) fn similarity(&self) -> f64 {
        dot(&self.means[0], &self.means[1])
    }

    /// Puts the means in the place of the centroid `cluster`: the first there, the second at the
    /// end, both with its norm.
    pub(super) fn replace(self, centroids: &mut Vec<Vec<f64>>, cluster: usize) {
        let length = norm(&centroids[cluster]);
        let [first, second] = self.means.map(|unit| unit.into_iter().map(|value| value * length).collect());
        centroids[cluster] = first;
        centroids.push(second);
    }

    /// Number of directions in the smaller group.
    pub(super) fn smaller(&self) -> usize {
        let second = self.is_second.iter().filter(|&&is_second| is_second).count();
        second.min(self.is_second.len() - second)
    }
}

/// Spherical 2-means from the means of `is_second`, until nothing changes. `adjust` changes the
/// groups of each round, given `cosine(first mean) - cosine(second mean)` of each direction. `None`
/// if a group is left without directions.
pub(super) fn two_means(
    directions: &impl Directions,
    dimension: usize,
    mut is_second: Vec<bool>,
    adjust: impl Fn(&[f64], &mut [bool]),
) -> Option<TwoGroups> {
    let mut means = means(directions, dimension, &is_second)?;
    for _ in 0..MAX_ROUNDS {
        let differences = differences(directions, &means);
        let mut next: Vec<bool> = differences.iter().map(|difference| *difference < 0.0).collect();
        adjust(&differences, &mut next);
        if next == is_second {
            break;
        }
        is_second = next;
        means = self::means(directions, dimension, &is_second)?;
    }
    Some(TwoGroups { means, is_second })
}

/// `cosine(first mean) - cosine(second mean)` of each direction.
pub(super) fn differences(directions: &impl Directions, means: &[Vec<f64>; 2]) -> Vec<f64> {
    let axis: Vec<f64> = means[0].iter().zip(&means[1]).map(|(a, b)| a - b).collect();
    (0..directions.len()).map(|index| directions.cosine(index, &axis)).collect()
}

/// The means of both groups; `None` if one has no direction.
fn means(directions: &impl Directions, dimension: usize, is_second: &[bool]) -> Option<[Vec<f64>; 2]> {
    let mut sums = [vec![0.0; dimension], vec![0.0; dimension]];
    let mut sizes = [0_usize; 2];
    for (index, &is_second) in is_second.iter().enumerate() {
        directions.add_to(index, 1.0, &mut sums[usize::from(is_second)]);
        sizes[usize::from(is_second)] += 1;
    }
    (!sizes.contains(&0)).then(|| sums.map(|sum| normalised(&sum)))
}
