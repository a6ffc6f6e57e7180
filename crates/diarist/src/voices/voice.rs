//! A voice as one recording shows it, and the direction in which it is compared.

use std::sync::LazyLock;

use crate::clustering::Plda;
use crate::clustering::vectors::{normalised, widened};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::{Diarization, EMBEDDING_DIMENSION};
use crate::timeline::Segment;
use crate::timeline::intervals::{covered_s, overlaps, subtract, union};

/// The embedding of a voice, and how much speech it was made from. Always usable: finite, not zero, from some speech.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice {
    embedding: Vec<f32>,
    speech_s: f64,
}

impl Voice {
    /// A voice of 256 raw values, as the network gives them or a mean of such, from `speech_s` seconds in which nobody else spoke.
    ///
    /// Not normalised: the mean of all voices is subtracted before two are compared, and it has the scale of the network.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the values are not 256 finite ones of which some differ from zero, or there is no speech.
    pub fn new(embedding: Vec<f32>, speech_s: f64) -> Result<Self> {
        let fault = if embedding.len() != EMBEDDING_DIMENSION {
            format!("{} values, not {EMBEDDING_DIMENSION}", embedding.len())
        } else if embedding.iter().any(|value| !value.is_finite()) {
            "a value that is not finite".to_owned()
        } else if embedding.iter().all(|value| *value == 0.0) {
            "zeros only".to_owned()
        } else if !(speech_s > 0.0 && speech_s.is_finite()) {
            format!("{speech_s} s of speech")
        } else {
            return Ok(Self { embedding, speech_s });
        };
        Err(Error::input(format!("an embedding of a voice has {fault}")))
    }

    /// The 256 values as they were given.
    pub fn embedding(&self) -> &[f32] {
        &self.embedding
    }

    /// Seconds of speech without anybody else's.
    pub fn speech_s(&self) -> f64 {
        self.speech_s
    }

    /// What is compared: the unit vector from the mean of all voices to this one.
    pub(super) fn direction(&self) -> Result<Vec<f64>> {
        let mean = MEAN_VOICE.as_ref().map_err(|message| Error::new(ErrorKind::Weights, message.clone()))?;
        let centred: Vec<f64> = widened(&self.embedding).iter().zip(mean).map(|(value, mean)| value - mean).collect();
        Ok(normalised(&centred))
    }
}

/// The mean embedding that community-1 subtracts before its PLDA. What all voices have in common says nothing about who speaks.
static MEAN_VOICE: LazyLock<std::result::Result<Vec<f64>, String>> =
    LazyLock::new(|| Plda::embedded().map(|plda| plda.mean().to_vec()).map_err(|error| error.to_string()));

/// A speaker of a recording, with the voice.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeakerVoice {
    /// Label as in the turns.
    pub label: String,
    /// Seconds of speech, also of speech at the same time as others.
    pub speech_s: f64,
    /// The voice; `None` for who has no embedding or never speaks alone.
    pub voice: Option<Voice>,
}

/// The speakers of a diarization, in the order of [`Diarization::speakers`].
///
/// A recording shorter than a chunk of 10 s is filled up with zeros, which spoils its embeddings: diarize a [`super::Repeated`] one, and
/// give its [`super::Repeated::share`]; for others `share` is 1.
pub fn speaker_voices(result: &Diarization, share: f64) -> Vec<SpeakerVoice> {
    let turns = &result.diarization.turns;
    let all: Vec<Segment> = turns.iter().map(|turn| turn.segment).collect();
    let shared = overlaps(&all);
    let voices = result.speakers.iter().map(|speaker| {
        let own = union(turns.iter().filter(|turn| turn.speaker == speaker.label).map(|turn| turn.segment), 0.0);
        let alone_s = covered_s(subtract(&own, &shared)) * share;
        let voice = speaker.embedding.clone().and_then(|embedding| Voice::new(embedding, alone_s).ok());
        SpeakerVoice { label: speaker.label.clone(), speech_s: speaker.speech_s * share, voice }
    });
    voices.collect()
}
