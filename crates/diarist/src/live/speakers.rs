//! The speakers so far, and the assignment of a window's local speakers to them.

use std::collections::BTreeSet;

use crate::analysis::EMBEDDING_DIMENSION;
use crate::assignment::{Objective, assign};
use crate::clustering::{ClusteringSettings, Method, sharing};
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{FRAME_STEP_S, LOCAL_SPEAKERS};
use crate::voices;

use super::windows::Ids;

/// Seconds of clean speech needed to become the first speaker, or to change a voice.
const MIN_CLEAN_S: f64 = 1.0;

/// The voice of a speaker, which grows with each window.
#[derive(Debug, Clone)]
pub(super) struct RunningVoice {
    /// Number of the speaker, never used for another one.
    pub(super) id: u32,
    /// Sum of the embeddings, each times its seconds of clean speech.
    sum: Vec<f64>,
    /// `sum` as a unit vector.
    unit: Vec<f32>,
    /// Seconds of clean speech.
    clean_s: f64,
}

impl RunningVoice {
    /// A voice from an embedding, or the mean of several, of `clean_s` seconds of clean speech.
    pub(super) fn new(id: u32, embedding: &[f32], clean_s: f64) -> Self {
        let mut voice = Self { id, sum: vec![0.0; EMBEDDING_DIMENSION], unit: Vec::new(), clean_s: 0.0 };
        voice.add(embedding, clean_s);
        voice
    }

    /// The mean embedding with its seconds of clean speech, for comparison with known people.
    pub(super) fn mean_voice(&self) -> Result<voices::Voice> {
        let mean = self.sum.iter().map(|&sum| (sum / self.clean_s) as f32).collect();
        voices::Voice::new(mean, self.clean_s)
    }

    /// The voice as a unit vector.
    pub(super) fn unit(&self) -> &[f32] {
        &self.unit
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

/// All current speakers, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Speakers {
    voices: Vec<RunningVoice>,
    last_id: u32,
    max: usize,
    /// Price of two local speakers of a window that are one speaker; `None` if they never are.
    sharing_cost: Option<f64>,
}

impl Speakers {
    /// No speakers yet.
    pub(super) fn new(clustering: &ClusteringSettings) -> Result<Self> {
        let sharing_cost = match &clustering.method {
            Method::Refined(options) => Some(options.sharing_cost),
            Method::Vbx(_) | Method::Ahc(_) => None,
        };
        let max = clustering.bounds()?.max().unwrap_or(usize::MAX);
        Ok(Self { voices: Vec::new(), last_id: 0, max, sharing_cost })
    }

    pub(super) fn voices(&self) -> &[RunningVoice] {
        &self.voices
    }

    /// A number that no speaker had yet.
    pub(super) fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// The speakers that are not among `ids`.
    pub(super) fn unseen(&self, ids: &BTreeSet<u32>) -> impl Iterator<Item = RunningVoice> {
        self.voices.iter().filter(|voice| !ids.contains(&voice.id)).cloned()
    }

    /// Replaces all speakers.
    pub(super) fn replace(&mut self, mut voices: Vec<RunningVoice>) {
        voices.sort_by_key(|voice| voice.id);
        self.voices = voices;
    }

    /// Assigns the local speakers of a window to the known speakers. As offline, two of them may
    /// get the same speaker at a cost, or never do; then those that are left over get none. Clean
    /// speech updates the voices. With no known speakers, any local speaker with enough clean
    /// speech becomes a new one.
    ///
    /// Later, new speakers are not found here but by clustering the windows, soon after they begin
    /// to speak.
    pub(super) fn recognise(&mut self, masks: &ChunkMasks, embeddings: &[[f32; EMBEDDING_DIMENSION]]) -> Result<Ids> {
        let clean = masks.num_clean_frames().map(|frames| frames as f64 * FRAME_STEP_S);
        let is_clean = |local: &usize| clean[*local] >= MIN_CLEAN_S;
        if self.voices.is_empty() {
            let mut ids = [None; LOCAL_SPEAKERS];
            for local in (0..LOCAL_SPEAKERS).filter(is_clean).take(self.max) {
                let id = self.new_id();
                self.voices.push(RunningVoice::new(id, &embeddings[local], clean[local]));
                ids[local] = Some(id);
            }
            return Ok(ids);
        }
        let ids = self.recognise_known(masks, embeddings)?;
        for local in (0..LOCAL_SPEAKERS).filter(is_clean) {
            if let Some(voice) = self.voices.iter_mut().find(|voice| ids[local] == Some(voice.id)) {
                voice.add(&embeddings[local], clean[local]);
            }
        }
        Ok(ids)
    }

