//! Results on their way to Python.

use diarist::Result;
use diarist::formats::{json, rttm};
use diarist::pipeline::{Diarization, DiarizationOptions};
use diarist::timeline::Annotation;
use diarist::voices::{Candidate, Identification, SpeakerVoice, rename_speakers};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// All that a diarization gives, with its texts as the command writes them.
pub(crate) struct Outcome {
    result: Diarization,
    speakers: Vec<SpeakerVoice>,
    found: Option<Vec<Option<Identification>>>,
    warnings: Vec<String>,
    rttm: String,
    exclusive_rttm: String,
    json: String,
}

/// Start, end, label of the speaker, confidence.
type TurnTuple = (f64, f64, String, f64);
/// Name, probability, logarithm of the likelihood ratio, cosine.
pub(crate) type CandidateTuple = (String, f64, f64, f64);
/// The likeliest person, the next one, and whether it is the likeliest.
pub(crate) type FoundTuple = (Option<CandidateTuple>, Option<CandidateTuple>, bool);

#[derive(IntoPyObject)]
struct Fields<'py> {
    file_id: String,
    duration_s: f64,
    speech_s: f64,
    overlap_s: f64,
    turns: Vec<TurnTuple>,
    exclusive_turns: Vec<TurnTuple>,
    speakers: Vec<SpeakerFields<'py>>,
    model: String,
    warnings: Vec<String>,
    rttm: String,
    exclusive_rttm: String,
    json: String,
}

#[derive(IntoPyObject)]
struct SpeakerFields<'py> {
    label: String,
    speech_s: f64,
    num_turns: usize,
    embedding: Option<Bound<'py, PyBytes>>,
    voice: Option<(Bound<'py, PyBytes>, f64)>,
    found: Option<FoundTuple>,
}

impl Outcome {
    /// `result`, which was made with `options`; `found` has an entry for each of `speakers` if names were looked for.
    pub(crate) fn new(
        result: Diarization,
        options: &DiarizationOptions,
        speakers: Vec<SpeakerVoice>,
        found: Option<Vec<Option<Identification>>>,
        warnings: Vec<String>,
    ) -> Result<Self> {
        let text = |annotation: &Annotation| match &found {
            Some(found) => rttm::write(&rttm::renamed(&rename_speakers(annotation, &speakers, found))),
            None => rttm::write(annotation),
        };
        let (rttm, exclusive_rttm) = (text(&result.diarization)?, text(&result.exclusive)?);
        let mut document = json::Document::new(&result, options);
        if let Some(found) = &found {
            document.set_names(found);
        }
        let json = document.to_line();
        Ok(Self { result, speakers, found, warnings, rttm, exclusive_rttm, json })
    }

    /// A dictionary; `model` made the embeddings.
    pub(crate) fn into_python<'py>(self, py: Python<'py>, model: &str) -> PyResult<Bound<'py, PyAny>> {
        let mut found = self.found.into_iter().flatten();
        let bytes = |values: &[f32]| PyBytes::new(py, &bytes_of(values));
        let speakers = self.result.speakers.iter().zip(&self.speakers).map(|(summary, speaker)| SpeakerFields {
            label: summary.label.clone(),
            speech_s: summary.speech_s,
            num_turns: summary.num_turns,
            embedding: summary.embedding.as_deref().map(bytes),
            voice: speaker.voice.as_ref().map(|voice| (bytes(voice.embedding()), voice.speech_s())),
            found: found.next().flatten().as_ref().map(found_tuple),
        });
        let fields = Fields {
            speakers: speakers.collect(),
            turns: turns(&self.result.diarization, &self.result.confidences),
            exclusive_turns: turns(&self.result.exclusive, &self.result.exclusive_confidences),
            file_id: self.result.diarization.file_id,
            duration_s: self.result.duration_s,
            speech_s: self.result.speech_s,
            overlap_s: self.result.overlap_s,
            model: model.to_owned(),
            warnings: self.warnings,
            rttm: self.rttm,
            exclusive_rttm: self.exclusive_rttm,
            json: self.json,
        };
        Ok(fields.into_pyobject(py)?.into_any())
    }
}

fn turns(annotation: &Annotation, confidences: &[f32]) -> Vec<TurnTuple> {
    let turns = annotation.turns.iter().zip(confidences);
    turns.map(|(turn, &sure)| (turn.segment.start, turn.segment.end, turn.speaker.clone(), f64::from(sure))).collect()
}

/// `found` for Python.
pub(crate) fn found_tuple(found: &Identification) -> FoundTuple {
    let candidate = |it: &Candidate| (it.name.clone(), it.probability, it.log_ratio, it.cosine);
    (found.best.as_ref().map(candidate), found.runner_up.as_ref().map(candidate), found.is_known)
}

/// Floats as NumPy reads them: four bytes each, in the order of the machine.
pub(crate) fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}
