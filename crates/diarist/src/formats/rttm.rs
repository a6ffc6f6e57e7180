//! RTTM, the Rich Transcription Time Marked format: one `SPEAKER` line per turn.
//!
//! ```text
//! SPEAKER meeting 1 0.031 9.771 <NA> <NA> SPEAKER_00 <NA> <NA>
//! ```
//!
//! The fields are type, file id, channel, start, duration, orthography, speaker type, speaker,
//! confidence, look-ahead time; times are in seconds. Source: NIST, "The 2009 (RT-09) Rich
//! Transcription Meeting Recognition Evaluation Plan", appendix A. The layout of the writer is that
//! of pyannote.core's `Annotation.to_rttm`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;

use super::fields::{Line, error_at, lines, seconds, segment, shortened};
use super::text::{ByFile, decode};
use crate::analysis::without_blanks;
use crate::error::{Error, Result};
use crate::files;
use crate::timeline::{Annotation, Turn};

/// The other record types of the format (RT-09 evaluation plan, appendix A, and `md-eval`). Their
/// lines hold no turns.
const OTHER_TYPES: [&str; 15] = [
    "SPKR-INFO",
    "SEGMENT",
    "NOSCORE",
    "NO_RT_METADATA",
    "RT_METADATA",
    "LEXEME",
    "NON-LEX",
    "NON-SPEECH",
    "FILLER",
    "EDIT",
    "SU",
    "IP",
    "CB",
    "A/P",
    "ADJSEG",
];

/// Numbers of fields of a `SPEAKER` line: up to the speaker, the confidence, or the look-ahead
/// time.
const COUNTS: RangeInclusive<usize> = 8..=10;

/// The cure for a line whose fields are shifted.
const NO_BLANKS: &str = "names hold no blanks in RTTM: replace them by _, or separate the fields by tabs";

/// Whether `field` may stand behind the speaker: a number from 0 to 1 as the confidence, or
/// something in place of a number. Anything else is a part of a name with blanks.
fn is_confidence(field: &str) -> bool {
    match field.parse::<f64>() {
        Ok(value) => value.is_nan() || (0.0..=1.0).contains(&value),
        Err(_) => {
            field.starts_with('<') && field.ends_with('>')
                || ["NA", "N/A", "None", "null", "_", "-"].iter().any(|none| field.eq_ignore_ascii_case(none))
        }
    }
}

/// The numbers without a decimal point behind each name. `spk 0` and `spk 1` are names with blanks
/// unless a confidence follows `spk` elsewhere: confidences that are all either 0 or 1 are none.
#[derive(Default)]
struct Numbers(HashMap<String, Number>);

struct Number {
    first: String,
    /// Line and text of the first other number.
    other: Option<(usize, String)>,
    is_confidence: bool,
}

impl Numbers {
    fn add(&mut self, number: usize, speaker: &str, field: &str) {
        let entry = self.0.entry(speaker.to_owned()).or_insert_with(|| Number {
            first: field.to_owned(),
            other: None,
            is_confidence: false,
        });
        entry.is_confidence |= !["0", "1"].contains(&field);
        if entry.first != field && entry.other.is_none() {
            entry.other = Some((number, field.to_owned()));
        }
    }

    /// # Errors
    /// [`crate::ErrorKind::Input`] with the first line on which another number follows a name.
    fn check(self) -> Result<()> {
        let odd = self.0.into_iter().filter(|(_, found)| !found.is_confidence);
        let odd = odd.filter_map(|(name, found)| found.other.map(|(number, field)| (number, name, field)));
        match odd.min() {
            None => Ok(()),
            Some((number, name, field)) => {
                let message = format!("{:?} seems to be a name with a blank", shortened(&format!("{name} {field}")));
                Err(error_at(number, message).hint(NO_BLANKS))
            }
        }
    }
}

