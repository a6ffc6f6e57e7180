//! The pipeline as Python calls it.

use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use diarist::clustering::SpeakerBounds;
use diarist::formats::rttm;
use diarist::pipeline::{DiarizationOptions, EmbeddingMode, Models, Pipeline, Settings};
use diarist::voices::{Beginning, Gallery, MIN_PROBABILITY, VoiceDb, clip_voice, recording_voices, speaker_voices};
use diarist::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::audio::Audio;
use crate::results::{Outcome, bytes_of};
use crate::{call, fault};

/// Networks, options, and threads that compute.
#[pyclass(frozen, module = "diarist._diarist")]
pub(crate) struct Engine {
    models: Arc<Models>,
    options: DiarizationOptions,
    num_threads: Option<usize>,
    people: Option<People>,
    pipeline: Mutex<OfProcess>,
}

/// A speaker database to take names from.
struct People {
    path: PathBuf,
    min_probability: f64,
}

/// A pipeline whose threads belong to one process: a forked child has the memory of its parent, but none of its threads.
struct OfProcess {
    id: u32,
    pipeline: Option<Arc<Pipeline>>,
}

impl OfProcess {
    fn new(pipeline: Pipeline) -> Self {
        Self { id: process::id(), pipeline: Some(Arc::new(pipeline)) }
    }
}

impl Drop for OfProcess {
    fn drop(&mut self) {
        if self.id != process::id() {
            // To end threads that are not there would mean to wait for them.
            std::mem::forget(self.pipeline.take());
        }
    }
}

#[pymethods]
impl Engine {
    /// Loads the networks. `settings` has the options of the method as JSON, under the names of a configuration file; `config` is such
    /// a file for what they leave open.
    #[expect(clippy::too_many_arguments, reason = "they have names in Python")]
    #[new]
    #[pyo3(signature = (settings, *, config=None, segmentation=None, embedding=None, num_threads=None, speakers=None, min_probability=None))]
    fn new(
        py: Python<'_>,
        settings: &str,
        config: Option<PathBuf>,
        segmentation: Option<PathBuf>,
        embedding: Option<PathBuf>,
        num_threads: Option<usize>,
        speakers: Option<PathBuf>,
        min_probability: Option<f64>,
    ) -> PyResult<Self> {
        let load = || {
            let settings = merged(settings, config)?;
            let options = settings.options()?;
            let people =
                speakers.map(|path| People { path, min_probability: min_probability.unwrap_or(MIN_PROBABILITY) });
            let models = Arc::new(settings.load(segmentation.as_deref(), embedding.as_deref())?);
            if let Some(people) = &people {
                if options.embedding_mode == EmbeddingMode::Skip {
                    return Err(Error::invalid_option("nobody is recognised without embeddings")
                        .hint("choose another embedding mode, or leave speakers out"));
                }
                people.gallery(&models)?;
            }
            let pipeline = Mutex::new(OfProcess::new(Pipeline::new(Arc::clone(&models), num_threads)?));
            Ok(Self { models, options, num_threads, people, pipeline })
        };
        py.detach(load).map_err(|error| fault::raised(py, &error))
    }