    /// As [`Self::recognise`], without updating voices or adding speakers.
    pub(super) fn recognise_known(&self, masks: &ChunkMasks, embeddings: &[[f32; EMBEDDING_DIMENSION]]) -> Result<Ids> {
        let active: Vec<usize> = (0..LOCAL_SPEAKERS).filter(|&local| !masks.speakers[local].is_empty()).collect();
        let mut similarities = Vec::with_capacity(active.len() * self.voices.len());
        for &local in &active {
            let unit = unit(&embeddings[local]);
            if unit.iter().any(|value| !value.is_finite()) {
                return Err(Error::new(ErrorKind::Internal, "an embedding that is not finite").at("live tracking"));
            }
            similarities.extend(self.voices.iter().map(|voice| dot(&voice.unit, &unit)));
        }
        let mut ids = [None; LOCAL_SPEAKERS];
        if self.voices.is_empty() {
            return Ok(ids);
        }
        let chosen: Vec<(usize, usize)> = match self.sharing_cost {
            Some(cost) => sharing(&similarities, self.voices.len(), cost).into_iter().enumerate().collect(),
            None => assign(&similarities, active.len(), self.voices.len(), Objective::Maximise)?,
        };
        for (row, voice) in chosen {
            ids[active[row]] = Some(self.voices[voice].id);
        }
        Ok(ids)
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

#[cfg(test)]
mod tests {
    use super::super::test_data::{embeddings, masks};
    use super::*;
    use crate::clustering::VbxOptions;

    fn speakers(method: Method) -> Speakers {
        Speakers::new(&ClusteringSettings { method, ..ClusteringSettings::default() }).unwrap()
    }

    #[test]
    fn only_the_first_speakers_are_new_and_local_speakers_share_one_at_a_cost() {
        let mut speakers = speakers(Method::default());
        // 59 frames are 0.996 s.
        let short = speakers.recognise(&masks([0..59, 0..0, 0..0]), &embeddings([0.0; 3])).unwrap();
        assert_eq!(short, [None; 3]);
        let first = speakers.recognise(&masks([0..100, 0..0, 0..0]), &embeddings([0.0; 3])).unwrap();
        assert_eq!(first, [Some(1), None, None]);
        let two = speakers.recognise(&masks([0..100, 200..300, 0..0]), &embeddings([4.0, 3.0, 0.0])).unwrap();
        assert_eq!(two, [Some(1), Some(1), None]);
        assert_eq!(speakers.voices().len(), 1);
    }

    #[test]
    fn local_speakers_get_different_speakers_if_they_must_not_share_one() {
        let mut speakers = speakers(Method::Vbx(VbxOptions::default()));
        speakers.recognise(&masks([0..100, 0..0, 0..0]), &embeddings([0.0; 3])).unwrap();
        let two = speakers.recognise(&masks([0..100, 200..300, 0..0]), &embeddings([4.0, 3.0, 0.0])).unwrap();
        assert_eq!(two, [None, Some(1), None]);
    }

    #[test]
    fn a_voice_is_the_mean_of_its_clean_speech() {
        let mut speakers = speakers(Method::default());
        for (frames, angle) in [(0..120, 0.0), (0..240, 30.0), (0..50, 90.0)] {
            speakers.recognise(&masks([frames, 0..0, 0..0]), &embeddings([angle; 3])).unwrap();
        }
        // One part at 0 degrees, two at 30; 50 frames, 0.84 s, are too few to change the voice.
        let expected = (2.0 * 30f32.to_radians().sin()).atan2(1.0 + 2.0 * 30f32.to_radians().cos());
        let unit = &speakers.voices()[0].unit;
        assert!((unit[1].atan2(unit[0]) - expected).abs() < 1e-5, "{:?}", &unit[..2]);
        let mean_voice = speakers.voices()[0].mean_voice().unwrap();
        assert!((mean_voice.speech_s() - 360.0 * FRAME_STEP_S).abs() < 1e-9);
    }
}
