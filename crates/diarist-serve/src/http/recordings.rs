//! Recordings: sent, listed, cancelled, removed.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::form::{self, BOUNDS, Form, Upload};
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::store::{Kind, NewRecording, Row, State as Progress};
use crate::{ids, jobs};

/// Fields of a recording besides the file and the words, and their options.
const OPTIONS: [(&str, &str); 4] = [BOUNDS[0], BOUNDS[1], BOUNDS[2], ("profile", "profile")];

pub(super) async fn list(State(app): State<Arc<App>>) -> Answer<Json<Value>> {
    blocking(&app, |app| {
        let mut shown: HashMap<String, Vec<String>> = HashMap::new();
        for speaker in app.store.speakers()? {
            shown.entry(speaker.recording).or_default().push(speaker.shown);
        }
        let record = |row: &Row| app.record_with(row, shown.get(&row.id).map_or(&[], Vec::as_slice));
        Ok(Json(json!({ "recordings": app.store.list()?.iter().map(record).collect::<Vec<_>>() })))
    })
    .await
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    blocking(&app, move |app| Ok(Json(app.record(&app.row(&id)?)?))).await
}

pub(super) async fn add(State(app): State<Arc<App>>, request: Request) -> Answer<impl IntoResponse> {
    blocking(&app, |app| jobs::check_queue(app)).await?;
    let form = form::read(&app, request, &["name", "num_speakers", "min_speakers", "max_speakers", "profile"]).await?;
    let row = blocking(&app, move |app| enqueue(app, form, &OPTIONS, None)).await?;
    Ok((StatusCode::ACCEPTED, Json(blocking(&app, move |app| app.record(&row)).await?)))
}

/// Adds the recording of a form to the queue. It is on the disk when this returns.
pub(super) fn enqueue(app: &Arc<App>, mut form: Form, options: &[(&str, &str)], webhook: Option<&str>) -> Answer<Row> {
    let Upload { path, name } = form.file()?;
    let name = form.text("name").map_or(name, ids::shown_name);
    let choices = form.choices(app, options)?;
    let words = form.words()?;
    let info = jobs::open_audio(app, &path, &name)?;
    jobs::check_queue(app)?;
    let id = ids::random()?;
    let folder = app.folder.recording(&id);
    let store = || -> Answer<Row> {
        folder.make()?;
        folder.take_audio(&path)?;
        if let Some(words) = &words {
            diarist::parts::files::write_private(&folder.words(), words)?;
        }
        app.store.add(&NewRecording {
            id: &id,
            name: &name,
            kind: Kind::Upload,
            state: Progress::Queued,
            choices: &app.engine.complete(&choices),
            media_type: form::media_type(info.container, &folder.audio()),
            has_words: words.is_some(),
            duration_s: info.duration_s,
            webhook,
        })?;
        app.row(&id)
    };
    let row = store().inspect_err(|_| {
        // The reason for the refusal is the first fault.
        let _ = folder.remove();
    })?;
    app.jobs.wake();
    app.announce(&id);
    Ok(row)
}

pub(super) async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<StatusCode> {
    blocking(&app, move |app| jobs::remove(app, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn cancel(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    blocking(&app, move |app| {
        let row = jobs::cancel(app, &id)?;
        Ok(Json(app.record(&row)?))
    })
    .await
}

/// The words of a recording, for a refusal if there are none.
pub(super) fn no_words() -> Refusal {
    Refusal::impossible("no_words", "the recording has no words, and this service has no recogniser of speech")
        .hint("send a transcript with the times of its words, such as Whisper's verbose_json")
}
