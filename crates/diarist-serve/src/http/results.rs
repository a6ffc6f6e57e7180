//! Results: shown, exported, and completed by words.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use diarist::Diarization;
use diarist::parts::formats::{self, Format, Labels};
use diarist::parts::timeline::{Annotation, ReadableSettings, readable};
use diarist::parts::words::{self, SpokenWord, Transcript};
use serde::Deserialize;
use serde_json::Value;

use super::form::one_of;
use super::{Query, recordings, too_large};
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::ids;
use crate::results::{Current, current, document};

/// Most bytes of a transcript.
const MAX_WORDS: usize = 64 << 20;

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    blocking(&app, move |app| Ok(Json(current(app, &id)?.state(app)?))).await
}

/// Query of an export.
#[derive(Debug, Deserialize)]
pub(super) struct Export {
    format: String,
    #[serde(default)]
    exclusive: bool,
}

/// A file of an export.
struct Exported {
    bytes: Vec<u8>,
    extension: &'static str,
    media_type: &'static str,
}

/// Names of the formats: those of turns, then those of words, then those of this program.
const FORMATS: [&str; 15] = [
    "rttm", "json", "csv", "srt", "vtt", "audacity", "textgrid", "eaf", "uem", "html", "txt", "md", "docx", "words",
    "diarist",
];

pub(super) async fn export(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<Export>,
) -> Answer<Response> {
    blocking(&app, move |app| {
        let current = current(app, &id)?;
        let exported = render(app, &current, &query)?;
        let name = ids::file_name(&current.row.name, exported.extension);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(exported.media_type));
        let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(|error| Refusal::internal(&error))?);
        Ok((headers, exported.bytes).into_response())
    })
    .await
}

fn render(app: &App, current: &Current, query: &Export) -> Answer<Exported> {
    let text = |text: String, extension, media_type| Ok(Exported { bytes: text.into_bytes(), extension, media_type });
    let utterances = || -> Answer<_> {
        let mut words = current.words(app)?.ok_or_else(recordings::no_words)?;
        name_words(&current.result, &mut words);
        Ok(words::utterances(words))
    };
    match query.format.as_str() {
        "json" => text(document(&current.result)?.to_string() + "\n", "json", "application/json"),
        "html" => {
            let sound = diarist_page::Sound::of(&app.folder.recording(&current.row.id).audio(), None, false)?;
            let page = diarist_page::page(&labels(&current.result, query.exclusive, true), Some(&sound));
            text(page, "html", "text/html; charset=utf-8")
        }
        "txt" => text(words::text(&utterances()?), "txt", "text/plain; charset=utf-8"),
        "md" => text(words::markdown(&utterances()?, &current.row.name), "md", "text/markdown; charset=utf-8"),
        "words" => text(words::json(&utterances()?).to_line() + "\n", "json", "application/json"),
        "docx" => Ok(Exported {
            bytes: words::docx(&utterances()?, &current.row.name)?,
            extension: "docx",
            media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }),
        "diarist" => {
            Ok(Exported { bytes: current.saved(app)?, extension: "diarist", media_type: "application/octet-stream" })
        }
        name => {
            let (format, media_type) = turns_format(name).ok_or_else(|| one_of("format", name, &FORMATS))?;
            let file = turns(&current.result, format, query.exclusive)?;
            text(file, format.extension(), media_type)
        }
    }
}

fn turns_format(name: &str) -> Option<(Format, &'static str)> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    Some(match name {
        "rttm" => (Format::Rttm, PLAIN),
        "csv" => (Format::Csv, "text/csv; charset=utf-8"),
        "srt" => (Format::Srt, PLAIN),
        "vtt" => (Format::Vtt, "text/vtt; charset=utf-8"),
        "audacity" => (Format::Audacity, PLAIN),
        "textgrid" => (Format::TextGrid, PLAIN),
        "eaf" => (Format::Eaf, "application/xml"),
        "uem" => (Format::Uem, PLAIN),
        _ => return None,
    })
}

/// The turns of a result as a file. Subtitles have turns for people to read.
pub(super) fn turns(result: &Diarization, format: Format, is_exclusive: bool) -> Answer<String> {
    let is_readable = matches!(format, Format::Srt | Format::Vtt);
    Ok(formats::write(&[labels(result, is_exclusive, is_readable)], format)?)
}

fn labels(result: &Diarization, is_exclusive: bool, is_readable: bool) -> Labels {
    let mut turns = if is_exclusive { result.exclusive_annotation() } else { result.annotation() };
    if is_readable {
        turns = Annotation { turns: readable(&turns.turns, &ReadableSettings::default()), ..turns };
    }
    Labels { turns, duration_s: Some(result.duration_s), ..Labels::default() }
}

/// Puts the names of speakers in place of their labels.
pub(super) fn name_words(result: &Diarization, words: &mut [SpokenWord]) {
    let names = result.display_names();
    for speaker in words.iter_mut().filter_map(|word| word.speaker.as_mut()) {
        if let Some(index) = result.speakers.iter().position(|known| known.label == *speaker) {
            speaker.clone_from(&names[index]);
        }
    }
}

pub(super) async fn set_words(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    mut request: Request,
) -> Answer<StatusCode> {
    DefaultBodyLimit::max(MAX_WORDS).apply(&mut request);
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(MAX_WORDS as u64),
        _ => Refusal::invalid("the transcript is cut off").hint("send it again"),
    })?;
    blocking(&app, move |app| {
        app.row(&id)?;
        Transcript::read(&bytes)?;
        diarist::parts::files::write_private(&app.folder.recording(&id).words(), &bytes)?;
        app.store.set_has_words(&id, true)?;
        app.announce(&id);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

pub(super) async fn remove_words(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<StatusCode> {
    blocking(&app, move |app| {
        if !app.row(&id)?.has_words {
            return Err(Refusal::not_found("transcript"));
        }
        app.store.set_has_words(&id, false)?;
        std::fs::remove_file(app.folder.recording(&id).words())?;
        app.announce(&id);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
