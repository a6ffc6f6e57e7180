//! The page and its files.

use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;

use crate::error::{Answer, Refusal};

pub(super) async fn index() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], "<!DOCTYPE html><title>diarist</title>")
}

pub(super) async fn asset(Path(_name): Path<String>) -> Answer<()> {
    Err(Refusal::not_found("file"))
}
