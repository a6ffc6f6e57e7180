//! Finds the clusters with the most votes, and decides ties as pyannote does.
//!
//! Ties are frequent where two clusters share a voice: half of the chunks over a frame vote for
//! one, half for the other. pyannote takes the first entries of `numpy.argsort(-votes)`, which is
//! not stable. With vector instructions (x86-64 with AVX2 or AVX-512, NumPy 2), it sorts by a
//! bitonic network of 8 lanes, and the network determines the order of ties. With up to three
//! clusters, the lower index comes first; with four and more, it need not. This module runs the
//! same network on every machine, so that turns equal those of pyannote on an ordinary server and
//! do not depend on the machine.

/// Lanes of one vector: 8 keys with their 64-bit indices under AVX-512.
const LANES: usize = 8;
/// Index of a padding lane; it sorts behind every cluster.
const EMPTY: u32 = u32::MAX;

/// Comparators that sort 8 lanes: each pair `(i, j)` puts the larger number of votes into `i`.
const SORT_LANES: [[(usize, usize); 4]; 6] = [
    [(0, 1), (2, 3), (4, 5), (6, 7)],
    [(0, 3), (1, 2), (4, 7), (5, 6)],
    [(0, 1), (2, 3), (4, 5), (6, 7)],
    [(0, 7), (1, 6), (2, 5), (3, 4)],
    [(0, 2), (1, 3), (4, 6), (5, 7)],
    [(0, 1), (2, 3), (4, 5), (6, 7)],
];

/// NumPy partitions more clusters than this before it sorts them. Ties then go to the lower index
/// here.
const MAX_NETWORK: usize = 256;

/// Fills `chosen` with the `wanted` clusters of most votes, in no particular order. Ties are
/// decided as the module documentation describes.
///
/// `votes` has one entry per cluster, at least `wanted` of them; `voted` lists the clusters with at
/// least one vote.
pub(super) fn most_voted(votes: &[u32], voted: &mut [u32], wanted: usize, chosen: &mut Vec<u32>) {
    let num_votes = |&cluster: &u32| votes[cluster as usize];
    voted.sort_unstable_by(|a, b| num_votes(b).cmp(&num_votes(a)).then(a.cmp(b)));
    let is_clear =
        wanted == voted.len() || (wanted < voted.len() && num_votes(&voted[wanted - 1]) > num_votes(&voted[wanted]));
    if is_clear {
        chosen.clear();
        chosen.extend_from_slice(&voted[..wanted]);
    } else if votes.len() <= MAX_NETWORK {
        network_order(votes, chosen);
        chosen.truncate(wanted);
    } else {
        chosen.clear();
        chosen.extend_from_slice(&voted[..wanted.min(voted.len())]);
        let rest = (0..votes.len() as u32).filter(|cluster| votes[*cluster as usize] == 0);
        chosen.extend(rest.take(wanted - chosen.len()));
    }
}

/// Fills `order` with the clusters by descending votes, in the order of NumPy's network.
///
/// Source: the structure of NumPy 2's x86-simd-sort (`argsort` of 32-bit keys).
/// `tools/reference/timeline.py` writes the orders that NumPy 2.4.6 gives under AVX-512.
fn network_order(votes: &[u32], order: &mut Vec<u32>) {
    let num_vectors = votes.len().div_ceil(LANES).next_power_of_two();
    order.clear();
    order.extend(0..votes.len() as u32);
    order.resize(num_vectors * LANES, EMPTY);
    let key = |index: u32| votes.get(index as usize).map_or(-1, |&votes| i64::from(votes));
    // Only a strictly greater number of votes moves ahead.
    let mut compare = |i: usize, j: usize| {
        if key(order[i]) < key(order[j]) {
            order.swap(i, j);
        }
    };
    for vector in 0..num_vectors {
        for (i, j) in SORT_LANES.into_iter().flatten() {
            compare(vector * LANES + i, vector * LANES + j);
        }
    }
    let mut run = 2 * LANES;
    while run <= num_vectors * LANES {
        for first in (0..num_vectors * LANES).step_by(run) {
            // Comparing the first run with the reverse of the second turns two sorted runs into
            // bitonic ones.
            for i in 0..run / 2 {
                compare(first + i, first + run - 1 - i);
            }
            let mut distance = run / 4;
            while distance > 0 {
                for i in (0..run).filter(|i| i & distance == 0) {
                    compare(first + i, first + i + distance);
                }
                distance /= 2;
            }
        }
        run *= 2;
    }
    order.truncate(votes.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Golden {
        orders: Vec<Order>,
    }

    #[derive(serde::Deserialize)]
    struct Order {
        votes: Vec<u32>,
        order: Vec<u32>,
    }

    fn chosen(votes: &[u32], wanted: usize) -> Vec<u32> {
        let mut voted: Vec<u32> = (0..votes.len() as u32).filter(|&cluster| votes[cluster as usize] > 0).collect();
        let mut chosen = vec![7; 3];
        most_voted(votes, &mut voted, wanted, &mut chosen);
        chosen.sort_unstable();
        chosen
    }

    #[test]
    fn ties_are_decided_as_in_numpy() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../../../fixtures/golden/timeline/cases.json")).unwrap();
        assert!(golden.orders.len() >= 10);
        for Order { votes, order } in golden.orders {
            let mut ours = Vec::new();
            network_order(&votes, &mut ours);
            assert_eq!(ours, order, "{votes:?}");
            for wanted in 1..=3.min(votes.len()) {
                let mut expected = order[..wanted].to_vec();
                expected.sort_unstable();
                assert_eq!(chosen(&votes, wanted), expected, "{wanted} of {votes:?}");
            }
        }
    }

    #[test]
    fn ties_of_more_clusters_than_the_network_takes_go_to_the_lower_index() {
        let mut votes = vec![0; MAX_NETWORK + 1];
        (votes[3], votes[200], votes[9]) = (2, 2, 1);
        assert_eq!(chosen(&votes, 1), [3]);
        assert_eq!(chosen(&votes, 3), [3, 9, 200]);
        assert_eq!(chosen(&votes, 5), [0, 1, 3, 9, 200]);
    }
}
