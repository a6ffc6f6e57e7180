//! Offline diarization.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diarist::parts::audio::SamplesSource;
use diarist::parts::settings::Choices;
use diarist::parts::voices::MIN_ENROLL_S;
use diarist::{Error, Progress, Recording};

use crate::fault::DiaristError;
use crate::live::Live;
use crate::people::{self, Person, Voice};
use crate::result::Diarization;
use crate::samples::samples;

type Result<T> = std::result::Result<T, DiaristError>;

/// Hears how far a call is, and can end it.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// Takes the seconds of the recording that are done, and those in all if that is known, after
    /// every few seconds of audio. Returns false to end the call, which then fails as cancelled; an
    /// exception ends it, too.
    ///
    /// It is called on another thread than the caller's, but never on two threads at once.
    fn report(&self, processed_s: f64, total_s: Option<f64>) -> bool;
}

/// Networks, settings, and threads that compute.
///
/// Calls take long, so they do not belong on the thread that draws. A diarizer may be used by
/// several threads.
#[derive(Debug, uniffi::Object)]
pub struct Diarizer {
    diarizer: diarist::Diarizer,
}

#[uniffi::export]
impl Diarizer {
    /// Loads the networks and starts threads.
    ///
    /// `settings` is JSON with chosen options. They have the names of the options of `diarist
    /// diarize`, for example `{"profile": "fast", "threads": 2}`.
    #[uniffi::constructor(default(settings = "{}"))]
    pub fn new(settings: &str) -> Result<Self> {
        let choices: Choices =
            serde_json::from_str(settings).map_err(|error| Error::invalid_option(format!("settings: {error}")))?;
        Ok(Self { diarizer: diarist::Diarizer::new(&choices.settings()?)? })
    }

    /// The same diarizer for a known number of speakers: exact, smallest, largest. It shares
    /// networks and threads with this one.
    #[uniffi::method(default(num_speakers = None, min_speakers = None, max_speakers = None))]
    pub fn with_num_speakers(
        &self,
        num_speakers: Option<u32>,
        min_speakers: Option<u32>,
        max_speakers: Option<u32>,
    ) -> Result<Self> {
        let [num, min, max] = [num_speakers, min_speakers, max_speakers].map(|number| number.map(|it| it as usize));
        Ok(Self { diarizer: self.diarizer.with_num_speakers(num, min, max)? })
    }

    /// The same diarizer with known people: speakers who are among them are named in results.
    ///
    /// A speaker is named if the probability of the person is at least `min_probability`, 0.9 by
    /// default. The new diarizer shares networks and threads with this one.
    #[uniffi::method(default(min_probability = None))]
    pub fn with_people(&self, people: Vec<Person>, min_probability: Option<f64>) -> Result<Self> {
        let mut gallery = people::gallery(people, &self.diarizer.fingerprint())?;
        if let Some(min_probability) = min_probability {
            gallery = gallery.with_min_probability(min_probability)?;
        }
        Ok(Self { diarizer: self.diarizer.with_gallery(gallery)? })
    }

    /// Diarizes an audio file of any common format.
    #[uniffi::method(default(progress = None))]
    pub fn diarize_file(&self, path: String, progress: Option<Arc<dyn ProgressListener>>) -> Result<Diarization> {
        self.diarize(Recording::new(path), progress)
    }

    /// Diarizes samples in memory: 32-bit floats in [-1, 1], the lowest byte first, interleaved if
    /// there are several channels. `sample_rate` is in Hz. In Kotlin the buffer must be direct. The
    /// recording is named "audio".
    #[uniffi::method(default(sample_rate = 16000, num_channels = 1, progress = None))]
    pub fn diarize_samples(
        &self,
        samples: &[u8],
        sample_rate: u32,
        num_channels: u16,
        progress: Option<Arc<dyn ProgressListener>>,
    ) -> Result<Diarization> {
        let samples = self::samples(samples)?;
        let source = SamplesSource::new(&samples, num_channels, sample_rate)?;
        self.diarize(Recording::from_source("audio", source), progress)
    }

    /// The voice of the one person who speaks in an audio file, to be kept for [`Person`]. Voices
    /// are biometric data: keep only those of people who agreed.
    ///
    /// It is an input error if the file has less than 5 s of speech, or several people.
    #[uniffi::method(default(progress = None))]
    pub fn voice(&self, path: String, progress: Option<Arc<dyn ProgressListener>>) -> Result<Voice> {
        let (voice, _) =
            heard(Recording::new(path), progress, |recording| self.diarizer.voice(recording, MIN_ENROLL_S))?;
        Ok(Voice::new(&voice, &self.diarizer.fingerprint()))
    }

    /// Starts a diarization of audio that arrives in pieces, mono at `sample_rate` Hz.
    ///
    /// A moment is decided after `latency_s` seconds, 0.5 to 10, and the networks run every
    /// `step_s` seconds, 0.25 to 10.
    #[uniffi::method(default(sample_rate = 16000, latency_s = 2.0, step_s = 0.5))]
    pub fn live(&self, sample_rate: u32, latency_s: f64, step_s: f64) -> Result<Live> {
        Live::new(&self.diarizer, sample_rate, latency_s, step_s)
    }
}

impl Diarizer {
    fn diarize(&self, recording: Recording<'_>, progress: Option<Arc<dyn ProgressListener>>) -> Result<Diarization> {
        let result = heard(recording, progress, |recording| self.diarizer.diarize(recording))?;
        Ok(Diarization::new(result, &self.diarizer.fingerprint()))
    }
}

/// Calls `work` with a recording that reports to `listener`, which may end it.
fn heard<R>(
    recording: Recording<'_>,
    listener: Option<Arc<dyn ProgressListener>>,
    work: impl FnOnce(Recording<'_>) -> diarist::Result<R>,
) -> diarist::Result<R> {
    let cancel = &AtomicBool::new(false);
    let report = move |Progress { processed_s, total_s }| {
        let Some(listener) = &listener else { return };
        // An exception of a listener arrives as a panic.
        let goes_on = catch_unwind(AssertUnwindSafe(|| listener.report(processed_s, total_s)));
        if !goes_on.unwrap_or(false) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    work(recording.with_progress(report).with_cancel(cancel))
}
