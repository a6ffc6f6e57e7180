//! Files with turns.

use diarist::parts::formats::subtitles::{self, SubtitleFormat};
use diarist::parts::formats::{json, rttm, textgrid};

use crate::fault::DiaristError;

/// A format of files with turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FileFormat {
    /// Rich Transcription Time Marked, a line for each turn.
    Rttm,
    /// Subtitles for most players.
    Srt,
    /// Subtitles for browsers.
    WebVtt,
    /// Tiers for Praat.
    TextGrid,
}

/// The text of a file in `format` with the turns of a result, which `json` holds. Known people have
/// their names in place of labels.
#[uniffi::export]
pub fn convert(json: &str, format: FileFormat) -> Result<String, DiaristError> {
    let texts = json::read(json.as_bytes())?.into_iter().map(|recording| {
        let turns = &recording.turns;
        Ok(match format {
            FileFormat::Rttm => rttm::write(&rttm::renamed(turns))?,
            FileFormat::Srt => subtitles::write(turns, SubtitleFormat::Srt),
            FileFormat::WebVtt => subtitles::write(turns, SubtitleFormat::Vtt),
            FileFormat::TextGrid => textgrid::write(turns, recording.end_s()),
        })
    });
    texts.collect()
}
