//! Helpers for text formats: encodings, time stamps, turns of several recordings, turns without
//! overlap.

use std::borrow::Cow;
use std::collections::HashMap;

use super::fields::error_at;
use crate::error::{Error, Result};
use crate::timeline::intervals::{PRECISION_S, chronological};
use crate::timeline::{Annotation, Segment, Turn};

/// The text of a file: UTF-8 with or without a byte-order mark, or UTF-16 with one.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        match String::from_utf16(&units) {
            Ok(text) if bytes.len().is_multiple_of(2) => Ok(Cow::Owned(text)),
            _ => {
                let valid = char::decode_utf16(units).take_while(|unit| unit.is_ok());
                let number = 1 + valid.filter(|unit| *unit == Ok('\n')).count();
                Err(error_at(number, "broken UTF-16 text").hint("the file is cut or damaged; save it as UTF-8 text"))
            }
        }
    };
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        error_at(line_at(bytes, error.valid_up_to()), "not UTF-8 text").hint("save the file as plain UTF-8 text")
    })
}

/// The number of the line that contains the byte at `offset`, from 1.
pub(super) fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset.min(bytes.len())].iter().filter(|&&byte| byte == b'\n').count()
}

/// The time in whole milliseconds; 0 for times before the recording.
pub(crate) fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1e3).round() as u64
}

/// The time as `hh:mm:ss`, `mark` and three digits.
pub(crate) fn clock(milliseconds: u64, mark: char) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{:02}:{:02}:{:02}{mark}{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Reads `[hh:]mm:ss` with an optional fraction after a comma or a point, in seconds.
pub(crate) fn parse_clock(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_number)
    };
    let parts: Vec<u64> = whole.split(':').map(number).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [hours, minutes, seconds] if minutes < 60 && seconds < 60 => hours * 3600 + minutes * 60 + seconds,
        [minutes, seconds] if minutes < 60 && seconds < 60 => minutes * 60 + seconds,
        _ => return None,
    };
    // The sum is made in whole units of the last digit, so that the result is the float nearest to
    // the text.
    let unit = 10_u64.pow(u32::try_from(fraction.len()).ok().filter(|&len| len <= 9)?);
    Some((seconds as f64 * unit as f64 + number(fraction)? as f64) / unit as f64)
}

/// `name` on one line: control characters become blanks.
pub(crate) fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

/// `name` without control characters other than line breaks and tabs: they become blanks, since
/// they command the terminal that shows the file.
pub(super) fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Collects turns by recording.
#[derive(Debug, Default)]
pub(super) struct ByFile {
    annotations: Vec<Annotation>,
    index_of: HashMap<String, usize>,
}

impl ByFile {
    /// Adds a turn of the recording `file_id`.
    pub(super) fn push(&mut self, file_id: &str, turn: Turn) {
        let index = *self.index_of.entry(file_id.to_owned()).or_insert_with(|| {
            self.annotations.push(Annotation { file_id: file_id.to_owned(), turns: Vec::new() });
            self.annotations.len() - 1
        });
        self.annotations[index].turns.push(turn);
    }

    /// An annotation for each recording, in the order of their first turns.
    pub(super) fn finish(mut self) -> Vec<Annotation> {
        self.annotations.iter_mut().for_each(|annotation| sort(&mut annotation.turns));
        self.annotations
    }
}

/// Sorts `turns` into the order that [`Annotation`] requires.
pub(super) fn sort(turns: &mut [Turn]) {
    turns.sort_by(Turn::chronological);
}

/// For each speaker, in the order of their names, segments without overlap. Overlapping turns of
/// one speaker are joined. Turns without length, and the time before the recording, are left out.
pub(super) fn lanes(annotation: &Annotation) -> Vec<(&str, Vec<Segment>)> {
    let lane = |speaker| {
        let mut lane: Vec<Segment> = Vec::new();
        let turns = annotation.turns.iter().filter(|turn| turn.speaker == speaker);
        let mut segments: Vec<Segment> = turns.map(|turn| Segment::new(turn.start_s.max(0.0), turn.end_s)).collect();
        segments.retain(|segment| !segment.is_empty());
        segments.sort_by(chronological);
        for segment in segments {
            match lane.last_mut() {
                Some(last) if segment.start < last.end - PRECISION_S => last.end = last.end.max(segment.end),
                // Turns that touch may overlap by rounding noise.
                Some(last) => {
                    let start = segment.start.max(last.end);
                    lane.push(Segment::new(start, segment.end.max(start)));
                }
                None => lane.push(segment),
            }
        }
        (speaker, lane)
    };
    annotation.speakers().into_iter().map(lane).collect()
}

/// The name of a speaker in a file; must not be empty.
pub(super) fn speaker(number: usize, name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(error_at(number, "the speaker has no name").hint("give every speaker a name")),
        name => Ok(name.to_owned()),
    }
}

/// An error about a file in the wrong format.
pub(super) fn not_a(what: &str) -> Error {
    error_at(1, format!("this is not {what}")).hint("check the file, and the format that it is read as")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_are_read_exactly() {
        for milliseconds in [0, 7, 999, 1000, 59_999, 3_600_000, 359_999_999, 1_234_567_890] {
            let seconds = milliseconds as f64 / 1e3;
            for mark in [',', '.'] {
                assert_eq!(parse_clock(&clock(milliseconds, mark)), Some(seconds), "{milliseconds}");
            }
        }
        assert_eq!(parse_clock("01:02.5"), Some(62.5));
        assert_eq!(parse_clock("1:00:00"), Some(3600.0));
        assert_eq!(parse_clock("00:00:00.1234"), Some(0.1234));
        for bad in
            ["", "5", "1:2:3:4", "00:60.000", "00:00:-1,000", "0x:00:00,000", "9999999999:00:00", "00:00:00,", "::,"]
        {
            assert_eq!(parse_clock(bad), None, "{bad}");
        }
    }

    #[test]
    fn encodings_are_recognised_by_their_marks() {
        let text = "a\nÖß 😀";
        let units: Vec<u16> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [le.clone(), be, text.as_bytes().to_vec(), ["\u{feff}", text].concat().into_bytes()] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
        assert!(decode(&le[..le.len() - 2]).unwrap_err().to_string().starts_with("line 2: broken UTF-16"));
        assert!(decode(&le[..le.len() - 1]).unwrap_err().to_string().starts_with("line 2: broken UTF-16"));
        assert!(decode(b"a\nb\n\xff").unwrap_err().to_string().starts_with("line 3: not UTF-8"));
    }

    #[test]
    fn lanes_never_overlap_and_keep_turns_that_touch() {
        let turn = |start, end, speaker: &str| Turn::new(start, end, speaker);
        let turns = vec![
            turn(-1.0, 0.5, "b"),
            turn(0.1, 0.3, "a"),
            turn(0.3 - 1e-12, 1.0, "a"),
            turn(0.9, 0.95, "a"),
            turn(0.9, 2.0, "a"),
            turn(3.0, 3.0, "a"),
        ];
        let annotation = Annotation { file_id: "x".to_owned(), turns };
        let a = vec![Segment::new(0.1, 0.3), Segment::new(0.3, 2.0)];
        assert_eq!(lanes(&annotation), [("a", a), ("b", vec![Segment::new(0.0, 0.5)])]);
    }
}
