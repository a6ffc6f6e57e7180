//! FluidAudio's speaker tracking of August 2025, with its flaws: adjacent chunks of 10 s, each
//! local speaker gets the nearest known speaker below a distance, and runs under 1 s are dropped.
//!
//! Source: FluidAudio `SpeakerManager.swift`, `DiarizerManager.swift` and `DiarizerTypes.swift` as
//! of 2025-08-27, Apache-2.0. The thresholds are those of its benchmark. Frames have diarist's
//! times; FluidAudio's are 31 ms earlier.

use std::collections::VecDeque;

use diarist::Result;
use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::inference::cosine_distance;
use diarist::parts::live::{WindowRules, WindowSpeakers};
use diarist::parts::segmentation::masks::{ChunkMasks, FrameMask};
use diarist::parts::segmentation::{FRAME_STEP_S, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::Ids;

/// Below this cosine distance, a local speaker is taken for a known speaker.
const SPEAKER_DISTANCE: f32 = 0.84;
/// Below this cosine distance, the embedding also changes that of the known speaker.
const UPDATE_DISTANCE: f32 = 0.56;
/// Seconds of activity, overlap included, needed to become a new speaker. Shorter runs of frames
/// are dropped.
const MIN_SPEECH_S: f64 = 1.0;
/// The smallest number of clean frames for an embedding; a speaker needs more
/// active frames than this.
const MIN_FRAMES: usize = 10;
/// An embedding is valid above this norm.
const MIN_NORM: f64 = 0.1;
/// Number of embeddings kept per speaker.
const MAX_RAW: usize = 50;

#[derive(Debug)]
struct Known {
    current: Vec<f32>,
    raw: VecDeque<Vec<f32>>,
}

/// The speakers so far, numbered from 1.
#[derive(Debug, Default)]
pub(super) struct FluidAudio {
    known: Vec<Known>,
}

impl WindowRules for FluidAudio {
    fn decide(
        &mut self,
        masks: &ChunkMasks,
        embeddings: &[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    ) -> Result<WindowSpeakers> {
        let (masks, ids) = self.recognise(masks, embeddings);
        Ok(WindowSpeakers { masks, ids })
    }
}

impl FluidAudio {
    /// The runs of at least a second, and the speakers of the local speakers; two may have the
    /// same.
    fn recognise(&mut self, masks: &ChunkMasks, embeddings: &[[f32; EMBEDDING_DIMENSION]]) -> (ChunkMasks, Ids) {
        let clean = masks.num_clean_frames();
        let mut ids = [None; LOCAL_SPEAKERS];
        for (local, embedding) in embeddings.iter().enumerate().take(LOCAL_SPEAKERS) {
            let activity = masks.speakers[local].count();
            if clean[local] >= MIN_FRAMES && activity > MIN_FRAMES && norm(embedding) > MIN_NORM {
                ids[local] = self.assign(embedding, activity as f64 * FRAME_STEP_S);
            }
        }
        let mut kept = ChunkMasks { speakers: masks.speakers.map(|mask| long_runs(&mask)) };
        for (mask, id) in kept.speakers.iter_mut().zip(ids) {
            if id.is_none() {
                *mask = FrameMask::default();
            }
        }
        (kept, ids)
    }

    fn assign(&mut self, embedding: &[f32], duration_s: f64) -> Option<u32> {
        let distances = self.known.iter().map(|known| cosine_distance(embedding, &known.current)).enumerate();
        let nearest = distances.min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((index, distance)) = nearest.filter(|(_, distance)| *distance < SPEAKER_DISTANCE) {
            if distance < UPDATE_DISTANCE {
                self.known[index].update(embedding);
            }
            return Some(index as u32 + 1);
        }
        (duration_s >= MIN_SPEECH_S).then(|| {
            self.known.push(Known { current: embedding.to_vec(), raw: VecDeque::from([embedding.to_vec()]) });
            self.known.len() as u32
        })
    }
}

impl Known {
    /// Blends the mean of the raw embeddings with the new embedding. FluidAudio replaces its
    /// running value by that mean first, so that the running value has no memory of its own.
    fn update(&mut self, embedding: &[f32]) {
        self.raw.push_back(embedding.to_vec());
        if self.raw.len() > MAX_RAW {
            self.raw.pop_front();
        }
        for (i, value) in self.current.iter_mut().enumerate() {
            let mean = self.raw.iter().map(|raw| raw[i]).sum::<f32>() / self.raw.len() as f32;
            *value = 0.9 * mean + 0.1 * embedding[i];
        }
    }
}

/// The runs of `mask` that last at least [`MIN_SPEECH_S`].
fn long_runs(mask: &FrameMask) -> FrameMask {
    let mut kept = FrameMask::default();
    let mut start = None;
    for t in 0..=FRAMES_PER_CHUNK {
        let is_active = t < FRAMES_PER_CHUNK && mask.get(t);
        match start {
            None if is_active => start = Some(t),
            Some(first) if !is_active => {
                if (t - first) as f64 * FRAME_STEP_S >= MIN_SPEECH_S {
                    (first..t).for_each(|t| kept.insert(t));
                }
                start = None;
            }
            _ => {}
        }
    }
    kept
}

fn norm(vector: &[f32]) -> f64 {
    vector.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{embeddings, masks};
    use super::*;

    #[test]
    fn runs_under_a_second_are_dropped_and_local_speakers_may_share_a_speaker() {
        let mut rules = FluidAudio::default();
        // 59 frames are 0.996 s, 60 are 1.0125 s.
        let (kept, ids) = rules.recognise(&masks([0..59, 100..160, 300..400]), &embeddings([0.0, 5.0, 8.0]));
        assert_eq!(
            ids,
            [None, Some(1), Some(1)],
            "0.996 s are too short for a new speaker; the later ones are near each other"
        );
        assert_eq!(kept.speakers.map(|mask| mask.count()), [0, 60, 100]);
        let (kept, ids) = rules.recognise(&masks([0..59, 100..160, 0..0]), &embeddings([0.0, 90.0, 0.0]));
        assert_eq!((ids, kept.speakers[0].count()), ([Some(1), Some(2), None], 0));
    }

    #[test]
    fn between_the_thresholds_a_speaker_is_recognised_but_not_changed() {
        let mut rules = FluidAudio::default();
        rules.recognise(&masks([0..100, 0..0, 0..0]), &embeddings([0.0, 0.0, 0.0]));
        // cos 75 degrees is 0.26: distance 0.74.
        let (_, ids) = rules.recognise(&masks([0..100, 0..0, 0..0]), &embeddings([75.0, 0.0, 0.0]));
        assert_eq!((ids[0], rules.known[0].raw.len()), (Some(1), 1));
        // cos 60 degrees is 0.5: distance 0.5. The result is 0.9 of the mean of (1, 0) and
        // (0.5, 0.866), plus 0.1 of the latter.
        rules.recognise(&masks([0..100, 0..0, 0..0]), &embeddings([60.0, 0.0, 0.0]));
        let current = &rules.known[0].current;
        assert!((current[0] - 0.725).abs() < 1e-6 && (current[1] - 0.476_314).abs() < 1e-5, "{:?}", &current[..2]);
    }
}
