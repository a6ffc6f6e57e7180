//! TextGrid of Praat: one interval tier for each speaker, filled from the beginning of the
//! recording to its end.
//!
//! An interval with text is a turn, an interval without text is silence. The writer writes the long
//! text format in UTF-8. The reader reads the long and the short format, in UTF-8 or in UTF-16, as
//! Praat writes them. Source: Praat Manual, "TextGrid file formats". Like Praat itself, the reader
//! considers only free-standing numbers, texts in quotes and flags, so that both formats are read
//! in the same way.

use std::fmt::Write as _;

use super::fields::{error_at, segment};
use super::labels::Labels;
use super::text::{decode, lanes, not_a, printable, sort};
use super::tiers::Tiers;
use crate::error::Result;
use crate::timeline::{Annotation, Segment, Turn};

/// `annotation` as a TextGrid that ends at `end_s` seconds, or with the last turn if that is later.
///
/// The name of a tier and the text of its intervals are the speaker's name. Intervals of a tier
/// cannot overlap: overlapping turns of one speaker are joined, and turns without length are left
/// out. Times are rounded to microseconds.
pub fn write(annotation: &Annotation, end_s: f64) -> String {
    let lanes = lanes(annotation);
    let last = lanes.iter().filter_map(|(_, lane)| lane.last());
    // Praat refuses a TextGrid without length or without a tier.
    let end = microseconds(last.fold(end_s, |end, segment| end.max(segment.end))).max(1e-3);
    let lanes = if lanes.is_empty() { vec![("", Vec::new())] } else { lanes };
    let mut text = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0 \nxmax = {end} \ntiers? <exists> \nsize = {} \nitem []: \n",
        lanes.len()
    );
    for (index, (speaker, lane)) in lanes.iter().enumerate() {
        let (name, intervals) = (quoted(speaker), filled(lane, end));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "    item [{}]:\n        class = \"IntervalTier\" \n        name = {name} \n        xmin = 0 \n        xmax = {end} \n        \
             intervals: size = {} \n",
            index + 1,
            intervals.len()
        );
        for (index, (Segment { start, end }, is_speech)) in intervals.iter().enumerate() {
            let label = if *is_speech { &name } else { "\"\"" };
            let _ = write!(
                text,
                "        intervals [{}]:\n            xmin = {start} \n            xmax = {end} \n            text = {label} \n",
                index + 1
            );
        }
    }
    text
}

/// The segments of `lane` and the gaps between them, from 0 to `end`. The flag tells whether the
/// speaker is active.
fn filled(lane: &[Segment], end: f64) -> Vec<(Segment, bool)> {
    let mut intervals = Vec::new();
    let mut at = 0.0;
    for segment in lane {
        let (start, stop) = (microseconds(segment.start), microseconds(segment.end));
        if start > at {
            intervals.push((Segment::new(at, start), false));
        }
        if stop > start {
            intervals.push((Segment::new(start, stop), true));
            at = stop;
        }
    }
    if end > at {
        intervals.push((Segment::new(at, end), false));
    }
    intervals
}

fn microseconds(seconds: f64) -> f64 {
    let rounded = (seconds * 1e6).round() / 1e6;
    if rounded.is_finite() { rounded } else { seconds }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('"', "\"\""))
}

/// Reads a TextGrid. The names of the tiers are the speakers, and intervals with text are their
/// turns. Tiers of points are skipped. Intervals with text on a tier without a name are counted as
/// left out.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if this is not a whole TextGrid.
pub fn read(bytes: &[u8], file_id: &str) -> Result<Labels> {
    read_tiers(bytes, file_id, &mut Tiers::default())
}

