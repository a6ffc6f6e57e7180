//! Offline diarization.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use diarist::parts::audio::SamplesSource;
use diarist::parts::settings::Choices;
use diarist::{Error, Recording, Result, SpeakerDatabase};

use crate::diarization::Diarization;
use crate::fault::{Status, given, guard, place};
use crate::text::{optional_text, text};

/// Networks, settings, and threads that compute.
#[derive(Debug)]
pub struct Diarizer {
    pub(crate) diarizer: diarist::Diarizer,
}

impl Diarizer {
    fn into_raw(diarizer: diarist::Diarizer) -> *mut Self {
        Box::into_raw(Box::new(Self { diarizer }))
    }
}

/// A function that receives the seconds of the recording that are done and those in all (0 if that
/// is not known), after every few seconds of audio. It returns false to end the call.
///
/// It is called on another thread than the caller's, but never on two threads at once.
pub type Progress = Option<unsafe extern "C" fn(processed_s: f64, total_s: f64, user_data: *mut c_void) -> bool>;

/// Loads the networks and starts threads.
///
/// `settings` is NULL for the defaults, or JSON with chosen options. They have the names of the
/// options of `diarist diarize`, for example
/// `{"profile": "fast", "clustering": "ahc", "threshold": 0.7, "threads": 2}`. Free `diarizer` with
/// diarist_diarizer_free.
///
/// # Safety
/// `settings` must be NULL or end with a zero byte, `diarizer` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarizer_new(settings: *const c_char, diarizer: *mut *mut Diarizer) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (settings, place) = unsafe { (optional_text(settings, "settings")?, place(diarizer, "diarizer")?) };
        let choices: Choices = serde_json::from_str(settings.unwrap_or("{}"))
            .map_err(|error| Error::invalid_option(format!("settings: {error}")))?;
        place.put(Diarizer::into_raw(diarist::Diarizer::new(&choices.settings()?)?));
        Ok(())
    })
}

/// Makes a diarizer that also names speakers: those whose voices belong to people in the speaker
/// database at `path`.
///
/// A speaker is named if the probability of the person is at least `min_probability`; 0 selects the
/// default, 0.9. `named` shares networks and threads with `diarizer`. Free it with
/// diarist_diarizer_free.
///
/// # Safety
/// `diarizer` must be a diarizer, `path` must end with a zero byte, `named` must be valid for a
/// write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarizer_with_speakers(
    diarizer: *const Diarizer,
    path: *const c_char,
    min_probability: f64,
    named: *mut *mut Diarizer,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, path, place) =
            unsafe { (given(diarizer, "diarizer")?, text(path, "path")?, place(named, "named")?) };
        let database = SpeakerDatabase::open(Path::new(path))?;
        let min_probability = (min_probability != 0.0).then_some(min_probability);
        place.put(Diarizer::into_raw(diarizer.diarizer.with_speakers(&database, min_probability)?));
        Ok(())
    })
}

/// Frees a diarizer. NULL is allowed. Live diarizations made with it remain valid.
///
/// # Safety
/// `diarizer` must be NULL or a diarizer, and not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarizer_free(diarizer: *mut Diarizer) {
    if !diarizer.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(diarizer) });
    }
}

/// Diarizes an audio file of any common format.
///
/// `min_speakers` and `max_speakers` replace the numbers of speakers in the settings, unless both
/// are 0; a single 0 leaves that side open. Give an exact number as both. `progress` may be NULL.
/// Free `diarization` with diarist_diarization_free.
///
/// # Safety
/// `diarizer` must be a diarizer, `path` must end with a zero byte, `diarization` must be valid for
/// a write, and `progress` must be NULL or a function that may be called with `user_data` on
/// another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarize_file(
    diarizer: *const Diarizer,
    path: *const c_char,
    min_speakers: usize,
    max_speakers: usize,
    progress: Progress,
    user_data: *mut c_void,
    diarization: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, path, place) =
            unsafe { (given(diarizer, "diarizer")?, text(path, "path")?, place(diarization, "diarization")?) };
        place.put(diarizer.run(Recording::new(path), min_speakers, max_speakers, progress, user_data)?);
        Ok(())
    })
}

