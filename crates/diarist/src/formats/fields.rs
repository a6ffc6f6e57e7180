//! Lines of fields separated by blanks, as in the text formats of NIST.

use std::path::Path;

use crate::error::{Error, Result};
use crate::timeline::Segment;

/// The lines of `bytes` that hold data: their number (from 1) and their fields.
///
/// Blank lines, comments (`;` or `#` first), a byte-order mark and carriage returns are skipped.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for a line that is not UTF-8.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, Vec<&str>)>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.split(|&byte| byte == b'\n').enumerate().filter_map(|(index, line)| {
        let number = index + 1;
        let Ok(text) = std::str::from_utf8(line) else {
            let error = error_at(number, "not UTF-8 text").hint("save the file as plain UTF-8 text");
            return Some(Err(error));
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        match fields.first() {
            None => None,
            Some(first) if first.starts_with([';', '#']) => None,
            Some(_) => Some(Ok((number, fields))),
        }
    })
}

/// An error about line `number`.
pub(super) fn error_at(number: usize, message: impl Into<String>) -> Error {
    Error::input(message).at(format!("line {number}"))
}

/// A finite number of seconds.
pub(super) fn seconds(number: usize, what: &str, text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(error_at(number, format!("the {what} {text:?} is not a number of seconds"))),
    }
}

/// A segment. Its end must not be before its start, and its times must not overflow.
pub(super) fn segment(number: usize, start: f64, end: f64) -> Result<Segment> {
    if end < start || !end.is_finite() {
        return Err(error_at(number, format!("a segment from {start} s to {end} s is impossible")));
    }
    Ok(Segment::new(start, end))
}

/// The whole file at `path`.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::input("cannot be read").caused_by(error).at(path.display().to_string()))
}
