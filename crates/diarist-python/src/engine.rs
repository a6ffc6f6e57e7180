//! The diarizer as Python calls it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use diarist::parts::formats::rttm;
use diarist::parts::settings::Choices;
use diarist::{ChannelSpeakers, Constraints, Diarizer, Error, ErrorKind, Result, SpeakerDatabase};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::analysis::Networks;
use crate::audio::Audio;
use crate::live::LiveEngine;
use crate::of_process::OfProcess;
use crate::results::{Outcome, bytes_of};
use crate::{call, fault};

/// Networks, settings, and threads that compute.
#[pyclass(frozen, module = "diarist._diarist")]
pub(crate) struct Engine {
    diarizer: Mutex<OfProcess<Diarizer>>,
    people: Option<People>,
}

/// A speaker database to take names from. Every call opens it anew: an open file must not go along
/// into a forked process.
#[derive(Clone)]
struct People {
    path: PathBuf,
    min_probability: Option<f64>,
}

/// The channels of a file to diarize, in place of their mix.
#[derive(FromPyObject)]
enum Channels {
    /// One channel alone, from 1.
    Alone(usize),
    /// Every channel apart, with "one" or "several" people on each.
    Apart(String),
}

impl Channels {
    /// The channel to take alone, or the people on each channel.
    fn choice(self) -> Result<(Option<usize>, Option<ChannelSpeakers>)> {
        Ok(match self {
            Self::Alone(channel) => (Some(channel), None),
            Self::Apart(speakers) => match &speakers[..] {
                "one" => (None, Some(ChannelSpeakers::One)),
                "several" => (None, Some(ChannelSpeakers::Several)),
                other => {
                    let message = format!("per_channel is {other}, but must be one or several");
                    return Err(Error::invalid_option(message));
                }
            },
        })
    }
}

#[pymethods]
impl Engine {
    /// Loads the networks. `settings` is JSON with chosen options, and `config` a configuration
    /// file for all others.
    #[new]
    #[pyo3(signature = (settings, *, config=None, speakers=None, min_probability=None))]
    fn new(
        py: Python<'_>,
        settings: &str,
        config: Option<PathBuf>,
        speakers: Option<PathBuf>,
        min_probability: Option<f64>,
    ) -> PyResult<Self> {
        let people = speakers.map(|path| People { path, min_probability });
        let load = || {
            let mut choices = choices(settings)?;
            if let Some(path) = config {
                choices = choices.over(&Choices::read(&path)?);
            }
            let diarizer = Diarizer::new(&choices.settings()?)?;
            // Shows faults of the database early.
            with_people(people.as_ref(), diarizer.clone())?;
            Ok(diarizer)
        };
        let diarizer = py.detach(load).map_err(|error| fault::raised(py, &error))?;
        Ok(Self { diarizer: Mutex::new(OfProcess::new(diarizer)), people })
    }

