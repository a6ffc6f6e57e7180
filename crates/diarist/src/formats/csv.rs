//! A table with a header line and a line for each turn (RFC 4180), for spreadsheets and data
//! frames.
//!
//! ```text
//! file_id,start_s,end_s,speaker
//! meeting,0.031,9.802,SPEAKER_00
//! ```
//!
//! Times are in seconds; the reader accepts decimal commas. Names with commas, quotes or line
//! breaks stand between quotes. A name that a spreadsheet would take for a formula gets a quote
//! before it.

use ::csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::fields::{error_at, seconds, segment};
use super::labels::Labels;
use super::text::{ByFile, decode, printable, speaker};
use crate::error::{Error, Result};
use crate::timeline::{Annotation, Turn};

/// The header line.
pub(super) const HEAD: &str = "file_id,start_s,end_s,speaker\n";

/// The known names of the columns. Their order and case do not matter.
const FILE_ID: [&str; 4] = ["file_id", "file", "uri", "recording"];
const START: [&str; 2] = ["start_s", "start"];
const END: [&str; 2] = ["end_s", "end"];
const DURATION: [&str; 2] = ["duration_s", "duration"];
const SPEAKER: [&str; 3] = ["speaker", "label", "name"];

/// The columns of a table.
struct Columns {
    file_id: Option<usize>,
    start: usize,
    end: Option<usize>,
    duration: usize,
    speaker: usize,
}

/// Reads a table: one annotation for each file id, in the order of their first turns.
///
/// Columns are found by their names: `start_s`, `end_s` (or `duration_s`), `speaker`, and
/// optionally `file_id`. Without `file_id`, all turns belong to the recording `file_id`. Columns
/// may be separated by commas, semicolons or tabs.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if a column is missing or a line cannot be
/// read.
pub fn read(bytes: &[u8], file_id: &str) -> Result<Vec<Annotation>> {
    table(bytes, file_id, |_, error| Err(error))
}

/// As [`read`], but lines that cannot be read are left out, unless there are no others.
pub(super) fn read_readable(bytes: &[u8], file_id: &str) -> Result<Vec<Labels>> {
    let mut lines = Vec::new();
    let mut first = None;
    let annotations = table(bytes, file_id, |number, error| {
        lines.push(number);
        first.get_or_insert(error);
        Ok(())
    })?;
    let mut recordings: Vec<Labels> = annotations.into_iter().map(Labels::from).collect();
    match (recordings.first_mut(), first) {
        (Some(recording), _) => recording.unreadable_lines = lines,
        (None, Some(error)) => return Err(error),
        (None, None) => {}
    }
    Ok(recordings)
}

/// The turns of a table. `refuse` decides about a line that cannot be read.
fn table(bytes: &[u8], file_id: &str, mut refuse: impl FnMut(usize, Error) -> Result<()>) -> Result<Vec<Annotation>> {
    let text = decode(bytes)?;
    // Excel writes and reads a line before the header that names the separator.
    let (named, table) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((mark, table)) => (mark.trim_end_matches('\r').bytes().next(), table),
        None => (None, text.as_ref()),
    };
    let num_before = usize::from(table.len() < text.len());
    let header = table.lines().next().unwrap_or_default();
    let separator = [b',', b';', b'\t'].into_iter().max_by_key(|&mark| {
        // `max_by_key` takes the last of equal counts, so the second value prefers the comma.
        (header.bytes().filter(|&byte| byte == mark).count(), mark == b',')
    });
    let mut builder = ReaderBuilder::new();
    let separator = named.or(separator).unwrap_or(b',');
    let mut reader = builder.delimiter(separator).flexible(true).from_reader(table.as_bytes());
    let columns = Columns::find(reader.headers().map_err(|error| located(&error))?)?;
    let mut turns = ByFile::default();
    for record in reader.records() {
        let record = record.map_err(|error| located(&error))?;
        let number = num_before + record.position().map_or(0, |position| position.line() as usize);
        let id = columns.file_id.and_then(|index| record.get(index)).filter(|id| !id.is_empty()).unwrap_or(file_id);
        match columns.turn(number, &record) {
            Ok(turn) => turns.push(unguarded(id), turn),
            Err(error) => refuse(number, error)?,
        }
    }
    Ok(turns.finish())
}

/// The lines of `annotation`, without the header line.
pub(super) fn rows(annotation: &Annotation) -> String {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    for turn in &annotation.turns {
        let (segment, speaker) = (turn.segment(), &turn.speaker);
        let (start, end) = (format!("{:.3}", segment.start), format!("{:.3}", segment.end));
        writer
            .write_record([&cell(&annotation.file_id), &start, &end, &cell(speaker)])
            .expect("four fields, in memory");
    }
    let bytes = writer.into_inner().expect("a vector can always be written to");
    String::from_utf8(bytes).expect("quotes and commas between strings are UTF-8")
}

/// Whether a spreadsheet would compute `text`: a formula, or what is left of one without a quote.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').trim_start().starts_with(['=', '+', '-', '@'])
}

/// `text` for a cell: a quote before a formula makes a spreadsheet show it as text. [`printable`]
/// in other respects.
fn cell(text: &str) -> String {
    let plain = printable(text);
    if is_formula(&plain) { format!("'{plain}") } else { plain }
}

