//! Lines of fields separated by blanks, as in the text formats of NIST.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::timeline::Segment;

/// Latest time of a turn or a region in seconds: more than 30 years, which no recording lasts.
pub(super) const MAX_S: f64 = 1e9;

/// A line that holds data.
pub(super) struct Line<'a> {
    /// Number of the line, from 1.
    pub(super) number: usize,
    pub(super) fields: Vec<&'a str>,
    /// Whether tabs separate the fields, so that names may hold blanks.
    pub(super) is_by_tabs: bool,
}

/// The lines of `text` that hold data.
///
/// Fields are separated by tabs if that gives a number of fields in `counts`, so that names may
/// hold blanks; otherwise by any blanks. Blank lines and comments (`;` or `#` first) are skipped.
pub(super) fn lines(text: &str, counts: RangeInclusive<usize>) -> impl Iterator<Item = Line<'_>> {
    // A file of an old Mac has carriage returns alone.
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.split(end).enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            return None;
        }
        let by_tabs: Vec<&str> = line.split('\t').map(str::trim).collect();
        let is_by_tabs = counts.contains(&by_tabs.len()) && by_tabs.iter().all(|field| !field.is_empty());
        let fields = if is_by_tabs { by_tabs } else { line.split_whitespace().collect() };
        Some(Line { number: index + 1, fields, is_by_tabs })
    })
}

/// An error about line `number`.
pub(super) fn error_at(number: usize, message: impl Into<String>) -> Error {
    Error::input(message).at(format!("line {number}"))
}

/// A finite number of seconds, with a decimal point or a decimal comma.
pub(super) fn seconds(number: usize, what: &str, text: &str) -> Result<f64> {
    match text.replacen(',', ".", 1).parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(error_at(number, format!("the {what} {:?} is not a number of seconds", shortened(text)))),
    }
}

/// The beginning of any text, for a message on one line.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

/// A segment of a recording: times from 0 on, an end that is not before its start, and not later
/// than any recording.
pub(super) fn segment(number: usize, start: f64, end: f64) -> Result<Segment> {
    if end < start || !end.is_finite() {
        return Err(error_at(number, format!("a segment from {start} s to {end} s is impossible")));
    }
    if start < 0.0 {
        let message = format!("the start {start} s is before the recording");
        return Err(error_at(number, message).hint("times count from the start of the recording, in seconds"));
    }
    if end > MAX_S {
        return Err(
            error_at(number, format!("the end {end:?} s is later than any recording")).hint("times are seconds")
        );
    }
    Ok(Segment::new(start, end))
}
