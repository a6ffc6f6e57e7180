//! The formats under one roof.

use std::path::Path;

use super::{audacity, csv, eaf, json, rttm, subtitles, subtitles::SubtitleFormat, textgrid, uem};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Annotation, Segment};

/// A format of files that tell who spoke when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// NIST's Rich Transcription Time Marked lines, see [`rttm`].
    Rttm,
    /// diarist's own document, see [`json`].
    Json,
    /// A table with a header, see [`csv`].
    Csv,
    /// SubRip subtitles, see [`subtitles`].
    Srt,
    /// WebVTT subtitles, see [`subtitles`].
    Vtt,
    /// A label track of Audacity, see [`audacity`].
    Audacity,
    /// A TextGrid of Praat, see [`textgrid`].
    TextGrid,
    /// An annotation document of ELAN, see [`eaf`].
    Eaf,
    /// NIST's regions to be scored, see [`uem`]: written, but not read by [`read`], since it has no speakers.
    Uem,
}

/// What a file tells about one recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// Who spoke when.
    pub turns: Annotation,
    /// The exclusive timeline, if the file has it (JSON).
    pub exclusive: Option<Annotation>,
    /// Length of the recording in seconds, if the file tells it (JSON, TextGrid).
    pub duration_s: Option<f64>,
    /// Number of cues, labels or annotations that were left out because they have no speaker or no time.
    pub num_left_out: usize,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 9] =
        [Self::Rttm, Self::Json, Self::Csv, Self::Srt, Self::Vtt, Self::Audacity, Self::TextGrid, Self::Eaf, Self::Uem];

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rttm => "RTTM",
            Self::Json => "JSON",
            Self::Csv => "CSV",
            Self::Srt => "SRT",
            Self::Vtt => "WebVTT",
            Self::Audacity => "Audacity labels",
            Self::TextGrid => "TextGrid",
            Self::Eaf => "EAF",
            Self::Uem => "UEM",
        }
    }

    /// The usual extension of a file, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rttm => "rttm",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
            Self::Audacity => "txt",
            Self::TextGrid => "TextGrid",
            Self::Eaf => "eaf",
            Self::Uem => "uem",
        }
    }

    /// The format that the extension of `path` stands for, in capital letters or small ones.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        if extension.eq_ignore_ascii_case("jsonl") {
            return Some(Self::Json);
        }
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(extension))
    }

    /// Can one file be about several recordings?
    pub fn holds_several(self) -> bool {
        matches!(self, Self::Rttm | Self::Json | Self::Csv | Self::Uem)
    }

    /// What a file begins with, before the first recording.
    pub fn head(self) -> &'static str {
        if self == Self::Csv { csv::HEAD } else { "" }
    }
}

/// Reads a file: its recordings, each with its turns in order.
///
/// `file_id` names the recording where the format does not.
///
/// # Errors
/// [`ErrorKind::Input`] with the line's number if the file is not of the format, and for [`Format::Uem`].
pub fn read(bytes: &[u8], format: Format, file_id: &str) -> Result<Vec<Recording>> {
    Ok(match format {
        Format::Rttm => rttm::read(bytes)?.into_iter().map(Recording::from).collect(),
        Format::Json => json::read(bytes)?,
        Format::Csv => csv::read(bytes, file_id)?.into_iter().map(Recording::from).collect(),
        Format::Srt => vec![subtitles::read(bytes, SubtitleFormat::Srt, file_id)?],
        Format::Vtt => vec![subtitles::read(bytes, SubtitleFormat::Vtt, file_id)?],
        Format::Audacity => vec![audacity::read(bytes, file_id)?],
        Format::TextGrid => vec![textgrid::read(bytes, file_id)?],
        Format::Eaf => vec![eaf::read(bytes, file_id)?],
        Format::Uem => {
            return Err(Error::input("a UEM has regions, but no speakers").hint("give a file that tells who spoke"));
        }
    })
}

/// The text of a file about `recordings`.
///
/// # Errors
/// As [`render`], and [`ErrorKind::Output`] if there is not exactly one recording and the format needs that.
pub fn write(recordings: &[Recording], format: Format) -> Result<String> {
    if recordings.len() != 1 && !format.holds_several() {
        let message = format!("{} holds one recording, and here are {}", format.name(), recordings.len());
        return Err(Error::new(ErrorKind::Output, message).hint("write a file for each"));
    }
    let mut text = format.head().to_owned();
    for recording in recordings {
        text += &render(recording, format)?;
    }
    Ok(text)
}

/// `recording` in `format` without [`Format::head`]: what follows it in a file, for those that hold several one after the other.
///
/// # Errors
/// [`ErrorKind::Output`] if a name is empty or a time is no number.
pub fn render(recording: &Recording, format: Format) -> Result<String> {
    let annotation = &recording.turns;
    check(annotation)?;
    Ok(match format {
        Format::Rttm => rttm::write(&rttm::renamed(annotation))?,
        Format::Json => json::write(recording) + "\n",
        Format::Csv => csv::rows(annotation),
        Format::Srt => subtitles::write(annotation, SubtitleFormat::Srt),
        Format::Vtt => subtitles::write(annotation, SubtitleFormat::Vtt),
        Format::Audacity => audacity::write(annotation),
        Format::TextGrid => textgrid::write(annotation, recording.end_s()),
        Format::Eaf => eaf::write(annotation),
        Format::Uem => uem::line(&annotation.file_id, Segment::new(0.0, recording.end_s())),
    })
}

impl Recording {
    /// Seconds to the end: the length if it is known, or the end of the last turn if that is later.
    pub fn end_s(&self) -> f64 {
        let ends = self.turns.turns.iter().map(|turn| turn.end_s);
        ends.chain(self.duration_s).fold(0.0, f64::max)
    }
}

impl From<Annotation> for Recording {
    fn from(turns: Annotation) -> Self {
        Self { turns, ..Self::default() }
    }
}

fn check(annotation: &Annotation) -> Result<()> {
    for turn in &annotation.turns {
        let Segment { start, end } = turn.segment();
        if !start.is_finite() || !end.is_finite() || end < start {
            return Err(Error::new(ErrorKind::Output, format!("a turn from {start} s to {end} s is impossible")));
        }
        if turn.speaker.trim().is_empty() {
            return Err(Error::new(ErrorKind::Output, "a speaker has no name").hint("give every speaker a name"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_extension() {
        for format in Format::ALL {
            assert_eq!(Format::of_path(Path::new(&format!("a b.{}", format.extension()))), Some(format));
        }
        assert_eq!(Format::of_path(Path::new("x.TEXTGRID")), Some(Format::TextGrid));
        assert_eq!(Format::of_path(Path::new("x.jsonl")), Some(Format::Json));
        assert_eq!(Format::of_path(Path::new("x.mp3")), None);
        assert_eq!(Format::of_path(Path::new("srt")), None);
    }

    #[test]
    fn the_end_is_the_later_of_length_and_last_turn() {
        let mut recording = Recording::from(rttm::read(b"SPEAKER a 1 0 9 <NA> <NA> x\n").unwrap().remove(0));
        assert_eq!(recording.end_s(), 9.0);
        recording.duration_s = Some(12.0);
        assert_eq!(recording.end_s(), 12.0);
        recording.duration_s = Some(3.0);
        assert_eq!(recording.end_s(), 9.0);
        assert_eq!(Recording::default().end_s(), 0.0);
    }
}
