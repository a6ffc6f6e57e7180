//! Offline diarization.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diarist::audio::{self, AudioSource};
use diarist::clustering::SpeakerBounds;
use diarist::formats::rttm;
use diarist::pipeline::{self, DiarizationOptions, Settings};
use diarist::{Error, Result};

use crate::audio::{Cancellable, Samples};
use crate::fault::{Fault, Status, given, guard, place};
use crate::result::Diarization;
use crate::text::{optional_text, text};

/// Networks, options, and threads that compute.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) pipeline: Arc<pipeline::Pipeline>,
    pub(crate) options: DiarizationOptions,
}

/// Is told how many seconds of the recording are done and how many there are (0 if that is not known), after every few seconds of audio;
/// false ends the call. It is called on another thread than the caller's, but never on two at once.
pub type Progress = Option<unsafe extern "C" fn(processed_s: f64, total_s: f64, user_data: *mut c_void) -> bool>;

/// Loads the networks.
///
/// `settings` is NULL for the defaults, or JSON with any of the options under "Method" in `diarist help diarize`, for example
/// `{"profile": "fast", "clustering": "ahc", "threshold": 0.7}`, and with "segmentation" and "embedding", paths of other weights.
/// `num_threads` is 0 for all that the machine offers. The pipeline is to be freed by diarist_pipeline_free.
///
/// # Safety
/// `settings` must be NULL or end with a zero byte, `pipeline` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_pipeline_new(
    settings: *const c_char,
    num_threads: usize,
    pipeline: *mut *mut Pipeline,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (settings, place) = unsafe { (optional_text(settings, "settings")?, place(pipeline, "pipeline")?) };
        let (settings, segmentation, embedding) = read_settings(settings.unwrap_or("{}"))?;
        let options = settings.options()?;
        let models = settings.load(segmentation.as_deref().map(Path::new), embedding.as_deref().map(Path::new))?;
        let pipeline = pipeline::Pipeline::new(models, (num_threads > 0).then_some(num_threads))?;
        place.put(Box::into_raw(Box::new(Pipeline { pipeline: Arc::new(pipeline), options })));
        Ok(())
    })
}

/// Frees a pipeline. NULL is allowed. Live diarizations made with it may live on.
///
/// # Safety
/// `pipeline` must be NULL or from diarist_pipeline_new, and not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_pipeline_free(pipeline: *mut Pipeline) {
    if !pipeline.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(pipeline) });
    }
}

/// Diarizes an audio file of any common format. `max_speakers` is 0 for any number, as is `min_speakers`; for an exact number give it as
/// both. `progress` may be NULL. The result is to be freed by diarist_result_free.
///
/// # Safety
/// `pipeline` must be a pipeline, `path` must end with a zero byte, `result` must be valid for a write, and `progress` must be NULL or a
/// function that may be called with `user_data` on another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarize_file(
    pipeline: *const Pipeline,
    path: *const c_char,
    min_speakers: usize,
    max_speakers: usize,
    progress: Progress,
    user_data: *mut c_void,
    result: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (pipeline, path, place) =
            unsafe { (given(pipeline, "pipeline")?, text(path, "path")?, place(result, "result")?) };
        let path = Path::new(path);
        let file_id = rttm::field(&path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy());
        let mut source = audio::open(path)?;
        let watcher = Watcher { progress, user_data };
        let result = pipeline.run(&file_id, &mut source, min_speakers, max_speakers, watcher)?;
        place.put(Box::into_raw(Box::new(result)));
        Ok(())
    })
}

/// Diarizes `num_frames` frames of `num_channels` interleaved samples in [-1, 1] at `sample_rate` Hz. The rest is as in
/// diarist_diarize_file; in RTTM the recording is called "audio".
///
/// # Safety
/// As diarist_diarize_file; `samples` must hold `num_frames * num_channels` values, which nobody changes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarize_samples(
    pipeline: *const Pipeline,
    samples: *const f32,
    num_frames: usize,
    num_channels: u16,
    sample_rate: u32,
    min_speakers: usize,
    max_speakers: usize,
    progress: Progress,
    user_data: *mut c_void,
    result: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (pipeline, place) = unsafe { (given(pipeline, "pipeline")?, place(result, "result")?) };
        let num_samples = num_frames.checked_mul(usize::from(num_channels));
        let num_samples = num_samples.ok_or_else(|| Error::invalid_option("num_frames is larger than any memory"))?;
        // SAFETY: the caller's promise.
        let samples = unsafe { array(samples, num_samples, "samples") }?;
        let mut source = Samples::new(samples, num_channels, sample_rate)?;
        let watcher = Watcher { progress, user_data };
        let result = pipeline.run("audio", &mut source, min_speakers, max_speakers, watcher)?;
        place.put(Box::into_raw(Box::new(result)));
        Ok(())
    })
}

/// Values in the caller's memory; NULL is allowed if there are none.
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

/// Settings in JSON, and the paths of other weights.
fn read_settings(json: &str) -> Result<(Settings, Option<String>, Option<String>)> {
    let unusable = |error: serde_json::Error| {
        Error::invalid_option(format!("settings: {error}"))
            .hint("the names are those of the options under Method in `diarist help diarize`")
    };
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).map_err(unusable)?;
    let mut path = |name: &str| match object.remove(name) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(path)) => Ok(Some(path)),
        Some(_) => Err(Error::invalid_option(format!("settings: {name} is not a path"))),
    };
    let (segmentation, embedding) = (path("segmentation")?, path("embedding")?);
    Ok((serde_json::from_value(object.into()).map_err(unusable)?, segmentation, embedding))
}

/// The caller's progress function.
#[derive(Clone, Copy)]
struct Watcher {
    progress: Progress,
    user_data: *mut c_void,
}

// SAFETY: diarist_diarize_file asks for a function that may be called with its data on another thread.
unsafe impl Send for Watcher {}

impl Watcher {
    /// Whether to go on.
    fn tell(&self, progress: pipeline::Progress) -> bool {
        // SAFETY: the caller's promise.
        self.progress
            .is_none_or(|tell| unsafe { tell(progress.processed_s, progress.total_s.unwrap_or(0.0), self.user_data) })
    }
}

impl Pipeline {
    fn run(
        &self,
        file_id: &str,
        source: &mut dyn AudioSource,
        min_speakers: usize,
        max_speakers: usize,
        watcher: Watcher,
    ) -> std::result::Result<Diarization, Fault> {
        let bound = |speakers: usize| (speakers > 0).then_some(speakers);
        let bounds = SpeakerBounds::new(None, bound(min_speakers), bound(max_speakers))?;
        let options = DiarizationOptions { bounds, ..self.options.clone() };
        let cancelled = &AtomicBool::new(false);
        let mut source = Cancellable { source, cancelled };
        let mut progress = move |progress| {
            if !watcher.tell(progress) {
                cancelled.store(true, Ordering::Relaxed);
            }
        };
        let result = self.pipeline.diarize(file_id, &mut source, &options, &mut progress);
        if cancelled.load(Ordering::Relaxed) {
            return Err(Fault::Cancelled);
        }
        Ok(Diarization::new(result?, &options)?)
    }
}
