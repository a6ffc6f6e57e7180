//! Known people.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::form;
use super::{Json, once};
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::{jobs, people};

pub(super) async fn list(State(app): State<Arc<App>>) -> Answer<axum::Json<Value>> {
    blocking(&app, |app| Ok(axum::Json(people::list(app)?))).await
}

/// Adds the voice of a clip.
pub(super) async fn add(State(app): State<Arc<App>>, request: Request) -> Answer<axum::Json<Value>> {
    let mut form = form::read(&app, request, &["name"]).await?;
    let name = form.text("name").map(str::to_owned);
    let name =
        name.ok_or_else(|| Refusal::invalid("the form has no name").hint("name the person in the field name"))?;
    let clip = form.file()?;
    once::run(&app, move |app, _| {
        jobs::open_audio(app, &clip.path, &clip.name)?;
        Ok(axum::Json(people::enrol_clip(app, &name, &clip.path, &clip.name)?))
    })
    .await
}

/// The new name of a person.
#[derive(Deserialize)]
pub(super) struct Rename {
    name: String,
}

pub(super) async fn rename(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Json(rename): Json<Rename>,
) -> Answer<axum::Json<Value>> {
    blocking(&app, move |app| {
        people::rename(app, &name, &rename.name)?;
        Ok(axum::Json(json!({ "name": rename.name })))
    })
    .await
}

pub(super) async fn remove(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer<StatusCode> {
    blocking(&app, move |app| {
        people::remove(app, &name)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Finds known people in a recording.
pub(super) async fn identify(State(app): State<Arc<App>>, request: Request) -> Answer<axum::Json<Value>> {
    let form = form::read(&app, request, &["num_speakers", "min_speakers", "max_speakers"]).await?;
    let result = once::diarize(&app, form, &form::BOUNDS).await?.result;
    let document = crate::results::document(&result)?;
    let mut speakers = document["speakers"].clone();
    for speaker in speakers.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        speaker.remove("embedding");
    }
    Ok(axum::Json(json!({ "speakers": speakers, "warnings": result.warnings })))
}

/// A speaker to be taught.
#[derive(Deserialize)]
pub(super) struct Teach {
    speaker: String,
    name: String,
    #[serde(default)]
    force: bool,
}

pub(super) async fn teach(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(teach): Json<Teach>,
) -> Answer<axum::Json<Value>> {
    once::run(&app, move |app, _| Ok(axum::Json(people::teach(app, &id, &teach.speaker, &teach.name, teach.force)?)))
        .await
}
