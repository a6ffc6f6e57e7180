//! SubRip (`.srt`) and WebVTT (`.vtt`), with a cue for each turn that names its speaker.
//! Overlapping speech becomes overlapping cues.
//!
//! ```text
//! 1                                     WEBVTT
//! 00:00:00,031 --> 00:00:09,802
//! [SPEAKER_00]                          00:00:00.031 --> 00:00:09.802
//!                                       <v SPEAKER_00>SPEAKER_00</v>
//! ```
//!
//! SubRip has no standard. The writer produces the form that every player reads: number, times with
//! a comma, text, blank line. WebVTT: W3C, "WebVTT: The Web Video Text Tracks Format", with a voice
//! span for the speaker. [`words`](crate::parts::words) writes subtitles with words.

mod names;

use std::fmt::Write as _;

use super::fields::{error_at, segment, shortened};
use super::labels::Labels;
use super::text::{clock, decode, milliseconds, not_a, one_line, parse_clock, sort};
use crate::error::Result;
use crate::timeline::{Annotation, Segment, Turn};

/// A format of subtitles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubtitleFormat {
    /// SubRip, `.srt`.
    Srt,
    /// WebVTT, `.vtt`.
    Vtt,
}

/// The file of these cues: their times, and text that suits the format ([`escaped`], [`voice`]).
pub(crate) fn cues(cues: impl IntoIterator<Item = (Segment, String)>, format: SubtitleFormat) -> String {
    let mut text = String::new();
    if format == SubtitleFormat::Vtt {
        text.push_str("WEBVTT\n\n");
    }
    for (index, (time, payload)) in cues.into_iter().enumerate() {
        let start = milliseconds(time.start);
        // Players do not show a subtitle without length.
        let end = milliseconds(time.end).max(start.saturating_add(1));
        // Writing to a string cannot fail.
        let _ = match format {
            SubtitleFormat::Srt => {
                let payload = payload.replace("-->", "->");
                writeln!(text, "{}\n{} --> {}\n{payload}\n", index + 1, clock(start, ','), clock(end, ','))
            }
            SubtitleFormat::Vtt => writeln!(text, "{} --> {}\n{payload}\n", clock(start, '.'), clock(end, '.')),
        };
    }
    text
}

/// The start of a WebVTT voice span, before the spoken text.
pub(crate) fn voice(speaker: &str) -> String {
    format!("<v {}>", escaped(&one_line(speaker)))
}

/// `text` with character references for the characters that WebVTT reads as markup.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(crate) fn unescaped(text: &str) -> String {
    let references = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", "\u{a0}"),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    references.iter().fold(text.to_owned(), |text, (reference, c)| text.replace(reference, c))
}

/// `annotation` as subtitles: `[Name]` in SubRip, `<v Name>Name</v>` in WebVTT.
///
/// Line breaks in names become blanks. SubRip cannot escape square brackets, so they become round
/// ones there. A speaker with the name of a sound, such as music, stands before a colon there.
pub fn write(annotation: &Annotation, format: SubtitleFormat) -> String {
    let payload = |speaker: &str| match format {
        SubtitleFormat::Srt => {
            let name = one_line(speaker).replace('[', "(").replace(']', ")");
            if names::is_sound(&name) { format!("{name}:") } else { format!("[{name}]") }
        }
        SubtitleFormat::Vtt => format!("{}{}</v>", voice(speaker), escaped(&one_line(speaker))),
    };
    cues(annotation.turns.iter().map(|turn| (turn.segment(), payload(&turn.speaker))), format)
}

