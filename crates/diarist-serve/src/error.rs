//! Errors as answers: a status, and JSON with a code for programs, a message and a hint for people.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use diarist::ErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The reason for a request, or a recording, that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reason {
    /// Word for programs.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The next step.
    pub(crate) hint: Option<String>,
}

/// An answer that refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: Reason,
}

/// Result with [`Refusal`].
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, reason: Reason { code: code.to_owned(), message: message.into(), hint: None } }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.reason.hint = Some(hint.into());
        self
    }

    /// A request that cannot be understood.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// A request that is understood and cannot be fulfilled.
    pub(crate) fn impossible(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// A fault of the service itself. The cause goes to the log.
    pub(crate) fn internal(error: &(impl std::fmt::Display + ?Sized)) -> Self {
        tracing::error!("{error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service failed").hint("its log has the reason")
    }
}

impl From<diarist::Error> for Refusal {
    fn from(error: diarist::Error) -> Self {
        let reason = Reason::from(&error);
        let status = match error.kind() {
            ErrorKind::InvalidOption => StatusCode::BAD_REQUEST,
            ErrorKind::Input | ErrorKind::SpeakerBounds => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Output => {
                tracing::error!("{error}");
                StatusCode::INSUFFICIENT_STORAGE
            }
            ErrorKind::Cancelled => StatusCode::CONFLICT,
            _ => return Self::internal(&error),
        };
        Self { status, reason }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => no_space(),
            _ => Self::internal(&error),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => no_space(),
            _ => Self::internal(&error),
        }
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

fn no_space() -> Refusal {
    Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "no_space", "the disk is full").hint("delete recordings")
}

impl From<&diarist::Error> for Reason {
    fn from(error: &diarist::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::InvalidOption => "invalid_option",
            ErrorKind::Input => "input",
            ErrorKind::SpeakerBounds => "speaker_bounds",
            ErrorKind::Output => "output",
            ErrorKind::Cancelled => "cancelled",
            _ => "internal",
        };
        // The library's text has its hint behind a semicolon.
        let text = error.to_string();
        let (message, hint) = match text.rsplit_once("; ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        Self { code: code.to_owned(), message, hint }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.reason }))).into_response()
    }
}
