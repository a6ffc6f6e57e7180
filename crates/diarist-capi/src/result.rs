//! What a diarization gives.

use std::ffi::{CString, c_char};
use std::slice;

use diarist::formats::json::Document;
use diarist::formats::rttm;
use diarist::pipeline::{self, DiarizationOptions, EMBEDDING_DIMENSION};
use diarist::timeline::Annotation;
use diarist::{Error, Result};

use crate::fault::{Status, given, guard, place};
use crate::text::without_zeros;

/// Who spoke when in one recording.
#[derive(Debug)]
pub struct Diarization {
    result: pipeline::Diarization,
    turns: Vec<Turn>,
    exclusive_turns: Vec<Turn>,
    labels: Vec<CString>,
    json: CString,
}

/// A stretch of time in which one speaker speaks.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Seconds from the start of the recording.
    pub start_s: f64,
    /// Seconds from the start of the recording.
    pub end_s: f64,
    /// The speaker, from 0 to diarist_result_num_speakers - 1.
    pub speaker: usize,
    /// How sure it is, from 0 to 1: the share of the windows of 10 s around it that hear this speaker there. Not a probability.
    pub confidence: f32,
}

impl Diarization {
    pub(crate) fn new(result: pipeline::Diarization, options: &DiarizationOptions) -> Result<Self> {
        let labels: Vec<CString> = result.speakers.iter().map(|speaker| without_zeros(&speaker.label)).collect();
        Ok(Self {
            turns: turns(&result, &result.diarization, &result.confidences)?,
            exclusive_turns: turns(&result, &result.exclusive, &result.exclusive_confidences)?,
            json: without_zeros(&Document::new(&result, options).to_line()),
            labels,
            result,
        })
    }
}

/// `annotation` with the numbers of its speakers.
fn turns(result: &pipeline::Diarization, annotation: &Annotation, confidences: &[f32]) -> Result<Vec<Turn>> {
    let number = |label: &str| result.speakers.iter().position(|speaker| speaker.label == label);
    let unknown = |label: &str| Error::new(diarist::ErrorKind::Internal, format!("speaker {label} has no summary"));
    let turns = annotation.turns.iter().zip(confidences).map(|(turn, &confidence)| {
        let speaker = number(&turn.speaker).ok_or_else(|| unknown(&turn.speaker))?;
        Ok(Turn { start_s: turn.segment.start, end_s: turn.segment.end, speaker, confidence })
    });
    turns.collect()
}

/// An item of a list.
fn item<'a, T>(items: &'a [T], index: usize, what: &str) -> Result<&'a T> {
    let count = items.len();
    items.get(index).ok_or_else(|| Error::invalid_option(format!("there is no {what} {index}, but {count} from 0")))
}

/// Frees a result. NULL is allowed.
///
/// # Safety
/// `result` must be NULL or a result, and it and its texts must not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_free(result: *mut Diarization) {
    if !result.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(result) });
    }
}

/// Length of the recording in seconds; 0 for NULL.
///
/// # Safety
/// `result` must be NULL or a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_duration(result: *const Diarization) -> f64 {
    // SAFETY: the caller's promise.
    unsafe { result.as_ref() }.map_or(0.0, |result| result.result.duration_s)
}

/// Number of speakers; 0 for NULL.
///
/// # Safety
/// `result` must be NULL or a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_num_speakers(result: *const Diarization) -> usize {
    // SAFETY: the caller's promise.
    unsafe { result.as_ref() }.map_or(0, |result| result.labels.len())
}

/// The label of a speaker, as in RTTM. The text is valid as long as the result.
///
/// # Safety
/// `result` must be a result, `label` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_speaker(
    result: *const Diarization,
    speaker: usize,
    label: *mut *const c_char,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (result, place) = unsafe { (given(result, "result")?, place(label, "label")?) };
        place.put(item(&result.labels, speaker, "speaker")?.as_ptr());
        Ok(())
    })
}

/// The mean embedding of a speaker: writes 256 floats, not normalised.
///
/// A speaker whom only the number of simultaneous speakers tells of has none, nor has anybody without embeddings; that is
/// DIARIST_STATUS_INPUT.
///
/// # Safety
/// `result` must be a result, `embedding` must have room for 256 floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_embedding(
    result: *const Diarization,
    speaker: usize,
    embedding: *mut f32,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let result = unsafe { given(result, "result") }?;
        let speaker = item(&result.result.speakers, speaker, "speaker")?;
        let values = speaker.embedding.as_ref();
        let values = values.ok_or_else(|| Error::input(format!("{} has no embedding", speaker.label)))?;
        if embedding.is_null() {
            return Err(Error::invalid_option("embedding is NULL, but must point to where the result goes").into());
        }
        // SAFETY: not NULL; the rest is the caller's promise.
        unsafe { slice::from_raw_parts_mut(embedding, EMBEDDING_DIMENSION) }.copy_from_slice(values);
        Ok(())
    })
}

/// Number of turns; 0 for NULL.
///
/// # Safety
/// `result` must be NULL or a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_num_turns(result: *const Diarization) -> usize {
    // SAFETY: the caller's promise.
    unsafe { result.as_ref() }.map_or(0, |result| result.turns.len())
}

/// A turn; they are in the order of time, and those of different speakers may overlap.
///
/// # Safety
/// `result` must be a result, `turn` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_turn(result: *const Diarization, index: usize, turn: *mut Turn) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (result, place) = unsafe { (given(result, "result")?, place(turn, "turn")?) };
        place.put(*item(&result.turns, index, "turn")?);
        Ok(())
    })
}

/// Number of turns of the exclusive timeline, in which at most one speaker speaks at a time; 0 for NULL.
///
/// # Safety
/// `result` must be NULL or a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_num_exclusive_turns(result: *const Diarization) -> usize {
    // SAFETY: the caller's promise.
    unsafe { result.as_ref() }.map_or(0, |result| result.exclusive_turns.len())
}

/// A turn of the exclusive timeline.
///
/// # Safety
/// As diarist_result_turn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_exclusive_turn(
    result: *const Diarization,
    index: usize,
    turn: *mut Turn,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (result, place) = unsafe { (given(result, "result")?, place(turn, "turn")?) };
        place.put(*item(&result.exclusive_turns, index, "turn")?);
        Ok(())
    })
}

/// The turns as RTTM, to be freed by diarist_string_free.
///
/// # Safety
/// `result` must be a result, `text` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_rttm(result: *const Diarization, text: *mut *mut c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (result, place) = unsafe { (given(result, "result")?, place(text, "text")?) };
        place.put(without_zeros(&rttm::write(&result.result.diarization)?).into_raw());
        Ok(())
    })
}

/// The whole result as one line of JSON, the same as `diarist diarize --format json` writes, to be freed by diarist_string_free.
///
/// # Safety
/// `result` must be a result, `text` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_result_json(result: *const Diarization, text: *mut *mut c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (result, place) = unsafe { (given(result, "result")?, place(text, "text")?) };
        place.put(result.json.clone().into_raw());
        Ok(())
    })
}
