//! Turns that are searched by time.

use std::collections::BTreeMap;

use crate::timeline::{Segment, Turn};

/// The speech of one speaker within a stretch of time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) overlap_s: f64,
    /// Length of the longest turn that overlaps the stretch.
    pub(super) longest_s: f64,
}

/// Turns in the order of their start.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Turns {
    turns: Vec<Turn>,
    /// For each turn, the index of the one that ends last among that turn and all turns before it.
    latest: Vec<usize>,
    /// Latest ends of halves, quarters, ... of the turns, as a binary tree in breadth-first order
    /// from index 1, whose last `leaves` nodes are the turns. So a long turn at the beginning does
    /// not make every search look at all turns.
    ends: Vec<f64>,
    leaves: usize,
}

impl Turns {
    pub(super) fn new(mut turns: Vec<Turn>) -> Self {
        turns.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let mut latest: Vec<usize> = Vec::with_capacity(turns.len());
        for (index, turn) in turns.iter().enumerate() {
            let before = latest.last().copied().filter(|&before| turns[before].end_s >= turn.end_s);
            latest.push(before.unwrap_or(index));
        }
        let leaves = turns.len().next_power_of_two();
        let mut ends = vec![f64::NEG_INFINITY; 2 * leaves];
        for (end, turn) in ends[leaves..].iter_mut().zip(&turns) {
            *end = turn.end_s;
        }
        for node in (1..leaves).rev() {
            ends[node] = ends[2 * node].max(ends[2 * node + 1]);
        }
        Self { turns, latest, ends, leaves }
    }

    /// The speakers that overlap `time`, with the amount. A moment without length counts as lying
    /// in a turn.
    pub(super) fn overlaps(&self, time: Segment) -> BTreeMap<&str, Found> {
        let mut speakers: BTreeMap<&str, Found> = BTreeMap::new();
        let num_started = self.turns.partition_point(|turn| turn.start_s <= time.end);
        // Nodes to visit, with their first turn and their number of turns.
        let mut nodes = vec![(1, 0, self.leaves)];
        while let Some((node, first, count)) = nodes.pop() {
            if first >= num_started || self.ends[node] < time.start {
                continue;
            }
            if count > 1 {
                let half = count / 2;
                nodes.extend([(2 * node, first, half), (2 * node + 1, first + half, half)]);
                continue;
            }
            let turn = &self.turns[first];
            let overlap_s = turn.end_s.min(time.end) - turn.start_s.max(time.start);
            if overlap_s > 0.0 || overlap_s == 0.0 && time.duration() == 0.0 {
                let found = speakers.entry(&turn.speaker).or_default();
                found.overlap_s += overlap_s;
                found.longest_s = found.longest_s.max(turn.duration_s());
            }
        }
        speakers
    }

    /// The speaker of the turn nearest to `time`, at most `max_gap_s` away. If two are equally
    /// near, the earlier one wins.
    pub(super) fn nearest(&self, time: Segment, max_gap_s: f64) -> Option<&str> {
        let num_before = self.turns.partition_point(|turn| turn.start_s < time.end);
        let before = num_before.checked_sub(1).map(|last| &self.turns[self.latest[last]]);
        let before = before.map(|turn| (time.start - turn.end_s, turn));
        let after = self.turns.get(num_before).map(|turn| (turn.start_s - time.end, turn));
        let near = before.into_iter().chain(after).filter(|(distance_s, _)| *distance_s <= max_gap_s);
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, turn)| turn.speaker.as_str())
    }
}