    /// Number of threads that compute.
    #[getter]
    fn threads(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.diarizer(py)?.num_threads())
    }

    /// Name of the embedding network. Voices of different networks cannot be compared.
    #[getter]
    fn model(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.diarizer(py)?.fingerprint())
    }

    /// Diarizes a recording and returns the fields of `diarist.Diarization`. `bounds` is JSON with
    /// the options for the number of speakers, which replace those of the engine if any is given.
    #[pyo3(signature = (audio, bounds, *, file_id=None, channels=None, progress=None))]
    fn diarize<'py>(
        &self,
        py: Python<'py>,
        audio: Audio,
        bounds: &str,
        file_id: Option<&str>,
        channels: Option<Channels>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let diarizer = self.diarizer(py)?;
        let model = diarizer.fingerprint();
        let bounds = choices(bounds).map_err(|error| fault::raised(py, &error))?;
        let (channel, per_channel) =
            channels.map_or(Ok((None, None)), Channels::choice).map_err(|error| fault::raised(py, &error))?;
        let people = self.people.clone();
        let file_id = file_id.map(rttm::field);
        let outcome = call::run(py, audio, channel, progress, move |recording| {
            let diarizer = with_bounds(diarizer, &bounds)?;
            let diarizer = with_people(people.as_ref(), diarizer)?;
            let recording = match file_id {
                Some(file_id) => recording.with_file_id(file_id),
                None => recording,
            };
            Outcome::new(match per_channel {
                Some(speakers) => diarizer.diarize_channels(recording.with_voices(), speakers)?,
                None => diarizer.diarize(recording.with_voices())?,
            })
        })?;
        outcome.into_python(py, &model)
    }

    /// Runs the networks over a recording. Returns their output, and warnings.
    #[pyo3(signature = (audio, *, file_id=None, channel=None, progress=None))]
    fn analyze(
        &self,
        py: Python<'_>,
        audio: Audio,
        file_id: Option<&str>,
        channel: Option<usize>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Networks, Vec<String>)> {
        let diarizer = self.diarizer(py)?;
        let file_id = file_id.map(rttm::field);
        let analyzed = call::run(py, audio, channel, progress, move |recording| {
            diarizer.analyzer().analyze(match file_id {
                Some(file_id) => recording.with_file_id(file_id),
                None => recording,
            })
        })?;
        Ok((Networks { analysis: analyzed.analysis }, analyzed.warnings))
    }

    /// Clusters the output of the networks and returns the fields of `diarist.Diarization`.
    /// `bounds` is as in [`Self::diarize`]; the same person speaks at both moments of a pair in
    /// `must_link`, and different people do in `cannot_link`.
    fn cluster<'py>(
        &self,
        py: Python<'py>,
        networks: &Networks,
        bounds: &str,
        must_link: Vec<(f64, f64)>,
        cannot_link: Vec<(f64, f64)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let diarizer = self.diarizer(py)?;
        let model = diarizer.fingerprint();
        let cluster = || {
            let diarizer = with_bounds(diarizer, &choices(bounds)?)?;
            let mut settings = diarizer.settings().clone();
            settings.clustering.constraints = Constraints { must_link, cannot_link };
            let diarizer = with_people(self.people.as_ref(), diarizer.with_settings(&settings)?)?;
            Outcome::new(diarizer.cluster(&networks.analysis)?)
        };
        let outcome = py.detach(cluster).map_err(|error| fault::raised(py, &error))?;
        outcome.into_python(py, &model)
    }

    /// The voice of the one person who speaks in a clip: 256 floats, and the seconds of speech.
    #[pyo3(signature = (audio, *, min_speech, channel=None, progress=None))]
    fn voice<'py>(
        &self,
        py: Python<'py>,
        audio: Audio,
        min_speech: f64,
        channel: Option<usize>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, f64)> {
        let diarizer = self.diarizer(py)?;
        let (voice, _) = call::run(py, audio, channel, progress, move |clip| diarizer.voice(clip, min_speech))?;
        Ok((PyBytes::new(py, &bytes_of(voice.embedding())), voice.speech_s()))
    }

    /// Starts a live diarization with these settings and people.
    #[pyo3(signature = (*, latency_s=None, step_s=None))]
    fn live(&self, py: Python<'_>, latency_s: Option<f64>, step_s: Option<f64>) -> PyResult<LiveEngine> {
        let diarizer = self.diarizer(py)?;
        py.detach(|| LiveEngine::new(&with_people(self.people.as_ref(), diarizer)?, latency_s, step_s))
            .map_err(|error| fault::raised(py, &error))
    }
}

impl Engine {
    /// The diarizer with the threads of this process.
    ///
    /// Python forks with the interpreter's lock held. Here that lock is held as long as the mutex
    /// is, so no child finds the mutex locked for ever.
    fn diarizer(&self, py: Python<'_>) -> PyResult<Diarizer> {
        let mut of_process = self.diarizer.lock().unwrap_or_else(PoisonError::into_inner);
        if !of_process.is_of_this_process() {
            let diarizer = of_process.value().ok_or_else(no_threads).and_then(Diarizer::with_new_threads);
            *of_process = OfProcess::new(diarizer.map_err(|error| fault::raised(py, &error))?);
        }
        of_process.value().cloned().ok_or_else(|| fault::raised(py, &no_threads()))
    }
}

/// `diarizer` with the names of `people`.
fn with_people(people: Option<&People>, diarizer: Diarizer) -> Result<Diarizer> {
    match people {
        Some(people) => diarizer.with_speakers(&SpeakerDatabase::open(&people.path)?, people.min_probability),
        None => Ok(diarizer),
    }
}

fn no_threads() -> Error {
    Error::new(ErrorKind::Internal, "there are no threads")
}

fn choices(json: &str) -> Result<Choices> {
    serde_json::from_str(json).map_err(|error| {
        // The position in the text means nothing to a user, who has not written it.
        let message = error.to_string();
        Error::invalid_option(message.split(" at line ").next().unwrap_or(&message))
    })
}

/// `diarizer` with the numbers of speakers in `bounds`, if there are any.
fn with_bounds(diarizer: Diarizer, bounds: &Choices) -> Result<Diarizer> {
    if bounds.is_empty() {
        return Ok(diarizer);
    }
    let bounds = bounds.settings()?.clustering;
    diarizer.with_num_speakers(bounds.num_speakers, bounds.min_speakers, bounds.max_speakers)
}
