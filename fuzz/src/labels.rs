//! Files that hold turns.

use std::collections::BTreeSet;
use std::slice;

use diarist::parts::formats::{self, Format, Labels, json as documents, rttm::field, uem as regions};
use diarist::parts::timeline::Segment;

/// Name of the recording where a file has none.
const FILE_ID: &str = "recording";
/// Times up to this many seconds, three years, are read back by every format. Subtitles have no
/// form for much larger ones.
const LARGEST_S: f64 = 1e8;

/// RTTM.
pub fn rttm(bytes: &[u8]) {
    labels(bytes, Format::Rttm);
}

/// CSV.
pub fn csv(bytes: &[u8]) {
    labels(bytes, Format::Csv);
}

/// SubRip subtitles.
pub fn srt(bytes: &[u8]) {
    labels(bytes, Format::Srt);
}

/// WebVTT subtitles.
pub fn vtt(bytes: &[u8]) {
    labels(bytes, Format::Vtt);
}

/// Label tracks of Audacity.
pub fn audacity(bytes: &[u8]) {
    labels(bytes, Format::Audacity);
}

/// TextGrids of Praat.
pub fn textgrid(bytes: &[u8]) {
    labels(bytes, Format::TextGrid);
}

/// Annotation documents of ELAN.
pub fn eaf(bytes: &[u8]) {
    labels(bytes, Format::Eaf);
}

/// The JSON document: its turns, and the whole of it.
pub fn json(bytes: &[u8]) {
    labels(bytes, Format::Json);
    if let Ok(document) = serde_json::from_slice::<documents::Document>(bytes) {
        serde_json::from_str::<documents::Document>(&document.to_line()).expect("a written document can be read");
    }
}

/// UEM. The written regions can be read, and are of the same recordings.
pub fn uem(bytes: &[u8]) {
    let Ok(uem) = regions::read(bytes) else { return };
    // A name may begin with a byte-order mark, which is left out at the beginning of a file.
    let mut text = String::from("\n");
    for (file_id, segments) in &uem {
        for &segment in segments {
            text += &regions::line(file_id, segment);
        }
    }
    let again = regions::read(text.as_bytes()).expect("written regions can be read");
    let expected: BTreeSet<String> = uem.keys().map(|file_id| field(file_id)).collect();
    assert!(again.keys().eq(&expected), "{expected:?} became {:?}", again.keys());
}

/// Reads the labels in `bytes` and writes each recording in all formats. If its times are of a
/// usual size, the text can be read again.
fn labels(bytes: &[u8], format: Format) {
    let Ok(recordings) = formats::read(bytes, format, FILE_ID) else { return };
    for recording in &recordings {
        for format in Format::ALL {
            if let Ok(text) = formats::write(slice::from_ref(recording), format)
                && is_usual(recording)
            {
                check(&text, format, recording);
            }
        }
    }
}

fn is_usual(recording: &Labels) -> bool {
    let exclusive = recording.exclusive.iter().flat_map(|exclusive| &exclusive.turns);
    let mut times = recording.turns.turns.iter().chain(exclusive).flat_map(|turn| [turn.start_s, turn.end_s]);
    times.all(|time| time.abs() <= LARGEST_S)
}

/// Reads `text`, which is `recording` in `format`.
fn check(text: &str, format: Format, recording: &Labels) {
    if format == Format::Uem {
        let Segment { start, end } = Segment::new(0.0, recording.end_s());
        let line = regions::line(FILE_ID, Segment::new(start, end));
        regions::read(line.as_bytes()).expect("a written region can be read");
        return;
    }
    let again = match formats::read(text.as_bytes(), format, FILE_ID) {
        Ok(again) => again,
        Err(error) => panic!("{} that was written cannot be read: {error}\n{text:?}", format.name()),
    };
    // The other formats join turns of one speaker that overlap.
    if matches!(format, Format::Rttm | Format::Json | Format::Csv | Format::Audacity | Format::Srt | Format::Vtt) {
        let num_turns: usize = again.iter().map(|recording| recording.turns.turns.len()).sum();
        assert_eq!(num_turns, recording.turns.turns.len(), "turns in {}: {text:?}", format.name());
    }
}