/// Reads RTTM: one annotation for each file id, in the order of their first turns.
///
/// A channel other than 1 is kept. Lines of other record types and comments (`;;`, `#`) are
/// skipped. Turns without length are kept. A `SPEAKER` line has 10 fields; the last two may be
/// missing, as in early versions of the format. Names may hold blanks if the fields are separated
/// by tabs.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if a line is not RTTM.
pub fn read(bytes: &[u8]) -> Result<Vec<Annotation>> {
    let mut turns = ByFile::default();
    let mut numbers = Numbers::default();
    for Line { number, fields, is_by_tabs } in lines(&decode(bytes)?, COUNTS) {
        if OTHER_TYPES.contains(&fields[0]) {
            continue;
        }
        if fields[0] != "SPEAKER" {
            return Err(error_at(number, format!("unknown record type {:?}", shortened(fields[0])))
                .hint("lines of an RTTM file start with SPEAKER"));
        }
        let [_, file_id, channel, start, duration, orthography, _kind, speaker, ref rest @ ..] = fields[..] else {
            return Err(error_at(number, format!("{} fields where RTTM has 10", fields.len())));
        };
        if !COUNTS.contains(&fields.len()) {
            return Err(error_at(number, format!("{} fields where RTTM has 10", fields.len())).hint(NO_BLANKS));
        }
        // A SPEAKER line has no orthography, so a number there is a start or a duration.
        let is_shifted = |field: &&&str| !is_confidence(field);
        let odd = rest.iter().find(is_shifted).or(Some(&orthography).filter(|field| field.parse::<f64>().is_ok()));
        if let Some(odd) = odd {
            let message = format!("{:?} stands where RTTM has something else", shortened(odd));
            return Err(error_at(number, message).hint(NO_BLANKS));
        }
        if !is_by_tabs {
            numbers.add(number, speaker, rest.first().copied().unwrap_or_default());
        }
        let start = seconds(number, "start", start)?;
        let duration = seconds(number, "duration", duration)?;
        let mut turn = Turn::over(segment(number, start, start + duration)?, speaker);
        turn.channel = channel.parse().ok().filter(|&channel| channel > 1);
        turns.push(file_id, turn);
    }
    numbers.check()?;
    Ok(turns.finish())
}

/// Reads the file at `path` as [`read`] does.
///
/// # Errors
/// As [`read`], and if the file cannot be read; the message names the file.
pub fn read_file(path: &Path) -> Result<Vec<Annotation>> {
    read(&files::read(path)?).map_err(|error| error.at(path.display().to_string()))
}

/// `annotation` as RTTM, with times of three decimals. A binary value half-way between two decimals
/// is rounded to the even digit.
///
/// # Errors
/// [`crate::ErrorKind::Output`] if the file id or a speaker is empty or contains a blank, because
/// the format cannot express that. [`field`] makes such a name usable.
pub fn write(annotation: &Annotation) -> Result<String> {
    check("file id", &annotation.file_id)?;
    let mut text = String::new();
    for turn in &annotation.turns {
        let (segment, speaker) = (turn.segment(), &turn.speaker);
        check("speaker", speaker)?;
        let (file_id, start, duration) = (&annotation.file_id, segment.start, segment.duration());
        let channel = turn.channel.unwrap_or(1);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "SPEAKER {file_id} {channel} {start:.3} {duration:.3} <NA> <NA> {speaker} <NA> <NA>");
    }
    Ok(text)
}

/// A name as a single field that starts no comment: blanks and control characters become `_`, and
/// so do a `;` or `#` at the beginning. An empty name becomes `<NA>`.
pub fn field(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    let rest = plain.trim_start_matches([';', '#']);
    without_blanks(&("_".repeat(plain.len() - rest.len()) + rest))
}

/// `annotation` with names that RTTM can hold, as [`field`] makes them. If two speakers would get
/// the same name, the one with the changed name gets a number.
pub fn renamed(annotation: &Annotation) -> Annotation {
    let names = fields(annotation.speakers());
    let rename = |turn: &Turn| turn.with_speaker(names[turn.speaker.as_str()].clone());
    Annotation { file_id: field(&annotation.file_id), turns: annotation.turns.iter().map(rename).collect() }
}

/// The [`field`] of each of `names`. If two would get the same, the one that changed gets a number.
pub(super) fn fields<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> HashMap<&'a str, String> {
    let mut taken: HashSet<String> =
        names.clone().into_iter().filter(|&name| field(name) == name).map(str::to_owned).collect();
    let mut fields: HashMap<&str, String> = HashMap::new();
    for name in names {
        if fields.contains_key(name) {
            continue;
        }
        let plain = field(name);
        let free = || (2..).map(|number| format!("{plain}_{number}")).find(|name| !taken.contains(name));
        let chosen = if plain == name || !taken.contains(&plain) { Some(plain.clone()) } else { free() };
        let chosen = chosen.expect("there are more numbers than names");
        taken.insert(chosen.clone());
        fields.insert(name, chosen);
    }
    fields
}

