//! Reads subtitles as transcripts: SubRip, WebVTT and TTML.

use super::pieces::{cut, merged};
use super::times::{Draft, Piece, Times};
use crate::error::Result;
use crate::formats::parse_clock;
use crate::formats::subtitles::{SubtitleFormat, plain, read_cues, unescaped};
use crate::timeline::Segment;

/// Captions roll on if they follow each other within this many seconds.
const ROLL_S: f64 = 1.0;
/// Captions of a file roll if at least one in this many repeats lines and has a new one.
const ROLLING: usize = 4;

/// A subtitle with readable times.
struct Caption {
    time: Segment,
    /// Lines with a text, with and without markup.
    lines: Vec<(String, String)>,
}

/// The subtitles in `text`, each of them a segment, and the number of those without readable times.
pub(super) fn subtitles(text: &str, format: SubtitleFormat) -> Result<(Draft, usize)> {
    let mut draft = Draft::default();
    let mut num_left_out = 0;
    let mut captions: Vec<Caption> = Vec::new();
    for cue in read_cues(text.as_bytes(), format)? {
        let Ok(Segment { start, end }) = cue.time else {
            num_left_out += 1;
            continue;
        };
        let line = |line: &str| (line.to_owned(), unescaped(&plain(line)));
        let mut lines: Vec<(String, String)> = marked_lines(&cue.payload).iter().map(|text| line(text)).collect();
        lines.retain(|(_, text)| !text.trim().is_empty());
        captions.push(Caption { time: Segment { start, end }, lines });
    }
    let repeated = repeated(&captions);
    for (caption, num_repeated) in captions.iter().zip(repeated) {
        let Segment { start, end } = caption.time;
        let segment = draft.segments.len();
        let said = &caption.lines[num_repeated..];
        if format == SubtitleFormat::Vtt && said.iter().any(|(marked, _)| stamp(marked).is_some()) {
            let starts = std::iter::once(Some(start)).chain(std::iter::repeat(None));
            let pieces = said.iter().zip(starts).flat_map(|((marked, _), start)| timed(marked, start, segment));
            draft.pieces.extend(pieces);
            draft.segments.push(Times::new(Some(start), Some(end)));
        } else if !said.is_empty() {
            let said: Vec<&str> = said.iter().map(|(_, text)| text.as_str()).collect();
            push(&mut draft, &said.join("\n"), Times::new(Some(start), Some(end)));
        }
    }
    Ok((draft, num_left_out))
}

/// The lines of a subtitle; one line if a tag goes on in the next.
fn marked_lines(payload: &str) -> Vec<String> {
    let is_whole = |line: &str| line.matches('<').count() == line.matches('>').count();
    if payload.lines().all(is_whole) {
        payload.lines().map(str::to_owned).collect()
    } else {
        vec![payload.replace('\n', " ")]
    }
}

