//! diart's online clustering: no two local speakers of a window get the same speaker, voices are
//! running sums of embeddings, and nothing is revised.
//!
//! Source: diart 0.9.2, `blocks/clustering.py` (`OnlineSpeakerClustering.identify`), and Coria et
//! al., "Overlap-aware low-latency online speaker diarization based on end-to-end local
//! segmentation", ASRU 2021. ρ has its published value, 0.3; δ was fitted to these embeddings.
//! Masks replace diart's soft activations: a local speaker is active if it has a frame.

use diarist::Result;
use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::assignment::{Objective, assign};
use diarist::parts::live::{WindowRules, WindowSpeakers};
use diarist::parts::segmentation::masks::ChunkMasks;
use diarist::parts::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::Ids;

/// ρ: the smallest active part of the window with which a local speaker may become a new speaker or
/// change a voice.
const MIN_ACTIVE_RATIO: f64 = 0.3;
/// δ: a local speaker at this cosine distance or more from all voices is a new speaker.
const MIN_NEW_DISTANCE: f64 = 0.8;
/// The largest number of speakers.
const MAX_SPEAKERS: usize = 20;

/// The sum of unit embeddings of each speaker.
#[derive(Debug, Default)]
pub(super) struct Diart {
    centers: Vec<Vec<f64>>,
}

impl WindowRules for Diart {
    fn decide(
        &mut self,
        masks: &ChunkMasks,
        embeddings: &[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    ) -> Result<WindowSpeakers> {
        Ok(WindowSpeakers { masks: *masks, ids: self.recognise(masks, embeddings)? })
    }
}

impl Diart {
    /// The speakers of a window's local speakers, numbered from 1.
    fn recognise(&mut self, masks: &ChunkMasks, embeddings: &[[f32; EMBEDDING_DIMENSION]]) -> Result<Ids> {
        let active: Vec<usize> = (0..LOCAL_SPEAKERS).filter(|&local| !masks.speakers[local].is_empty()).collect();
        let is_long = |local: usize| masks.speakers[local].count() as f64 >= MIN_ACTIVE_RATIO * FRAMES_PER_CHUNK as f64;
        let mut ids = [None; LOCAL_SPEAKERS];
        if self.centers.is_empty() {
            for &local in &active {
                ids[local] = Some(self.add(&embeddings[local]));
            }
            return Ok(ids);
        }
        let num_centers = self.centers.len();
        let distances: Vec<f64> = active.iter().flat_map(|&local| self.distances(&embeddings[local])).collect();
        for (row, center) in assign(&distances, active.len(), num_centers, Objective::Minimise)? {
            if distances[row * num_centers + center] < MIN_NEW_DISTANCE {
                ids[active[row]] = Some(center as u32 + 1);
            }
        }
        let mapped: Vec<usize> = active.iter().copied().filter(|&local| ids[local].is_some()).collect();
        for (row, &local) in active.iter().enumerate().filter(|(_, local)| !mapped.contains(local)) {
            if is_long(local) && self.centers.len() < MAX_SPEAKERS {
                ids[local] = Some(self.add(&embeddings[local]));
            } else {
                let of_row = &distances[row * num_centers..][..num_centers];
                let free = (0..num_centers).filter(|&center| !ids.contains(&Some(center as u32 + 1)));
                let nearest = free.min_by(|&a, &b| of_row[a].total_cmp(&of_row[b]));
                ids[local] = nearest.map(|center| center as u32 + 1);
            }
        }
        for local in mapped.into_iter().filter(|&local| is_long(local)) {
            if let Some(id) = ids[local] {
                let center = &mut self.centers[id as usize - 1];
                for (sum, value) in center.iter_mut().zip(unit(&embeddings[local])) {
                    *sum += f64::from(value);
                }
            }
        }
        Ok(ids)
    }

    fn add(&mut self, embedding: &[f32]) -> u32 {
        self.centers.push(unit(embedding).into_iter().map(f64::from).collect());
        self.centers.len() as u32
    }

    fn distances(&self, embedding: &[f32]) -> impl Iterator<Item = f64> {
        let unit = unit(embedding);
        self.centers.iter().map(move |center| {
            let dot: f64 = center.iter().zip(&unit).map(|(a, b)| a * f64::from(*b)).sum();
            let norm = center.iter().map(|value| value * value).sum::<f64>().sqrt();
            if norm > 0.0 { 1.0 - dot / norm } else { 2.0 }
        })
    }
}

/// `vector` with length 1; zeros stay zeros.
fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    vector.iter().map(|&value| (f64::from(value) * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{embeddings, masks};
    use super::*;

    #[test]
    fn the_first_window_makes_speakers_and_later_windows_follow() {
        let mut diart = Diart::default();
        let first = diart.recognise(&masks([0..200, 300..310, 0..0]), &embeddings([0.0, 90.0, 0.0])).unwrap();
        assert_eq!(first, [Some(1), Some(2), None], "even a short speaker of the first window");
        // Both are nearest to speaker 1, but only one of them may have it.
        let both = diart.recognise(&masks([0..100, 200..300, 0..0]), &embeddings([12.0, 10.0, 0.0])).unwrap();
        assert_eq!(both, [Some(2), Some(1), None]);
        // Far from all voices: 176 frames (0.299 of the window) get the nearest speaker, 177 frames
        // (0.3005) a new one.
        let far = embeddings([-100.0, 0.0, 0.0]);
        assert_eq!(diart.recognise(&masks([0..176, 0..0, 0..0]), &far).unwrap(), [Some(1), None, None]);
        assert_eq!(diart.recognise(&masks([0..177, 0..0, 0..0]), &far).unwrap(), [Some(3), None, None]);
    }

    #[test]
    fn only_long_speech_changes_a_voice() {
        let mut diart = Diart::default();
        diart.recognise(&masks([0..589, 0..0, 0..0]), &embeddings([0.0, 0.0, 0.0])).unwrap();
        diart.recognise(&masks([0..100, 0..0, 0..0]), &embeddings([40.0, 0.0, 0.0])).unwrap();
        assert_eq!(diart.centers[0][1], 0.0);
        diart.recognise(&masks([0..300, 0..0, 0..0]), &embeddings([40.0, 0.0, 0.0])).unwrap();
        let angle = diart.centers[0][1].atan2(diart.centers[0][0]).to_degrees();
        assert!((angle - 20.0).abs() < 1e-4, "{angle}");
    }
}
