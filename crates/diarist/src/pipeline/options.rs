//! What the caller can choose, and what it is told meanwhile.

use crate::clustering::{Method, SpeakerBounds};
use crate::error::{Error, Result};
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};

/// Options of a diarization. The default is pyannote's published community-1 configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct DiarizationOptions {
    /// Seconds between the starts of neighbouring 10 s chunks, a multiple of 0.01 in (0, 10]. Default: 1.0.
    /// Twice the step halves the work; short turns suffer first.
    pub step_s: f64,
    /// How many speakers there may be. Default: any number.
    pub bounds: SpeakerBounds,
    /// How local speakers are joined. Default: VBx as in community-1.
    pub method: Method,
    /// Silences of one speaker shorter than this many seconds are filled. Default: 0.0.
    pub min_duration_off_s: f64,
}

impl Default for DiarizationOptions {
    fn default() -> Self {
        Self { step_s: 1.0, bounds: SpeakerBounds::default(), method: Method::default(), min_duration_off_s: 0.0 }
    }
}

impl DiarizationOptions {
    /// The chunk step in samples at 16 kHz.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if the step is not a multiple of 10 ms in (0, 10] s: fbank frames are 10 ms
    /// apart and shared between chunks.
    pub(super) fn step_samples(&self) -> Result<usize> {
        let frames = self.step_s * 100.0;
        if !(frames.round() >= 1.0 && self.step_s <= 10.0 && (frames - frames.round()).abs() < 1e-6) {
            return Err(Error::invalid_option(format!("a chunk step of {} s is not possible", self.step_s))
                .hint("choose a multiple of 0.01 s, at most 10 s"));
        }
        let step = frames.round() as usize * (SAMPLE_RATE as usize / 100);
        debug_assert!(step <= CHUNK_SAMPLES);
        Ok(step)
    }

    /// Checks every option that does not depend on the recording, so that a fault shows before any work is done.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        self.step_samples()?;
        self.method.validate()?;
        if !(self.min_duration_off_s >= 0.0 && self.min_duration_off_s.is_finite()) {
            return Err(Error::invalid_option(format!(
                "the shortest silence must be 0 s or more, not {}",
                self.min_duration_off_s
            )));
        }
        Ok(())
    }
}

/// How far an analysis has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds of the recording that are done.
    pub processed_s: f64,
    /// Length of the recording in seconds, if already known.
    pub total_s: Option<f64>,
}
