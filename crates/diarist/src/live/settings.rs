//! Settings of live diarization.

use crate::analysis::SUBSEGMENT_FRAMES;
use crate::error::{Error, Result};
use crate::segmentation::SAMPLE_RATE;

/// Most audio that a subsegment needs after it, in fbank frames: 1 s.
const MAX_SUBSEGMENT_DELAY: usize = 100;

/// Settings of live diarization, beside those of the diarizer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveSettings {
    /// Seconds from a moment to the decision about its speakers, from the step to 10. A longer
    /// latency bases the decision on more audio. Default: 2.
    pub latency_s: f64,
    /// Seconds of new audio between two windows, a multiple of 0.01 from 0.25 to 10. A shorter step
    /// takes more work. Default: 0.5.
    pub step_s: f64,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self { latency_s: 2.0, step_s: 0.5 }
    }
}

impl LiveSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        let hundredths = self.step_s * 100.0;
        if !((0.25..=10.0).contains(&self.step_s) && (hundredths - hundredths.round()).abs() < 1e-6) {
            return Err(Error::invalid_option(format!("a live step of {} s is not possible", self.step_s))
                .hint("choose a multiple of 0.01 s from 0.25 to 10 s"));
        }
        if !(self.latency_s >= self.step_s.max(0.5) && self.latency_s <= 10.0) {
            return Err(Error::invalid_option(format!(
                "a latency of {} s is not possible with a step of {} s",
                self.latency_s, self.step_s
            ))
            .hint("choose at least 0.5 s, at least the step, and at most 10 s"));
        }
        Ok(())
    }

    /// Fbank frames of audio that a subsegment needs after it. Features at the end of a window have
    /// seen no audio after them, but the decision about a moment should know all subsegments that
    /// cover it.
    pub(super) fn subsegment_delay(&self) -> usize {
        let latest = (self.latency_s * 100.0) as usize;
        latest.saturating_sub(SUBSEGMENT_FRAMES).min(MAX_SUBSEGMENT_DELAY)
    }

    /// The step in samples.
    pub(super) fn step_samples(&self) -> usize {
        (self.step_s * f64::from(SAMPLE_RATE)).round() as usize
    }
}
