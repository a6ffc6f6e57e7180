//! The work on one recording.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use diarist::parts::audio::{self, AudioInfo, AudioSource};
use diarist::parts::inference::Analyzed;
use diarist::parts::settings::Choices;
use diarist::parts::voices::{Gallery, MIN_SPEECH_S, SampleKind};
use diarist::{Analysis, Diarization, Diarizer, ErrorKind, Recording};

use super::{report, too_long};
use crate::app::App;
use crate::engine::Named;
use crate::error::{Answer, Reason, Refusal};
use crate::store::Row;

/// A finished recording.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) result: Diarization,
    pub(super) warnings: Vec<String>,
}

/// Diarizes a recording. Its checkpoint becomes its saved analysis.
pub(super) fn work(app: &Arc<App>, row: &Row, cancel: &AtomicBool) -> Result<Done, Reason> {
    let is_too_long = AtomicBool::new(false);
    let attempt = || diarize(app, row, cancel, &is_too_long);
    let done = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| {
        Err(diarist::Error::new(ErrorKind::Internal, "the work on this recording failed").hint("please report it"))
    });
    done.map_err(|error| match is_too_long.load(Ordering::Relaxed) {
        true => too_long(app),
        false => reason(&error, &row.name),
    })
}

/// The reason for people, who know the recording by its name, and not by its place in the folder of
/// the service.
fn reason(error: &diarist::Error, name: &str) -> Reason {
    let mut reason = Reason::from(error);
    if let Some(context) = error.context()
        && let Some(rest) = reason.message.strip_prefix(context)
    {
        reason.message = format!("{name}{rest}");
    }
    reason
}

fn diarize(app: &Arc<App>, row: &Row, cancel: &AtomicBool, is_too_long: &AtomicBool) -> diarist::Result<Done> {
    let folder = app.folder.recording(&row.id);
    let named = app.engine.named(&row.choices)?;
    let checkpoint = folder.analysis();
    let is_resumed = checkpoint.exists();
    let analyze = || {
        let max_s = app.options.max_duration_s;
        let recording = Recording::new(folder.audio())
            .with_file_id(file_id(&row.name))
            .with_checkpoint(&checkpoint)
            .with_cancel(cancel)
            .with_progress(|progress| {
                if progress.processed_s > max_s {
                    is_too_long.store(true, Ordering::Relaxed);
                    cancel.store(true, Ordering::Relaxed);
                }
                let total_s = progress.total_s.unwrap_or(0.0).max(progress.processed_s).max(1e-3);
                report(app, (progress.processed_s / total_s).min(0.99), "analysis");
            });
        named.diarizer.analyzer().analyze(recording)
    };
    let analyzed = match analyze() {
        // Another version or other options made the checkpoint, or it is damaged.
        Err(error) if is_resumed && matches!(error.kind(), ErrorKind::InvalidOption | ErrorKind::Input) => {
            tracing::warn!("{}: its checkpoint is not used: {error}", row.id);
            std::fs::remove_file(&checkpoint).map_err(|error| {
                diarist::Error::new(ErrorKind::Output, "an old checkpoint cannot be removed").caused_by(error)
            })?;
            analyze()?
        }
        other => other?,
    };
    report(app, 0.99, "clustering");
    let Analyzed { analysis, warnings, .. } = analyzed;
    cluster(&named.diarizer, &analysis, warnings, named.warning)
}

fn cluster(
    diarizer: &Diarizer,
    analysis: &Analysis,
    mut warnings: Vec<String>,
    warning: Option<String>,
) -> diarist::Result<Done> {
    let result = diarizer.cluster(analysis)?;
    warnings.extend(result.warnings.iter().cloned());
    warnings.extend(warning);
    Ok(Done { result, warnings })
}

/// The name of a recording in results.
pub(crate) fn file_id(name: &str) -> String {
    diarist::parts::analysis::file_id(Path::new(name))
}

/// A recording that is diarized while its caller waits; nothing of it is kept.
#[derive(Debug)]
pub(crate) struct Once {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) choices: Choices,
    /// People who are known for this recording only, in place of all others.
    pub(crate) known: Vec<Known>,
}

/// A person and a clip of that person's voice.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    /// The bytes of an audio file.
    pub(crate) clip: Vec<u8>,
}

/// Diarizes a recording until `cancel` becomes true.
pub(crate) fn diarize_once(app: &App, once: &Once, cancel: &AtomicBool) -> Answer<Diarization> {
    open_audio(app, &once.path, &once.name)?;
    let named = match once.known.is_empty() {
        true => app.engine.named(&once.choices)?,
        false => with_known(app.engine.diarizer(&once.choices)?, &once.known)?,
    };
    let max_s = app.options.max_duration_s;
    let is_too_long = AtomicBool::new(false);
    let recording =
        Recording::new(&once.path).with_file_id(file_id(&once.name)).with_voices().with_cancel(cancel).with_progress(
            |progress| {
                if progress.processed_s > max_s {
                    is_too_long.store(true, Ordering::Relaxed);
                    cancel.store(true, Ordering::Relaxed);
                }
            },
        );
    let mut result = named.diarizer.diarize(recording).map_err(|error| match is_too_long.load(Ordering::Relaxed) {
        true => Refusal { status: StatusCode::PAYLOAD_TOO_LARGE, reason: too_long(app) },
        false => Refusal { reason: reason(&error, &once.name), ..Refusal::from(error) },
    })?;
    result.warnings.extend(named.warning);
    app.metrics.clip_done(result.duration_s);
    Ok(result)
}

/// A diarizer that knows the people of some clips.
fn with_known(diarizer: Diarizer, known: &[Known]) -> Answer<Named> {
    let person = |known: &Known| {
        let clip = Recording::from_bytes(known.name.clone(), known.clip.clone());
        let (voice, _) = diarizer.voice(clip, MIN_SPEECH_S)?;
        Ok((known.name.clone(), vec![(SampleKind::Enrolled, voice)]))
    };
    let people = known.iter().map(person).collect::<diarist::Result<Vec<_>>>()?;
    Ok(Named { diarizer: diarizer.with_gallery(Gallery::new(people)?)?, warning: None })
}

/// Opens a recording, to refuse files that are no audio, or too long, at once.
pub(crate) fn open_audio(app: &App, path: &Path, name: &str) -> Answer<AudioInfo> {
    let unusable = |error: &diarist::Error| Refusal {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        reason: Reason { code: "not_audio".to_owned(), ..reason(error, name) },
    };
    let file = match catch_unwind(AssertUnwindSafe(|| audio::open(path))) {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => return Err(unusable(&error)),
        Err(_) => return Err(Refusal::internal(&format!("{name:?} makes the decoder fail"))),
    };
    if file.duration_hint_s().is_some_and(|duration_s| duration_s > app.options.max_duration_s) {
        return Err(Refusal { status: StatusCode::PAYLOAD_TOO_LARGE, reason: too_long(app) });
    }
    Ok(file.info().clone())
}
