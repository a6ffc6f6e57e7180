//! The result of a diarization.

use std::ffi::{CString, c_char};
use std::ptr;
use std::slice;

use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::formats::json::Document;
use diarist::parts::formats::rttm;
use diarist::{Error, ErrorKind, Result};

use crate::fault::{Status, given, guard, is_no_place, place};
use crate::text::without_zeros;

/// The diarization of one recording: who spoke when.
#[derive(Debug)]
pub struct Diarization {
    result: diarist::Diarization,
    file_id: CString,
    /// Label and name of each speaker.
    speakers: Vec<(CString, Option<CString>)>,
    json: CString,
}

/// A stretch of speech of one speaker.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// The speaker, from 0 to diarist_diarization_num_speakers - 1.
    pub speaker: usize,
    /// Name of the known person who the speaker is; NULL if nobody was recognised. Valid as long
    /// as the diarization.
    pub name: *const c_char,
    /// Certainty of the turn from 0 to 1: the share of the time in which turns as certain as this
    /// one have the right speaker.
    pub confidence: f64,
}

/// One speaker of a recording. Its texts are valid as long as the diarization.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speaker {
    /// Label, `SPEAKER_00` and so on.
    pub label: *const c_char,
    /// Name of the known person; NULL if nobody was recognised.
    pub name: *const c_char,
    /// Seconds of speech, overlapped speech included.
    pub speech_s: f64,
    /// Number of turns.
    pub num_turns: usize,
}

/// Certainty of the number of speakers. Speakers with less than 2 s of speech do not count as true
/// ones.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberOfSpeakers {
    /// Probability that the recording has as many speakers as the diarization.
    pub probability: f64,
    /// The likeliest other number. It can be likelier than that of the diarization.
    pub runner_up: usize,
    /// Probability of that number.
    pub runner_up_probability: f64,
}

impl Diarization {
    /// A handle for `result`, which `diarist_diarization_free` frees.
    pub(crate) fn into_raw(result: diarist::Diarization) -> *mut Self {
        let speakers = result.speakers.iter();
        let texts = speakers.map(|speaker| (without_zeros(&speaker.label), speaker.name.as_deref().map(without_zeros)));
        Box::into_raw(Box::new(Self {
            file_id: without_zeros(&result.file_id),
            speakers: texts.collect(),
            json: without_zeros(&Document::new(&result).to_line()),
            result,
        }))
    }

    fn speaker(&self, index: usize) -> Result<Speaker> {
        let speaker = item(&self.result.speakers, index, "speaker")?;
        let (label, name) = item(&self.speakers, index, "speaker")?;
        Ok(Speaker {
            label: label.as_ptr(),
            name: name.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            speech_s: speaker.speech_s,
            num_turns: speaker.num_turns,
        })
    }

    fn turn(&self, turn: &diarist::Turn) -> Result<Turn> {
        let speaker = self.result.speakers.iter().position(|speaker| speaker.label == turn.speaker);
        let speaker = speaker
            .ok_or_else(|| Error::new(ErrorKind::Internal, format!("speaker {} has no summary", turn.speaker)))?;
        Ok(Turn {
            start_s: turn.start_s,
            end_s: turn.end_s,
            speaker,
            name: self.speaker(speaker)?.name,
            confidence: turn.confidence.unwrap_or(f64::NAN),
        })
    }
}

fn item<'a, T>(items: &'a [T], index: usize, name: &str) -> Result<&'a T> {
    let count = items.len();
    items.get(index).ok_or_else(|| Error::invalid_option(format!("there is no {name} {index}, but {count} from 0 on")))
}

/// Frees a diarization. NULL is allowed.
///
/// # Safety
/// `diarization` must be NULL or a diarization. It and its texts must not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_free(diarization: *mut Diarization) {
    if !diarization.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(diarization) });
    }
}

/// Name of the recording; NULL for NULL. The text is valid as long as the diarization.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_file_id(diarization: *const Diarization) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(ptr::null(), |diarization| diarization.file_id.as_ptr())
}

/// Length of the recording in seconds; 0 for NULL.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_duration_s(diarization: *const Diarization) -> f64 {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(0.0, |diarization| diarization.result.duration_s)
}

/// Seconds in which at least one speaker is active; 0 for NULL.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_speech_s(diarization: *const Diarization) -> f64 {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(0.0, |diarization| diarization.result.speech_s)
}

/// Seconds in which at least two speakers are active; 0 for NULL.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_overlap_s(diarization: *const Diarization) -> f64 {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(0.0, |diarization| diarization.result.overlap_s)
}

/// Number of speakers; 0 for NULL.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_num_speakers(diarization: *const Diarization) -> usize {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(0, |diarization| diarization.result.speakers.len())
}

