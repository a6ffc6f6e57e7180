//! The page and its files.

use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;

use crate::error::{Answer, Refusal};

pub(super) async fn index() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], diarist_page::index())
}

pub(super) async fn asset(Path(name): Path<String>) -> Answer<impl IntoResponse> {
    let asset = diarist_page::asset(&name).ok_or_else(|| Refusal::not_found("file"))?;
    // A newer program may have other files under the same names.
    let headers = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, asset.bytes))
}
