//! The speaker database. Every function opens the file and closes it: an open one must not be taken along into a forked process.

use std::path::PathBuf;

use diarist::Result;
use diarist::voices::{self, NewSample, Person, Voice, VoiceDb};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::fault;
use crate::results::{FoundTuple, found_tuple};

/// A `diarist.Voice`.
#[derive(FromPyObject)]
pub(crate) struct PyVoice {
    data: PyBackedBytes,
    speech_s: f64,
    model: String,
}

impl PyVoice {
    fn voice(&self) -> Result<Voice> {
        let values =
            self.data.chunks_exact(4).map(|bytes| f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        Voice::new(values.collect(), self.speech_s)
    }

    fn sample(&self, source: &str) -> Result<NewSample> {
        Ok(NewSample { voice: self.voice()?, source: source.to_owned(), model: self.model.clone() })
    }
}

#[derive(IntoPyObject)]
pub(crate) struct PersonFields {
    name: String,
    created: String,
    num_enrolled: usize,
    num_learned: usize,
    speech_s: f64,
}

impl From<Person> for PersonFields {
    fn from(person: Person) -> Self {
        let Person { name, created, num_enrolled, num_learned, speech_s } = person;
        Self { name, created, num_enrolled, num_learned, speech_s }
    }
}

/// Does `work` without the interpreter's lock.
fn detached<R: Send>(py: Python<'_>, work: impl FnOnce() -> Result<R> + Send) -> PyResult<R> {
    py.detach(work).map_err(|error| fault::raised(py, &error))
}

/// Everybody in the database, by name.
#[pyfunction]
pub(crate) fn people(py: Python<'_>, path: PathBuf) -> PyResult<Vec<PersonFields>> {
    detached(py, || Ok(VoiceDb::open(&path)?.people()?.into_iter().map(PersonFields::from).collect()))
}

/// Adds samples to a person, who is made if missing, in a database that is made if missing.
#[pyfunction]
pub(crate) fn enroll(py: Python<'_>, path: PathBuf, name: &str, samples: Vec<(PyVoice, String)>) -> PyResult<()> {
    detached(py, || {
        voices::check_name(name)?;
        let samples = samples.iter().map(|(voice, source)| voice.sample(source)).collect::<Result<Vec<_>>>()?;
        VoiceDb::open_or_create(&path)?.enroll(name, &samples)
    })
}

/// Adds learned samples of known people from one recording; whose were added.
#[pyfunction]
pub(crate) fn learn(
    py: Python<'_>,
    path: PathBuf,
    recording: &str,
    samples: Vec<(String, PyVoice)>,
) -> PyResult<Vec<String>> {
    detached(py, || {
        let sample = |(name, voice): &(String, PyVoice)| Ok((name.clone(), voice.sample(recording)?));
        let samples = samples.iter().map(sample).collect::<Result<Vec<_>>>()?;
        Ok(VoiceDb::open(&path)?.learn(recording, &samples)?.added)
    })
}

/// Forgets a person.
#[pyfunction]
pub(crate) fn remove(py: Python<'_>, path: PathBuf, name: &str) -> PyResult<()> {
    detached(py, || VoiceDb::open(&path)?.remove(name))
}

/// Gives a person another name.
#[pyfunction]
pub(crate) fn rename(py: Python<'_>, path: PathBuf, old: &str, new: &str) -> PyResult<()> {
    detached(py, || VoiceDb::open(&path)?.rename(old, new))
}

/// Who the speakers of one recording are.
#[pyfunction]
pub(crate) fn identify(
    py: Python<'_>,
    path: PathBuf,
    voices: Vec<PyVoice>,
    min_probability: f64,
) -> PyResult<Vec<FoundTuple>> {
    detached(py, || {
        let Some(first) = voices.first() else { return Ok(Vec::new()) };
        same_model(voices.iter())?;
        let gallery = VoiceDb::open(&path)?.gallery(&first.model)?.with_min_probability(min_probability)?;
        let voices = voices.iter().map(PyVoice::voice).collect::<Result<Vec<_>>>()?;
        Ok(gallery.identify_all(&voices)?.iter().map(found_tuple).collect())
    })
}

/// How alike two voices are: cosine, and logarithm of the likelihood ratio.
#[pyfunction]
pub(crate) fn compare(py: Python<'_>, a: PyVoice, b: PyVoice) -> PyResult<(f64, f64)> {
    detached(py, || {
        same_model([&a, &b].into_iter())?;
        voices::compare(&a.voice()?, &b.voice()?)
    })
}

fn same_model<'a>(mut voices: impl Iterator<Item = &'a PyVoice>) -> Result<()> {
    let Some(first) = voices.next() else { return Ok(()) };
    match voices.find(|voice| voice.model != first.model) {
        None => Ok(()),
        Some(other) => Err(diarist::Error::invalid_option(format!(
            "voices by {} and by {} cannot be compared",
            first.model, other.model
        ))
        .hint("make all of them with the same embedding network")),
    }
}
