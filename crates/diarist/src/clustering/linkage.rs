//! Centroid linkage of vectors in O(n) additional memory, and the flat clusters of its tree.
//!
//! Sources: D. Müllner, "Modern hierarchical, agglomerative clustering algorithms",
//! arXiv:1109.2378, section 3.1: the generic algorithm, in which the distance to a cluster's
//! nearest later neighbour is kept as a lower bound and computed anew only when it becomes the
//! minimum. `scipy.cluster.hierarchy.linkage(method="centroid")` and `fcluster` for the numbering
//! of nodes and clusters.

use rayon::prelude::*;

use super::vectors::squared_distance_within;

/// Rows that one parallel task scans. Results do not depend on it.
const SCAN_ROWS: usize = 256;

/// One merge of the tree. Leaves are nodes `0..n`; merge `k` makes node `n + k`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Merge {
    /// The merged nodes, the smaller number first.
    pub(crate) children: [usize; 2],
    /// Euclidean distance of their centroids. It may be smaller than that of an earlier merge (an
    /// inversion).
    pub(crate) height: f64,
    /// Number of leaves below the new node.
    pub(crate) size: usize,
}

/// The tree of `num_rows` vectors. Each merge joins the two clusters with the nearest centroids.
///
/// `vectors` is row-major `[num_rows, dimension]`. Returns `num_rows - 1` merges, in the order in
/// which they happen. A merged cluster takes the higher place of the two that it came from. Among
/// equally near pairs, the one with the lowest places is merged. Deterministic for any number of
/// threads. O(n² · dimension) time in practice.
pub(crate) fn centroid_linkage(vectors: Vec<f64>, num_rows: usize, dimension: usize) -> Vec<Merge> {
    debug_assert_eq!(vectors.len(), num_rows * dimension);
    if num_rows < 2 {
        return Vec::new();
    }
    let mut linkage = Linkage::new(vectors, num_rows, dimension);
    (0..num_rows - 1).map(|step| linkage.merge_nearest(step)).collect()
}

/// A later cluster and the squared distance to it; infinitely far if there is no later cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Neighbour {
    place: usize,
    squared_distance: f64,
    /// False if `squared_distance` is only a lower bound, because the neighbour has moved since
    /// then.
    exact: bool,
}

const NO_NEIGHBOUR: Neighbour = Neighbour { place: usize::MAX, squared_distance: f64::INFINITY, exact: true };

impl Neighbour {
    fn nearer_of(self, other: Self) -> Self {
        let is_nearer = other.squared_distance < self.squared_distance
            || (other.squared_distance == self.squared_distance && other.place < self.place);
        if is_nearer { other } else { self }
    }
}

struct Linkage {
    dimension: usize,
    /// Centroid per place, `[num_rows, dimension]`. Values in a place that is not alive have no
    /// meaning.
    centroids: Vec<f64>,
    /// Places that hold a cluster, in ascending order.
    alive: Vec<usize>,
    node: Vec<usize>,
    size: Vec<usize>,
    /// Nearest neighbour among the clusters in later places.
    nearest: Vec<Neighbour>,
    num_rows: usize,
}

impl Linkage {
    fn new(vectors: Vec<f64>, num_rows: usize, dimension: usize) -> Self {
        let mut linkage = Self {
            dimension,
            centroids: vectors,
            alive: (0..num_rows).collect(),
            node: (0..num_rows).collect(),
            size: vec![1; num_rows],
            nearest: vec![NO_NEIGHBOUR; num_rows],
            num_rows,
        };
        linkage.nearest =
            (0..num_rows).into_par_iter().map(|place| linkage.nearest_of(place, &linkage.alive[place + 1..])).collect();
        linkage
    }

    fn centroid(&self, place: usize) -> &[f64] {
        &self.centroids[place * self.dimension..][..self.dimension]
    }

    fn nearest_of(&self, place: usize, candidates: &[usize]) -> Neighbour {
        let centroid = self.centroid(place);
        let mut best = NO_NEIGHBOUR;
        for &candidate in candidates {
            let distance = squared_distance_within(centroid, self.centroid(candidate), best.squared_distance);
            if let Some(squared_distance) = distance {
                best = best.nearer_of(Neighbour { place: candidate, squared_distance, exact: true });
            }
        }
        best
    }

    /// [`Self::nearest_of`] all later clusters, on all threads.
    fn nearest_later(&self, place: usize) -> Neighbour {
        let first_later = self.alive.partition_point(|&other| other <= place);
        self.alive[first_later..]
            .par_chunks(SCAN_ROWS)
            .map(|candidates| self.nearest_of(place, candidates))
            .reduce(|| NO_NEIGHBOUR, Neighbour::nearer_of)
    }

