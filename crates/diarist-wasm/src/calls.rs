//! The functions of the module.

use std::cell::RefCell;

use diarist::parts::audio::{Resampler, SamplesSource};
use diarist::parts::formats::subtitles::{self, SubtitleFormat};
use diarist::parts::formats::{Labels, audacity, json, rttm, textgrid};
use diarist::parts::settings::Choices;
use diarist::{Diarization, Diarizer, Error, Live, LiveSettings, Recording, Result};

use crate::host;
use crate::memory::Given;
use crate::outcome::{outcome, to_json};

thread_local! {
    static DIARIZER: RefCell<Option<Diarizer>> = const { RefCell::new(None) };
    static LIVE: RefCell<Option<(Live, Resampler)>> = const { RefCell::new(None) };
}

/// Loads the networks, or keeps those that are loaded, and sets the options for the following
/// calls: JSON with the names of the options of `diarist diarize`, as in `{"profile": "fast"}`.
/// Gives `{"version": ..., "instruction_set": ...}`.
///
/// # Safety
/// As [`Given::take`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_open(options: *mut u8, options_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let options = unsafe { Given::take(options, options_len) };
    host::connect();
    outcome(|| {
        let choices: Choices = serde_json::from_str(options.text()?)
            .map_err(|error| Error::invalid_option(format!("options: {error}")))?;
        let settings = choices.settings()?;
        DIARIZER.with_borrow_mut(|diarizer| {
            let opened = match diarizer.as_ref() {
                Some(diarizer) => diarizer.with_settings(&settings)?,
                None => Diarizer::new(&settings)?,
            };
            let origin = opened.analyzer().networks().origin("", &settings.analysis);
            *diarizer = Some(opened);
            Ok(format!(
                r#"{{"version": {}, "instruction_set": {}}}"#,
                to_json(&origin.diarist_version)?,
                to_json(&origin.instruction_set)?
            ))
        })
    })
}

/// Diarizes an audio file of any common format, with these bytes and this name. Gives `{"result":
/// ..., "warnings": ...}`: the result as `diarist diarize --format json` writes it
/// (docs/output-json.md), and the parts of the recording that were lost or changed, one sentence
/// each.
///
/// # Safety
/// As [`Given::take`], for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarize_file(bytes: *mut u8, bytes_len: usize, name: *mut u8, name_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let (bytes, name) = unsafe { (Given::take(bytes, bytes_len), Given::take(name, name_len)) };
    outcome(|| diarize(Recording::from_bytes(name.text()?, bytes)))
}

/// Diarizes interleaved samples (32-bit floats in [-1, 1], `samples_len` bytes) of a recording with
/// this name. The outcome is that of [`diarist_diarize_file`].
///
/// # Safety
/// As [`Given::take`], for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_diarize_samples(
    samples: *mut u8,
    samples_len: usize,
    num_channels: u16,
    sample_rate: u32,
    name: *mut u8,
    name_len: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let (samples, name) = unsafe { (Given::take(samples, samples_len), Given::take(name, name_len)) };
    outcome(|| {
        let source = SamplesSource::new(samples.samples(), num_channels, sample_rate)?;
        diarize(Recording::from_source(name.text()?, source))
    })
}

/// Writes a result (JSON) in the format with this file extension, such as `rttm` or `srt`. Gives
/// the text of the file.
///
/// # Safety
/// As [`Given::take`], for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_convert(
    result: *mut u8,
    result_len: usize,
    extension: *mut u8,
    extension_len: usize,
) -> u32 {
    // SAFETY: the caller's promise.
    let (result, extension) = unsafe { (Given::take(result, result_len), Given::take(extension, extension_len)) };
    outcome(|| {
        let recordings = json::read(result.as_ref())?;
        recordings.iter().map(|recording| written(recording, extension.text()?)).collect()
    })
}

