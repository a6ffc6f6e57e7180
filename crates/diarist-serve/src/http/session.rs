//! Sessions of the page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::Json;
use crate::app::App;
use crate::error::Answer;

/// The token that the page's user has given.
#[derive(Deserialize)]
pub(super) struct Login {
    token: String,
}

pub(super) async fn open(State(app): State<Arc<App>>, Json(login): Json<Login>) -> Answer<impl IntoResponse> {
    let cookie = app.access.open_session(&login.token).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}
