//! Corrections about speakers, as changes to clusters.
//!
//! The slots that are heard in a corrected stretch go to the cluster of its speaker. Others follow
//! where two voices may have been taken for one: those of a cluster that is parted because somebody
//! new talks in the stretch, and those of two clusters that are alike. In other places a wrong turn
//! is a fault of that moment, which teaches nothing about others.
//!
//! The limits were chosen on simulated meetings (docs/benchmarks.md).

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, EMBEDDING_DIMENSION};
use crate::clustering::Clusters;
use crate::clustering::vectors::{cosine_similarity, normalised, widened};
use crate::corrections::{Correction, SpeakerRef, Stretch};
use crate::diarizer::constraints::{mean, renew_centroids};
use crate::segmentation::FRAMES_PER_CHUNK;
use crate::timeline::{Coverage, SlidingWindow};

/// Rounds in which slots follow; the voices of both clusters are updated after each.
const NUM_ROUNDS: usize = 4;
/// Cosine similarity up to which the two parts of a cluster are two voices. More similar ones are
/// one, and only the corrected slots go.
const MAX_SIMILARITY: f64 = 0.85;
/// Cosine similarity from which two clusters may have been mixed up.
const ALIKE: f64 = 0.7;

/// Clusters with corrections in force.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) clusters: Clusters,
    /// The clusters that corrections are about, those that are new among them.
    pub(super) touched: BTreeSet<u32>,
}

/// The clusters with the corrections in force. `None` if nothing changes.
pub(super) fn apply(corrections: &[Correction], before: &Clusters, analysis: &Analysis) -> Option<Changed> {
    if analysis.embeddings.are_skipped() || !corrections.iter().any(Correction::is_about_speakers) {
        return None;
    }
    let rows = analysis.embeddings.values.chunks_exact(EMBEDDING_DIMENSION);
    let unit = rows.map(|row| normalised(&widened(row))).collect();
    let mut found = Identities {
        analysis,
        unit,
        hard: before.hard.clone(),
        num: before.centroids.len(),
        pins: BTreeMap::new(),
        touched: BTreeSet::new(),
    };
    corrections.iter().for_each(|correction| found.add(correction));
    if found.hard == before.hard {
        return None;
    }
    let mut centroids = before.centroids.clone();
    centroids.resize(found.num, Vec::new());
    renew_centroids(&mut centroids, &before.hard, &found.hard, analysis);
    let clusters = Clusters { hard: found.hard, centroids, margins: before.margins.clone(), ..Clusters::default() };
    Some(Changed { clusters, touched: found.touched })
}

struct Identities<'a> {
    analysis: &'a Analysis,
    /// Every embedding with norm 1.
    unit: Vec<Vec<f64>>,
    hard: Vec<Option<u32>>,
    /// Number of clusters.
    num: usize,
    /// The cluster of each slot that a correction has decided.
    pins: BTreeMap<usize, u32>,
    touched: BTreeSet<u32>,
}

