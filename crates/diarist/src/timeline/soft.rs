//! Soft reconstruction: from probabilities, clusters and subsegments to the active clusters in the
//! frames of the recording.
//!
//! In each frame, over the `n` chunks that cover it:
//!
//! - `P1` is the mean probability of speech, and `P2` that of overlap. Nobody speaks unless `P1` is
//!   above the threshold of speech; two people do if `P2` is above that of overlap, too.
//! - The votes `v_k` of cluster `k` are the mean of the probability of its local speaker, of the
//!   more probable one if a chunk has two.
//! - The evidence `P_k` of subsegments is the probability of the cluster's voice ([`Evidence`]).
//!
//! The clusters with the highest `v_k + 3 P_k (P1 - P2)` are active; equal ones by their index. So
//! the voice decides where one person speaks, and the votes where several do.

use std::array;
use std::borrow::Cow;
use std::ops::Range;

use super::evidence::Evidence;
use super::stretches::{Stretches, Tracker};
use super::{Coverage, Segment, SlidingWindow, TimelineSettings};
use crate::analysis::Analysis;
use crate::clustering::Clusters;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::probabilities::ChunkProbabilities;

/// Factor of the evidence of subsegments, where votes have 1. Chosen on development recordings,
/// where results hardly change between 2 and 10.
const EVIDENCE: f64 = 3.0;

/// Least speech of a second speaker who never speaks alone, as a share of that of the first.
const MIN_SECOND: f64 = 0.02;

/// The probability 1.
const ONE: u32 = u8::MAX as u32;

/// Most clusters that are active at the same time.
const MAX_ACTIVE: usize = 2;

/// Active clusters of the recording, at most `max_speakers` at the same time; then those of the
/// exclusive timeline, at most one. No cluster is active in frames that begin with the end of the
/// recording or after it.
///
/// A cluster without a slot may be active if it has a centroid: its voice may be heard in
/// subsegments. A frame without votes and evidence has no active cluster, whatever its number of
/// speakers. But where all speech is one cluster, cluster 1 stands for the second speaker of
/// overlap, if that is more than crumbs.
///
/// The certainty of a frame is the probability that its cluster is active there. For the first
/// cluster, it is `P1` times its share of the evidence, or of the votes if no subsegment covers the
/// frame; for the second, it is `P2` times its share of the votes.
pub(super) fn reconstruct(
    analysis: &Analysis,
    clusters: &Clusters,
    settings: &TimelineSettings,
    max_speakers: usize,
) -> [Stretches; 2] {
    let coverage = Coverage::new(analysis.masks.len(), analysis.geometry.step_s());
    let chunks = Chunks { probabilities: probabilities(analysis), clusters: clusters_of(analysis, clusters), coverage };
    let duration_s = analysis.geometry.duration_s();
    let mut evidence = Evidence::new(&analysis.subsegments, clusters);
    let mut shares = Vec::new();
    let named = clusters.hard.iter().flatten().map(|&cluster| cluster as usize + 1).max().unwrap_or(0);
    let mut votes = Votes { sums: vec![0; named.max(clusters.centroids.len())], voted: Vec::new() };
    let [mut all, mut solo] = [Tracker::default(), Tracker::default()];
    chunks.coverage.sweep(|frame, covering| {
        let moment = chunks.at(frame, covering, &mut votes);
        let wanted = moment.count(settings).min(max_speakers);
        let mut active = [(0, 0.0); MAX_ACTIVE];
        let mut num_active = 0;
        if wanted > 0 && !Segment::new(SlidingWindow::FRAMES.middle(frame), duration_s).is_empty() {
            let has_evidence = evidence.at(frame, &mut shares);
            let best = best(&moment, &votes, evidence.clusters(), &shares);
            for (rank, candidate) in best.into_iter().flatten().take(wanted).enumerate() {
                active[rank] = (candidate.cluster, moment.certainty(rank, &candidate, has_evidence));
                num_active += 1;
            }
            if num_active == 1 && wanted > 1 && votes.sums.len() == 1 {
                active[1] = (1, moment.overlap);
                num_active = 2;
            }
        }
        votes.clear();
        all.advance(frame, &active[..num_active]);
        solo.advance(frame, &active[..num_active.min(1)]);
    });
    let [mut all, solo] = [all, solo].map(|tracker| tracker.finish(chunks.coverage.num_frames()));
    if votes.sums.len() == 1 {
        without_rare_second(&mut all);
    }
    [all, solo]
}

/// Removes the second speaker of a recording with one cluster, unless he has enough speech. He has
/// no cluster, since he never speaks alone.
fn without_rare_second(stretches: &mut Stretches) {
    let num_frames = |cluster: u32| -> usize {
        let of_cluster = stretches.all.iter().filter(|stretch| stretch.run.cluster == cluster);
        of_cluster.map(|stretch| stretch.run.end - stretch.run.start).sum()
    };
    if (num_frames(1) as f64) < MIN_SECOND * num_frames(0) as f64 {
        stretches.all.retain(|stretch| stretch.run.cluster == 0);
    }
}