/// Certainty of the number of speakers.
///
/// Returns DIARIST_STATUS_INPUT if it is not known: with other clustering than `refined`, for a
/// recording of a single chunk or without speech, or with a told number.
///
/// # Safety
/// `diarization` must be a diarization, `number` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_number_of_speakers(
    diarization: *const Diarization,
    number: *mut NumberOfSpeakers,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(number, "number")?) };
        let known = diarization.result.number_of_speakers;
        let known = known.ok_or_else(|| Error::input("the certainty of the number of speakers is not known"))?;
        let diarist::NumberOfSpeakers { probability, runner_up, runner_up_probability } = known;
        place.put(NumberOfSpeakers { probability, runner_up, runner_up_probability });
        Ok(())
    })
}

/// A speaker. They are in the order of their labels.
///
/// # Safety
/// `diarization` must be a diarization, `speaker` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_speaker(
    diarization: *const Diarization,
    index: usize,
    speaker: *mut Speaker,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(speaker, "speaker")?) };
        place.put(diarization.speaker(index)?);
        Ok(())
    })
}

/// Writes the mean embedding of a speaker: 256 floats, not normalised.
///
/// Returns DIARIST_STATUS_INPUT if embeddings were skipped, and for a speaker that only the number
/// of simultaneous speakers calls for.
///
/// # Safety
/// `diarization` must be a diarization, `embedding` must have room for 256 floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_embedding(
    diarization: *const Diarization,
    speaker: usize,
    embedding: *mut f32,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let diarization = unsafe { given(diarization, "diarization") }?;
        let speaker = item(&diarization.result.speakers, speaker, "speaker")?;
        let values = speaker.embedding.as_ref();
        let values = values.ok_or_else(|| Error::input(format!("{} has no embedding", speaker.label)))?;
        if embedding.is_null() {
            return Err(is_no_place("embedding"));
        }
        // SAFETY: not NULL; the rest is the caller's promise.
        unsafe { slice::from_raw_parts_mut(embedding, EMBEDDING_DIMENSION) }.copy_from_slice(values);
        Ok(())
    })
}

/// Number of turns; 0 for NULL.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_num_turns(diarization: *const Diarization) -> usize {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(0, |diarization| diarization.result.turns.len())
}

/// A turn. They are in the order of their start, and those of different speakers may overlap.
///
/// # Safety
/// `diarization` must be a diarization, `turn` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_turn(
    diarization: *const Diarization,
    index: usize,
    turn: *mut Turn,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(turn, "turn")?) };
        place.put(diarization.turn(item(&diarization.result.turns, index, "turn")?)?);
        Ok(())
    })
}

/// Number of exclusive turns, with at most one speaker at every moment; 0 for NULL.
///
/// # Safety
/// `diarization` must be NULL or a diarization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_num_exclusive_turns(diarization: *const Diarization) -> usize {
    // SAFETY: the caller's promise.
    unsafe { diarization.as_ref() }.map_or(0, |diarization| diarization.result.exclusive_turns.len())
}

/// An exclusive turn. They are in the order of their start.
///
/// # Safety
/// As diarist_diarization_turn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_exclusive_turn(
    diarization: *const Diarization,
    index: usize,
    turn: *mut Turn,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(turn, "turn")?) };
        place.put(diarization.turn(item(&diarization.result.exclusive_turns, index, "turn")?)?);
        Ok(())
    })
}

/// The parts of the recording that were lost or changed: one sentence per line, possibly none. Free
/// `text` with diarist_string_free.
///
/// # Safety
/// `diarization` must be a diarization, `text` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_warnings(
    diarization: *const Diarization,
    text: *mut *mut c_char,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(text, "text")?) };
        let lines: String = diarization.result.warnings.iter().flat_map(|warning| [warning.as_str(), "\n"]).collect();
        place.put(without_zeros(&lines).into_raw());
        Ok(())
    })
}

/// The turns as RTTM, with the names of known people. Free `text` with diarist_string_free.
///
/// # Safety
/// `diarization` must be a diarization, `text` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_rttm(diarization: *const Diarization, text: *mut *mut c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(text, "text")?) };
        place.put(without_zeros(&rttm::write(&rttm::renamed(&diarization.result.annotation()))?).into_raw());
        Ok(())
    })
}

/// The whole result as one line of JSON, as `diarist diarize --format json` writes it. Free `text`
/// with diarist_string_free.
///
/// # Safety
/// `diarization` must be a diarization, `text` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarization_json(diarization: *const Diarization, text: *mut *mut c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarization, place) = unsafe { (given(diarization, "diarization")?, place(text, "text")?) };
        place.put(diarization.json.clone().into_raw());
        Ok(())
    })
}
