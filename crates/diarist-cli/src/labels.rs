//! Turns in files of any format, as references, hypotheses and results of other commands.

use std::path::{Path, PathBuf};

use diarist::Result;
use diarist::parts::formats::Labels;

use crate::results::{self, ResultFormat};

/// The formats that are looked for in a folder, the first before the others: a folder of references
/// often holds transcripts and notes as well.
const IN_FOLDERS: [ResultFormat; 8] = [
    ResultFormat::Rttm,
    ResultFormat::TextGrid,
    ResultFormat::Eaf,
    ResultFormat::Json,
    ResultFormat::Csv,
    ResultFormat::Vtt,
    ResultFormat::Srt,
    ResultFormat::Audacity,
];

/// The extensions of these formats, for messages.
pub(crate) const EXTENSIONS: &str = "looked for .rttm .TextGrid .eaf .json .jsonl .csv .vtt .srt .txt .lab";

/// The recordings in the file at `path`, or on stdin if that is `-`: at least one. The extension
/// decides on the format, or the contents where it does not.
pub(crate) fn read(path: &Path) -> Result<Vec<Labels>> {
    let bytes = results::bytes(path)?;
    results::parse(&bytes, format(&bytes, path), path)
}

/// Sentences about parts of the file at `path` that are not in `recordings`.
pub(crate) fn losses(recordings: &[Labels], path: &Path) -> Vec<String> {
    let name = results::name(path);
    let mut losses = Vec::new();
    let num_left_out: usize = recordings.iter().map(|recording| recording.num_left_out).sum();
    if num_left_out > 0 {
        losses.push(format!("{name}: {num_left_out} without a speaker or a time left out"));
    }
    let mut lines = recordings.iter().flat_map(|recording| &recording.unreadable_lines);
    if let Some(first) = lines.next() {
        let num = 1 + lines.count();
        let subject = if num == 1 {
            "1 cue whose times cannot be read is"
        } else {
            &format!("{num} cues whose times cannot be read are")
        };
        losses.push(format!("{name}: {subject} left out, the first in line {first}"));
    }
    losses
}

/// Those of `files` that have the first of [`IN_FOLDERS`] that any of them has.
pub(crate) fn of_one_format(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let has = |path: &Path, format: ResultFormat| ResultFormat::of_path(path) == Some(format);
    match IN_FOLDERS.into_iter().find(|format| files.iter().any(|path| has(path, *format))) {
        Some(format) => files.into_iter().filter(|path| has(path, format)).collect(),
        None => Vec::new(),
    }
}

fn format(bytes: &[u8], path: &Path) -> ResultFormat {
    let by_extension = ResultFormat::of_path(path);
    let is_open = matches!(by_extension, None | Some(ResultFormat::Rttm | ResultFormat::Json | ResultFormat::Audacity));
    if let Some(format) = by_extension.filter(|_| !is_open) {
        return format;
    }
    // Files of these extensions hold anything, and files without an extension do.
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let text = beginning.trim_start_matches('\u{feff}').trim_start();
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with([';', '#']));
    let is_rttm = first.is_some_and(|line| {
        line.split_whitespace().next().is_some_and(|kind| ["SPEAKER", "SPKR-INFO"].contains(&kind))
    });
    match by_extension {
        _ if text.starts_with('{') => ResultFormat::Json,
        _ if is_rttm => ResultFormat::Rttm,
        None if text.starts_with("WEBVTT") => ResultFormat::Vtt,
        Some(ResultFormat::Audacity) if first.is_some() => ResultFormat::Audacity,
        _ => ResultFormat::Rttm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_decide_where_the_extension_does_not() {
        let of = |text: &str, name: &str| format(text.as_bytes(), Path::new(name));
        let rttm = ";; by hand\nSPEAKER a 1 0 1 <NA> <NA> x\n";
        for name in ["a.rttm", "a.txt", "a", "-", "a.ref", "a.json"] {
            assert_eq!(of(rttm, name), ResultFormat::Rttm, "{name}");
            assert_eq!(of("\u{feff} {\"file_id\": 1", name), ResultFormat::Json, "{name}");
        }
        assert_eq!(of("0.5\t1\tAnn\n", "a.txt"), ResultFormat::Audacity);
        assert_eq!(of("", "a.txt"), ResultFormat::Rttm);
        assert_eq!(of("WEBVTT\n", "-"), ResultFormat::Vtt);
        assert_eq!(of(rttm, "a.srt"), ResultFormat::Srt);
    }

    #[test]
    fn a_folder_has_one_format() {
        let of = |names: &[&str]| of_one_format(names.iter().map(PathBuf::from).collect());
        assert_eq!(of(&["a.txt", "b.rttm", "c.wav", "d.TextGrid"]), [PathBuf::from("b.rttm")]);
        assert_eq!(of(&["a.json", "b.EAF", "c.eaf"]), [PathBuf::from("b.EAF"), PathBuf::from("c.eaf")]);
        assert_eq!(of(&["a.wav", "b.html", "c.uem"]), Vec::<PathBuf>::new());
    }
}
