//! Live diarization as Python calls it.

use std::sync::{Mutex, PoisonError};

use diarist::parts::formats::rttm;
use diarist::{Diarizer, Error, LiveSettings, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::of_process::OfProcess;
use crate::results::{Outcome, as_json};
use crate::{audio, fault};

/// A diarization of audio that arrives in pieces. A lock on `live` is held without the
/// interpreter's lock.
#[pyclass(frozen, module = "diarist._diarist")]
pub(crate) struct LiveEngine {
    live: Mutex<OfProcess<diarist::Live>>,
    /// Process that made it. A child must not wait for the mutex, which may stay locked there.
    process: u32,
    model: String,
}

impl LiveEngine {
    /// Starts a live diarization; `None` stands for a default.
    pub(crate) fn new(diarizer: &Diarizer, latency_s: Option<f64>, step_s: Option<f64>) -> Result<Self> {
        let usual = LiveSettings::default();
        let settings =
            LiveSettings { latency_s: latency_s.unwrap_or(usual.latency_s), step_s: step_s.unwrap_or(usual.step_s) };
        let live = Mutex::new(OfProcess::new(diarist::Live::new(diarizer, &settings)?));
        Ok(Self { live, process: std::process::id(), model: diarizer.fingerprint() })
    }

    /// Calls `work` with the live diarization, without the interpreter's lock.
    fn with_live<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Option<diarist::Live>) -> Result<R> + Send,
    ) -> PyResult<R> {
        if self.process != std::process::id() {
            let error = Error::invalid_option("a live diarization cannot be used in a forked process");
            return Err(fault::raised(py, &error.hint("start another one there")));
        }
        py.detach(|| work(self.live.lock().unwrap_or_else(PoisonError::into_inner).value_mut()))
            .map_err(|error| fault::raised(py, &error))
    }
}

#[pymethods]
impl LiveEngine {
    /// Takes the next samples, 32-bit floats of the machine at 16 kHz, interleaved. Returns the
    /// events that they cause as a JSON list.
    fn push(&self, py: Python<'_>, samples: PyBackedBytes, num_channels: u16) -> PyResult<String> {
        self.with_live(py, move |live| {
            let live = live.as_mut().ok_or_else(ended)?;
            as_json(&live.push(&audio::mixed(&samples, num_channels)?)?)
        })
    }

    /// Ends the recording. Returns the last events as a JSON list, and the fields of
    /// `diarist.Diarization`.
    fn finish<'py>(&self, py: Python<'py>, file_id: &str) -> PyResult<(String, Bound<'py, PyAny>)> {
        let file_id = rttm::field(file_id);
        let (events, outcome) = self.with_live(py, move |live| {
            let result = live.take().ok_or_else(ended)?.finish(&file_id)?;
            Ok((as_json(&result.events)?, Outcome::new(result.diarization)?))
        })?;
        Ok((events, outcome.into_python(py, &self.model)?))
    }
}

fn ended() -> Error {
    Error::invalid_option("the recording has ended").hint("start another live diarization")
}
