//! Saved analyses: the output of the networks, to be clustered again and again.

use std::ffi::{c_char, c_void};
use std::slice;

use diarist::{Constraints, Error, Recording, Result};

use crate::diarization::Diarization;
use crate::diarizer::{Diarizer, Progress};
use crate::fault::{Status, given, guard, place};
use crate::text::text;

/// The output of the networks for one recording.
#[derive(Debug)]
pub struct Analysis {
    analysis: diarist::Analysis,
}

/// Two moments of a recording, in seconds, at each of which one person speaks alone.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// One moment.
    pub a_s: f64,
    /// The other moment.
    pub b_s: f64,
}

impl Analysis {
    fn into_raw(analysis: diarist::Analysis) -> *mut Self {
        Box::into_raw(Box::new(Self { analysis }))
    }
}

/// Runs the networks over an audio file: the long part of diarist_diarize_file, whose arguments
/// these are. Free `analysis` with diarist_analysis_free.
///
/// # Safety
/// As diarist_diarize_file, with `analysis` in place of `diarization`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_analyze_file(
    diarizer: *const Diarizer,
    path: *const c_char,
    progress: Progress,
    user_data: *mut c_void,
    analysis: *mut *mut Analysis,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, path, place) =
            unsafe { (given(diarizer, "diarizer")?, text(path, "path")?, place(analysis, "analysis")?) };
        let found = Diarizer::with_progress(progress, user_data, Recording::new(path), |recording| {
            diarizer.diarizer.analyze(recording)
        })?;
        place.put(Analysis::into_raw(found));
        Ok(())
    })
}

/// Reads a file that diarist_analysis_save, `diarist analyze` or `diarist diarize --checkpoint`
/// wrote. Free `analysis` with diarist_analysis_free.
///
/// # Safety
/// `path` must end with a zero byte, `analysis` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_analysis_open(path: *const c_char, analysis: *mut *mut Analysis) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (path, place) = unsafe { (text(path, "path")?, place(analysis, "analysis")?) };
        place.put(Analysis::into_raw(diarist::Analysis::open(path)?));
        Ok(())
    })
}

/// Saves a file for diarist_analysis_open and `diarist cluster`. It is written whole or not at all.
///
/// # Safety
/// `analysis` must be an analysis, `path` must end with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_analysis_save(analysis: *const Analysis, path: *const c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (analysis, path) = unsafe { (given(analysis, "analysis")?, text(path, "path")?) };
        analysis.analysis.save(path)
    })
}

/// Frees an analysis. NULL is allowed.
///
/// # Safety
/// `analysis` must be NULL or an analysis, and not be used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_analysis_free(analysis: *mut Analysis) {
    if !analysis.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(analysis) });
    }
}

/// Makes turns of an analysis, without the recording.
///
/// `min_speakers` and `max_speakers` are as in diarist_diarize_file. The same person speaks at both
/// moments of each of the `num_same` pairs in `same`: their speakers become one. Different people
/// do in each of the `num_different` pairs in `different`: if they were one speaker, that speaker
/// is split. NULL is allowed for no pairs. Free `diarization` with diarist_diarization_free.
///
/// # Safety
/// `diarizer` must be a diarizer, `analysis` an analysis, `same` and `different` must hold as many
/// pairs as their numbers tell, `diarization` must be valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_cluster(
    diarizer: *const Diarizer,
    analysis: *const Analysis,
    min_speakers: usize,
    max_speakers: usize,
    same: *const Moments,
    num_same: usize,
    different: *const Moments,
    num_different: usize,
    diarization: *mut *mut Diarization,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (diarizer, analysis, place) =
            unsafe { (given(diarizer, "diarizer")?, given(analysis, "analysis")?, place(diarization, "diarization")?) };
        // SAFETY: the caller's promise.
        let (must_link, cannot_link) =
            unsafe { (pairs(same, num_same, "same")?, pairs(different, num_different, "different")?) };
        let diarizer = diarizer.with_bounds(min_speakers, max_speakers)?;
        let mut settings = diarizer.settings().clone();
        settings.clustering.constraints = Constraints { must_link, cannot_link };
        place.put(Diarization::into_raw(diarizer.with_settings(&settings)?.cluster(&analysis.analysis)?));
        Ok(())
    })
}

/// The pairs in the caller's memory.
///
/// # Safety
/// `moments` must hold `count` pairs.
unsafe fn pairs(moments: *const Moments, count: usize, name: &str) -> Result<Vec<(f64, f64)>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if moments.is_null() {
        return Err(Error::invalid_option(format!("{name} is NULL")));
    }
    if count > isize::MAX as usize / size_of::<Moments>() || !moments.is_aligned() {
        return Err(Error::invalid_option(format!("{name} is not an array of {count} pairs of moments")));
    }
    // SAFETY: not NULL, aligned, not too long; the rest is the caller's promise.
    let moments = unsafe { slice::from_raw_parts(moments, count) };
    Ok(moments.iter().map(|moments| (moments.a_s, moments.b_s)).collect())
}
