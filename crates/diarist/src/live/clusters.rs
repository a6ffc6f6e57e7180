//! Clusters the remembered windows, and matches the clusters with the speakers.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Embeddings, Slot, Subsegments};
use crate::assignment::{Objective, assign};
use crate::clustering::{ClusteringSettings, Plda, SpeakerBounds, cluster};
use crate::error::Result;
use crate::segmentation::{FRAME_STEP_S, LOCAL_SPEAKERS};

use super::history::History;
use super::speakers::{RunningVoice, Speakers};
use super::windows::Ids;

/// The speakers after clustering.
#[derive(Debug)]
pub(super) struct Clustered {
    /// The speakers of each remembered window.
    pub(super) ids: Vec<Ids>,
    pub(super) voices: Vec<RunningVoice>,
    /// Speakers that no longer exist, each with the speaker that has most of their speech.
    pub(super) merged: Vec<(u32, u32)>,
}

/// Clusters `history` as the offline pipeline clusters chunks; `None` without speech.
///
/// Clusters and speakers are matched one to one, so that they share the most speech. A cluster
/// without a match gets a new number.
pub(super) fn recluster(
    history: &History,
    subsegments: &Subsegments,
    speakers: &mut Speakers,
    settings: &ClusteringSettings,
    plda: &Plda,
) -> Result<Option<Clustered>> {
    let mut embeddings = Embeddings::default();
    let mut masks = Vec::new();
    for (chunk, window) in history.windows().enumerate() {
        for local in (0..LOCAL_SPEAKERS).filter(|&local| !window.masks.speakers[local].is_empty()) {
            embeddings.push(Slot { chunk: chunk as u32, local: local as u8 }, &window.embeddings[local]);
        }
        masks.push(window.masks);
    }
    if embeddings.is_empty() {
        return Ok(None);
    }
    let bounds = SpeakerBounds::new(None, None, settings.bounds()?.max())?;
    let clusters = cluster(&embeddings, &masks, subsegments, &settings.method, bounds, plda)?;

    // Seconds of speech that each cluster shares with each speaker, and clean seconds of each
    // cluster.
    let mut shared = BTreeMap::<(u32, u32), f64>::new();
    let mut clean = BTreeMap::<u32, f64>::new();
    let ids: Vec<Ids> = history.windows().map(|window| window.ids).collect();
    for (slot, cluster) in embeddings.slots.iter().zip(&clusters.hard) {
        let Some(cluster) = *cluster else { continue };
        let (window, local) = (&masks[slot.chunk as usize], usize::from(slot.local));
        *clean.entry(cluster).or_default() += window.num_clean_frames()[local] as f64 * FRAME_STEP_S;
        if let Some(id) = ids[slot.chunk as usize][local] {
            *shared.entry((cluster, id)).or_default() += window.speakers[local].count() as f64 * FRAME_STEP_S;
        }
    }
    let names = name(clean.keys().copied().collect(), &shared, speakers)?;
    let mut new_ids = vec![[None; LOCAL_SPEAKERS]; masks.len()];
    for (slot, cluster) in embeddings.slots.iter().zip(&clusters.hard) {
        new_ids[slot.chunk as usize][usize::from(slot.local)] =
            cluster.and_then(|cluster| names.get(&cluster).copied());
    }
    let mut voices: Vec<RunningVoice> = clean
        .iter()
        .map(|(cluster, &clean_s)| {
            RunningVoice::new(names[cluster], &clusters.centroids[*cluster as usize], clean_s.max(FRAME_STEP_S))
        })
        .collect();
    let merged = merged(&names, &shared);
    // Speakers without a remembered window stay.
    let seen: BTreeSet<u32> = shared.keys().map(|&(_, id)| id).collect();
    voices.extend(speakers.unseen(&seen));
    Ok(Some(Clustered { ids: new_ids, voices, merged }))
}

/// The number of each cluster.
fn name(clusters: Vec<u32>, shared: &BTreeMap<(u32, u32), f64>, speakers: &mut Speakers) -> Result<BTreeMap<u32, u32>> {
    let ids: Vec<u32> = shared.keys().map(|&(_, id)| id).collect::<BTreeSet<_>>().into_iter().collect();
    let value = |cluster: u32, id: u32| shared.get(&(cluster, id)).copied().unwrap_or(0.0);
    let matrix: Vec<f64> = clusters.iter().flat_map(|&cluster| ids.iter().map(move |&id| value(cluster, id))).collect();
    let mut names = BTreeMap::new();
    for (row, column) in assign(&matrix, clusters.len(), ids.len(), Objective::Maximise)? {
        if value(clusters[row], ids[column]) > 0.0 {
            names.insert(clusters[row], ids[column]);
        }
    }
    for cluster in clusters {
        names.entry(cluster).or_insert_with(|| speakers.new_id());
    }
    Ok(names)
}

/// Speakers without a cluster, each with the speaker that has most of their speech.
fn merged(names: &BTreeMap<u32, u32>, shared: &BTreeMap<(u32, u32), f64>) -> Vec<(u32, u32)> {
    let kept: BTreeSet<u32> = names.values().copied().collect();
    let mut best = BTreeMap::<u32, (f64, u32)>::new();
    for (&(cluster, id), &seconds) in shared.iter().filter(|((_, id), _)| !kept.contains(id)) {
        let entry = best.entry(id).or_insert((0.0, names[&cluster]));
        if seconds > entry.0 {
            *entry = (seconds, names[&cluster]);
        }
    }
    best.into_iter().map(|(id, (_, into))| (id, into)).collect()
}