/// As [`read`], but only `tiers`.
pub(super) fn read_tiers(bytes: &[u8], file_id: &str, tiers: &mut Tiers<'_>) -> Result<Labels> {
    if bytes.starts_with(b"ooBinaryFile") {
        return Err(error_at(1, "a binary TextGrid cannot be read").hint("save it with Praat's \"Save as text file\""));
    }
    let text = decode(bytes)?;
    let mut tokens = Tokens { rest: &text, number: 1 };
    let is_text_grid = |token: Result<Token>| matches!(token, Ok(Token::Text(class)) if class.ends_with("TextGrid"));
    let is_text_file = |token: Result<Token>| matches!(token, Ok(Token::Text(kind)) if kind.starts_with("ooTextFile"));
    if !is_text_file(tokens.next()) || !is_text_grid(tokens.next()) {
        return Err(not_a("a TextGrid, which begins with File type = \"ooTextFile\" and Object class = \"TextGrid\""));
    }
    let mut recording = Labels::from(Annotation { file_id: file_id.to_owned(), turns: Vec::new() });
    let grid = tokens.segment()?;
    recording.duration_s = Some(grid.end.max(0.0));
    if tokens.flag()? == "<exists>" {
        for _ in 0..tokens.count()? {
            tier(&mut tokens, &mut recording, tiers)?;
        }
    }
    sort(&mut recording.turns.turns);
    Ok(recording)
}

fn tier(tokens: &mut Tokens<'_>, recording: &mut Labels, tiers: &mut Tiers<'_>) -> Result<()> {
    let class = tokens.text()?;
    let number = tokens.number;
    let name = tokens.text()?.trim().to_owned();
    tokens.segment()?;
    let count = tokens.count()?;
    let is_chosen = tiers.takes(&[&name]);
    match class.as_str() {
        "IntervalTier" => {
            for _ in 0..count {
                let (segment, text) = (tokens.segment()?, tokens.text()?);
                match (text.trim().is_empty() || !is_chosen, name.is_empty()) {
                    (true, _) => {}
                    (false, true) => recording.num_left_out += 1,
                    (false, false) => recording.turns.turns.push(Turn::over(segment, name.clone())),
                }
            }
        }
        "TextTier" if tiers.are_named() && is_chosen => {
            return Err(error_at(number, format!("the tier {name:?} has points, but no intervals"))
                .hint("choose a tier with intervals"));
        }
        "TextTier" => {
            for _ in 0..count {
                tokens.seconds()?;
                tokens.text()?;
            }
        }
        _ => return Err(error_at(number, format!("unknown class of tier {class:?}"))),
    }
    Ok(())
}

/// The parts of a text file that Praat reads.
#[derive(Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Flag(String),
}

struct Tokens<'a> {
    rest: &'a str,
    /// Number of the line on which `rest` begins.
    number: usize,
}

