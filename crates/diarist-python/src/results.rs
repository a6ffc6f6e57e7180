//! Results on their way to Python.

use diarist::parts::formats::json;
use diarist::parts::voices::{Candidate, Identification};
use diarist::{Diarization, Error, ErrorKind, Result, Speaker};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

/// A diarization, with its turns and its document as text.
pub(crate) struct Outcome {
    result: Diarization,
    turns: String,
    exclusive_turns: String,
    json: String,
}

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
    /// Probability, the likeliest other number, and its probability.
    number_of_speakers: Option<(f64, usize, f64)>,
    /// Turns as a JSON list of objects with the fields of [`diarist::Turn`], so that a new field
    /// needs no change here.
    turns: String,
    exclusive_turns: String,
    speakers: Vec<SpeakerFields<'py>>,
    model: String,
    warnings: Vec<String>,
    json: String,
}

#[derive(IntoPyObject)]
struct SpeakerFields<'py> {
    label: String,
    display_name: String,
    speech_s: f64,
    num_turns: usize,
    embedding: Option<Bound<'py, PyBytes>>,
    voice: Option<(Bound<'py, PyBytes>, f64)>,
    found: Option<FoundTuple>,
}

impl Outcome {
    /// `result` with its texts.
    pub(crate) fn new(result: Diarization) -> Result<Self> {
        Ok(Self {
            turns: as_json(&result.turns)?,
            exclusive_turns: as_json(&result.exclusive_turns)?,
            json: json::Document::new(&result).to_line(),
            result,
        })
    }

    /// A dictionary; `model` made the embeddings.
    pub(crate) fn into_python<'py>(self, py: Python<'py>, model: &str) -> PyResult<Bound<'py, PyAny>> {
        let result = self.result;
        let fields = Fields {
            speakers: result
                .speakers
                .iter()
                .zip(result.display_names())
                .map(|(speaker, display_name)| SpeakerFields::new(py, speaker, display_name))
                .collect(),
            turns: self.turns,
            exclusive_turns: self.exclusive_turns,
            file_id: result.file_id,
            duration_s: result.duration_s,
            speech_s: result.speech_s,
            overlap_s: result.overlap_s,
            number_of_speakers: result
                .number_of_speakers
                .map(|number| (number.probability, number.runner_up, number.runner_up_probability)),
            model: model.to_owned(),
            warnings: result.warnings,
            json: self.json,
        };
        Ok(fields.into_pyobject(py)?.into_any())
    }
}

impl<'py> SpeakerFields<'py> {
    fn new(py: Python<'py>, speaker: &Speaker, display_name: String) -> Self {
        let bytes = |values: &[f32]| PyBytes::new(py, &bytes_of(values));
        Self {
            label: speaker.label.clone(),
            display_name,
            speech_s: speaker.speech_s,
            num_turns: speaker.num_turns,
            embedding: speaker.embedding.as_deref().map(bytes),
            voice: speaker.voice.as_ref().map(|voice| (bytes(voice.embedding()), voice.speech_s())),
            found: speaker.identification.as_ref().map(found_tuple),
        }
    }
}

/// A list of turns or events. Times have all digits, unlike those of a document.
pub(crate) fn as_json(items: &[impl Serialize]) -> Result<String> {
    serde_json::to_string(items)
        .map_err(|error| Error::new(ErrorKind::Internal, "a result has no JSON form").caused_by(error))
}

/// `found` for Python.
pub(crate) fn found_tuple(found: &Identification) -> FoundTuple {
    let candidate = |it: &Candidate| (it.name.clone(), it.probability, it.log_ratio, it.cosine);
    (found.best.as_ref().map(candidate), found.runner_up.as_ref().map(candidate), found.is_known)
}

/// Floats as NumPy reads them: four bytes each, in the order of the machine.
pub(crate) fn bytes_of(values: &[f32]) -> Vec<u8> {
    bytemuck::cast_slice(values).to_vec()
}