/// Diarizes `num_frames` frames of `num_channels` interleaved samples in [-1, 1] at `sample_rate`
/// Hz.
///
/// The recording is named "audio". All else is as in diarist_diarize_file.
///
/// # Safety
/// As diarist_diarize_file; `samples` must hold `num_frames * num_channels` values, which nobody
/// changes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarize_samples(
    diarizer: *const Diarizer,
    samples: *const f32,
    num_frames: usize,
    num_channels: u16,
    sample_rate: u32,
    min_speakers: usize,
    max_speakers: usize,
    progress: Progress,
    user_data: *mut c_void,
    diarization: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, place) = unsafe { (given(diarizer, "diarizer")?, place(diarization, "diarization")?) };
        let num_samples = num_frames.checked_mul(usize::from(num_channels));
        let num_samples = num_samples.ok_or_else(|| Error::invalid_option("num_frames is larger than any memory"))?;
        // SAFETY: the caller's promise.
        let samples = unsafe { array(samples, num_samples, "samples") }?;
        let recording = Recording::from_source("audio", SamplesSource::new(samples, num_channels, sample_rate)?);
        place.put(diarizer.run(recording, min_speakers, max_speakers, progress, user_data)?);
        Ok(())
    })
}

/// Values in the caller's memory. NULL is allowed for no values.
///
/// # Safety
/// `values` must hold `count` values, which nobody changes for as long as `'a` lasts.
pub(crate) unsafe fn array<'a>(values: *const f32, count: usize, name: &str) -> Result<&'a [f32]> {
    if count == 0 {
        return Ok(&[]);
    }
    if values.is_null() {
        return Err(Error::invalid_option(format!("{name} is NULL")));
    }
    if count > isize::MAX as usize / size_of::<f32>() || !values.is_aligned() {
        return Err(Error::invalid_option(format!("{name} is not an array of {count} floats")));
    }
    // SAFETY: not NULL, aligned, not too long; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(values, count) })
}

/// The caller's progress function, with its data.
#[derive(Clone, Copy)]
struct Caller {
    progress: Progress,
    user_data: *mut c_void,
}

// SAFETY: diarist_diarize_file asks for a function that may be called with its data on another
// thread.
unsafe impl Send for Caller {}

impl Caller {
    /// Reports progress. Returns whether to go on.
    fn report(&self, progress: diarist::Progress) -> bool {
        let total_s = progress.total_s.unwrap_or(0.0);
        // SAFETY: the caller's promise.
        self.progress.is_none_or(|report| unsafe { report(progress.processed_s, total_s, self.user_data) })
    }
}

impl Diarizer {
    /// The diarizer for a number of speakers; that of the settings if both are 0.
    pub(crate) fn with_bounds(&self, min_speakers: usize, max_speakers: usize) -> Result<diarist::Diarizer> {
        if min_speakers == 0 && max_speakers == 0 {
            return Ok(self.diarizer.clone());
        }
        let bound = |speakers: usize| (speakers > 0).then_some(speakers);
        self.diarizer.with_num_speakers(None, bound(min_speakers), bound(max_speakers))
    }

    /// Calls `work` with a recording that reports to the caller's function, which may end it.
    pub(crate) fn with_progress<R>(
        progress: Progress,
        user_data: *mut c_void,
        recording: Recording<'_>,
        work: impl FnOnce(Recording<'_>) -> Result<R>,
    ) -> Result<R> {
        let caller = Caller { progress, user_data };
        let cancel = &AtomicBool::new(false);
        let report = move |progress| {
            if !caller.report(progress) {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        work(recording.with_progress(report).with_cancel(cancel))
    }

    fn run(
        &self,
        recording: Recording<'_>,
        min_speakers: usize,
        max_speakers: usize,
        progress: Progress,
        user_data: *mut c_void,
    ) -> Result<*mut Diarization> {
        let diarizer = self.with_bounds(min_speakers, max_speakers)?;
        let result = Self::with_progress(progress, user_data, recording, |recording| diarizer.diarize(recording))?;
        Ok(Diarization::into_raw(result))
    }
}
