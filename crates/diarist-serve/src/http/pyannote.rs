//! `/v1/diarize` and `/v1/jobs`, in the shape of pyannoteAI. A job is a recording.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use diarist::Turn;
use diarist::parts::formats::json::milliseconds;
use serde_json::{Value, json};

use super::{form, recordings};
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::jobs;
use crate::results::current;
use crate::store::{Row, State as Progress};

const FLAGS: [&str; 3] = ["turnLevelConfidence", "exclusive", "confidence"];
const FIELDS: [&str; 8] =
    ["webhook", "model", "numSpeakers", "minSpeakers", "maxSpeakers", FLAGS[0], FLAGS[1], FLAGS[2]];
const OPTIONS: [(&str, &str); 3] =
    [("numSpeakers", "num-speakers"), ("minSpeakers", "min-speakers"), ("maxSpeakers", "max-speakers")];

pub(super) async fn add(State(app): State<Arc<App>>, request: Request) -> Answer<impl IntoResponse> {
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if is_json {
        return Err(Refusal::impossible("no_download", "this service downloads nothing, so it cannot take a url")
            .hint("send multipart/form-data with the recording as the field file"));
    }
    blocking(&app, |app| jobs::check_queue(app)).await?;
    let form = form::read(&app, request, &FIELDS).await?;
    for flag in FLAGS {
        form.flag(flag)?;
    }
    let webhook = form.text("webhook").map(str::to_owned);
    if let Some(webhook) = &webhook {
        jobs::check_address(&app, webhook)?;
    }
    let row = blocking(&app, move |app| recordings::enqueue(app, form, &OPTIONS, webhook.as_deref())).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "jobId": row.id, "status": "created" }))))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    blocking(&app, move |app| Ok(Json(job(app, &app.row(&id)?)?))).await
}

pub(super) async fn cancel(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer<Json<Value>> {
    blocking(&app, move |app| Ok(Json(job(app, &jobs::cancel(app, &id)?)?))).await
}

/// A job as JSON.
pub(crate) fn job(app: &App, row: &Row) -> Answer<Value> {
    let status = match row.state {
        Progress::Queued => "created",
        Progress::Running => "running",
        Progress::Done => "succeeded",
        Progress::Failed => "failed",
        Progress::Cancelled => "canceled",
    };
    let mut job = json!({ "jobId": row.id, "status": status, "createdAt": row.created });
    let warning = (!row.warnings.is_empty()).then(|| row.warnings.join("; "));
    if row.state == Progress::Done {
        let result = &current(app, &row.id)?.result;
        job["output"] = json!({
            "diarization": turns(&result.turns),
            "exclusiveDiarization": turns(&result.exclusive_turns),
            "warning": warning,
        });
    }
    if let Some(reason) = &row.error {
        job["output"] = json!({ "error": reason.message, "warning": warning });
    }
    Ok(job)
}

fn turns(turns: &[Turn]) -> Vec<Value> {
    let turn = |turn: &Turn| {
        let speaker = turn.name.as_ref().unwrap_or(&turn.speaker);
        let mut value =
            json!({ "start": milliseconds(turn.start_s), "end": milliseconds(turn.end_s), "speaker": speaker });
        if let Some(confidence) = turn.confidence {
            value["confidence"] = json!(milliseconds(confidence));
        }
        value
    };
    turns.iter().map(turn).collect()
}
