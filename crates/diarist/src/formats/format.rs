//! One type and one set of functions for all formats.

use std::collections::HashMap;
use std::path::Path;

use super::fields::MAX_S;
use super::labels::Labels;
use super::subtitles::SubtitleFormat;
use super::text::one_line;
use super::tiers::Tiers;
use super::{audacity, csv, eaf, json, rttm, subtitles, textgrid, uem};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Annotation, Segment};

/// A format of files with turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// NIST's Rich Transcription Time Marked lines, see [`rttm`].
    Rttm,
    /// The JSON document of diarist, see [`json`].
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
    /// NIST's regions to be scored, see [`uem`]. [`write()`] writes it, but [`read`] does not read
    /// it, because it has no speakers.
    Uem,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 9] =
        [Self::Rttm, Self::Json, Self::Csv, Self::Srt, Self::Vtt, Self::Audacity, Self::TextGrid, Self::Eaf, Self::Uem];

    /// The name for people to read.
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

    /// The format for the extension of `path`, in upper or lower case; also `.jsonl`, and `.lab`
    /// for labels.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        if extension.eq_ignore_ascii_case("jsonl") {
            return Some(Self::Json);
        }
        if extension.eq_ignore_ascii_case("lab") {
            return Some(Self::Audacity);
        }
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(extension))
    }

    /// Whether a file can hold several recordings.
    pub fn holds_several(self) -> bool {
        matches!(self, Self::Rttm | Self::Json | Self::Csv | Self::Uem)
    }

    /// The text at the start of a file, before the first recording.
    pub fn head(self) -> &'static str {
        if self == Self::Csv { csv::HEAD } else { "" }
    }
}

/// Reads a file: its recordings, each with its turns in order.
///
/// `file_id` is the name of the recording if the file has none.
///
/// # Errors
/// [`ErrorKind::Input`] with the line's number if the file does not have the format, and for
/// [`Format::Uem`].
pub fn read(bytes: &[u8], format: Format, file_id: &str) -> Result<Vec<Labels>> {
    Ok(match format {
        Format::Rttm => rttm::read(bytes)?.into_iter().map(Labels::from).collect(),
        Format::Json => {
            let mut recordings = json::read(bytes)?;
            let nameless = recordings.iter_mut().filter(|recording| recording.turns.file_id.is_empty());
            nameless.for_each(|recording| file_id.clone_into(&mut recording.turns.file_id));
            recordings
        }
        Format::Csv => csv::read_readable(bytes, file_id)?,
        Format::Srt => vec![subtitles::read(bytes, SubtitleFormat::Srt, file_id)?],
        Format::Vtt => vec![subtitles::read(bytes, SubtitleFormat::Vtt, file_id)?],
        Format::Audacity => vec![audacity::read(bytes, file_id)?],
        Format::TextGrid => vec![textgrid::read(bytes, file_id)?],
        Format::Eaf => vec![eaf::read(bytes, file_id)?],
        Format::Uem => {
            return Err(Error::input("a UEM has regions, but no speakers").hint("choose a format with speakers"));
        }
    })
}

/// Reads only the tiers with the names `tiers` of a TextGrid or an ELAN document; in the latter,
/// they may depend on other tiers, and the name may be that of the participant.
///
/// # Errors
/// As [`read`]; [`ErrorKind::Input`] if there is no such tier, and [`ErrorKind::InvalidOption`] if
/// the format has no tiers.
pub fn read_tiers(bytes: &[u8], format: Format, file_id: &str, tiers: &[String]) -> Result<Labels> {
    let mut tiers = Tiers::named(tiers);
    let labels = match format {
        Format::TextGrid => textgrid::read_tiers(bytes, file_id, &mut tiers)?,
        Format::Eaf => eaf::read_tiers(bytes, file_id, &mut tiers)?,
        _ => {
            return Err(Error::invalid_option(format!("{} has no tiers to choose", format.name()))
                .hint("choose tiers of a TextGrid or an EAF"));
        }
    };
    tiers.check()?;
    Ok(labels)
}

/// The text of a file with `recordings`.
///
/// # Errors
/// As [`render`], and [`ErrorKind::Output`] if there is not exactly one recording and the format
/// needs exactly one.
pub fn write(recordings: &[Labels], format: Format) -> Result<String> {
    if recordings.len() != 1 && !format.holds_several() {
        let message = format!("{} holds one recording, and here are {}", format.name(), recordings.len());
        return Err(Error::new(ErrorKind::Output, message).hint("write one file for each recording"));
    }
    let mut text = format.head().to_owned();
    // Names that differ only by blanks must stay apart where blanks are replaced.
    let has_fields = matches!(format, Format::Rttm | Format::Uem);
    let ids = recordings.iter().map(|recording| recording.turns.file_id.as_str());
    let fields = if has_fields { rttm::fields(ids) } else { HashMap::new() };
    for recording in recordings {
        text += &match fields.get(recording.turns.file_id.as_str()) {
            Some(field) if *field != recording.turns.file_id => {
                let mut recording = recording.clone();
                recording.turns.file_id.clone_from(field);
                render(&recording, format)?
            }
            _ => render(recording, format)?,
        };
    }
    Ok(text)
}

