//! Translates SQLite's errors into messages for users.

use rusqlite::ffi::ErrorCode;

use crate::error::{Error, ErrorKind};

/// Translates an error of a read.
pub(super) fn reading(error: rusqlite::Error) -> Error {
    fault(error, ErrorKind::Input, "cannot be read")
}

/// Translates an error of a write.
pub(super) fn writing(error: rusqlite::Error) -> Error {
    fault(error, ErrorKind::Output, "cannot be written")
}

fn fault(error: rusqlite::Error, kind: ErrorKind, what: &str) -> Error {
    let hinted = |kind, what: &str, hint: &str| Error::new(kind, what).hint(hint);
    let fault = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => hinted(ErrorKind::Input, "is not a speaker database", "choose another file"),
        Some(ErrorCode::DatabaseCorrupt) => damaged(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            hinted(ErrorKind::Output, "another process keeps it busy", "try again when that has finished")
        }
        Some(ErrorCode::ReadOnly) => hinted(ErrorKind::Output, "cannot be written", "it is read-only"),
        Some(ErrorCode::DiskFull) => hinted(ErrorKind::Output, "cannot be written", "the disk is full"),
        _ => Error::new(kind, what),
    };
    fault.caused_by(error)
}

/// The error for a file with content that a speaker database cannot have.
pub(super) fn damaged() -> Error {
    Error::input("the speaker database is damaged").hint("restore a copy of it, or import an export")
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn every_fault_has_its_kind() {
        let cases = [
            (ffi::SQLITE_NOTADB, ErrorKind::Input, "not a speaker database"),
            (ffi::SQLITE_CORRUPT, ErrorKind::Input, "damaged"),
            (ffi::SQLITE_BUSY, ErrorKind::Output, "another process"),
            (ffi::SQLITE_READONLY, ErrorKind::Output, "read-only"),
            (ffi::SQLITE_FULL, ErrorKind::Output, "disk is full"),
            (ffi::SQLITE_IOERR, ErrorKind::Output, "cannot be written"),
        ];
        for (code, kind, words) in cases {
            let error = writing(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        let error = reading(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), None));
        assert_eq!(error.kind(), ErrorKind::Input);
    }
}