impl Tokens<'_> {
    /// The next free-standing number, text or flag. Words, comments and numbers in brackets are
    /// skipped.
    fn next(&mut self) -> Result<Token> {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.skip(blanks);
            let number = self.number;
            match self.rest.chars().next() {
                None => return Err(error_at(number, "the TextGrid ends too early").hint("the file is cut")),
                Some('!') => self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
                Some('"') => return self.quoted().ok_or_else(|| error_at(number, "a text has no closing quote")),
                Some(_) => {
                    let word = self.rest.split(char::is_whitespace).next().unwrap_or_default();
                    self.skip(word.len());
                    if word.starts_with('<') && word.ends_with('>') {
                        return Ok(Token::Flag(word.to_owned()));
                    }
                    let begins = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
                    if let Some(value) = word.parse().ok().filter(|value: &f64| begins && value.is_finite()) {
                        return Ok(Token::Number(value));
                    }
                }
            }
        }
    }

    /// Reads the text in quotes at the start of `rest`; quotes within it are doubled.
    fn quoted(&mut self) -> Option<Token> {
        let mut text = String::new();
        loop {
            let part = &self.rest[1..];
            let length = part.find('"')?;
            text.push_str(&part[..length]);
            self.skip(length + 2);
            if !self.rest.starts_with('"') {
                return Some(Token::Text(text));
            }
            text.push('"');
        }
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.number += skipped.bytes().filter(|&byte| byte == b'\n').count();
        self.rest = rest;
    }

    fn segment(&mut self) -> Result<Segment> {
        let (start, end) = (self.seconds()?, self.seconds()?);
        segment(self.number, start, end)
    }

    fn count(&mut self) -> Result<usize> {
        let count = self.seconds()?;
        // A count that is larger than the file leads to an error at the end of the file.
        if count.fract() == 0.0 && count >= 0.0 { Ok(count as usize) } else { Err(self.expected("a number of items")) }
    }

    fn seconds(&mut self) -> Result<f64> {
        match self.next()? {
            Token::Number(value) => Ok(value),
            _ => Err(self.expected("a number")),
        }
    }

    fn text(&mut self) -> Result<String> {
        match self.next()? {
            Token::Text(text) => Ok(text),
            _ => Err(self.expected("a text in quotes")),
        }
    }

    fn flag(&mut self) -> Result<String> {
        match self.next()? {
            Token::Flag(flag) => Ok(flag),
            _ => Err(self.expected("<exists> or <absent>")),
        }
    }

    fn expected(&self, what: &str) -> crate::Error {
        error_at(self.number, format!("{what} is missing here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n0\n10\n<exists>\n3\n\"IntervalTier\"\n\"Ann \"\"A\"\"\"\n\
        0\n10\n3\n0\n1.5\n\"\"\n1.5\n2\n\"5 ! <exists> words\nmore\"\n2\n10\n\" \"\n\"TextTier\"\n\"bell\"\n0\n10\n1\n3\n\"ding\"\n\
        \"IntervalTier\"\n\"\"\n0\n10\n1\n0\n10\n\"x\"\n";

    #[test]
    fn the_short_format_is_read() {
        let recording = read(SHORT.as_bytes(), "m").unwrap();
        let turn = Turn::new(1.5, 2.0, "Ann \"A\"");
        assert_eq!(recording.turns, Annotation { file_id: "m".to_owned(), turns: vec![turn] });
        assert_eq!((recording.duration_s, recording.num_left_out), (Some(10.0), 1));
        let units: Vec<u8> = format!("\u{feff}{SHORT}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&units, "m").unwrap(), recording);
    }

    #[cfg(feature = "annotation-formats")]
    #[test]
    fn a_chosen_tier_needs_intervals() {
        let grid = SHORT.split_once("<exists>").unwrap().0.to_owned() + "<exists> 1 \"TextTier\" \"p\" 0 10 1 2 \"x\"";
        assert_eq!(read(grid.as_bytes(), "m").unwrap().turns.turns, []);
        let wanted = ["p".to_owned()];
        let message = read_tiers(grid.as_bytes(), "m", &mut Tiers::named(&wanted)).unwrap_err().to_string();
        assert!(message.contains("the tier \"p\" has points, but no intervals"), "{message}");
    }

    #[test]
    fn tiers_are_filled() {
        let turn = |start, end, speaker: &str| Turn::new(start, end, speaker);
        let turns = vec![turn(0.0, 1.0, "b"), turn(0.5, 2.0, "a"), turn(2.0, 3.0, "a"), turn(2.5, 3.5, "a")];
        let written = write(&Annotation { file_id: "m".to_owned(), turns }, 5.0);
        let times: Vec<&str> = written.lines().filter_map(|line| line.trim().strip_prefix("xm")).collect();
        let expected = "in = 0|ax = 5|in = 0|ax = 5|in = 0|ax = 0.5|in = 0.5|ax = 2|in = 2|ax = 3.5|in = 3.5|ax = 5|\
            in = 0|ax = 5|in = 0|ax = 1|in = 1|ax = 5";
        assert_eq!(times.join("|"), expected);
        assert_eq!(read(written.as_bytes(), "m").unwrap().turns.turns.len(), 3);
        assert_eq!(read(write(&Annotation::default(), 0.0).as_bytes(), "m").unwrap().turns.turns, []);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("Dear all,".to_owned(), "line 1: this is not a TextGrid"),
            (SHORT.replace("TextGrid", "PitchTier"), "line 1: this is not a TextGrid"),
            (SHORT[..90].to_owned(), "line 9: a text has no closing quote"),
            (SHORT[..60].to_owned(), "line 6: the TextGrid ends too early"),
            (SHORT.replace("\n1.5\n2\n", "\n1.5\n1\n"), "line 17: a segment from 1.5 s to 1 s"),
            (SHORT.replace("TextTier", "Tier"), "line 23: unknown class of tier \"Tier\""),
            (SHORT.replace("<exists>\n3", "<exists>\n-3"), "line 7: a number of items is missing here"),
            ("ooBinaryFile\x08TextGrid".to_owned(), "line 1: a binary TextGrid"),
        ] {
            let message = read(text.as_bytes(), "m").unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
