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

use std::borrow::Cow;

use super::evidence::Evidence;
use super::frame_votes::FrameVotes;
use super::stretches::{Stretches, Tracker};
use super::{Coverage, Segment, SlidingWindow, TimelineSettings};
use crate::analysis::Analysis;
use crate::clustering::Clusters;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::probabilities::ChunkProbabilities;

/// Least speech of a second speaker who never speaks alone, as a share of that of the first.
const MIN_SECOND: f64 = 0.02;

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
    let (probabilities, chunk_clusters) = (probabilities(analysis), clusters_of(analysis, clusters));
    let duration_s = analysis.geometry.duration_s();
    let mut evidence = Evidence::new(&analysis.subsegments, clusters);
    let mut shares = Vec::new();
    let named = clusters.hard.iter().flatten().map(|&cluster| cluster as usize + 1).max().unwrap_or(0);
    let num_clusters = named.max(clusters.centroids.len());
    let mut votes = FrameVotes::new(num_clusters);
    let [mut all, mut solo] = [Tracker::default(), Tracker::default()];
    coverage.sweep(|frame, covering| {
        votes.clear();
        for chunk in covering {
            votes.add(&probabilities[chunk], frame - coverage.start_frame(chunk), &chunk_clusters[chunk]);
        }
        let wanted = votes.num_speakers(settings).min(max_speakers);
        let mut active = Vec::new();
        if wanted > 0 && !Segment::new(SlidingWindow::FRAMES.middle(frame), duration_s).is_empty() {
            evidence.at(frame, &mut shares);
            active = votes.active(wanted, evidence.clusters(), &shares);
            if active.len() == 1 && wanted > 1 && num_clusters == 1 {
                active.push((1, votes.overlap()));
            }
        }
        all.advance(frame, &active);
        solo.advance(frame, &active[..active.len().min(1)]);
    });
    let [mut all, solo] = [all, solo].map(|tracker| tracker.finish(coverage.num_frames()));
    if num_clusters == 1 {
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
