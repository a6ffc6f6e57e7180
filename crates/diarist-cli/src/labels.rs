//! Turns in files of any format, as references, hypotheses and results of other commands.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use diarist::parts::analysis::saved;
use diarist::parts::formats::{self, Labels, rttm};
use diarist::{Error, Result};

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
/// decides on the format, or the contents where it does not. A saved analysis gives its turns.
pub(crate) fn read(path: &Path) -> Result<Vec<Labels>> {
    let bytes = results::bytes(path)?;
    if saved::is_saved(&bytes) {
        return Ok(vec![results::of_analysis(&bytes).map_err(|error| error.at(results::name(path)))?]);
    }
    results::parse(&bytes, format(&bytes, path), path)
}

/// As [`read`], but only `tiers` of a file that has tiers, unless there are none.
pub(crate) fn read_tiers(path: &Path, tiers: &[String]) -> Result<Vec<Labels>> {
    let format = ResultFormat::of_path(path).filter(|_| has_tiers(path)).and_then(ResultFormat::in_library);
    match format {
        Some(format) if !tiers.is_empty() => {
            let labels = formats::read_tiers(&results::bytes(path)?, format, &stem(path), tiers);
            Ok(vec![labels.map_err(|error| error.at(results::name(path)))?])
        }
        _ => read(path),
    }
}

/// Whether the file at `path` has tiers to choose.
pub(crate) fn has_tiers(path: &Path) -> bool {
    matches!(ResultFormat::of_path(path), Some(ResultFormat::TextGrid | ResultFormat::Eaf))
}

/// An error about tiers that were chosen, but not of a file that has any.
pub(crate) fn no_tiers() -> Error {
    Error::invalid_option("--tier chooses tiers of a TextGrid or an EAF, and none is given")
        .hint("leave out --tier, or give such a file")
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
        let is_cue = matches!(ResultFormat::of_path(path), Some(ResultFormat::Srt | ResultFormat::Vtt));
        let subject = match (is_cue, num) {
            (true, 1) => "1 cue whose times cannot be read is",
            (true, _) => &format!("{num} cues whose times cannot be read are"),
            (false, 1) => "1 line whose times or speaker are impossible is",
            (false, _) => &format!("{num} lines whose times or speakers are impossible are"),
        };
        losses.push(format!("{name}: {subject} left out, the first in line {first}"));
    }
    losses
}

/// The files with turns in a folder.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct InFolder {
    /// Files of the first of [`IN_FOLDERS`] that any file has.
    pub(crate) files: Vec<PathBuf>,
    /// Files of other formats whose names no earlier format has. They may be anything, so the
    /// caller reads only those that it misses.
    pub(crate) others: Vec<PathBuf>,
}

/// Chooses among `files` the first of [`IN_FOLDERS`] for each name without extension.
pub(crate) fn in_folder(files: Vec<PathBuf>) -> InFolder {
    let rank = |path: &PathBuf| {
        let format = ResultFormat::of_path(path)?;
        IN_FOLDERS.into_iter().position(|other| other == format)
    };
    let mut ranked: Vec<(usize, PathBuf)> = files.into_iter().filter_map(|path| Some((rank(&path)?, path))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut chosen = InFolder::default();
    let mut of_stem: HashMap<String, usize> = HashMap::new();
    let first = ranked.first().map(|(rank, _)| *rank);
    for (rank, path) in ranked {
        if *of_stem.entry(stem(&path)).or_insert(rank) == rank {
            if Some(rank) == first { &mut chosen.files } else { &mut chosen.others }.push(path);
        }
    }
    chosen
}

/// The name of a file without its extension, which is that of its recording in most formats.
pub(crate) fn stem(path: &Path) -> String {
    rttm::field(&path.file_stem().unwrap_or_default().to_string_lossy())
}

/// As [`read`], for one of [`InFolder::others`]: a file that cannot be read is none with turns, and
/// a warning says so.
pub(crate) fn read_other(path: &Path, warnings: &mut Vec<String>) -> Vec<Labels> {
    read(path).unwrap_or_else(|error| {
        warnings.push(format!("left out: {error}"));
        Vec::new()
    })
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
    fn each_name_in_a_folder_has_one_format() {
        let of = |names: &[&str]| in_folder(names.iter().map(PathBuf::from).collect());
        let expect = |files: &[&str], others: &[&str]| InFolder {
            files: files.iter().map(PathBuf::from).collect(),
            others: others.iter().map(PathBuf::from).collect(),
        };
        assert_eq!(of(&["a.TextGrid", "b.rttm", "c.TextGrid"]), expect(&["b.rttm"], &["a.TextGrid", "c.TextGrid"]));
        assert_eq!(of(&["a.txt", "b.rttm", "b.TextGrid", "c.wav", "x/a.csv"]), expect(&["b.rttm"], &["x/a.csv"]));
        assert_eq!(of(&["a.json", "b.EAF", "c.eaf"]), expect(&["b.EAF", "c.eaf"], &["a.json"]));
        assert_eq!(of(&["a.wav", "b.html", "c.uem"]), InFolder::default());
    }
}
