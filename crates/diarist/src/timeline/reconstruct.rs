//! Clusters of local speakers back to the frames of the recording.

use super::Coverage;
use super::vote_order::most_voted;
use crate::analysis::{ChunkGeometry, Slot};
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;

/// A maximal stretch of frames in which a cluster is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Who: index of the cluster.
    pub cluster: u32,
    /// First active frame.
    pub start: usize,
    /// First frame after it that is not active.
    pub end: usize,
}

/// Who speaks in which frame of the recording, run-length encoded: the dense `[frames, clusters]` table of a day of
/// audio with many speakers would take gigabytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discrete {
    /// Number of frames of the recording, padding of the last chunk included.
    pub num_frames: usize,
    /// Active stretches in the order of cluster, then start.
    pub runs: Vec<Run>,
}

/// Gives every frame the `counts[frame]` clusters with the most votes; a vote is a chunk in which one of the cluster's
/// local speakers is active.
///
/// - `masks`: one per chunk; `slots[i]` belongs to cluster `hard[i]`, or to none.
/// - `counts`: speakers per frame, from [`super::speaker_count`], capped by the caller if there is a maximum, or to 1 for
///   the exclusive timeline. Frames beyond its end get nobody.
///
/// Equal votes are decided as the module `vote_order` tells. If fewer clusters than `counts[frame]` have votes, clusters without
/// any are switched on, even an index that clustering never gave: that is what pyannote does, and such a frame's number
/// of speakers is better known than their names.
///
/// Source: pyannote.audio `pipelines/speaker_diarization.py`, `reconstruct`, and `pipelines/utils/diarization.py`,
/// `to_diarization`.
pub fn reconstruct(
    masks: &[ChunkMasks],
    slots: &[Slot],
    hard: &[Option<u32>],
    counts: &[u8],
    geometry: &ChunkGeometry,
) -> Discrete {
    let mut clusters = vec![[None; LOCAL_SPEAKERS]; masks.len()];
    for (slot, &cluster) in slots.iter().zip(hard) {
        if let Some(entry) =
            clusters.get_mut(slot.chunk as usize).and_then(|chunk| chunk.get_mut(usize::from(slot.local)))
        {
            *entry = cluster;
        }
    }
    let coverage = Coverage::new(masks.len(), geometry.step_s());
    let mut tracker = RunTracker::default();
    let named = hard.iter().flatten().map(|&cluster| cluster as usize + 1).max().unwrap_or(0);
    let num_clusters = named.max(usize::from(counts.iter().copied().max().unwrap_or(0)));
    let mut votes: Vec<u32> = vec![0; num_clusters];
    let mut voted: Vec<u32> = Vec::new();
    let mut chosen: Vec<u32> = Vec::new();
    coverage.sweep(|frame, chunks| {
        let wanted = usize::from(counts.get(frame).copied().unwrap_or(0));
        chosen.clear();
        if wanted > 0 {
            for chunk in chunks {
                vote(&mut votes, &mut voted, &masks[chunk], &clusters[chunk], frame - coverage.start_frame(chunk));
            }
            most_voted(&votes, &mut voted, wanted, &mut chosen);
            for cluster in voted.drain(..) {
                votes[cluster as usize] = 0;
            }
        }
        tracker.advance(frame, &chosen);
    });
    tracker.advance(coverage.num_frames(), &[]);
    let mut runs = tracker.done;
    runs.sort_unstable();
    Discrete { num_frames: coverage.num_frames(), runs }
}

/// Adds one vote for each cluster that is active in frame `t` of a chunk; `voted` lists those that have votes.
fn vote(
    votes: &mut [u32],
    voted: &mut Vec<u32>,
    masks: &ChunkMasks,
    clusters: &[Option<u32>; LOCAL_SPEAKERS],
    t: usize,
) {
    for (local, mask) in masks.speakers.iter().enumerate() {
        let Some(cluster) = clusters[local].filter(|_| mask.get(t)) else { continue };
        // Two local speakers of the same cluster are one vote (the maximum over them).
        let again = (0..local).any(|earlier| clusters[earlier] == Some(cluster) && masks.speakers[earlier].get(t));
        if again {
            continue;
        }
        let num = &mut votes[cluster as usize];
        if *num == 0 {
            voted.push(cluster);
        }
        *num += 1;
    }
}

/// Turns sets of active clusters, frame by frame, into runs.
#[derive(Default)]
struct RunTracker {
    open: Vec<Run>,
    done: Vec<Run>,
}

impl RunTracker {
    fn advance(&mut self, frame: usize, active: &[u32]) {
        let done = &mut self.done;
        self.open.retain(|run| {
            let stays = active.contains(&run.cluster);
            if !stays {
                done.push(Run { end: frame, ..*run });
            }
            stays
        });
        for &cluster in active {
            if !self.open.iter().any(|run| run.cluster == cluster) {
                self.open.push(Run { cluster, start: frame, end: frame });
            }
        }
    }
}
