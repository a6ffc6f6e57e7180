//! Reads subtitles as transcripts: SubRip, WebVTT and TTML.

use super::pieces::cut;
use super::times::{Draft, Times};
use crate::error::Result;
use crate::formats::subtitles::{SubtitleFormat, plain, read_cues, unescaped};
use crate::timeline::Segment;

/// The subtitles in `text`, each of them a segment, and the number of those without readable times.
pub(super) fn subtitles(text: &str, format: SubtitleFormat) -> Result<(Draft, usize)> {
    let mut draft = Draft::default();
    let mut num_left_out = 0;
    for cue in read_cues(text.as_bytes(), format)? {
        let Ok(Segment { start, end }) = cue.time else {
            num_left_out += 1;
            continue;
        };
        let payload = plain(&cue.payload);
        let said = if format == SubtitleFormat::Vtt { unescaped(&payload) } else { payload };
        push(&mut draft, &said, Times::new(Some(start), Some(end)));
    }
    Ok((draft, num_left_out))
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
                    if !is_empty {
                        starts.push(start.unwrap_or(outer));
                    }
                }
                Event::End(element) => {
                    starts.pop();
                    if element.local_name().as_ref() == "p"
                        && let Some(Paragraph { times, said }) = paragraph.take()
                    {
                        push(&mut draft, &said, times);
                    }
                }
                Event::Text(said) => {
                    if let Some(paragraph) = &mut paragraph {
                        paragraph.said.push_str(&said);
                    }
                }
                Event::CData(said) => {
                    if let Some(paragraph) = &mut paragraph {
                        paragraph.said.push_str(&said);
                    }
                }
                Event::GeneralRef(reference) => {
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