    /// Number of threads that compute.
    #[getter]
    fn num_threads(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.pipeline(py)?.num_threads())
    }

    /// Name of the embedding network: voices of different ones cannot be compared.
    #[getter]
    fn model(&self) -> String {
        self.models.fingerprint()
    }

    /// Diarizes a recording; the fields of `diarist.Diarization`.
    #[expect(clippy::too_many_arguments, reason = "they have names in Python")]
    #[pyo3(signature = (audio, *, file_id=None, num_speakers=None, min_speakers=None, max_speakers=None, progress=None))]
    fn diarize<'py>(
        &self,
        py: Python<'py>,
        audio: Audio,
        file_id: Option<&str>,
        num_speakers: Option<usize>,
        min_speakers: Option<usize>,
        max_speakers: Option<usize>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let raised = |error: Error| fault::raised(py, &error);
        let bounds = SpeakerBounds::new(num_speakers, min_speakers, max_speakers).map_err(raised)?;
        let options = DiarizationOptions { bounds, ..self.options.clone() };
        options.validate().map_err(raised)?;
        let gallery = self.people.as_ref().map(|people| people.gallery(&self.models)).transpose().map_err(raised)?;
        let pipeline = self.pipeline(py)?;
        let file_id = file_id.map_or_else(|| audio.file_id(), rttm::field);
        let outcome = call::run(py, progress, move |progress, cancelled| {
            let located = location(&audio);
            let mut recording = audio.open(cancelled)?;
            let mut beginning = Beginning::new(&mut recording);
            let result = pipeline.diarize(&file_id, &mut beginning, &options, progress).map_err(located)?;
            let speakers = match options.embedding_mode {
                EmbeddingMode::Skip => speaker_voices(&result, 1.0),
                _ => recording_voices(&pipeline, &options, &result, &beginning)?,
            };
            let found = gallery.map(|gallery| gallery.identify_speakers(&speakers)).transpose()?;
            Outcome::new(result, &options, speakers, found, recording.warnings().to_vec())
        })?;
        outcome.into_python(py, &self.models.fingerprint())
    }

    /// The voice of the one person who speaks in a clip: 256 floats, and the seconds of speech.
    #[pyo3(signature = (audio, *, min_speech, progress=None))]
    fn voice<'py>(
        &self,
        py: Python<'py>,
        audio: Audio,
        min_speech: f64,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, f64)> {
        let (pipeline, options) = (self.pipeline(py)?, self.options.clone());
        let voice = call::run(py, progress, move |progress, cancelled| {
            let located = location(&audio);
            let mut recording = audio.open(cancelled)?;
            clip_voice(&pipeline, &mut recording, &options, min_speech, progress).map_err(located)
        })?;
        Ok((PyBytes::new(py, &bytes_of(voice.embedding())), voice.speech_s()))
    }
}

impl Engine {
    /// The pipeline with the threads of this process.
    ///
    /// Python forks with the interpreter's lock held. Here it is held as long as the mutex is, so no child finds that locked for ever.
    fn pipeline(&self, py: Python<'_>) -> PyResult<Arc<Pipeline>> {
        let mut of_process = self.pipeline.lock().unwrap_or_else(PoisonError::into_inner);
        if of_process.id != process::id() {
            let pipeline = Pipeline::new(Arc::clone(&self.models), self.num_threads);
            *of_process = OfProcess::new(pipeline.map_err(|error| fault::raised(py, &error))?);
        }
        let pipeline = of_process.pipeline.as_ref().map(Arc::clone);
        pipeline.ok_or_else(|| fault::raised(py, &Error::new(diarist::ErrorKind::Internal, "there are no threads")))
    }
}

impl People {
    fn gallery(&self, models: &Models) -> Result<Gallery> {
        VoiceDb::open(&self.path)?.gallery(&models.fingerprint())?.with_min_probability(self.min_probability)
    }
}

/// The settings in `json`, and where they say nothing those of the file `config`.
fn merged(json: &str, config: Option<PathBuf>) -> Result<Settings> {
    let settings: Settings =
        serde_json::from_str(json).map_err(|error| Error::invalid_option(message(&error.to_string())))?;
    Ok(match config {
        Some(path) => settings.over(&Settings::read(&path)?),
        None => settings,
    })
}

/// What serde_json says, without the position in a text that the user did not write.
fn message(text: &str) -> String {
    text.split(" at line ").next().unwrap_or(text).to_owned()
}

/// Gives errors the name of the recording's file, which errors of the file itself have already.
fn location(audio: &Audio) -> impl Fn(Error) -> Error + use<> {
    let name = match audio {
        Audio::File(path) => path.display().to_string(),
        Audio::Bytes(_, name) => name.clone(),
        Audio::Samples(..) => String::new(),
    };
    move |error| if error.to_string().starts_with(&name) { error } else { error.at(name.clone()) }
}
