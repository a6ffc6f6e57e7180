//! Tests of the readers and writers on random and on damaged input.

use super::{Format, Labels, read, rttm, uem, write};
use crate::ErrorKind;
use crate::timeline::{Annotation, Segment, Turn};

/// A linear congruential generator (D. Knuth, MMIX), which gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Parts of the formats, and text that readers may fail on.
const PIECES: [&str; 44] = [
    "SPEAKER",
    "SPKR-INFO",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    ";;",
    "#",
    "<NA>",
    "meeting",
    "1",
    "0.5",
    "-3",
    "1e308",
    "1e999",
    "nan",
    "inf",
    "\u{feff}",
    "\0",
    "\u{a0}",
    ".",
    "12.345",
    ",",
    "\"",
    "start,end,speaker\n",
    "00:00:01,000",
    " --> ",
    "00:00:02.000\n",
    "\n\n",
    "[Ann]",
    "Bo: hi",
    "WEBVTT\n\n",
    "<v Cy>",
    "&amp;",
    "</v>",
    "{\"file_id\":\"a\",\"turns\":[]}",
    "ooTextFile\" \"TextGrid\"",
    "<exists>",
    "\"IntervalTier\"",
    "<ANNOTATION_DOCUMENT>",
    "<TIER TIER_ID=\"a\">",
    "<TIME_SLOT TIME_SLOT_ID=\"1\"/>",
    "&#xfffff;",
];

fn turn(start: f64, end: f64, speaker: &str) -> Turn {
    Turn::new(start, end, speaker)
}

/// A recording with overlap, and with names that are difficult for at least one format.
fn recording() -> Labels {
    let turns = vec![
        turn(0.031, 9.802, "SPEAKER_00"),
        turn(0.5, 0.501, "Zoë \"Zed\" O'Neill"),
        turn(1.25, 3.0, "山田 太郎"),
        turn(1.5, 2.0, "a<b>&amp;c/d"),
        turn(2.0, 4.125, "Dr. Lee: chair, retired"),
        turn(3.0, 3.5, "山田 太郎"),
        turn(3599.999, 3600.0, "😀 --> {\\an8} -- [x"),
    ];
    Labels { duration_s: Some(4000.0), ..Labels::from(Annotation { file_id: "meeting".to_owned(), turns }) }
}

#[test]
fn written_files_are_read_back() {
    let recording = recording();
    for format in Format::ALL {
        let text = write(std::slice::from_ref(&recording), format).unwrap();
        let expected = |rename: fn(&str) -> String| {
            let rename = |turn: &Turn| Turn::over(turn.segment(), rename(&turn.speaker));
            let mut turns: Vec<Turn> = recording.turns.turns.iter().map(rename).collect();
            super::text::sort(&mut turns);
            turns
        };
        let expected = match format {
            Format::Uem => {
                assert_eq!(uem::read(text.as_bytes()).unwrap()["meeting"], [Segment::new(0.0, 4000.0)]);
                assert_eq!(read(text.as_bytes(), format, "").unwrap_err().kind(), ErrorKind::Input);
                continue;
            }
            // Names have no blanks in RTTM, and no square brackets and no arrow in SRT.
            Format::Rttm => expected(rttm::field),
            Format::Srt => expected(|name| name.replace('[', "(").replace("-->", "->")),
            _ => expected(str::to_owned),
        };
        let back = read(text.as_bytes(), format, "meeting").unwrap().remove(0);
        assert_eq!(back.turns.file_id, "meeting", "{format:?}");
        assert_eq!(back.num_left_out, 0, "{format:?}");
        assert_eq!(back.turns.turns.len(), expected.len(), "{format:?}");
        for (turn, expected) in back.turns.turns.iter().zip(&expected) {
            assert_eq!(turn.speaker, expected.speaker, "{format:?}");
            // RTTM holds a duration in place of an end, so the sum of start and duration is
            // rounded.
            let error = |a: f64, b: f64| (a - b).abs();
            let worst = error(turn.start_s, expected.start_s).max(error(turn.end_s, expected.end_s));
            assert!(worst < 1e-9, "{format:?}: {turn:?}, {expected:?}");
        }
        // The second writing gives the same text.
        let again = Labels { duration_s: Some(4000.0), ..back };
        assert_eq!(write(&[again], format).unwrap(), text, "{format:?}");
    }
}

#[test]
fn line_breaks_in_names_are_kept_or_become_blanks() {
    let recording = Labels::from(Annotation { file_id: "m".to_owned(), turns: vec![turn(0.0, 1.0, "Ann\n\tLee")] });
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Uem) {
        let text = write(std::slice::from_ref(&recording), format).unwrap();
        let back = read(text.as_bytes(), format, "m").unwrap().remove(0);
        let expected = match format {
            Format::Rttm => "Ann__Lee",
            Format::Srt | Format::Vtt | Format::Audacity => "Ann  Lee",
            _ => "Ann\n\tLee",
        };
        assert_eq!(back.turns.speakers(), [expected], "{format:?}");
    }
}

#[test]
fn formats_for_one_recording_refuse_several() {
    let both = [recording(), recording()];
    for format in Format::ALL {
        match write(&both, format) {
            Ok(text) => {
                assert!(format.holds_several());
                assert!(text.starts_with(format.head()) && text.matches("file_id,").count() <= 1);
            }
            Err(error) => assert!(!format.holds_several() && error.to_string().contains("here are 2"), "{error}"),
        }
        assert_eq!(write(&[], format).is_ok(), format.holds_several());
    }
}

