//! The speaker database. Every function opens the file and closes it: an open file must not go
//! along into a forked process.

use std::path::PathBuf;

use diarist::parts::voices::{self, NewSample, Person, Voice};
use diarist::{Result, SpeakerDatabase};
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
        Voice::new(self.data.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect(), self.speech_s)
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

/// Runs `work` without the interpreter's lock.
fn detached<R: Send>(py: Python<'_>, work: impl FnOnce() -> Result<R> + Send) -> PyResult<R> {
    py.detach(work).map_err(|error| fault::raised(py, &error))
}

/// All people in the database, by name.
#[pyfunction]
pub(crate) fn people(py: Python<'_>, path: PathBuf) -> PyResult<Vec<PersonFields>> {
    detached(py, || Ok(SpeakerDatabase::open(&path)?.people()?.into_iter().map(PersonFields::from).collect()))
}

/// Adds samples to a person. A person or database that is missing is made.
#[pyfunction]
pub(crate) fn enroll(py: Python<'_>, path: PathBuf, name: &str, samples: Vec<(PyVoice, String)>) -> PyResult<()> {
    detached(py, || {
        voices::check_name(name)?;
        let samples = samples.iter().map(|(voice, source)| voice.sample(source)).collect::<Result<Vec<_>>>()?;
        SpeakerDatabase::open_or_create(&path)?.enroll(name, &samples)
    })
}

/// Adds learned samples of known people from one recording. Returns the people that got one.
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
        Ok(SpeakerDatabase::open(&path)?.learn(recording, &samples)?.added)
    })
}

/// Forgets a person.
#[pyfunction]
pub(crate) fn remove(py: Python<'_>, path: PathBuf, name: &str) -> PyResult<()> {
    detached(py, || SpeakerDatabase::open(&path)?.remove(name))
}

/// Gives a person another name.
#[pyfunction]
pub(crate) fn rename(py: Python<'_>, path: PathBuf, old: &str, new: &str) -> PyResult<()> {
    detached(py, || SpeakerDatabase::open(&path)?.rename(old, new))
}

/// Identifies the speakers of one recording.
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
        let gallery = SpeakerDatabase::open(&path)?.gallery(&first.model)?.with_min_probability(min_probability)?;
        let voices = voices.iter().map(PyVoice::voice).collect::<Result<Vec<_>>>()?;
        Ok(gallery.identify_all(&voices)?.iter().map(found_tuple).collect())
    })
}

/// Likeness of two voices: cosine, and logarithm of the likelihood ratio.
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
