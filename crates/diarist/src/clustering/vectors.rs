//! Arithmetic of small `f64` vectors for the clustering steps. Every sum has a fixed order, so
//! results never depend on the number of threads.

use crate::analysis::EMBEDDING_DIMENSION;

/// Number of partial sums, which the compiler can put into one vector register.
const LANES: usize = 8;

/// Values between two checks of a distance against its limit.
const BLOCK: usize = 64;

/// Sum of the element-wise products of `a` and `b`.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// As [`dot`], for narrow values.
pub(crate) fn dot_narrow(a: &[f32], b: &[f64]) -> f64 {
    dot_of(a, b, f64::from)
}

/// As [`dot`], for bytes.
pub(crate) fn dot_bytes(a: &[i8], b: &[f64]) -> f64 {
    dot_of(a, b, f64::from)
}

fn dot_of<T: Copy>(a: &[T], b: &[f64], widen: impl Fn(T) -> f64) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += widen(a[lane]) * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| widen(*a) * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// Euclidean norm of `x`.
pub(crate) fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

fn block_distance(a: &[f64], b: &[f64]) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f64>() + rest
}

/// Squared Euclidean distance of `a` and `b`.
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.chunks(BLOCK).zip(b.chunks(BLOCK)).map(|(a, b)| block_distance(a, b)).sum()
}

/// [`squared_distance`] if it is at most `limit`, else `None`, often after a part of the work.
///
/// A returned value has the same bits as [`squared_distance`]: the terms are not negative, so
/// partial sums only grow.
#[inline]
pub(crate) fn squared_distance_within(a: &[f64], b: &[f64], limit: f64) -> Option<f64> {
    let mut sum = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        sum += block_distance(a, b);
        if sum > limit {
            return None;
        }
    }
    Some(sum)
}

/// `x` scaled to Euclidean norm 1; a zero vector stays zero.
pub(crate) fn normalised(x: &[f64]) -> Vec<f64> {
    let norm = norm(x);
    let scale = if norm > 0.0 { norm } else { 1.0 };
    x.iter().map(|value| value / scale).collect()
}

/// Cosine similarity, within [-1, 1] up to rounding; 0 if one of the vectors is zero.
pub(crate) fn cosine_similarity(a: &[f64], b: &[f64]) -> f64 {
    let norms = norm(a) * norm(b);
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}

/// `values` in `f64`.
pub(crate) fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// For each cluster 0..`num_clusters`, the mean of its rows according to `label`; zeros for a
/// cluster without rows.
pub(crate) fn cluster_means<'a>(
    rows: impl Iterator<Item = &'a [f64]>,
    labels: &[usize],
    num_clusters: usize,
    dimension: usize,
) -> Vec<Vec<f64>> {
    let mut means = vec![vec![0.0; dimension]; num_clusters];
    let mut sizes = vec![0_usize; num_clusters];
    for (row, &label) in rows.zip(labels) {
        sizes[label] += 1;
        for (sum, value) in means[label].iter_mut().zip(row) {
            *sum += value;
        }
    }
    for (mean, &size) in means.iter_mut().zip(&sizes) {
        for value in mean {
            *value /= size.max(1) as f64;
        }
    }
    means
}

/// The mean of one or more rows.
pub(super) fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let labels = vec![0; rows.len()];
    cluster_means(rows.iter().map(Vec::as_slice), &labels, 1, EMBEDDING_DIMENSION).swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_agree_at_every_length() {
        for length in [0_usize, 1, 7, 8, 9, 63, 64, 65, 130, 256] {
            let a: Vec<f64> = (0..length).map(|i| i as f64).collect();
            let b: Vec<f64> = (0..length).map(|i| i as f64 + f64::from(u8::from(i % 2 == 0))).collect();
            let expected = length.div_ceil(2) as f64;
            assert_eq!(squared_distance(&a, &b), expected);
            assert_eq!(squared_distance_within(&a, &b, expected), Some(expected));
            if length > 0 {
                assert_eq!(squared_distance_within(&a, &b, expected - 0.5), None);
            }
            assert_eq!(dot(&a, &a), (0..length).map(|i| (i * i) as f64).sum::<f64>());
        }
    }

    #[test]
    fn zero_vectors_are_harmless() {
        assert_eq!(normalised(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(cosine_similarity(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
        assert_eq!(cosine_similarity(&[0.0, 2.0], &[0.0, 3.0]), 1.0);
    }
}