/// The text of a file with `recording`.
fn written(recording: &Labels, extension: &str) -> Result<String> {
    let turns = &recording.turns;
    Ok(match extension {
        "rttm" => rttm::write(&rttm::renamed(turns))?,
        "json" => json::write(recording) + "\n",
        "srt" => subtitles::write(turns, SubtitleFormat::Srt),
        "vtt" => subtitles::write(turns, SubtitleFormat::Vtt),
        "txt" => audacity::write(turns),
        "TextGrid" => textgrid::write(turns, recording.end_s()),
        _ => {
            return Err(Error::invalid_option(format!("{extension:?} is no format of files with turns"))
                .hint("choose rttm, json, srt, vtt, txt or TextGrid"));
        }
    })
}

/// Starts a live diarization of mono samples at `sample_rate` Hz, in place of an earlier one. A
/// moment is decided after `latency_s` seconds, and the networks run every `step_s` seconds; 0
/// selects the defaults. Gives `null`.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_live_start(sample_rate: u32, latency_s: f64, step_s: f64) -> u32 {
    outcome(|| {
        let mut settings = LiveSettings::default();
        if latency_s != 0.0 {
            settings.latency_s = latency_s;
        }
        if step_s != 0.0 {
            settings.step_s = step_s;
        }
        let live = with_diarizer(|diarizer| Live::new(diarizer, &settings))?;
        LIVE.set(Some((live, Resampler::new(sample_rate)?)));
        Ok("null".to_owned())
    })
}

/// Takes the next samples (32-bit floats in [-1, 1], `samples_len` bytes). Gives the changes that
/// they cause, a list of events (docs/live.md). If a sample is not finite, the whole piece is
/// rejected, and more can be pushed.
///
/// # Safety
/// As [`Given::take`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_push(samples: *mut u8, samples_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let samples = unsafe { Given::take(samples, samples_len) };
    outcome(|| {
        LIVE.with_borrow_mut(|live| {
            let (live, resampler) = live.as_mut().ok_or_else(not_live)?;
            let samples = samples.samples();
            if let Some(bad) = samples.iter().position(|sample| !sample.is_finite()) {
                return Err(Error::input(format!("sample {bad} of {} is not a finite number", samples.len())));
            }
            let mut resampled = Vec::new();
            resampler.push(samples, &mut resampled);
            to_json(&live.push(&resampled)?)
        })
    })
}

/// Ends the live diarization of a recording with this name. Gives `{"events": ..., "outcome":
/// ...}`: the last events, and the outcome of [`diarist_diarize_samples`] for the whole recording.
///
/// # Safety
/// As [`Given::take`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_live_finish(name: *mut u8, name_len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let name = unsafe { Given::take(name, name_len) };
    outcome(|| {
        let (mut live, mut resampler) = LIVE.take().ok_or_else(not_live)?;
        let mut rest = Vec::new();
        resampler.finish(&mut rest);
        let mut events = live.push(&rest)?;
        let result = live.finish(name.text()?)?;
        events.extend(result.events);
        Ok(format!(r#"{{"events": {}, "outcome": {}}}"#, to_json(&events)?, outcome_of(&result.diarization)?))
    })
}

fn not_live() -> Error {
    Error::invalid_option("no live diarization runs").hint("start one first")
}

fn with_diarizer<R>(work: impl FnOnce(&Diarizer) -> Result<R>) -> Result<R> {
    DIARIZER.with_borrow(|diarizer| {
        work(diarizer.as_ref().ok_or_else(|| Error::invalid_option("the networks are not loaded"))?)
    })
}

fn diarize(recording: Recording<'_>) -> Result<String> {
    let result = with_diarizer(|diarizer| diarizer.diarize(recording.with_progress(host::report)))?;
    outcome_of(&result)
}

/// A result with its warnings.
fn outcome_of(result: &Diarization) -> Result<String> {
    let (document, warnings) = (json::Document::new(result).to_line(), to_json(&result.warnings)?);
    Ok(format!(r#"{{"result": {document}, "warnings": {warnings}}}"#))
}
