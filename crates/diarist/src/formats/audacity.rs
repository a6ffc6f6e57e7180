//! A label track of Audacity (File > Import > Labels), one label for each turn.
//!
//! ```text
//! 0.031000  9.802000  SPEAKER_00
//! ```
//!
//! The fields are start and end in seconds and the text, separated by tabs. The reader accepts
//! decimal commas, which versions before 2.2 write, and blanks in place of tabs (`.lab` files).
//! Source: Audacity Manual, "Importing and Exporting Labels".

use std::fmt::Write as _;

use super::fields::{error_at, seconds, segment};
use super::labels::Labels;
use super::text::{decode, one_line, sort};
use crate::error::Result;
use crate::timeline::{Annotation, Turn};

/// Reads labels; the text of a label is the speaker. Lines about frequencies, which begin with `\`,
/// are skipped. Labels without text are counted as left out, and so are those that end before their
/// start, with their lines.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if a line is not a label, or if every label
/// ends before its start.
pub fn read(bytes: &[u8], file_id: &str) -> Result<Labels> {
    let text = decode(bytes)?;
    let mut recording = Labels::from(Annotation { file_id: file_id.to_owned(), turns: Vec::new() });
    let mut fault = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if line.trim().is_empty() || line.starts_with('\\') {
            continue;
        }
        // The labels of other programs (`.lab`) have blanks in place of tabs.
        let is_by_tabs = line.contains('\t');
        let mut fields = line.trim_start().splitn(3, |c: char| if is_by_tabs { c == '\t' } else { c == ' ' });
        let (Some(start), Some(end)) = (fields.next(), fields.next()) else {
            return Err(error_at(number, "not a label").hint("a label is: start, tab, end, tab, speaker"));
        };
        let (start, end) = (seconds(number, "start", start.trim())?, seconds(number, "end", end.trim())?);
        let segment = match segment(number, start, end) {
            Ok(segment) => segment,
            Err(error) => {
                recording.unreadable_lines.push(number);
                fault = fault.or(Some(error));
                continue;
            }
        };
        match fields.next().map(str::trim).unwrap_or_default() {
            "" => recording.num_left_out += 1,
            speaker => recording.turns.turns.push(Turn::over(segment, speaker)),
        }
    }
    if let Some(fault) = fault.filter(|_| recording.turns.turns.is_empty() && recording.num_left_out == 0) {
        return Err(fault);
    }
    sort(&mut recording.turns.turns);
    Ok(recording)
}

/// `annotation` as labels, with times of six decimals as Audacity writes them. Tabs and line breaks
/// in names become blanks.
pub fn write(annotation: &Annotation) -> String {
    let mut text = String::new();
    for turn in &annotation.turns {
        let (segment, speaker) = (turn.segment(), &turn.speaker);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:.6}\t{:.6}\t{}", segment.start, segment.end, one_line(speaker));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_exported_by_audacity_are_read() {
        let text = "0.500000\t2.000000\tAnn\r\n\\\t100.0\t3500.5\r\n1.000000\t1.000000\tBo Lee\n3\t4\t\n\n";
        let recording = read(text.as_bytes(), "m").unwrap();
        assert_eq!(write(&recording.turns), "0.500000\t2.000000\tAnn\n1.000000\t1.000000\tBo Lee\n");
        assert_eq!((recording.turns.file_id.as_str(), recording.num_left_out), ("m", 1));
    }

    #[test]
    fn decimal_commas_and_blanks_are_read() {
        let expected = "0.500000\t2.000000\tAnn Lee\n3.000000\t4.500000\tBo, 2\n";
        for text in
            ["0,500000\t2,000000\tAnn Lee\n3,000000\t4,500000\tBo, 2\n", "0.5 2 Ann Lee\n3 4.5 Bo, 2\n", expected]
        {
            assert_eq!(write(&read(text.as_bytes(), "m").unwrap().turns), expected, "{text}");
        }
    }

    #[test]
    fn one_bad_label_does_not_lose_the_others() {
        let recording = read(b"1\t2\tAnn\n5\t4\tBo\n6\t7\tCy\n", "m").unwrap();
        assert_eq!((recording.turns.speakers(), recording.unreadable_lines), (vec!["Ann", "Cy"], vec![2]));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("1\t2\ta\nDear", "line 2: not a label"),
            ("one\t2\ta", "line 1: the start \"one\" is not a number"),
            ("1\t0.5\ta", "line 1: a segment from 1 s to 0.5 s"),
        ] {
            let message = read(text.as_bytes(), "m").unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