    /// The place with the nearest later neighbour of all places.
    fn nearest_pair(&mut self) -> usize {
        loop {
            let mut best = self.alive[0];
            for &place in &self.alive[1..] {
                if self.nearest[place].squared_distance < self.nearest[best].squared_distance {
                    best = place;
                }
            }
            if self.nearest[best].exact {
                return best;
            }
            self.nearest[best] = self.nearest_later(best);
        }
    }

    fn merge_nearest(&mut self, step: usize) -> Merge {
        let gone = self.nearest_pair();
        let Neighbour { place: kept, squared_distance, .. } = self.nearest[gone];
        let mut children = [self.node[gone], self.node[kept]];
        children.sort_unstable();
        let size = self.size[gone] + self.size[kept];
        self.move_centroid(gone, kept);
        self.size[kept] = size;
        self.node[kept] = self.num_rows + step;
        if let Ok(index) = self.alive.binary_search(&gone) {
            self.alive.remove(index);
        }
        self.renew_neighbours(gone, kept);
        Merge { children, height: squared_distance.sqrt(), size }
    }

    /// Stores the centroid of both clusters in the place `kept`.
    fn move_centroid(&mut self, gone: usize, kept: usize) {
        let (gone_size, kept_size) = (self.size[gone] as f64, self.size[kept] as f64);
        let total = gone_size + kept_size;
        for axis in 0..self.dimension {
            let sum = gone_size * self.centroids[gone * self.dimension + axis]
                + kept_size * self.centroids[kept * self.dimension + axis];
            self.centroids[kept * self.dimension + axis] = sum / total;
        }
    }

    /// Updates the neighbours of every earlier cluster after `gone` was merged into `kept`.
    fn renew_neighbours(&mut self, gone: usize, kept: usize) {
        let num_earlier = self.alive.partition_point(|&place| place < kept);
        let renewed: Vec<Neighbour> = self.alive[..num_earlier]
            .par_iter()
            .with_min_len(SCAN_ROWS)
            .map(|&place| {
                let mut known = self.nearest[place];
                if known.place == gone || known.place == kept {
                    known.exact = false;
                }
                let distance =
                    squared_distance_within(self.centroid(place), self.centroid(kept), known.squared_distance);
                match distance {
                    Some(squared_distance) if squared_distance < known.squared_distance || !known.exact => {
                        Neighbour { place: kept, squared_distance, exact: true }
                    }
                    _ => known,
                }
            })
            .collect();
        for (&place, neighbour) in self.alive.iter().zip(renewed) {
            self.nearest[place] = neighbour;
        }
        self.nearest[kept] = self.nearest_later(kept);
    }
}

