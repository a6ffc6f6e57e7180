//! Reconstruction: from the clusters of local speakers to the active clusters in the frames of the
//! recording.

use super::Coverage;
use super::vote_order::most_voted;
use crate::analysis::{ChunkGeometry, Slot};
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;

/// The longest possible stretch of frames in which a cluster is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Index of the cluster.
    pub cluster: u32,
    /// First active frame.
    pub start: usize,
    /// First frame after the stretch.
    pub end: usize,
}

/// The active clusters of each frame of the recording, run-length encoded, because the dense
/// `[frames, clusters]` table of a day of audio with many speakers would take gigabytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discrete {
    /// Number of frames of the recording, including the padding of the last chunk.
    pub num_frames: usize,
    /// Active stretches in the order of cluster, then start.
    pub runs: Vec<Run>,
}

/// Activates the `counts[frame]` clusters with the most votes in every frame. A vote is a chunk in
/// which at least one local speaker of the cluster is active.
///
/// - `masks`: one per chunk; `slots[i]` belongs to cluster `hard[i]`, or to none.
/// - `counts`: speakers per frame, from [`super::speaker_count`]. The caller caps them if there is
///   a maximum, and at 1 for the exclusive timeline. No cluster is active in frames beyond their
///   end.
///
/// The module `vote_order` describes how ties are decided. If fewer than `counts[frame]` clusters
/// have votes, clusters without votes are activated, even an index that clustering did not assign.
/// pyannote does the same: the number of speakers in such a frame is more certain than their
/// identities.
///
/// Source: pyannote.audio `pipelines/speaker_diarization.py`, `reconstruct`, and
/// `pipelines/utils/diarization.py`, `to_diarization`.
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

/// Adds one vote for each cluster that is active in frame `t` of a chunk. `voted` lists the
/// clusters with votes.
fn vote(
    votes: &mut [u32],
    voted: &mut Vec<u32>,
    masks: &ChunkMasks,
    clusters: &[Option<u32>; LOCAL_SPEAKERS],
    t: usize,
) {
    for (local, mask) in masks.speakers.iter().enumerate() {
        let Some(cluster) = clusters[local].filter(|_| mask.get(t)) else { continue };
        // Two local speakers of one cluster give one vote (the maximum over them).
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

/// Converts the sets of active clusters, frame by frame, into runs.
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
