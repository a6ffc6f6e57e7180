//! The state of the service, for programs that watch it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::app::{App, blocking};
use crate::error::{Answer, Refusal};

/// The description of the interface.
pub(super) const OPENAPI: &str = include_str!("../openapi.json");

/// Whether the process answers.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Whether the service takes work: its database answers and it does not stop.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Answer<Json<Value>> {
    if *app.stop.borrow() {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the service stops"));
    }
    let num_queued = blocking(&app, |app| Ok(app.store.num_queued()?)).await?;
    Ok(Json(json!({ "status": "ready", "queued": num_queued, "streams": app.streams.len() })))
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Answer<impl IntoResponse> {
    let num_queued = blocking(&app, |app| Ok(app.store.num_queued()?)).await?;
    let text = app.metrics.text(num_queued, app.streams.len());
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

pub(super) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}
