//! The speakers known so far, and whom a window's local speakers are taken for.

use std::collections::BTreeSet;

use crate::assignment::{Objective, assign};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::EMBEDDING_DIMENSION;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{FRAME_STEP_S, LOCAL_SPEAKERS};
use crate::voices;

use super::timeline::Ids;

/// Clean speech that it takes to become a new speaker, or to change a voice.
const MIN_CLEAN_S: f64 = 1.0;
/// What it is worth to be new, and to be nobody, beside similarities from -1 to 1: only if no voice is left. That somebody else has
/// begun to speak shows when the windows are clustered, soon after; deciding it here, by a threshold, was worse.
const WORTH_OF_NEW: f64 = -2.0;
const WORTH_OF_NOBODY: f64 = -3.0;

/// The voice of a speaker.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    /// Number of the speaker, never used for another.
    pub(super) id: u32,
    /// Embeddings, each times its seconds of clean speech, summed up.
    sum: Vec<f64>,
    /// `sum` as a unit vector.
    unit: Vec<f32>,
    /// Seconds of clean speech.
    clean_s: f64,
}

impl Voice {
    /// A voice from one embedding, or a mean of some, of `clean_s` seconds of clean speech.
    pub(super) fn new(id: u32, embedding: &[f32], clean_s: f64) -> Self {
        let mut voice = Self { id, sum: vec![0.0; EMBEDDING_DIMENSION], unit: Vec::new(), clean_s: 0.0 };
        voice.add(embedding, clean_s);
        voice
    }

    /// The mean embedding and the seconds of clean speech that it was made from, for comparison with known people.
    pub(super) fn known_as(&self) -> Result<voices::Voice> {
        let mean = self.sum.iter().map(|&sum| (sum / self.clean_s) as f32).collect();
        voices::Voice::new(mean, self.clean_s)
    }

    fn add(&mut self, embedding: &[f32], clean_s: f64) {
        self.clean_s += clean_s;
        for (sum, value) in self.sum.iter_mut().zip(embedding) {
            *sum += clean_s * f64::from(*value);
        }
        let narrow: Vec<f32> = self.sum.iter().map(|&value| value as f32).collect();
        self.unit = unit(&narrow);
    }
}

/// All speakers known now, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Speakers {
    voices: Vec<Voice>,
    last_id: u32,
    max: usize,
}

impl Speakers {
    /// Nobody, and at most `max` speakers at a time.
    pub(super) fn new(max: Option<usize>) -> Self {
        Self { voices: Vec::new(), last_id: 0, max: max.unwrap_or(usize::MAX) }
    }

    pub(super) fn voices(&self) -> &[Voice] {
        &self.voices
    }

    /// A number that no speaker had yet.
    pub(super) fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// The speakers who are not among `ids`.
    pub(super) fn unseen(&self, ids: &BTreeSet<u32>) -> impl Iterator<Item = Voice> {
        self.voices.iter().filter(|voice| !ids.contains(&voice.id)).cloned()
    }

    /// The speakers from now on.
    pub(super) fn replace(&mut self, mut voices: Vec<Voice>) {
        voices.sort_by_key(|voice| voice.id);
        self.voices = voices;
    }

    /// Takes each local speaker of a window for one of the speakers, no two for the same, or with enough clean speech and no voice
    /// left for a new one. Voices learn from clean speech.
    pub(super) fn recognise(&mut self, masks: &ChunkMasks, embeddings: &[[f32; EMBEDDING_DIMENSION]]) -> Result<Ids> {
        let clean = masks.num_clean_frames().map(|frames| frames as f64 * FRAME_STEP_S);
        let units: Vec<Vec<f32>> = embeddings.iter().map(|embedding| unit(embedding)).collect();
        let num_known = self.voices.len();
        let has_room = num_known < self.max;
        let may_be_new = |local: usize| has_room && clean[local] >= MIN_CLEAN_S;
        let mut ids = [None; LOCAL_SPEAKERS];
        for (local, choice) in self.choose(masks, &units, may_be_new)? {
            if let Some(voice) = self.voices.get_mut(choice).filter(|_| choice < num_known) {
                ids[local] = Some(voice.id);
                if clean[local] >= MIN_CLEAN_S {
                    voice.add(&embeddings[local], clean[local]);
                }
            } else if may_be_new(local) && self.voices.len() < self.max {
                let id = self.new_id();
                self.voices.push(Voice::new(id, &embeddings[local], clean[local]));
                ids[local] = Some(id);
            }
        }
        Ok(ids)
    }

    /// As [`Self::recognise`], but nobody is new and nothing is learnt.
    pub(super) fn recognise_known(&self, masks: &ChunkMasks, embeddings: &[[f32; EMBEDDING_DIMENSION]]) -> Result<Ids> {
        let units: Vec<Vec<f32>> = embeddings.iter().map(|embedding| unit(embedding)).collect();
        let mut ids = [None; LOCAL_SPEAKERS];
        for (local, choice) in self.choose(masks, &units, |_| false)? {
            ids[local] = self.voices.get(choice).map(|voice| voice.id);
        }
        Ok(ids)
    }

    /// For each active local speaker: the index of a voice, or one beyond them all for somebody new.
    fn choose(
        &self,
        masks: &ChunkMasks,
        units: &[Vec<f32>],
        may_be_new: impl Fn(usize) -> bool,
    ) -> Result<Vec<(usize, usize)>> {
        let active: Vec<usize> = (0..LOCAL_SPEAKERS).filter(|&local| !masks.speakers[local].is_empty()).collect();
        let num_columns = self.voices.len() + active.len();
        let mut matrix = Vec::with_capacity(active.len() * num_columns);
        for &local in &active {
            if units[local].iter().any(|value| !value.is_finite()) {
                return Err(Error::new(ErrorKind::Internal, "an embedding that is not finite").at("live tracking"));
            }
            matrix.extend(self.voices.iter().map(|voice| dot(&voice.unit, &units[local])));
            let new = if may_be_new(local) { WORTH_OF_NEW } else { WORTH_OF_NOBODY };
            matrix.extend(active.iter().map(|_| new));
        }
        let chosen = assign(&matrix, active.len(), num_columns, Objective::Maximise)?;
        Ok(chosen.into_iter().map(|(row, column)| (active[row], column)).collect())
    }
}

/// `vector` with length 1; zeros stay zeros.
pub(super) fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    vector.iter().map(|&value| (f64::from(value) * scale) as f32).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}