/// `recording` in `format` without [`Format::head`]. A file with several recordings holds these
/// texts one after the other.
///
/// # Errors
/// [`ErrorKind::Output`] if a name is empty, or if a turn ends before it starts, or is outside any
/// recording; for [`Format::Uem`] also if the length of the recording is not known, or 0.
pub fn render(recording: &Labels, format: Format) -> Result<String> {
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
        Format::Uem => uem::line(&annotation.file_id, extent(recording.end_s())?),
    })
}

/// The whole of a recording that ends at `end_s`, unless a UEM with it could not be read.
fn extent(end_s: f64) -> Result<Segment> {
    // Half a millisecond is written as nothing.
    if !(0.001..=MAX_S).contains(&end_s) {
        let message = format!("a UEM needs the length of the recording, and {end_s} s is none");
        return Err(Error::new(ErrorKind::Output, message).hint("choose another format"));
    }
    Ok(Segment::new(0.0, end_s))
}

fn check(annotation: &Annotation) -> Result<()> {
    for turn in &annotation.turns {
        let Segment { start, end } = turn.segment();
        // NaN is not in any range.
        if end < start || ![start, end].iter().all(|time| (0.0..=MAX_S).contains(time)) {
            return Err(Error::new(ErrorKind::Output, format!("a turn from {start} s to {end} s is impossible")));
        }
        // Most formats have blanks in place of control characters.
        if one_line(&turn.speaker).trim().is_empty() {
            return Err(Error::new(ErrorKind::Output, "a speaker has no name").hint("give every speaker a name"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Turn;

    #[test]
    fn a_recording_without_length_has_no_extent() {
        assert_eq!(extent(2.5).unwrap(), Segment::new(0.0, 2.5));
        for end_s in [0.0, 1e-4, -1.0, 1e300, f64::NAN] {
            assert_eq!(extent(end_s).unwrap_err().kind(), ErrorKind::Output, "{end_s}");
        }
    }

    #[test]
    fn a_speaker_may_have_the_name_of_a_sound() {
        for format in [Format::Srt, Format::Vtt] {
            let turns = vec![Turn::new(0.0, 1.0, "Music"), Turn::new(1.0, 2.0, "Ann")];
            let recording = Labels::from(Annotation { file_id: "a".to_owned(), turns });
            let text = write(std::slice::from_ref(&recording), format).unwrap();
            assert_eq!(read(text.as_bytes(), format, "a").unwrap(), [recording], "{text}");
        }
    }

    #[test]
    fn turns_outside_any_recording_are_not_written() {
        for (start, end) in [(-1.0, 2.0), (0.0, 1e300), (2.0, 1.0), (f64::NAN, 1.0)] {
            let turns = vec![Turn::new(start, end, "Ann")];
            let recording = Labels::from(Annotation { file_id: "a".to_owned(), turns });
            assert_eq!(render(&recording, Format::Rttm).unwrap_err().kind(), ErrorKind::Output, "{start} {end}");
        }
    }

    #[test]
    fn recordings_whose_names_differ_by_blanks_stay_apart() {
        let table = b"file_id,start,end,speaker\nmy talk,0,2,A\nmy_talk,3,4,A\n";
        let recordings = read(table, Format::Csv, "").unwrap();
        let rttm = write(&recordings, Format::Rttm).unwrap();
        let ids: Vec<String> =
            read(rttm.as_bytes(), Format::Rttm, "").unwrap().into_iter().map(|labels| labels.turns.file_id).collect();
        assert_eq!(ids, ["my_talk_2", "my_talk"]);
        let uem = write(&recordings, Format::Uem).unwrap();
        assert_eq!(uem, "my_talk_2 1 0.000 2.000\nmy_talk 1 0.000 4.000\n");
    }

    #[test]
    fn formats_are_recognised_by_extension() {
        for format in Format::ALL {
            assert_eq!(Format::of_path(Path::new(&format!("a b.{}", format.extension()))), Some(format));
        }
        assert_eq!(Format::of_path(Path::new("x.TEXTGRID")), Some(Format::TextGrid));
        assert_eq!(Format::of_path(Path::new("x.jsonl")), Some(Format::Json));
        assert_eq!(Format::of_path(Path::new("x.mp3")), None);
        assert_eq!(Format::of_path(Path::new("srt")), None);
    }
}
