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

use std::fmt::Write as _;

use super::fields::{error_at, segment};
use super::labels::Labels;
use super::text::{clock, decode, milliseconds, not_a, one_line, parse_clock, sort};
use crate::error::Result;
use crate::timeline::{Annotation, Segment, Turn};

/// Longest label before a colon in characters. A longer beginning counts as text.
const MAX_LABEL_CHARS: usize = 60;

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

fn unescaped(text: &str) -> String {
    let references = [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u{a0}"), ("&lrm;", ""), ("&rlm;", ""), ("&amp;", "&")];
    references.iter().fold(text.to_owned(), |text, (reference, c)| text.replace(reference, c))
}

/// `annotation` as subtitles: `[Name]` in SubRip, `<v Name>Name</v>` in WebVTT.
///
/// Line breaks in names become blanks. SubRip cannot escape square brackets, so they become round
/// ones there.
pub fn write(annotation: &Annotation, format: SubtitleFormat) -> String {
    let payload = |speaker: &str| match format {
        SubtitleFormat::Srt => format!("[{}]", one_line(speaker).replace('[', "(").replace(']', ")")),
        SubtitleFormat::Vtt => format!("{}{}</v>", voice(speaker), escaped(&one_line(speaker))),
    };
    cues(annotation.turns.iter().map(|turn| (turn.segment(), payload(&turn.speaker))), format)
}

/// Reads subtitles with speakers. The speaker of a cue is `[Name]` or `Name:` at the start of its
/// text. In WebVTT, `<v Name>` comes before both.
///
/// Cues without a speaker are counted as left out.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if a line cannot be read, or if no cue has a
/// speaker.
pub fn read(bytes: &[u8], format: SubtitleFormat, file_id: &str) -> Result<Labels> {
    let text = decode(bytes)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut recording = Labels::from(Annotation { file_id: file_id.to_owned(), turns: Vec::new() });
    let mut blocks = blocks(&text).into_iter();
    if format == SubtitleFormat::Vtt && !blocks.next().is_some_and(|(_, lines)| lines[0].starts_with("WEBVTT")) {
        return Err(not_a("WebVTT, whose first line is WEBVTT"));
    }
    for (number, lines) in blocks {
        // A line with a number or a name may stand before the line of times.
        let Some(at) = lines.iter().take(2).position(|line| line.contains("-->")) else {
            if format == SubtitleFormat::Vtt {
                continue;
            }
            return Err(error_at(number, "not a subtitle")
                .hint("a subtitle is a number, a line of times (00:00:01,000 --> 00:00:02,500), and text"));
        };
        let time = times(number + at, lines[at])?;
        let payload = lines[at + 1..].join("\n");
        let speakers = match format {
            SubtitleFormat::Srt => Vec::from_iter(label(&payload)),
            SubtitleFormat::Vtt => voices(&payload),
        };
        recording.num_left_out += usize::from(speakers.is_empty());
        recording.turns.turns.extend(speakers.into_iter().map(|speaker| Turn::over(time, speaker)));
    }
    if recording.turns.turns.is_empty() && recording.num_left_out > 0 {
        let hint = match format {
            SubtitleFormat::Srt => "write it as [Name] or Name: at the start of the text",
            SubtitleFormat::Vtt => "write it as <v Name>, or as Name: at the start of the text",
        };
        return Err(error_at(1, format!("none of {} cues names a speaker", recording.num_left_out)).hint(hint));
    }
    sort(&mut recording.turns.turns);
    Ok(recording)
}

/// Runs of lines that are not blank, with the number of their first line.
fn blocks(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut blocks: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.split('\n').enumerate() {
        let is_blank = line.trim().is_empty();
        match blocks.last_mut().filter(|_| goes_on) {
            _ if is_blank => {}
            Some((_, lines)) => lines.push(line),
            None => blocks.push((index + 1, vec![line])),
        }
        goes_on = !is_blank;
    }
    blocks
}

/// Reads `start --> end`. In WebVTT, settings may follow.
fn times(number: usize, line: &str) -> Result<Segment> {
    let (start, rest) = line.split_once("-->").unwrap_or((line, ""));
    let end = rest.split_whitespace().next().unwrap_or_default();
    let parse = |text: &str| {
        parse_clock(text.trim()).ok_or_else(|| {
            error_at(number, format!("{:?} is not a time", text.trim())).hint("a time is written as 00:00:01,000")
        })
    };
    segment(number, parse(start)?, parse(end)?)
}

/// The speakers of a WebVTT cue.
fn voices(payload: &str) -> Vec<String> {
    let mut speakers: Vec<String> = Vec::new();
    for tag in payload.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else { continue };
        // The classes of a voice stand between the name of the tag and the first blank.
        let Some((name, speaker)) = tag.split_once(char::is_whitespace) else { continue };
        let speaker = unescaped(speaker.trim());
        if (name == "v" || name.starts_with("v.")) && !speaker.is_empty() && !speakers.contains(&speaker) {
            speakers.push(speaker);
        }
    }
    if speakers.is_empty() {
        let plain: String = payload.split('<').enumerate().fold(String::new(), |plain, (index, part)| {
            plain + if index == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) }
        });
        speakers.extend(label(&unescaped(&plain)));
    }
    speakers
}

/// The speaker before the text of a cue: `[Name]` or `Name:`.
fn label(payload: &str) -> Option<String> {
    let line = payload.lines().next()?.trim();
    let name = match line.strip_prefix('[') {
        Some(rest) => Some(rest.split_once(']')?.0),
        None => line.split_once(": ").map(|(name, _)| name).or_else(|| line.strip_suffix(':')),
    };
    let is_label = |name: &&str| !name.is_empty() && (line.starts_with('[') || name.chars().count() <= MAX_LABEL_CHARS);
    name.map(str::trim).filter(is_label).map(str::to_owned)
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
    fn errors_name_the_line() {
        let (srt, vtt) = (SubtitleFormat::Srt, SubtitleFormat::Vtt);
        for (text, format, expected) in [
            ("1\n00:00:01,000 --> later\nAnn: x", srt, "line 2: \"later\" is not a time"),
            ("1\n00:00:02,000 --> 00:00:01,000\nAnn: x", srt, "line 2: a segment from 2 s to 1 s"),
            ("\n1\n00:00:01,000 -> 00:00:02,000\nAnn: x", srt, "line 2: not a subtitle"),
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
