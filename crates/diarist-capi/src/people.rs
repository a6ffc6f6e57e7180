//! Known people in a speaker database. Every function opens the file and closes it.

use std::ffi::{c_char, c_void};

use diarist::parts::voices::{MIN_ENROLL_S, NewSample, check_name};
use diarist::{Error, ErrorKind, Recording, SpeakerDatabase};
use serde_json::json;

use crate::diarizer::{Diarizer, Progress};
use crate::fault::{Status, given, guard, place};
use crate::text::{text, without_zeros};

/// Adds the voice of the one person who speaks in the audio file at `clip` to the person `name` of
/// the speaker database at `path`. A person or a database that is missing is made.
///
/// Returns DIARIST_STATUS_INPUT for a clip with less than 5 s of speech, or with several people.
/// `progress` may be NULL. Voice prints are biometric data: enroll only people who agreed.
///
/// # Safety
/// `diarizer` must be a diarizer; `path`, `name` and `clip` must end with a zero byte; `progress`
/// must be NULL or a function that may be called with `user_data` on another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_speakers_enroll(
    diarizer: *const Diarizer,
    path: *const c_char,
    name: *const c_char,
    clip: *const c_char,
    progress: Progress,
    user_data: *mut c_void,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, path) = unsafe { (given(diarizer, "diarizer")?, text(path, "path")?) };
        // SAFETY: the caller's promise.
        let (name, clip) = unsafe { (text(name, "name")?, text(clip, "clip")?) };
        check_name(name)?;
        let (voice, _) = Diarizer::with_progress(progress, user_data, Recording::new(clip), |recording| {
            diarizer.diarizer.voice(recording, MIN_ENROLL_S)
        })?;
        let sample = NewSample { voice, source: clip.to_owned(), model: diarizer.diarizer.fingerprint() };
        SpeakerDatabase::open_or_create(path)?.enroll(name, &[sample])
    })
}

/// All people in the speaker database at `path`, by name, as one line of JSON: a list of objects
/// with `name`, `created`, `num_enrolled`, `num_learned` and `speech_s`. Free `people` with
/// diarist_string_free.
///
/// # Safety
/// `path` must end with a zero byte, `people` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_speakers_list(path: *const c_char, people: *mut *mut c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (path, place) = unsafe { (text(path, "path")?, place(people, "people")?) };
        let people: Vec<_> = SpeakerDatabase::open(path)?
            .people()?
            .into_iter()
            .map(|person| {
                json!({
                    "name": person.name,
                    "created": person.created,
                    "num_enrolled": person.num_enrolled,
                    "num_learned": person.num_learned,
                    "speech_s": person.speech_s,
                })
            })
            .collect();
        let people = serde_json::to_string(&people)
            .map_err(|error| Error::new(ErrorKind::Internal, "people have no JSON form").caused_by(error))?;
        place.put(without_zeros(&people).into_raw());
        Ok(())
    })
}

/// Gives a person in the speaker database at `path` another name.
///
/// # Safety
/// All three texts must end with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_speakers_rename(
    path: *const c_char,
    old_name: *const c_char,
    new_name: *const c_char,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (path, old, new) =
            unsafe { (text(path, "path")?, text(old_name, "old_name")?, text(new_name, "new_name")?) };
        SpeakerDatabase::open(path)?.rename(old, new)
    })
}

/// Removes a person with all samples from the speaker database at `path`.
///
/// # Safety
/// Both texts must end with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_speakers_remove(path: *const c_char, name: *const c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (path, name) = unsafe { (text(path, "path")?, text(name, "name")?) };
        SpeakerDatabase::open(path)?.remove(name)
    })
}
