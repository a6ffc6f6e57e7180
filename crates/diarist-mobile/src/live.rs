//! Live diarization.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use diarist::parts::audio::Resampler;
use diarist::{Error, LiveEvent, LiveSettings};

use crate::fault::DiaristError;
use crate::result::Diarization;
use crate::samples::samples;

type Result<T> = std::result::Result<T, DiaristError>;

/// A change to the turns so far. Times are seconds from the start of the recording. Speakers are
/// numbered from 1, turns from 0. All events, applied in their order, give the current turns.
#[uniffi::remote(Enum)]
pub enum LiveEvent {
    /// A speaker has begun to speak. If earlier decisions were corrected, the turn may have begun
    /// before others that are known.
    Opened {
        /// The new turn.
        turn: u64,
        /// The speaker of the turn.
        speaker: u32,
        /// Its start.
        start_s: f64,
    },
    /// An open turn goes on.
    Extended {
        /// The turn.
        turn: u64,
        /// Its end so far.
        end_s: f64,
    },
    /// A turn is over.
    Closed {
        /// The turn.
        turn: u64,
        /// Its end.
        end_s: f64,
    },
    /// A turn, open or closed, belongs to another speaker than reported before.
    Relabelled {
        /// The turn.
        turn: u64,
        /// The new speaker of the turn.
        speaker: u32,
    },
    /// A turn has other times than reported before. An open turn stays open.
    Moved {
        /// The turn.
        turn: u64,
        /// Its start.
        start_s: f64,
        /// Its end; of an open turn, its end so far.
        end_s: f64,
    },
    /// There was no such turn after all.
    Removed {
        /// The turn.
        turn: u64,
    },
    /// Two speakers are one person: all turns of `speaker`, even the oldest, are turns of `into`.
    /// The number of `speaker` is not used again.
    Merged {
        /// The speaker that no longer exists.
        speaker: u32,
        /// The speaker that takes over the turns.
        into: u32,
    },
    /// A speaker is a known person, or no longer seems to be one.
    Named {
        /// The speaker.
        speaker: u32,
        /// The name of that person, unless the speaker is unknown after all.
        name: Option<String>,
        /// Probability that the name is right, if there is a name.
        probability: Option<f64>,
    },
    /// A speaker is this one in the result. Only at the end; several speakers may be one there.
    Labelled {
        /// The speaker.
        speaker: u32,
        /// Its label in the result.
        label: String,
    },
}

/// The end of a live diarization.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct LiveResult {
    /// The last events.
    pub events: Vec<LiveEvent>,
    /// The result for the whole recording, as `diarizeSamples` gives it.
    pub diarization: Diarization,
}

/// A diarization of audio that arrives in pieces.
#[derive(uniffi::Object)]
pub struct Live {
    /// `None` once the recording has ended.
    running: Mutex<Option<(diarist::Live, Resampler)>>,
    model: String,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Live {
    pub(crate) fn new(diarizer: &diarist::Diarizer, sample_rate: u32, latency_s: f64, step_s: f64) -> Result<Self> {
        let live = diarist::Live::new(diarizer, &LiveSettings { latency_s, step_s })?;
        let running = Mutex::new(Some((live, Resampler::new(sample_rate)?)));
        Ok(Self { running, model: diarizer.fingerprint() })
    }
}

#[uniffi::export]
impl Live {
    /// Takes the next samples, any number of 32-bit floats in [-1, 1], the lowest byte first.
    /// Returns the changes that they cause. In Kotlin the buffer must be direct.
    ///
    /// If a sample is not a finite number, the whole piece is rejected, and more can be pushed.
    pub fn push(&self, samples: &[u8]) -> Result<Vec<LiveEvent>> {
        let samples = self::samples(samples)?;
        if let Some(bad) = samples.iter().position(|sample| !sample.is_finite()) {
            return Err(Error::input(format!("sample {bad} of {} is not a finite number", samples.len())).into());
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (live, resampler) = running.as_mut().ok_or_else(over)?;
        let mut resampled = Vec::new();
        resampler.push(&samples, &mut resampled);
        Ok(live.push(&resampled)?)
    }

    /// Ends the recording, which is named "audio", and diarizes it as a whole.
    pub fn finish(&self) -> Result<LiveResult> {
        let (mut live, mut resampler) =
            self.running.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(over)?;
        let mut rest = Vec::new();
        resampler.finish(&mut rest);
        let mut events = live.push(&rest)?;
        let result = live.finish("audio")?;
        events.extend(result.events);
        Ok(LiveResult { events, diarization: Diarization::new(result.diarization, &self.model) })
    }
}

fn over() -> Error {
    Error::invalid_option("the recording has ended").hint("start another one")
}