fn check(what: &str, value: &str) -> Result<()> {
    if value.is_empty() || value.contains(char::is_whitespace) {
        let message = format!("RTTM cannot hold the {what} {value:?}");
        return Err(Error::new(crate::ErrorKind::Output, message).hint("use a name without blanks"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Annotation>> {
        read(text.as_bytes())
    }

    fn turn(start: f64, end: f64, speaker: &str) -> Turn {
        Turn::new(start, end, speaker)
    }

    #[test]
    fn reads_rttm_written_by_hand() {
        let text = "\u{feff};; made by hand\r\n\
            SPEAKER b 1 2.5 1 <NA> <NA> second <NA> <NA>\r\n\
            \r\n   \t\n# note\n\
            SPKR-INFO b 1 <NA> <NA> <NA> unknown second <NA>\n\
            \tSPEAKER   a\t2   0.25 0.0 <NA> <NA> zero <NA>\n\
            SPEAKER b 1 1e0 .5 <NA> <NA> first";
        let annotations = read_text(text).unwrap();
        let ids: Vec<&str> = annotations.iter().map(|annotation| annotation.file_id.as_str()).collect();
        assert_eq!(ids, ["b", "a"]);
        assert_eq!(annotations[0].turns, [turn(1.0, 1.5, "first"), turn(2.5, 3.5, "second")]);
        let mut second_channel = turn(0.25, 0.25, "zero");
        second_channel.channel = Some(2);
        assert_eq!(annotations[1].turns, [second_channel]);
        assert_eq!(read_text("").unwrap(), []);
    }

    #[test]
    fn dialects_are_read() {
        let eight = "SPEAKER a 1 0 1 <NA> <NA> Ann\n";
        let expected = read_text(eight).unwrap();
        let utf16: Vec<u8> = format!("\u{feff}{eight}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16).unwrap(), expected);
        for text in [
            "SPEAKER a 1 0 1 <NA> <NA> Ann <NA>  \t \r\n",
            "SPEAKER\ta\t1\t0\t1\t<NA>\t<NA>\tAnn\t<NA>\t<NA>\n",
            "SPEAKER a 1 0,0 1,000 <NA> <NA> Ann 0.97 NA\rSPKR-INFO a 1 <NA> <NA> <NA> unknown Ann Lee Jr of X <NA>\r",
            "NON-LEX a 1 0 1 laugh other Ann <NA> <NA> <NA> <NA>\nSPEAKER a 1 0 1 <NA> <NA> Ann 1 -\n",
        ] {
            assert_eq!(read_text(text).unwrap(), expected, "{text}");
        }
        let by_tabs = read_text("SPEAKER\tmono vocals\t1\t0\t1\t<NA>\t<NA>\tAnn Lee\t<NA>\t<NA>\n").unwrap();
        assert_eq!((by_tabs[0].file_id.as_str(), by_tabs[0].turns[0].speaker.as_str()), ("mono vocals", "Ann Lee"));
    }

    #[test]
    fn blanks_in_names_are_refused_with_the_line() {
        let good = "SPEAKER m 1 0.3 2.5 <NA> <NA> Ann <NA> <NA>\n";
        for line in [
            "SPEAKER mono vocals 1 0.3 2.5 <NA> <NA> Ann <NA> <NA>",
            "SPEAKER mono vocals 1 0.3 2.5 <NA> <NA> Ann <NA>",
            "SPEAKER mono vocals 1 0.3 2.5 <NA> <NA> Ann",
            "SPEAKER mono vocals 1 0.3 2.5 <NA> <NA> 0 <NA>",
            "SPEAKER m 1 0.3 2.5 <NA> <NA> Ann Lee <NA> <NA>",
            "SPEAKER m 1 0.3 2.5 <NA> <NA> Ann Lee <NA>",
            "SPEAKER m 1 0.3 2.5 <NA> <NA> Ann Lee",
            "SPEAKER m 1 0.3 2.5 <NA> <NA> speaker 2 <NA>",
            "SPEAKER m 1 0.3 2.5 <NA> <NA> Ann\tLee <NA> <NA>",
        ] {
            let error = read_text(&[good, line, "\n"].concat()).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Input, "{line}");
            let message = error.to_string();
            assert!(message.starts_with("line 2: ") && message.contains("names hold no blanks"), "{message}");
        }
    }

    #[test]
    fn numbers_that_differ_behind_a_name_are_a_part_of_it() {
        for (first, second) in [("spk 0 <NA>", "spk 1 <NA>"), ("spk 0", "spk 1"), ("spk 0 <NA>", "spk 1")] {
            let text = format!("SPEAKER m 1 0 1 <NA> <NA> {first}\nSPEAKER m 1 2 1 <NA> <NA> {second}\n");
            let message = read_text(&text).unwrap_err().to_string();
            assert!(
                message.starts_with("line 2: \"spk 1\" seems to be a name") && message.contains("by _"),
                "{message}"
            );
        }
        for (first, second) in
            [("a 1 <NA>", "b 0 <NA>"), ("a 1", "a 0.87"), ("a 0", "a 1.0"), ("a 1", "a"), ("a\t1", "a\t0")]
        {
            let text = format!("SPEAKER m 1 0 1 <NA> <NA> {first}\nSPEAKER m 1 2 1 <NA> <NA> {second}\n");
            let text = if first.contains('\t') { text.replace(' ', "\t") } else { text };
            assert_eq!(read_text(&text).unwrap()[0].turns.len(), 2, "{text}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        struct Case(&'static [u8], &'static str);
        for Case(bytes, expected) in [
            Case(b"\nSPEAKER a 1 x 1 <NA> <NA> s", "line 2: the start \"x\" is not a number of seconds"),
            Case(b"SPEAKER a 1 0 nan <NA> <NA> s", "line 1: the duration \"nan\" is not a number of seconds"),
            Case(b"SPEAKER a 1 0 inf <NA> <NA> s", "line 1: the duration \"inf\" is not a number of seconds"),
            Case(b"SPEAKER a 1 1 -0.5 <NA> <NA> s", "line 1: a segment from 1 s to 0.5 s is impossible"),
            Case(b"SPEAKER a 1 -0.3 1 <NA> <NA> s", "line 1: the start -0.3 s is before the recording"),
            Case(b"SPEAKER a 1 1e300 1 <NA> <NA> s", "line 1: the end 1e300 s is later"),
            Case(b"SPEAKER a 1 0 1", "line 1: 5 fields where RTTM has 10"),
            Case(b"Dear all,", "line 1: unknown record type \"Dear\""),
            Case(b"SPEAKER a 1 0 1 <NA> <NA> \xff", "line 1: not UTF-8 text"),
        ] {
            let message = read(bytes).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn writes_pyannotes_layout() {
        // The last two starts lie half-way in binary: Python's f"{0.0625:.3f}" is 0.062,
        // f"{0.1875:.3f}" is 0.188.
        let turns = vec![turn(0.03096875, 9.80159375, "SPEAKER_00"), turn(0.0625, 0.25, "B"), turn(0.1875, 0.375, "C")];
        let annotation = Annotation { file_id: "test".to_owned(), turns };
        assert_eq!(
            write(&annotation).unwrap(),
            "SPEAKER test 1 0.031 9.771 <NA> <NA> SPEAKER_00 <NA> <NA>\n\
             SPEAKER test 1 0.062 0.188 <NA> <NA> B <NA> <NA>\n\
             SPEAKER test 1 0.188 0.188 <NA> <NA> C <NA> <NA>\n"
        );
    }

    #[test]
    fn blanks_are_refused_or_replaced() {
        let mut annotation = Annotation { file_id: "my meeting".to_owned(), turns: vec![turn(0.0, 1.0, "a b")] };
        assert!(write(&annotation).unwrap_err().to_string().contains("my meeting"));
        annotation.file_id = field(&annotation.file_id);
        assert_eq!(annotation.file_id, "my_meeting");
        assert!(write(&annotation).unwrap_err().to_string().contains("a b"));
        annotation.turns[0].speaker = field("a b");
        assert_eq!(read_text(&write(&annotation).unwrap()).unwrap(), [annotation]);
        assert_eq!(field(""), "<NA>");
        assert_eq!([field(";;a;"), field("#"), field("a\u{1b}[1m b")], ["__a;", "_", "a_[1m_b"]);
    }

    #[test]
    fn renamed_speakers_stay_apart() {
        let turns = ["a b", "a_b", "a\tb", "c", "a_b_2"].map(|name| turn(0.0, 1.0, name)).to_vec();
        let renamed = renamed(&Annotation { file_id: "x y".to_owned(), turns });
        assert_eq!(renamed.file_id, "x_y");
        let names: Vec<&str> = renamed.turns.iter().map(|turn| turn.speaker.as_str()).collect();
        assert_eq!(names, ["a_b_4", "a_b", "a_b_3", "c", "a_b_2"]);
    }
}
