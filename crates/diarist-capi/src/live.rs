//! Live diarization.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use diarist::live::{self, LiveEvent, LiveOptions};
use diarist::{Error, ErrorKind, Result};

use crate::fault::{Status, given, guard, place};
use crate::pipeline::{Pipeline, array};
use crate::result::Diarization;
use crate::text::without_zeros;

/// A diarization of audio that arrives bit by bit.
#[derive(Debug)]
pub struct Live {
    live: Option<live::Live>,
    options: LiveOptions,
}

/// Starts a live diarization. A moment is decided after `latency_s` seconds, 0.5 to 10, and every `step_s` seconds, 0.25 to 10, the
/// networks run; 0 stands for 2 and 0.5 seconds. It is to be freed by diarist_live_free.
///
/// # Safety
/// `pipeline` must be a pipeline, `live` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_new(
    pipeline: *const Pipeline,
    latency_s: f64,
    step_s: f64,
    live: *mut *mut Live,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (pipeline, place) = unsafe { (given(pipeline, "pipeline")?, place(live, "live")?) };
        let usual = LiveOptions { diarization: pipeline.options.clone(), ..LiveOptions::default() };
        let or = |value: f64, usual: f64| if value == 0.0 { usual } else { value };
        let options =
            LiveOptions { latency_s: or(latency_s, usual.latency_s), step_s: or(step_s, usual.step_s), ..usual };
        options.validate()?;
        let live = Some(live::Live::new(Arc::clone(&pipeline.pipeline), &options)?);
        place.put(Box::into_raw(Box::new(Live { live, options })));
        Ok(())
    })
}

/// Frees a live diarization. NULL is allowed.
///
/// # Safety
/// `live` must be NULL or a live diarization, and not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_free(live: *mut Live) {
    if !live.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(live) });
    }
}

/// Takes the `num_samples` samples that follow, mono at 16 kHz in [-1, 1], any number of them.
///
/// `events` gets what they change, one JSON object per line (docs/live.md), perhaps none; to be freed by diarist_string_free. After
/// DIARIST_STATUS_INPUT nothing of the piece was taken, and more can be pushed.
///
/// # Safety
/// `live` must be a live diarization that no other thread uses, `samples` must hold `num_samples` values, `events` must be valid for a
/// write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_push(
    live: *mut Live,
    samples: *const f32,
    num_samples: usize,
    events: *mut *mut c_char,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (live, samples, place) =
            unsafe { (running(live)?, array(samples, num_samples, "samples")?, place(events, "events")?) };
        let live = live.live.as_mut().ok_or_else(over)?;
        place.put(lines(&live.push(samples)?)?.into_raw());
        Ok(())
    })
}

/// Ends the recording: `events` gets the last events, and `result` what diarist_diarize_samples gives for the whole, to be freed by
/// diarist_result_free. In RTTM the recording is called "audio".
///
/// # Safety
/// As diarist_live_push; `result` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_finish(
    live: *mut Live,
    events: *mut *mut c_char,
    result: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (live, events, place) = unsafe { (running(live)?, place(events, "events")?, place(result, "result")?) };
        let ended = live.live.take().ok_or_else(over)?.finish("audio")?;
        let result = Diarization::new(ended.diarization, &live.options.diarization)?;
        events.put(lines(&ended.events)?.into_raw());
        place.put(Box::into_raw(Box::new(result)));
        Ok(())
    })
}

/// # Safety
/// `live` must be NULL or a live diarization that nobody else uses for as long as `'a` lasts.
unsafe fn running<'a>(live: *mut Live) -> Result<&'a mut Live> {
    // SAFETY: the caller's promise.
    unsafe { live.as_mut() }.ok_or_else(|| Error::invalid_option("live is NULL"))
}

fn over() -> Error {
    Error::invalid_option("the recording has ended").hint("start another one with diarist_live_new")
}

fn lines(events: &[LiveEvent]) -> Result<CString> {
    let mut text = String::new();
    for event in events {
        let line = serde_json::to_string(event);
        text += &line.map_err(|error| Error::new(ErrorKind::Internal, "an event has no JSON form").caused_by(error))?;
        text.push('\n');
    }
    Ok(without_zeros(&text))
}