/// The text that [`cell`] has guarded by a quote.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self> {
        let find = |names: &[&str]| {
            let has_name = |field: &str| names.iter().any(|name| field.trim().eq_ignore_ascii_case(name));
            header.iter().position(has_name)
        };
        let need = |names: &[&str]| {
            find(names).ok_or_else(|| {
                error_at(1, format!("there is no column {}", names[0]))
                    .hint("the first line names the columns: file_id,start_s,end_s,speaker")
            })
        };
        let end = find(&END);
        let duration = if end.is_some() { 0 } else { find(&DURATION).map_or_else(|| need(&END), Ok)? };
        Ok(Self { file_id: find(&FILE_ID), start: need(&START)?, end, duration, speaker: need(&SPEAKER)? })
    }

    fn turn(&self, number: usize, record: &StringRecord) -> Result<Turn> {
        let field = |index: usize| {
            let message = || format!("{} fields where field {} is needed", record.len(), index + 1);
            record.get(index).map(str::trim).ok_or_else(|| error_at(number, message()))
        };
        let start = seconds(number, "start", field(self.start)?)?;
        let end = match self.end {
            Some(index) => seconds(number, "end", field(index)?)?,
            None => start + seconds(number, "duration", field(self.duration)?)?,
        };
        Ok(Turn::over(segment(number, start, end)?, speaker(number, unguarded(field(self.speaker)?))?))
    }
}

fn located(error: &::csv::Error) -> Error {
    error_at(error.position().map_or(1, |position| position.line() as usize), format!("not a CSV line: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_separator() {
        let expected =
            read(b"file_id,start_s,end_s,speaker\nm,1.5,2.25,Ann\nm,2,4,\"Lee, \"\"Bo\"\"\nJr\"\n", "x").unwrap();
        assert_eq!(expected[0].file_id, "m");
        assert_eq!(expected[0].turns[1].speaker, "Lee, \"Bo\"\nJr");
        for text in [
            "Speaker;Duration;Start;uri\r\nAnn;0.75;1.5;m\r\n\r\n\"Lee, \"\"Bo\"\"\nJr\";2;2.0;m\r\n",
            "start\tend\tlabel\n2\t4\t\"Lee, \"\"Bo\"\"\nJr\"\n1.5\t2.25\tAnn\n",
        ] {
            assert_eq!(read(text.as_bytes(), "m").unwrap(), expected, "{text}");
        }
        assert_eq!(read(HEAD.as_bytes(), "m").unwrap(), []);
    }

    #[test]
    fn decimal_commas_are_read() {
        let expected = read(b"start,end,speaker\n0.5,2,Ann\n", "m").unwrap();
        for text in [
            "start;end;speaker\n0,5;2,0;Ann\n",
            "\u{feff}sep=;\r\nstart;end;speaker\r\n0,5;2,0;Ann\r\n",
            "start,end,speaker\n\"0,5\",\"2,0\",Ann\n",
            "start\tduration\tspeaker\n0,5\t1,5\tAnn\n",
        ] {
            assert_eq!(read(text.as_bytes(), "m").unwrap(), expected, "{text}");
        }
        let message = read(b"sep=;\nstart;end;speaker\n1.000,5;2;Ann\n", "m").unwrap_err().to_string();
        assert!(message.starts_with("line 3: the start \"1.000,5\" is not a number"), "{message}");
    }

    #[test]
    fn formulas_are_written_as_text_and_read_back() {
        for name in ["=1+1", "+49", "-", "@SUM(A1)", "'=x", "''+", " =cmd", "'quoted'", "a=b"] {
            let turns = vec![Turn::new(0.0, 1.0, name.trim())];
            let annotation = Annotation { file_id: name.trim().to_owned(), turns };
            let rows = rows(&annotation);
            assert!(!rows.starts_with(['=', '+', '-', '@']) && !rows.contains(",=") && !rows.contains(",@"), "{rows}");
            assert_eq!(read([HEAD, &rows].concat().as_bytes(), "m").unwrap(), [annotation]);
        }
    }

    #[test]
    fn one_bad_line_does_not_lose_the_others() {
        let text = b"start,end,speaker\n1,2,Ann\n4,3,Bo\n5,6,\n7,8,Cy\n";
        let recordings = read_readable(text, "m").unwrap();
        assert_eq!((recordings[0].turns.speakers(), &recordings[0].unreadable_lines), (vec!["Ann", "Cy"], &vec![3, 4]));
        let message = read_readable(b"start,end,speaker\n4,3,Bo\n", "m").unwrap_err().to_string();
        assert!(message.starts_with("line 2: a segment from 4 s"), "{message}");
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("", "line 1: there is no column"),
            ("start,end\n", "line 1: there is no column speaker"),
            ("start,speaker\n", "line 1: there is no column end_s"),
            ("start,end,speaker\n1,2,a\n1,x,a\n", "line 3: the end \"x\" is not a number"),
            ("start,end,speaker\n\"1\",2,\"a\nb\"\n3,2,a\n", "line 4: a segment from 3 s to 2 s"),
            ("start,end,speaker\n1,2\n", "line 2: 2 fields where field 3 is needed"),
            ("start,end,speaker\n1,2, \n", "line 2: the speaker has no name"),
        ] {
            let message = read(text.as_bytes(), "x").unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