/// Reads subtitles with speakers. The speaker of a cue is `[Name]` or `Name:` at the start of its
/// text, behind marks of a new speaker (`>>`, `-`). Of several lines with such marks, each may name
/// one. In WebVTT, `<v Name>` comes before all of these.
///
/// Cues without a speaker are counted as left out, and so are cues whose times cannot be read, with
/// their lines.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if no cue can be read, or if no cue has a
/// speaker.
pub fn read(bytes: &[u8], format: SubtitleFormat, file_id: &str) -> Result<Labels> {
    let mut recording = Labels::from(Annotation { file_id: file_id.to_owned(), turns: Vec::new() });
    let mut num_nameless = 0;
    for Cue { number, time, payload } in read_cues(bytes, format)? {
        let Ok(time) = time else {
            recording.unreadable_lines.push(number);
            continue;
        };
        let speakers = match format {
            SubtitleFormat::Srt => names::of_srt(&payload),
            SubtitleFormat::Vtt => names::of_vtt(&payload),
        };
        num_nameless += usize::from(speakers.is_empty());
        recording.turns.turns.extend(speakers.into_iter().map(|speaker| Turn::over(time, speaker)));
    }
    if recording.turns.turns.is_empty() && num_nameless > 0 {
        let hint = match format {
            SubtitleFormat::Srt => "write it as [Name] or Name: at the start of the text",
            SubtitleFormat::Vtt => "write it as <v Name>, or as Name: at the start of the text",
        };
        return Err(error_at(1, format!("none of {num_nameless} cues names a speaker")).hint(hint));
    }
    recording.num_left_out = num_nameless;
    sort(&mut recording.turns.turns);
    Ok(recording)
}

/// A cue as it stands in a file.
#[derive(Debug)]
pub(crate) struct Cue {
    /// The line with the times.
    pub(crate) number: usize,
    pub(crate) time: Result<Segment>,
    /// Text with its markup, of several lines.
    pub(crate) payload: String,
}

/// The cues in their order. Blank lines within the text of SubRip belong to it, as players show
/// them. In WebVTT only an empty line ends a cue: captions of YouTube begin with a line of one
/// blank.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the file has no cue, or if the times of all cues are unreadable.
pub(crate) fn read_cues(bytes: &[u8], format: SubtitleFormat) -> Result<Vec<Cue>> {
    let text = decode(bytes)?.replace("\r\n", "\n").replace('\r', "\n");
    let is_vtt = format == SubtitleFormat::Vtt;
    if is_vtt && !text.trim_start().starts_with("WEBVTT") {
        return Err(not_a("WebVTT, whose first line is WEBVTT"));
    }
    let mut cues: Vec<Cue> = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    // Whether `lines` are the text of a cue; in WebVTT, they are not after an empty line.
    let mut is_open = false;
    let close = |cues: &mut Vec<Cue>, lines: &mut Vec<&str>| {
        if let Some(cue) = cues.last_mut() {
            cue.payload = lines.join("\n").trim().to_owned();
        }
        lines.clear();
    };
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        let is_behind_number = lines.last().map_or(cues.is_empty(), |line| is_number(line));
        if let Some(time) = times(number, line, is_behind_number) {
            // The line before may hold the number of the cue.
            if !is_vtt && lines.last().is_some_and(|line| is_number(line)) {
                lines.pop();
            }
            close(&mut cues, &mut lines);
            cues.push(Cue { number, time, payload: String::new() });
            is_open = true;
        } else if is_vtt && line.is_empty() {
            is_open = false;
        } else if is_open {
            lines.push(line);
        } else if !is_vtt && !line.trim().is_empty() && !is_number(line) {
            return Err(error_at(number, "not a subtitle")
                .hint("a subtitle is a number, a line of times (00:00:01,000 --> 00:00:02,500), and text"));
        }
    }
    close(&mut cues, &mut lines);
    if !cues.is_empty() && cues.iter().all(|cue| cue.time.is_err()) {
        cues.swap_remove(0).time?;
    }
    Ok(cues)
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `start --> end`, and behind a number also `->`, which some write by hand. `None` if the
/// line is none of times: an arrow may also stand in the text. In WebVTT, settings may follow.
fn times(number: usize, line: &str, is_behind_number: bool) -> Option<Result<Segment>> {
    let is_digit = |text: &str| text.trim().trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let (start, rest) = line.split_once("-->").or_else(|| line.split_once("->").filter(|_| is_behind_number))?;
    if !is_digit(start) || !start.contains(':') {
        return None;
    }
    let end = rest.split_whitespace().next().unwrap_or_default();
    let parse = |text: &str| {
        parse_clock(text.trim()).ok_or_else(|| {
            let text = shortened(text.trim());
            error_at(number, format!("{text:?} is not a time")).hint("a time is written as 00:00:01,000")
        })
    };
    Some(parse(start).and_then(|start| segment(number, start, parse(end)?)))
}

