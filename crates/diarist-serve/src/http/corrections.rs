//! Corrections of results: made, tried, undone and redone.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use diarist::Diarization;
use diarist::parts::corrections::Request;
use diarist::parts::diarizer::{Change, changes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Json;
use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};
use crate::results::{Current, current, document};
use crate::store::Edit;

/// A correction of the result that the caller sees.
#[derive(Deserialize)]
pub(super) struct Asked {
    revision: u64,
    correction: Request,
    /// Shows what would change, and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(asked): Json<Asked>,
) -> Answer<axum::Json<Value>> {
    blocking(&app, move |app| {
        let before = seen(app, &id, asked.revision)?;
        let impossible = |error: diarist::Error| {
            let refusal = Refusal::from(error);
            let code = "impossible".to_owned();
            let reason = crate::error::Reason { code, ..refusal.reason };
            Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, reason }
        };
        let correction = before.result.correction(&asked.correction).map_err(impossible)?;
        // Changes beside those that were asked for.
        let edited = before.result.edited(&correction);
        if asked.dry_run {
            let after = before.corrected(&correction)?;
            let mut state = before.state(app)?;
            state["result"] = document(&after)?;
            state["changes"] = json!(changes(&edited, &after));
            return Ok(axum::Json(state));
        }
        let body = serde_json::to_string(&correction).map_err(|error| Refusal::internal(&error))?;
        // A result that cannot be computed is found before its correction is kept.
        before.corrected(&correction)?;
        if !app.store.edit(&id, asked.revision, Edit::Add(&[body]))? {
            return Err(stale());
        }
        Ok(axum::Json(after_edit(app, &id, &edited)?))
    })
    .await
}

/// The revision that the caller sees.
#[derive(Deserialize)]
pub(super) struct Seen {
    revision: u64,
}

pub(super) async fn undo(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(asked): Json<Seen>,
) -> Answer<axum::Json<Value>> {
    blocking(&app, move |app| step(app, &id, asked.revision, Edit::Undo)).await
}

pub(super) async fn redo(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Json(asked): Json<Seen>,
) -> Answer<axum::Json<Value>> {
    blocking(&app, move |app| step(app, &id, asked.revision, Edit::Redo)).await
}

fn step(app: &Arc<App>, id: &str, revision: u64, edit: Edit<'_>) -> Answer<axum::Json<Value>> {
    let before = seen(app, id, revision)?;
    let is_possible = match edit {
        Edit::Redo => before.log.can_redo,
        _ => !before.log.bodies.is_empty(),
    };
    if !is_possible {
        return Err(Refusal::impossible("impossible", "there is no correction to take back or to repeat"));
    }
    if !app.store.edit(id, revision, edit)? {
        return Err(stale());
    }
    Ok(axum::Json(after_edit(app, id, &before.result)?))
}

/// The result, if it still has the revision that the caller sees.
fn seen(app: &Arc<App>, id: &str, revision: u64) -> Answer<Arc<Current>> {
    let current = current(app, id)?;
    if current.log.revision == revision { Ok(current) } else { Err(stale()) }
}

fn stale() -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "stale", "somebody else has corrected this result meanwhile")
        .hint("load the result again")
}

/// The state after a change to the log, and the differences from `expected`.
fn after_edit(app: &Arc<App>, id: &str, expected: &Diarization) -> Answer<Value> {
    let after = current(app, id)?;
    app.store.set_speakers(id, &after.result)?;
    app.announce(id);
    let changed: Vec<Change> = changes(expected, &after.result);
    let mut state = after.state(app)?;
    state["changes"] = json!(changed);
    Ok(state)
}

/// Names a speaker by a correction, unless it has the name already.
pub(crate) fn name_speaker(app: &Arc<App>, id: &str, label: &str, name: &str) -> Answer<()> {
    let state = current(app, id)?;
    let is_named =
        |speaker: &diarist::parts::diarizer::Speaker| speaker.label == label && speaker.name.as_deref() == Some(name);
    if state.result.speakers.iter().any(is_named) {
        return Ok(());
    }
    let request = Request::Rename { speaker: label.to_owned(), name: Some(name.to_owned()) };
    let body = serde_json::to_string(&state.result.correction(&request)?).map_err(|error| Refusal::internal(&error))?;
    if app.store.edit(id, state.log.revision, Edit::Add(&[body]))? { Ok(()) } else { Err(stale()) }
}