#[test]
fn turns_that_no_format_can_hold_are_refused() {
    for bad in [turn(0.0, 1.0, " "), turn(2.0, 1.0, "a"), turn(0.0, f64::INFINITY, "a"), turn(f64::NAN, 1.0, "a")] {
        let recording = Labels::from(Annotation { file_id: "m".to_owned(), turns: vec![bad] });
        for format in Format::ALL {
            assert_eq!(write(std::slice::from_ref(&recording), format).unwrap_err().kind(), ErrorKind::Output);
        }
    }
    // No program makes times at the limits of a float, but the writers must not panic on them.
    let recording = Labels::from(Annotation { file_id: "m".to_owned(), turns: vec![turn(-1e308, 1e308, "a")] });
    for format in Format::ALL {
        let _ = write(std::slice::from_ref(&recording), format).map(|text| read(text.as_bytes(), format, "m"));
    }
}

#[test]
fn no_input_makes_the_readers_panic() {
    let mut random = Random(1);
    let (mut num_read, mut num_refused) = ([0; Format::ALL.len()], [0; Format::ALL.len()]);
    let mut check = |bytes: &[u8]| {
        let _ = uem::read(bytes);
        for (index, format) in Format::ALL.into_iter().enumerate() {
            match read(bytes, format, "m") {
                Ok(recordings) => {
                    num_read[index] += 1;
                    let mut turns = recordings.iter().flat_map(|recording| &recording.turns.turns);
                    assert!(turns.all(|turn| {
                        let (segment, speaker) = (&turn.segment(), &turn.speaker);
                        segment.start.is_finite()
                            && segment.end.is_finite()
                            && segment.end >= segment.start
                            && !speaker.is_empty()
                    }));
                }
                Err(error) => {
                    num_refused[index] += 1;
                    let message = error.to_string();
                    assert!(
                        message.starts_with("line ") || message.starts_with("document ") || format == Format::Uem,
                        "{message}"
                    );
                }
            }
        }
    };
    let recording = recording();
    let files = Format::ALL.map(|format| write(std::slice::from_ref(&recording), format).unwrap().into_bytes());
    for _ in 0..3_000 {
        let bytes: Vec<u8> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
        check(&bytes);
        let pieces: String = (0..random.below(30)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        check(pieces.as_bytes());
        let mut damaged = files[random.below(files.len())].clone();
        for _ in 0..=random.below(3) {
            let position = random.below(damaged.len());
            match random.below(5) {
                0 => damaged[position] = random.below(256) as u8,
                1 => drop(damaged.remove(position)),
                2 => damaged.truncate(position + 1),
                3 => drop(damaged.splice(position..position, PIECES[random.below(PIECES.len())].bytes())),
                _ => damaged.insert(position, random.below(128) as u8),
            }
        }
        check(&damaged);
        let units: Vec<u8> = String::from_utf8_lossy(&damaged)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .take(random.below(2000))
            .collect();
        check(&[&b"\xFF\xFE"[..], &units].concat());
    }
    // Each reader must accept and refuse enough inputs, or the test would prove little.
    for (index, format) in Format::ALL.into_iter().enumerate().filter(|(_, format)| *format != Format::Uem) {
        assert!(
            num_read[index] > 40 && num_refused[index] > 1000,
            "{format:?}: {} {}",
            num_read[index],
            num_refused[index]
        );
    }
}

#[test]
fn a_cut_file_is_an_error() {
    let recording = recording();
    for format in [Format::TextGrid, Format::Eaf, Format::Json] {
        let text = write(std::slice::from_ref(&recording), format).unwrap();
        // The text that closes these formats comes last, apart from a line break.
        for length in (1..text.trim_end().len()).filter(|&length| text.is_char_boundary(length)) {
            assert!(read(&text.as_bytes()[..length], format, "m").is_err(), "{format:?} cut to {length} bytes");
        }
    }
}

/// A file that `tools/reference/formats.py` wrote or read.
fn golden(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/formats");
    std::fs::read(folder.join(name)).unwrap()
}

/// For each file name, the turns as start and end in milliseconds and speaker.
type Expected = std::collections::BTreeMap<String, Vec<(u64, u64, String)>>;

#[test]
fn other_parsers_read_the_written_files() {
    let expected: Expected = serde_json::from_slice(&golden("expected.json")).unwrap();
    let meeting = read(&golden("meeting.json"), Format::Json, "").unwrap();
    for format in Format::ALL {
        let name = format!("ours.{}", format.extension());
        let text = write(&meeting, format).unwrap();
        // JSON holds the version of the program.
        if format != Format::Json {
            assert_eq!(text, String::from_utf8(golden(&name)).unwrap(), "{name}");
        }
        if format != Format::Uem {
            assert_eq!(turns(text.as_bytes(), format), expected[&name], "{name}");
        }
    }
}

#[test]
fn files_of_other_programs_are_read() {
    let expected: Expected = serde_json::from_slice(&golden("expected.json")).unwrap();
    let theirs = || expected.iter().filter(|(name, _)| name.starts_with("theirs_"));
    for (name, expected) in theirs() {
        let format = Format::of_path(std::path::Path::new(name)).unwrap();
        assert_eq!(turns(&golden(name), format), *expected, "{name}");
    }
    assert!(theirs().count() >= 9, "every program's files are listed");
}

fn turns(bytes: &[u8], format: Format) -> Vec<(u64, u64, String)> {
    let recording = read(bytes, format, "meeting").unwrap().remove(0);
    let milliseconds = super::text::milliseconds;
    let turns = recording.turns.turns.into_iter();
    let mut turns: Vec<_> =
        turns.map(|turn| (milliseconds(turn.start_s), milliseconds(turn.end_s), turn.speaker)).collect();
    turns.sort();
    turns
}
