//! Live diarization.

use std::ffi::{CString, c_char};

use diarist::{Error, ErrorKind, LiveEvent, LiveSettings, Result};

use crate::diarization::Diarization;
use crate::diarizer::{Diarizer, array};
use crate::fault::{Status, given, guard, place};
use crate::text::without_zeros;

/// A diarization of audio that arrives in pieces.
#[derive(Debug)]
pub struct Live {
    /// `None` once the recording has ended.
    live: Option<diarist::Live>,
}

/// Starts a live diarization.
///
/// A moment is decided after `latency_s` seconds, 0.5 to 10, and the networks run every `step_s`
/// seconds, 0.25 to 10. 0 selects the defaults, 2 and 0.5 seconds. Free `live` with
/// diarist_live_free.
///
/// # Safety
/// `diarizer` must be a diarizer, `live` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_new(
    diarizer: *const Diarizer,
    latency_s: f64,
    step_s: f64,
    live: *mut *mut Live,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, place) = unsafe { (given(diarizer, "diarizer")?, place(live, "live")?) };
        let mut settings = LiveSettings::default();
        if latency_s != 0.0 {
            settings.latency_s = latency_s;
        }
        if step_s != 0.0 {
            settings.step_s = step_s;
        }
        let live = diarist::Live::new(&diarizer.diarizer, &settings)?;
        place.put(Box::into_raw(Box::new(Live { live: Some(live) })));
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

/// Takes the next `num_samples` samples, mono at 16 kHz in [-1, 1]. Any number is allowed.
///
/// `events` receives the changes that they cause, one JSON object per line (docs/live.md), possibly
/// none. Free it with diarist_string_free. After DIARIST_STATUS_INPUT the whole piece was rejected,
/// and more can be pushed.
///
/// # Safety
/// `live` must be a live diarization that no other thread uses, `samples` must hold `num_samples`
/// values, `events` must be valid for a write.
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

/// Ends the recording.
///
/// `events` receives the last events, and `diarization` the result of diarist_diarize_samples for
/// the whole recording. Free them with diarist_string_free and diarist_diarization_free. The
/// recording is named "audio".
///
/// # Safety
/// As diarist_live_push; `diarization` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_finish(
    live: *mut Live,
    events: *mut *mut c_char,
    diarization: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (live, events, place) =
            unsafe { (running(live)?, place(events, "events")?, place(diarization, "diarization")?) };
        let result = live.live.take().ok_or_else(over)?.finish("audio")?;
        events.put(lines(&result.events)?.into_raw());
        place.put(Diarization::into_raw(result.diarization));
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