/// For each caption, the number of its first lines that the one before has shown. YouTube's
/// captions roll: each shows the line before once more, and then a new one.
fn repeated(captions: &[Caption]) -> Vec<usize> {
    let num_common = |before: &Caption, caption: &Caption| {
        let texts = |caption: &'_ Caption| -> Vec<String> {
            caption.lines.iter().map(|(_, text)| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        let (old, new) = (texts(before), texts(caption));
        let is_near = (caption.time.start - before.time.end).abs() <= ROLL_S;
        let most = old.len().min(new.len());
        (1..=most).rev().find(|&num| is_near && old[old.len() - num..] == new[..num]).unwrap_or(0)
    };
    let nums = std::iter::once(0).chain(captions.windows(2).map(|pair| num_common(&pair[0], &pair[1])));
    let nums: Vec<usize> = nums.take(captions.len()).collect();
    let rolls = captions.iter().zip(&nums).filter(|&(caption, &num)| num > 0 && num < caption.lines.len()).count();
    if rolls * ROLLING >= captions.len() { nums } else { vec![0; captions.len()] }
}

/// The first time stamp within a line (`<00:00:01.500>`), with the text before and behind it.
fn stamp(line: &str) -> Option<(&str, f64, &str)> {
    line.match_indices('<').find_map(|(at, _)| {
        let (inside, behind) = line[at + 1..].split_once('>')?;
        Some((&line[..at], parse_clock(inside).filter(|_| inside.contains(':'))?, behind))
    })
}

/// The words of a line with time stamps: each stamp is the start of the word behind it, and `start`
/// that of the first word.
fn timed(line: &str, mut start: Option<f64>, segment: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = line;
    loop {
        let found = stamp(rest);
        let said = unescaped(&plain(found.map_or(rest, |(before, ..)| before)));
        let blank = if pieces.is_empty() { " " } else { "" };
        let mut words = cut(&format!("{blank}{said}"), segment);
        if let Some(first) = words.first_mut() {
            first.times.start = start;
        }
        pieces.extend(words);
        let Some((_, time, behind)) = found else { return merged(pieces) };
        (start, rest) = (Some(time), behind);
    }
}

fn push(draft: &mut Draft, said: &str, times: Times) {
    draft.pieces.extend(cut(&format!(" {said}"), draft.segments.len()));
    draft.segments.push(times);
}

#[cfg(not(feature = "annotation-formats"))]
pub(super) fn ttml(_: &str) -> Result<Draft> {
    Err(crate::Error::input("TTML needs a build with the feature annotation-formats").hint("give SRT or WebVTT"))
}

#[cfg(feature = "annotation-formats")]
pub(super) use ttml::read as ttml;

#[cfg(feature = "annotation-formats")]
mod ttml {
    //! Source: W3C, "Timed Text Markup Language 2 (TTML2)", sections 10.3 and 12.3.

    use quick_xml::events::{BytesStart, Event};
    use quick_xml::{Reader, XmlVersion};

    use super::super::times::{Draft, Times};
    use super::push;
    use crate::error::{Error, Result};

    /// Units of a time without hours, minutes and seconds.
    #[derive(Clone, Copy)]
    struct Rates {
        frames: f64,
        ticks: f64,
    }

    /// A paragraph on the way.
    struct Paragraph {
        times: Times,
        said: String,
    }

    /// The paragraphs in `text`, each of them a segment.
    pub(in super::super) fn read(text: &str) -> Result<Draft> {
        let fault = |message: &str| Error::input(message).hint("give a whole document of timed text");
        let mut reader = Reader::from_str(text);
        let mut rates = Rates { frames: 30.0, ticks: 1.0 };
        let mut draft = Draft::default();
        let mut paragraph: Option<Paragraph> = None;
        // Starts of the open elements: a time counts from the start of the element around it.
        let mut starts = vec![0.0];
        let mut is_ttml = false;
        // Number of open elements within metadata, whose text is not shown.
        let mut num_hidden = 0;
        loop {
            let event = reader.read_event().map_err(|error| fault("the transcript is broken XML").caused_by(error))?;
            let is_empty = matches!(event, Event::Empty(_));
            match event {
                Event::Start(element) | Event::Empty(element) => {
                    let attribute = |name: &str| attribute(&element, name);
                    let outer = starts.last().copied().unwrap_or_default();
                    match element.local_name().as_ref() {
                        "tt" => {
                            is_ttml = true;
                            let rate =
                                |name| attribute(name).and_then(|text| text.parse().ok()).filter(|rate| *rate > 0.0);
                            rates.frames = rate("frameRate").unwrap_or(rates.frames);
                            rates.ticks = rate("tickRate").unwrap_or(rates.ticks);
                        }
                        "br" => paragraph.iter_mut().for_each(|paragraph| paragraph.said.push('\n')),
                        _ => {}
                    }
                    let time = |name: &str| attribute(name).and_then(|text| rates.seconds(&text));
                    let start = time("begin").map(|begin| outer + begin);
                    if element.local_name().as_ref() == "p" && !is_empty {
                        let length = time("dur").map(|dur| start.unwrap_or(outer) + dur);
                        let end = time("end").map(|end| outer + end).or(length);
                        paragraph = Some(Paragraph { times: Times::new(start, end), said: String::new() });
                    }
                    if !is_empty && (num_hidden > 0 || element.local_name().as_ref() == "metadata") {
                        num_hidden += 1;
                    }
                    if !is_empty {
                        starts.push(start.unwrap_or(outer));
                    }
                }
                Event::End(element) => {
                    starts.pop();
                    num_hidden = usize::saturating_sub(num_hidden, 1);
                    if element.local_name().as_ref() == "p"
                        && let Some(Paragraph { times, said }) = paragraph.take()
                    {
                        push(&mut draft, &said, times);
                    }
                }
                Event::Text(said) if num_hidden == 0 => {
                    if let Some(paragraph) = &mut paragraph {
                        paragraph.said.push_str(&said);
                    }
                }
                Event::CData(said) if num_hidden == 0 => {
                    if let Some(paragraph) = &mut paragraph {
                        paragraph.said.push_str(&said);
                    }
                }
                Event::GeneralRef(reference) if num_hidden == 0 => {
                    if let Some(paragraph) = &mut paragraph {
                        paragraph.said.push_str(&character(&reference));
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if is_ttml { Ok(draft) } else { Err(fault("the transcript is XML, but no TTML, whose root is tt")) }
    }

    /// The character that a reference such as `amp` or `#8212` stands for.
    fn character(reference: &str) -> String {
        quick_xml::escape::unescape(&format!("&{reference};")).map_or_else(|_| " ".to_owned(), |text| text.into_owned())
    }

    /// The attribute whose name without a prefix is `name`.
    fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
        let mut attributes = element.attributes().filter_map(std::result::Result::ok);
        let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
        Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.trim().to_owned())
    }

    impl Rates {
        /// A time expression: `hh:mm:ss`, with a fraction or frames, or a number with its unit.
        fn seconds(self, text: &str) -> Option<f64> {
            if let [hours, minutes, seconds, frames @ ..] = &text.split(':').collect::<Vec<_>>()[..] {
                let number = |text: &str| text.parse::<f64>().ok();
                let frames = frames.first().map_or(Some(0.0), |frames| number(frames))?;
                return Some(
                    number(hours)? * 3600.0 + number(minutes)? * 60.0 + number(seconds)? + frames / self.frames,
                );
            }
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let unit_s = match &text[digits.len()..] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "f" => 1.0 / self.frames,
                "t" => 1.0 / self.ticks,
                _ => return None,
            };
            Some(digits.parse::<f64>().ok()? * unit_s)
        }
    }
}