/// Flat clusters: a node is one cluster if and only if no merge at it or below it is higher than
/// `threshold`.
///
/// Returns the cluster of each of `num_leaves` leaves, numbered from 0 in the order of
/// `scipy.cluster.hierarchy.fcluster(criterion="distance")`. `height` gives the height of merge
/// `k`, so that the caller can cut by another measure than the distance.
pub(crate) fn flat_clusters(
    merges: &[Merge],
    num_leaves: usize,
    threshold: f64,
    height: impl Fn(usize) -> f64,
) -> Vec<usize> {
    let mut labels = vec![0; num_leaves];
    if merges.is_empty() {
        return labels;
    }
    // Heights may decrease towards the root, so the maximum at and below each node decides.
    let mut highest: Vec<f64> = Vec::with_capacity(merges.len());
    for (index, merge) in merges.iter().enumerate() {
        let below = merge.children.iter().filter_map(|&child| child.checked_sub(num_leaves));
        highest.push(below.map(|child| highest[child]).fold(height(index), f64::max));
    }
    // Depth first from the root. A node is numbered when it is reached, and a leaf after both
    // subtrees beside it.
    let mut num_clusters = 0;
    let mut stack = vec![(merges.len() - 1, None, false)];
    while let Some((index, cluster, is_done)) = stack.pop() {
        let merge = &merges[index];
        if !is_done {
            let cluster = cluster.or_else(|| {
                (highest[index] <= threshold).then(|| {
                    num_clusters += 1;
                    num_clusters - 1
                })
            });
            stack.push((index, cluster, true));
            let inner = merge.children.iter().rev().filter_map(|&child| child.checked_sub(num_leaves));
            stack.extend(inner.map(|child| (child, cluster, false)));
            continue;
        }
        for &leaf in merge.children.iter().filter(|&&child| child < num_leaves) {
            labels[leaf] = cluster.unwrap_or_else(|| {
                num_clusters += 1;
                num_clusters - 1
            });
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::super::test_data::Rng;
    use super::super::vectors::squared_distance;
    use super::*;

    /// Centroid linkage from its definition: compares every pair in every step.
    fn naive(vectors: &[Vec<f64>]) -> Vec<Merge> {
        let mut clusters: Vec<(usize, Vec<usize>)> = (0..vectors.len()).map(|row| (row, vec![row])).collect();
        let centroid = |rows: &[usize]| -> Vec<f64> {
            let sum = |axis: usize| rows.iter().map(|&row| vectors[row][axis]).sum::<f64>();
            (0..vectors[0].len()).map(|axis| sum(axis) / rows.len() as f64).collect()
        };
        let mut merges = Vec::new();
        while clusters.len() > 1 {
            let mut best = (f64::INFINITY, 0, 0);
            for j in 0..clusters.len() {
                for i in 0..j {
                    let distance = squared_distance(&centroid(&clusters[i].1), &centroid(&clusters[j].1));
                    if distance < best.0 {
                        best = (distance, i, j);
                    }
                }
            }
            let (distance, i, j) = best;
            let (right, right_rows) = clusters.remove(j);
            let (left, left_rows) = clusters.remove(i);
            let rows = [left_rows, right_rows].concat();
            let children = [left.min(right), left.max(right)];
            merges.push(Merge { children, height: distance.sqrt(), size: rows.len() });
            clusters.push((vectors.len() + merges.len() - 1, rows));
        }
        merges
    }

    fn random_vectors(rng: &mut Rng, num_rows: usize, dimension: usize) -> Vec<Vec<f64>> {
        (0..num_rows).map(|_| (0..dimension).map(|_| rng.normal()).collect()).collect()
    }

    #[test]
    fn equals_the_definition() {
        let mut rng = Rng::new(5);
        let mut inversions = 0;
        for num_rows in (2..40).chain([300]) {
            let vectors = random_vectors(&mut rng, num_rows, 1 + num_rows % 5);
            let merges = centroid_linkage(vectors.concat(), num_rows, vectors[0].len());
            let expected = naive(&vectors);
            assert_eq!(merges.len(), expected.len());
            for (step, (merge, expected)) in merges.iter().zip(&expected).enumerate() {
                assert_eq!(merge.children, expected.children, "{num_rows} rows, step {step}");
                assert_eq!(merge.size, expected.size);
                // The sums of the centroids have another order, and distances are of the order of
                // 1.
                assert!((merge.height - expected.height).abs() < 1e-12, "{merge:?} {expected:?}");
            }
            inversions += merges.windows(2).filter(|pair| pair[1].height < pair[0].height).count();
        }
        assert!(inversions > 10, "the data must exercise inversions, found {inversions}");
    }

    #[test]
    fn same_bits_for_any_number_of_threads() {
        let mut rng = Rng::new(6);
        let vectors = random_vectors(&mut rng, 1500, 8).concat();
        let run = |num_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
            pool.install(|| centroid_linkage(vectors.clone(), 1500, 8))
        };
        let single = run(1);
        for num_threads in [2, 3, 7] {
            assert_eq!(run(num_threads), single);
        }
    }

    #[test]
    fn an_inverted_triple_is_cut_at_the_highest_merge_below() {
        let merges = centroid_linkage(vec![0.0, 0.0, 1.0, 0.0, 0.5, 0.87], 3, 2);
        assert_eq!(merges[0].children, [0, 1]);
        assert_eq!((merges[0].height, merges[1].height), (1.0, 0.87));
        let cut = |threshold: f64| flat_clusters(&merges, 3, threshold, |step| merges[step].height);
        assert_eq!(cut(0.9), [0, 1, 2], "the root lies at 0.87, but the merge below it at 1.0");
        assert_eq!(cut(1.0), [0, 0, 0]);
    }

    #[test]
    fn equal_vectors_merge_at_zero() {
        let merges = centroid_linkage(vec![0.5; 7 * 3], 7, 3);
        assert!(merges.iter().all(|merge| merge.height == 0.0));
        assert_eq!(flat_clusters(&merges, 7, 0.0, |_| 0.0), [0; 7]);
    }

    #[test]
    fn no_rows_and_one_row_have_no_merges() {
        assert_eq!(centroid_linkage(Vec::new(), 0, 4), []);
        assert_eq!(centroid_linkage(vec![1.0; 4], 1, 4), []);
        assert_eq!(flat_clusters(&[], 1, 0.5, |_| 0.0), [0]);
    }
}