/// The probabilities of all chunks, those of the masks if the analysis was made without.
fn probabilities(analysis: &Analysis) -> Cow<'_, [ChunkProbabilities]> {
    match analysis.probabilities.len() == analysis.masks.len() {
        true => Cow::Borrowed(&analysis.probabilities),
        false => Cow::Owned(analysis.masks.iter().map(ChunkProbabilities::from_masks).collect()),
    }
}

/// The clusters of the local speakers of every chunk.
fn clusters_of(analysis: &Analysis, clusters: &Clusters) -> Vec<[Option<u32>; LOCAL_SPEAKERS]> {
    let mut found = vec![[None; LOCAL_SPEAKERS]; analysis.masks.len()];
    for (slot, &cluster) in analysis.embeddings.slots.iter().zip(&clusters.hard) {
        let chunk = found.get_mut(slot.chunk as usize);
        if let Some(entry) = chunk.and_then(|chunk| chunk.get_mut(usize::from(slot.local))) {
            *entry = cluster;
        }
    }
    found
}

struct Chunks<'a> {
    probabilities: Cow<'a, [ChunkProbabilities]>,
    clusters: Vec<[Option<u32>; LOCAL_SPEAKERS]>,
    coverage: Coverage,
}

impl Chunks<'_> {
    /// Speech and overlap in `frame`, which the chunks `covering` cover. Adds their votes.
    fn at(&self, frame: usize, covering: Range<usize>, votes: &mut Votes) -> Moment {
        let one = ONE * covering.len() as u32;
        let (mut speakers, mut overlap) = (0, 0);
        for chunk in covering {
            let t = frame - self.coverage.start_frame(chunk);
            let probabilities = &self.probabilities[chunk];
            let values = array::from_fn(|local| u32::from(probabilities.speaker(local, t)));
            speakers += values.iter().sum::<u32>();
            overlap += u32::from(probabilities.overlap(t));
            votes.add(values, &self.clusters[chunk]);
        }
        Moment::new(speakers, overlap, one)
    }
}

/// Sum of the votes in one frame.
struct Votes {
    /// Of each cluster, in units of 1/255 of a chunk.
    sums: Vec<u32>,
    /// The clusters with votes, in no particular order.
    voted: Vec<u32>,
}

impl Votes {
    /// Adds the votes of a chunk with these probabilities and clusters of its local speakers.
    fn add(&mut self, values: [u32; LOCAL_SPEAKERS], clusters: &[Option<u32>; LOCAL_SPEAKERS]) {
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

    fn clear(&mut self) {
        self.voted.drain(..).for_each(|cluster| self.sums[cluster as usize] = 0);
    }
}

/// Speech and overlap in one frame.
struct Moment {
    /// `P1`, up to rounding from 0 to 1.
    speech: f64,
    /// `P2`, from 0 to 1.
    overlap: f64,
    /// The sum that stands for the probability 1 in all chunks.
    one: f64,
}

impl Moment {
    /// From the sums over chunks and local speakers. With `one` = 0, no chunk covers the frame.
    fn new(speakers: u32, overlap: u32, one: u32) -> Self {
        let one = f64::from(one.max(1));
        Self { speech: (f64::from(speakers) - f64::from(overlap)) / one, overlap: f64::from(overlap) / one, one }
    }

    fn count(&self, settings: &TimelineSettings) -> usize {
        let is_speech = self.speech > settings.speech_threshold;
        usize::from(is_speech) + usize::from(is_speech && self.overlap > settings.overlap_threshold)
    }

    /// Probability that `candidate` is active; `rank` is 0 for the first cluster of the frame.
    fn certainty(&self, rank: usize, candidate: &Candidate, has_evidence: bool) -> f64 {
        let total = if rank == 0 { self.speech } else { self.overlap };
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

/// The clusters with the highest scores above 0. `shares` has the evidence for `voices`, which are
/// ascending, or is empty.
fn best(moment: &Moment, votes: &Votes, voices: &[u32], shares: &[f64]) -> [Option<Candidate>; MAX_ACTIVE] {
    let factor = EVIDENCE * (moment.speech - moment.overlap).clamp(0.0, 1.0);
    let candidate = |cluster: u32, evidence: f64| {
        // Most clusters have no votes, so divisions are spared.
        let votes = match votes.sums[cluster as usize] {
            0 => 0.0,
            sum => f64::from(sum) / moment.one,
        };
        Candidate { cluster, score: votes + factor * evidence, votes, evidence }
    };
    let mut best = [None; MAX_ACTIVE];
    for (&cluster, &share) in voices.iter().zip(shares) {
        offer(&mut best, candidate(cluster, share));
    }
    for &cluster in &votes.voted {
        if shares.is_empty() || voices.binary_search(&cluster).is_err() {
            offer(&mut best, candidate(cluster, 0.0));
        }
    }
    best
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
