//! What a call listens to.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diarist::audio::{self, AudioFile, AudioSource, PcmFormat, PcmSource, SourceTimes};
use diarist::formats::rttm;
use diarist::{Error, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// A recording, as Python gives it.
#[derive(FromPyObject)]
pub(crate) enum Audio {
    /// A file.
    File(PathBuf),
    /// The bytes of a file, and its name for messages.
    Bytes(PyBackedBytes, String),
    /// Samples as little-endian 32-bit floats in [-1, 1], interleaved; their rate in Hz, and the number of channels.
    Samples(PyBackedBytes, u32, u16),
}

/// A recording that is read until somebody cancels it.
pub(crate) struct Recording {
    source: Source,
    cancelled: Arc<AtomicBool>,
}

enum Source {
    File(Box<AudioFile>),
    Samples { pcm: Box<PcmSource>, duration_s: f64 },
}

impl Audio {
    /// What results call the recording if nobody names it.
    pub(crate) fn file_id(&self) -> String {
        match self {
            Self::File(path) => rttm::field(&path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy()),
            _ => "audio".to_owned(),
        }
    }

    /// Opens the recording.
    pub(crate) fn open(self, cancelled: Arc<AtomicBool>) -> Result<Recording> {
        let source = match self {
            Self::File(path) => Source::File(Box::new(audio::open(&path)?)),
            Self::Bytes(bytes, name) => Source::File(Box::new(audio::open_bytes(&name, bytes)?)),
            Self::Samples(bytes, sample_rate, channels) => {
                let num_frames = bytes.len() as f64 / (4.0 * f64::from(channels));
                let pcm = audio::pcm(Cursor::new(bytes), PcmFormat::F32le, sample_rate, channels)?;
                Source::Samples { pcm: Box::new(pcm), duration_s: num_frames / f64::from(sample_rate) }
            }
        };
        Ok(Recording { source, cancelled })
    }
}

impl Recording {
    /// What was left out of the recording; complete once it is read.
    pub(crate) fn warnings(&self) -> &[String] {
        match &self.source {
            Source::File(file) => file.warnings(),
            Source::Samples { pcm, .. } => pcm.warnings(),
        }
    }
}

impl AudioSource for Recording {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::input("cancelled"));
        }
        match &mut self.source {
            Source::File(file) => file.read(out),
            Source::Samples { pcm, .. } => pcm.read(out),
        }
    }

    fn duration_hint_s(&self) -> Option<f64> {
        match &self.source {
            Source::File(file) => file.duration_hint_s(),
            Source::Samples { duration_s, .. } => Some(*duration_s),
        }
    }

    fn times(&self) -> SourceTimes {
        match &self.source {
            Source::File(file) => file.times(),
            Source::Samples { pcm, .. } => pcm.times(),
        }
    }
}
