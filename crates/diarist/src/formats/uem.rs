//! UEM, un-partitioned evaluation map: the regions of a recording that are scored.
//!
//! ```text
//! meeting 1 0.000 715.240
//! ```
//!
//! The fields are file id, channel, start and end in seconds; a file may have several lines.
//! Source: NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan".

use std::collections::BTreeMap;
use std::path::Path;

use super::fields::{Line, error_at, lines, seconds, segment};
use super::rttm::field;
use super::text::decode;
use crate::error::Result;
use crate::files;
use crate::timeline::Segment;
use crate::timeline::intervals::union;

/// The scored regions of each file id, disjoint and in order of time.
pub type Uem = BTreeMap<String, Vec<Segment>>;

/// Reads UEM. Channels are ignored, comments (`;;`, `#`) are skipped, and overlapping regions are
/// joined.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if a line is not UEM.
pub fn read(bytes: &[u8]) -> Result<Uem> {
    let mut uem = Uem::new();
    for Line { number, fields, .. } in lines(&decode(bytes)?, 4..=4) {
        let [file_id, _channel, start, end] = fields[..] else {
            return Err(error_at(number, format!("{} fields where UEM has 4", fields.len()))
                .hint("a UEM line is: file channel start end; names hold no blanks, unless tabs separate the fields"));
        };
        let (start, end) = (seconds(number, "start", start)?, seconds(number, "end", end)?);
        let region = segment(number, start, end)?;
        // Written times have milliseconds.
        if (region.end * 1e3).round() <= (region.start * 1e3).round() {
            return Err(error_at(number, format!("a region from {start} s to {end} s has no length"))
                .hint("give the end of the region in seconds"));
        }
        uem.entry(file_id.to_owned()).or_default().push(region);
    }
    for regions in uem.values_mut() {
        *regions = union(std::mem::take(regions), 0.0);
    }
    Ok(uem)
}

/// Reads the file at `path` as [`read`] does.
///
/// # Errors
/// As [`read`], and if the file cannot be read; the message names the file.
pub fn read_file(path: &Path) -> Result<Uem> {
    read(&files::read(path)?).map_err(|error| error.at(path.display().to_string()))
}

/// A line for one region of a recording, with times of three decimals. The name is that of
/// [`super::rttm::field`].
pub fn line(file_id: &str, region: Segment) -> String {
    format!("{} 1 {:.3} {:.3}\n", field(file_id), region.start, region.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_regions_by_file() {
        let uem = read(b";; test\r\nb 1 5 7.5\r\na 1 0.000 30.000\r\nb 1 1 2\nb A 7 8\n").unwrap();
        assert_eq!(uem["a"], [Segment::new(0.0, 30.0)]);
        assert_eq!(uem["b"], [Segment::new(1.0, 2.0), Segment::new(5.0, 8.0)]);
        assert_eq!(uem.len(), 2);
        let utf16: Vec<u8> = "\u{feff}my talk\t1\t0,5\t2\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&utf16).unwrap()["my talk"], [Segment::new(0.5, 2.0)]);
    }

    #[test]
    fn a_line_is_read_back_as_written() {
        let region = Segment::new(0.25, 30.5);
        assert_eq!(read(line(";;x", region).as_bytes()).unwrap()["__x"], [region]);
        assert_eq!(line("my meeting", region), "my_meeting 1 0.250 30.500\n");
        assert_eq!(read(line("my meeting", region).as_bytes()).unwrap()["my_meeting"], [region]);
    }

    #[test]
    fn errors_name_the_line() {
        for (bytes, expected) in [
            (&b"a 1 0 1\na 1 0"[..], "line 2: 3 fields where UEM has 4"),
            (b"my talk 1 0 1", "line 1: 5 fields where UEM has 4"),
            (b"a 1 5 1", "line 1: a segment from 5 s to 1 s is impossible"),
            (b"a 1 -1 1", "line 1: the start -1 s is before the recording"),
            (b"a 1 0 1e300", "line 1: the end 1e300 s is later"),
            (b"a 1 3 3", "line 1: a region from 3 s to 3 s has no length"),
            (b"a 1 0 0.00003", "line 1: a region from 0 s to 0.00003 s has no length"),
            (b"a 1 zero 1", "line 1: the start \"zero\" is not a number of seconds"),
        ] {
            let message = read(bytes).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