impl Identities<'_> {
    fn add(&mut self, correction: &Correction) {
        match correction {
            Correction::Merge { speaker, into } => {
                if let (Some(from), Some(into)) = (self.home(speaker), self.home(into)) {
                    self.touched.extend([from, into]);
                    let all = self.hard.iter_mut().flatten().chain(self.pins.values_mut());
                    all.filter(|cluster| **cluster == from).for_each(|cluster| *cluster = into);
                }
            }
            Correction::Different { a, b, .. } => {
                let [a, b] = [a, b].map(|stretch| self.heard(std::slice::from_ref(stretch)));
                let [home_a, home_b] = [&a, &b].map(|rows| self.majority(rows));
                if let (Some(from), true) = (home_a, home_a == home_b) {
                    let rows = without(&b, &a);
                    self.start(&rows, from, &without(&a, &b));
                }
            }
            Correction::Move { stretch, from, to, others } => {
                let rows = self.heard(std::slice::from_ref(stretch));
                let before = without(&self.heard(&from.heard), &rows);
                let from = self.home(from);
                let known: Vec<u32> = others.iter().filter_map(|other| self.home(other)).chain(from).collect();
                match (to, self.majority(&rows)) {
                    (Some(to), _) => {
                        if let (Some(to), Some(from)) = (self.home(to), from) {
                            self.shift(&rows, from, to);
                        }
                    }
                    (None, Some(home)) if known.contains(&home) => self.start(&rows, home, &before),
                    // Somebody new has a cluster already.
                    (None, _) => {}
                }
            }
            Correction::Rename { .. }
            | Correction::Split { .. }
            | Correction::Join { .. }
            | Correction::Retime { .. }
            | Correction::Delete { .. } => {}
        }
    }

    /// The cluster of a speaker.
    fn home(&self, speaker: &SpeakerRef) -> Option<u32> {
        self.majority(&self.heard(&speaker.heard))
    }

    /// The cluster of most of these slots.
    fn majority(&self, rows: &[usize]) -> Option<u32> {
        let mut votes: BTreeMap<u32, usize> = BTreeMap::new();
        rows.iter().filter_map(|&row| self.hard[row]).for_each(|cluster| *votes.entry(cluster).or_default() += 1);
        votes
            .into_iter()
            .max_by_key(|&(cluster, votes)| (votes, std::cmp::Reverse(cluster)))
            .map(|(cluster, _)| cluster)
    }

    fn pin(&mut self, rows: &[usize], cluster: u32) {
        for &row in rows {
            self.hard[row] = Some(cluster);
            self.pins.insert(row, cluster);
        }
    }

    /// The direction of the voice in some slots.
    fn voice(&self, rows: impl Iterator<Item = usize>) -> Vec<f64> {
        normalised(&mean(rows, &self.unit))
    }

    /// Starts a cluster with these slots, which were in `from`. Other slots of `from` follow if
    /// their voice is more similar to these than to `others`, which stay.
    fn start(&mut self, rows: &[usize], from: u32, others: &[usize]) {
        if rows.is_empty() {
            return;
        }
        let to = self.num as u32;
        self.num += 1;
        self.touched.extend([from, to]);
        self.pin(rows, to);
        self.pin(others, from);
        if !others.is_empty() {
            let seeds = [others, rows].map(|rows| self.voice(rows.iter().copied()));
            self.part(from, to, seeds);
        }
    }

    /// Gives slots of one cluster to another one, as far as their voice bears it out. If the two
    /// clusters are alike, others follow.
    fn shift(&mut self, rows: &[usize], from: u32, to: u32) {
        if from == to {
            return;
        }
        self.touched.extend([from, to]);
        let voices = [from, to].map(|cluster| {
            let own = (0..self.hard.len()).filter(|&row| self.hard[row] == Some(cluster) && !rows.contains(&row));
            self.voice(own)
        });
        let is_borne_out = |row: &usize| {
            let [old, new] = voices.each_ref().map(|voice| cosine_similarity(&self.unit[*row], voice));
            new > old
        };
        let rows: Vec<usize> = rows.iter().copied().filter(is_borne_out).collect();
        self.pin(&rows, to);
        if cosine_similarity(&voices[0], &voices[1]) >= ALIKE {
            self.part(from, to, voices);
        }
    }

    /// Gives each slot of two clusters to the one with the more similar voice, at first to those
    /// in `voices`; pinned slots stay. Nothing changes if the two turn out to be one voice.
    fn part(&mut self, from: u32, to: u32, mut voices: [Vec<f64>; 2]) {
        let is_free = |row: &usize| [Some(from), Some(to)].contains(&self.hard[*row]) && !self.pins.contains_key(row);
        let free: Vec<usize> = (0..self.hard.len()).filter(is_free).collect();
        let mut hard = self.hard.clone();
        for _ in 0..NUM_ROUNDS {
            for &row in &free {
                let [old, new] = voices.each_ref().map(|voice| cosine_similarity(&self.unit[row], voice));
                hard[row] = Some(if new > old { to } else { from });
            }
            voices = [from, to].map(|cluster| self.voice((0..hard.len()).filter(|&row| hard[row] == Some(cluster))));
        }
        if cosine_similarity(&voices[0], &voices[1]) <= MAX_SIMILARITY {
            self.hard = hard;
        }
    }

    /// The slots of the person who talks alone in `stretches`, as rows of embeddings: those that
    /// are active alone in at least half of the frames of a stretch that their chunk covers.
    fn heard(&self, stretches: &[Stretch]) -> Vec<usize> {
        let Analysis { geometry, masks, embeddings, .. } = self.analysis;
        let coverage = Coverage::new(masks.len(), geometry.step_s());
        let mut rows = Vec::new();
        for stretch in stretches {
            let frame = |time_s: f64| SlidingWindow::FRAMES.closest_frame(time_s).max(0) as usize;
            let (first, last) = (frame(stretch.start_s), frame(stretch.end_s));
            for (row, slot) in embeddings.slots.iter().enumerate() {
                let chunk = &masks[slot.chunk as usize];
                let start = coverage.start_frame(slot.chunk as usize);
                let covered = first.max(start)..last.min(start + FRAMES_PER_CHUNK);
                let mask = &chunk.speakers[usize::from(slot.local)];
                let num_covered = covered.len();
                let is_alone = |frame: &usize| mask.get(frame - start) && chunk.num_active(frame - start) == 1;
                if num_covered > 0 && 2 * covered.filter(is_alone).count() >= num_covered {
                    rows.push(row);
                }
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

fn without(rows: &[usize], others: &[usize]) -> Vec<usize> {
    rows.iter().copied().filter(|row| !others.contains(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{ChunkGeometry, Slot};
    use crate::segmentation::masks::ChunkMasks;

    /// Chunks of 10 s side by side, in each of which one person talks. A voice is a direction, and
    /// every chunk deviates a little from it.
    fn analysis(voices: &[&[(usize, f32)]]) -> Analysis {
        let geometry = ChunkGeometry { step_samples: 160_000, num_samples: 160_000 * voices.len() as u64 };
        let mut analysis = Analysis { geometry, ..Analysis::default() };
        for (chunk, voice) in voices.iter().enumerate() {
            let mut masks = ChunkMasks::default();
            (0..FRAMES_PER_CHUNK).for_each(|frame| masks.speakers[0].insert(frame));
            analysis.masks.push(masks);
            let mut values = vec![0.0; EMBEDDING_DIMENSION];
            voice.iter().for_each(|&(place, value)| values[place] = value);
            values[100 + chunk] = 0.1;
            analysis.embeddings.push(Slot { chunk: chunk as u32, local: 0 }, &values);
        }
        analysis
    }

    fn clusters(hard: &[u32], analysis: &Analysis) -> Clusters {
        let hard: Vec<Option<u32>> = hard.iter().copied().map(Some).collect();
        let num = hard.iter().flatten().max().map_or(0, |last| *last as usize + 1);
        let mut centroids = vec![vec![0.0; EMBEDDING_DIMENSION]; num];
        renew_centroids(&mut centroids, &vec![None; hard.len()], &hard, analysis);
        Clusters { hard, centroids, ..Clusters::default() }
    }

    fn in_chunk(chunk: usize) -> Stretch {
        Stretch::new(10.0 * chunk as f64 + 2.0, 10.0 * chunk as f64 + 8.0)
    }

    fn speaker(chunk: usize) -> SpeakerRef {
        SpeakerRef { label: String::new(), heard: vec![in_chunk(chunk)] }
    }

    fn moved(chunk: usize, from: usize, to: Option<usize>) -> Correction {
        Correction::Move { stretch: in_chunk(chunk), from: speaker(from), to: to.map(speaker), others: vec![] }
    }

    fn corrected(corrections: &[Correction], hard: &[u32], analysis: &Analysis) -> Vec<u32> {
        let before = clusters(hard, analysis);
        let after = apply(corrections, &before, analysis).map_or(before, |changed| changed.clusters);
        assert!(after.hard.iter().flatten().all(|&cluster| (cluster as usize) < after.centroids.len()));
        after.hard.into_iter().flatten().collect()
    }

    const ANN: &[(usize, f32)] = &[(0, 1.0)];
    const BOB: &[(usize, f32)] = &[(0, 0.6), (1, 0.8)];
    const CAT: &[(usize, f32)] = &[(2, 1.0)];

    #[test]
    fn one_turn_of_somebody_new_parts_a_cluster_of_two_voices() {
        let all = analysis(&[ANN, BOB, ANN, BOB, CAT, BOB]);
        assert_eq!(corrected(&[moved(1, 0, None)], &[0, 0, 0, 0, 1, 0], &all), [0, 2, 0, 2, 1, 2]);
        let different = Correction::Different { a: in_chunk(0), b: in_chunk(3), speaker: speaker(3) };
        assert_eq!(corrected(&[different], &[0, 0, 0, 0, 1, 0], &all), [0, 2, 0, 2, 1, 2]);
    }

    #[test]
    fn a_cluster_of_one_voice_loses_only_the_corrected_turn() {
        let all = analysis(&[ANN, ANN, ANN, CAT]);
        assert_eq!(corrected(&[moved(1, 0, None)], &[0, 0, 0, 1], &all), [0, 2, 0, 1]);
    }

    #[test]
    fn a_turn_goes_to_another_speaker_if_the_voice_bears_it_out() {
        let all = analysis(&[ANN, CAT, ANN, CAT, CAT, CAT]);
        // Two turns of the second voice were given to the first. The clusters are not alike, so the
        // other turn stays.
        let wrong = [0, 0, 0, 0, 1, 1];
        assert_eq!(corrected(&[moved(1, 0, Some(4))], &wrong, &all), [0, 1, 0, 0, 1, 1]);
        // The voice says otherwise: turns are changed later, clusters are not.
        assert_eq!(corrected(&[moved(2, 0, Some(4))], &[0, 1, 0, 1, 1, 1], &all), [0, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn others_follow_between_clusters_that_are_alike() {
        let all = analysis(&[ANN, BOB, ANN, BOB, BOB, BOB]);
        let wrong = [0, 0, 0, 0, 0, 1];
        assert_eq!(corrected(&[moved(1, 0, Some(5))], &wrong, &all), [0, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn merged_speakers_are_one_cluster_also_for_later_corrections() {
        let all = analysis(&[ANN, ANN, CAT, CAT]);
        let merge = Correction::Merge { speaker: speaker(1), into: speaker(0) };
        assert_eq!(corrected(std::slice::from_ref(&merge), &[0, 1, 2, 2], &all), [0, 0, 2, 2]);
        assert_eq!(corrected(&[merge.clone(), merge.clone()], &[0, 1, 2, 2], &all), [0, 0, 2, 2]);
        assert_eq!(corrected(&[merge, moved(1, 0, None)], &[0, 1, 2, 2], &all), [0, 3, 2, 2]);
    }

    #[test]
    fn corrections_of_turns_and_silence_change_no_cluster() {
        let all = analysis(&[ANN, CAT]);
        let delete = Correction::Delete { speaker: speaker(0), stretch: in_chunk(0) };
        assert!(apply(&[delete], &clusters(&[0, 1], &all), &all).is_none());
        let nowhere = Correction::Move {
            stretch: Stretch::new(500.0, 501.0),
            from: speaker(0),
            to: Some(speaker(1)),
            others: vec![],
        };
        assert!(apply(&[nowhere], &clusters(&[0, 1], &all), &all).is_none());
    }
}