/// `payload` without its tags (`<i>`, `{\an8}`).
pub(crate) fn plain(payload: &str) -> String {
    let mut text = String::new();
    let mut rest = payload;
    while let Some(at) = rest.find(['<', '{']) {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        let is_tag =
            |tag: &str| tag.starts_with("{\\") || tag[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
        let end = tag.find(if tag.starts_with('<') { '>' } else { '}' }).filter(|_| is_tag(tag));
        let length = end.map_or(1, |end| end + 1);
        if end.is_none() {
            text.push_str(&tag[..1]);
        }
        rest = &tag[length..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speakers(text: &str, format: SubtitleFormat) -> Vec<(f64, f64, String)> {
        let recording = read(text.as_bytes(), format, "m").unwrap();
        recording.turns.turns.into_iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker)).collect()
    }

    #[test]
    fn srt_written_by_hand_is_read() {
        let text = "\u{feff}1\r\n00:00:01,000 --> 00:00:02,500\r\nDr. Ann Lee: Good: morning\r\nBo: no\r\n\r\n\r\n\
            00:00:02.000 --> 00:00:03.000 X1:10\n[Bo [x]] hm\n\n3\n0:00:04,000 --> 0:00:05,000\nno one\n\n\
            4\n00:00:06,000 --> 00:00:07,000\n\n5\n00:00:08,000 --> 00:00:09,000\nBo:\n";
        let expected = [(1.0, 2.5, "Dr. Ann Lee"), (2.0, 3.0, "Bo [x"), (8.0, 9.0, "Bo")];
        assert_eq!(
            speakers(text, SubtitleFormat::Srt),
            expected.map(|(start, end, name)| (start, end, name.to_owned()))
        );
        assert_eq!(read(text.as_bytes(), SubtitleFormat::Srt, "m").unwrap().num_left_out, 2);
        assert_eq!(speakers("", SubtitleFormat::Srt), []);
    }

    #[test]
    fn vtt_written_by_hand_is_read() {
        let text = "WEBVTT - a title\nKind: captions\n\nNOTE 00:01 means\nnothing\n\nSTYLE\n::cue { color: red }\n\n\
            intro\n00:01.000 --> 00:02.500 align:start line:0\n<v.loud.first Ann &lt;L&gt; &amp;amp;>Hi <b>you</b>\n\
            <v Bo>and me</v>\n\n00:00:03.000 --> 00:00:04.000\n<i>Cy</i>: well\n\n1:00:00.000 --> 1:00:01.000\nmusic\n";
        let expected = [(1.0, 2.5, "Ann <L> &amp;"), (1.0, 2.5, "Bo"), (3.0, 4.0, "Cy")];
        assert_eq!(
            speakers(text, SubtitleFormat::Vtt),
            expected.map(|(start, end, name)| (start, end, name.to_owned()))
        );
        assert_eq!(speakers("WEBVTT", SubtitleFormat::Vtt), []);
    }

    #[test]
    fn marks_colons_and_tags_are_no_part_of_names() {
        let cue =
            |number: u32, text: &str| format!("{number}\n00:00:0{number},000 --> 00:00:0{number},500\n{text}\n\n");
        let cues = [
            ">> Ann: hi",
            "- Ann: yes",
            "Ann： well",
            ">>Ann：好",
            "<i>Ann:</i> a < b: c",
            "{\\an8}[Ann] no",
            "Ann : oui",
        ];
        let text: String = (1..).zip(cues).map(|(number, text)| cue(number, text)).collect();
        let found = speakers(&text, SubtitleFormat::Srt);
        assert!(found.len() == cues.len() && found.iter().all(|(_, _, name)| name == "Ann"), "{found:?}");
        let two: Vec<String> =
            speakers(&cue(1, "- Ann: hi\n- Bo: no"), SubtitleFormat::Srt).into_iter().map(|turn| turn.2).collect();
        assert_eq!(two, ["Ann", "Bo"]);
        let vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\n&gt;&gt; Ann: hi\n";
        assert_eq!(speakers(vtt, SubtitleFormat::Vtt), [(1.0, 2.0, "Ann".to_owned())]);
    }

    #[test]
    fn sounds_are_no_names_and_marks_of_captions_are_no_part_of_them() {
        for (text, expected) in [
            ("≫ BO: hi", "BO"),
            ("&gt;&gt; BO: hi", "BO"),
            ("♪ BO: la la ♪", "BO"),
            ("\u{2212} BO: hi", "BO"),
            ("\u{2015} BO: hi", "BO"),
            ("[LAUGHTER] BO: ha", "BO"),
            ("(laughs) BO: ha", "BO"),
            ("[♪ music ♪] [BO] hi", "BO"),
            ("[BO &gt; x] hi", "BO &gt; x"),
        ] {
            let cue =
                format!("1\n00:00:01,000 --> 00:00:02,000\n{text}\n\n2\n00:00:03,000 --> 00:00:04,000\n[music]\n");
            assert_eq!(speakers(&cue, SubtitleFormat::Srt), [(1.0, 2.0, expected.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_line_of_blanks_is_text() {
        let text = "WEBVTT\n\n00:01.000 --> 00:02.000\n \nAnn: hi\n\n00:03.000 --> 00:04.000\n\t\nBo: no\n";
        let expected = [(1.0, 2.0, "Ann".to_owned()), (3.0, 4.0, "Bo".to_owned())];
        assert_eq!(speakers(text, SubtitleFormat::Vtt), expected);
        let srt = text.replace("WEBVTT\n\n", "").replace('.', ",");
        assert_eq!(speakers(&srt, SubtitleFormat::Srt), expected);
    }

    #[test]
    fn one_bad_cue_does_not_lose_the_others() {
        for bad in [
            "00:00:02,000 --> 00:00:01,000",
            "00:00:02,000 --> later",
            "00:00:61,000 --> 00:00:62,000",
            "-0:00:01,0 --> 0:00:01,0",
        ] {
            let text = format!(
                "1\n00:00:01,000 --> 00:00:02,000\nAnn: a\n\n2\n{bad}\nBo: b\n\n3\n00:00:03,000 -> 00:00:04,000\nCy: c\n"
            );
            let recording = read(text.as_bytes(), SubtitleFormat::Srt, "m").unwrap();
            assert_eq!((recording.turns.speakers(), recording.unreadable_lines), (vec!["Ann", "Cy"], vec![6]), "{bad}");
        }
    }

    #[test]
    fn blank_lines_in_a_cue_and_none_between_cues() {
        let text = "1\n00:00:01,000 --> 00:00:03,000\nAnn: hi\n\nsecond --> paragraph\n\n\n2\n00:00:04,000 --> 00:00:05,000\nBo: yes\n\
            3\n00:00:06,000 --> 00:00:07,000\n\nCy: no\n";
        let expected =
            [(1.0, 3.0, "Ann"), (4.0, 5.0, "Bo"), (6.0, 7.0, "Cy")].map(|(a, b, name)| (a, b, name.to_owned()));
        assert_eq!(speakers(text, SubtitleFormat::Srt), expected);
        let cues = read_cues(text.as_bytes(), SubtitleFormat::Srt).unwrap();
        assert_eq!(
            (cues[0].payload.as_str(), cues[1].payload.as_str()),
            ("Ann: hi\n\nsecond --> paragraph", "Bo: yes")
        );
    }

    #[test]
    fn errors_name_the_line() {
        let (srt, vtt) = (SubtitleFormat::Srt, SubtitleFormat::Vtt);
        for (text, format, expected) in [
            ("1\n00:00:01,000 --> later\nAnn: x", srt, "line 2: \"later\" is not a time"),
            ("1\n00:00:02,000 --> 00:00:01,000\nAnn: x", srt, "line 2: a segment from 2 s to 1 s"),
            ("\n1\nDear all,\nAnn: x", srt, "line 3: not a subtitle"),
            ("1\n00:00:01,000 --> 00:00:02,000\nhello", srt, "line 1: none of 1 cues names a speaker"),
            ("1\n00:00:01,000 --> 00:00:02,000\nAnn: x", vtt, "line 1: this is not WebVTT"),
            ("WEBVTT\n\n00:01 --> 00:00\n<v Ann>x", vtt, "line 3: a segment from 1 s to 0 s"),
            ("", vtt, "line 1: this is not WebVTT"),
        ] {
            let message = read(text.as_bytes(), format, "m").unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
