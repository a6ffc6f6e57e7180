//! The clusters that are active in one frame, by the chunks that cover it and by the voice heard
//! there. [`soft`](super::soft) has the formulas.

use std::array;

use super::TimelineSettings;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::probabilities::ChunkProbabilities;

/// Factor of the evidence of subsegments, where votes have 1. Chosen on development recordings,
/// where results hardly change between 2 and 10.
const EVIDENCE: f64 = 3.0;

/// The probability 1.
const ONE: u32 = u8::MAX as u32;

/// Most clusters that are active at the same time.
const MAX_ACTIVE: usize = 2;

/// Sums over the chunks that cover a frame, in units of 1/255 of a chunk.
pub(crate) struct FrameVotes {
    /// Votes of each cluster.
    sums: Vec<u32>,
    /// The clusters with votes, in no particular order.
    voted: Vec<u32>,
    /// Probabilities of the local speakers.
    speakers: u32,
    overlap: u32,
    num_chunks: u32,
}

impl FrameVotes {
    /// No chunks yet; the clusters are 0 to `num_clusters` - 1.
    pub(crate) fn new(num_clusters: usize) -> Self {
        Self { sums: vec![0; num_clusters], voted: Vec::new(), speakers: 0, overlap: 0, num_chunks: 0 }
    }

    /// Adds a chunk with the clusters of its local speakers. The frame is its frame `t`.
    pub(crate) fn add(
        &mut self,
        probabilities: &ChunkProbabilities,
        t: usize,
        clusters: &[Option<u32>; LOCAL_SPEAKERS],
    ) {
        let values: [u32; LOCAL_SPEAKERS] = array::from_fn(|local| u32::from(probabilities.speaker(local, t)));
        self.speakers += values.iter().sum::<u32>();
        self.overlap += u32::from(probabilities.overlap(t));
        self.num_chunks += 1;
        for (local, &cluster) in clusters.iter().enumerate() {
            let Some(cluster) = cluster.filter(|_| values[local] > 0) else { continue };
            // Of two local speakers of one cluster, the more probable one counts.
            let counts_less = |other: usize| (values[other], local) > (values[local], other);
            if (0..LOCAL_SPEAKERS).any(|other| clusters[other] == Some(cluster) && counts_less(other)) {
                continue;
            }
            let sum = &mut self.sums[cluster as usize];
            if *sum == 0 {
                self.voted.push(cluster);
            }
            *sum += values[local];
        }
    }

    /// Removes all chunks.
    pub(crate) fn clear(&mut self) {
        self.voted.drain(..).for_each(|cluster| self.sums[cluster as usize] = 0);
        (self.speakers, self.overlap, self.num_chunks) = (0, 0, 0);
    }

    /// Number of people who speak, 0 to 2.
    pub(crate) fn num_speakers(&self, settings: &TimelineSettings) -> usize {
        let is_speech = self.speech() > settings.speech_threshold;
        usize::from(is_speech) + usize::from(is_speech && self.overlap() > settings.overlap_threshold)
    }

    /// `P2`, from 0 to 1.
    pub(crate) fn overlap(&self) -> f64 {
        f64::from(self.overlap) / self.one()
    }

    /// `P1`, up to rounding from 0 to 1.
    fn speech(&self) -> f64 {
        (f64::from(self.speakers) - f64::from(self.overlap)) / self.one()
    }

    /// The sum that stands for the probability 1 in all chunks.
    fn one(&self) -> f64 {
        f64::from((ONE * self.num_chunks).max(1))
    }

    /// The `wanted` clusters with the highest scores above 0, each with its certainty. `shares` has
    /// the evidence for `voices`, which are ascending, or is empty.
    pub(crate) fn active(&self, wanted: usize, voices: &[u32], shares: &[f64]) -> Vec<(u32, f64)> {
        let best = self.best(voices, shares).into_iter().flatten().take(wanted).enumerate();
        best.map(|(rank, found)| (found.cluster, self.certainty(rank, &found, !shares.is_empty()))).collect()
    }

    fn best(&self, voices: &[u32], shares: &[f64]) -> [Option<Candidate>; MAX_ACTIVE] {
        let factor = EVIDENCE * (self.speech() - self.overlap()).clamp(0.0, 1.0);
        let candidate = |cluster: u32, evidence: f64| {
            // Most clusters have no votes, so divisions are spared.
            let votes = match self.sums[cluster as usize] {
                0 => 0.0,
                sum => f64::from(sum) / self.one(),
            };
            Candidate { cluster, score: votes + factor * evidence, votes, evidence }
        };
        let mut best = [None; MAX_ACTIVE];
        for (&cluster, &share) in voices.iter().zip(shares) {
            offer(&mut best, candidate(cluster, share));
        }
        for &cluster in &self.voted {
            if shares.is_empty() || voices.binary_search(&cluster).is_err() {
                offer(&mut best, candidate(cluster, 0.0));
            }
        }
        best
    }

    /// Probability that `candidate` is active; `rank` is 0 for the first cluster of the frame.
    fn certainty(&self, rank: usize, candidate: &Candidate, has_evidence: bool) -> f64 {
        let total = if rank == 0 { self.speech() } else { self.overlap() };
        let share = match rank == 0 && has_evidence {
            true => candidate.evidence,
            false => candidate.votes / total.max(candidate.votes),
        };
        share * total.min(1.0)
    }
}

/// A cluster that may be active in a frame.
#[derive(Clone, Copy)]
struct Candidate {
    cluster: u32,
    score: f64,
    /// `v_k`
    votes: f64,
    /// `P_k`
    evidence: f64,
}

/// Puts `candidate` among the best if it belongs there. Of equal ones, the lower index is better.
fn offer(best: &mut [Option<Candidate>; MAX_ACTIVE], mut candidate: Candidate) {
    let is_lower = |last: &Option<Candidate>| last.is_some_and(|last| candidate.score < last.score);
    if candidate.score <= 0.0 || best.last().is_some_and(is_lower) {
        return;
    }
    for place in best {
        match place {
            Some(other) => {
                let is_better = candidate.score > other.score
                    || (candidate.score == other.score && candidate.cluster < other.cluster);
                if is_better {
                    std::mem::swap(other, &mut candidate);
                }
            }
            None => {
                *place = Some(candidate);
                return;
            }
        }
    }
}
