//! The recordings of a dataset folder, each with its reference and its scored regions.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use diarist::parts::analysis::file_id;
use diarist::parts::formats::uem;
use diarist::parts::metrics::ScoreOptions;
use diarist::parts::timeline::{Annotation, Segment};
use diarist::{Error, Result};

use crate::labels::{self, InFolder};
use crate::{exit, inputs};

/// Layout of dataset folders; part of the long help.
pub(crate) const HELP: &str = "\
DATASET and its subfolders hold audio, .rttm and .uem files (without .rttm, other files with turns: docs/formats.md). An audio file belongs to the RTTM lines whose second field is
its name, or the beginning of its name up to a dot, an underscore or a hyphen:
  AMI          ES2004a.Mix-Headset.wav (or .Array1-01.wav for the far field: --audio-filter Array1-01) and ES2004a.rttm
  VoxConverse  abjxc.wav and abjxc.rttm
  AISHELL-4    L_R003S01C02.flac and L_R003S01C02.rttm
  AliMeeting   R8001_M8004_MS801.wav and R8001_M8004.rttm
Without a UEM the whole recording is scored.";

/// Parts of a dataset.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Dataset")]
pub(crate) struct DatasetArgs {
    /// References to use instead of those in DATASET: a file with turns, or a folder of them
    #[arg(long, value_name = "PATH")]
    references: Option<PathBuf>,
    /// Scored regions to use instead of those in DATASET: a UEM file, or a folder of them
    #[arg(long, value_name = "PATH")]
    uem: Option<PathBuf>,
    /// Takes only audio files with TEXT in their path
    #[arg(long, value_name = "TEXT")]
    audio_filter: Option<String>,
    /// Takes only the recording with this file id
    #[arg(long, value_name = "ID")]
    single_file: Option<String>,
    /// Takes at most N recordings, the first by name
    #[arg(long, value_name = "N")]
    max_files: Option<usize>,
}

/// Definition of the error rates.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Scoring")]
pub(crate) struct ScoringArgs {
    /// Seconds on each side of every reference boundary that are not scored
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) collar: f64,
    /// Leaves regions unscored where reference turns overlap
    #[arg(long)]
    pub(crate) skip_overlap: bool,
}

/// One recording to measure.
#[derive(Debug)]
pub(crate) struct Item {
    /// File id of the reference.
    pub(crate) file_id: String,
    pub(crate) audio: PathBuf,
    pub(crate) reference: Annotation,
    /// The scored regions, if a UEM has them; else the whole recording is scored.
    pub(crate) uem: Option<Vec<Segment>>,
}

impl Item {
    /// The scored regions of a recording of this length.
    pub(crate) fn regions(&self, duration_s: f64) -> Vec<Segment> {
        self.uem.clone().unwrap_or_else(|| vec![Segment::new(0.0, duration_s)])
    }
}

impl DatasetArgs {
    /// The chosen recordings below `folder`. References in `results`, the turns of earlier runs, do
    /// not count.
    pub(crate) fn items(&self, folder: &Path, results: Option<&Path>, quiet: bool) -> Result<Vec<Item>> {
        if self.max_files == Some(0) {
            return Err(Error::invalid_option("--max-files must be at least 1"));
        }
        let (mut items, warnings) = find(Places {
            folder,
            references: self.references.as_deref(),
            uem: self.uem.as_deref(),
            audio_filter: self.audio_filter.as_deref(),
            results,
        })?;
        if let Some(single) = &self.single_file {
            items.retain(|item| item.file_id == *single);
            if items.is_empty() {
                return Err(
                    Error::input(format!("no recording has a reference {single}")).at(folder.display().to_string())
                );
            }
        }
        items.truncate(self.max_files.unwrap_or(usize::MAX));
        if !quiet {
            warnings.iter().for_each(|warning| exit::warn(warning));
        }
        Ok(items)
    }
}

impl ScoringArgs {
    /// The chosen options. An impossible collar is refused here, before the work.
    pub(crate) fn options(&self) -> Result<ScoreOptions> {
        let options = ScoreOptions { collar_s: self.collar, skip_overlap: self.skip_overlap };
        options.validate()?;
        Ok(options)
    }
}

/// The definition of the error rates in words.
pub(crate) fn convention(collar_s: f64, skip_overlap: bool) -> String {
    format!("collar {collar_s} s on each side, overlap {}", if skip_overlap { "skipped" } else { "scored" })
}

/// Places of the parts of a dataset.
#[derive(Debug, Clone, Copy)]
struct Places<'a> {
    /// Folder with all parts, in it or in its subfolders.
    folder: &'a Path,
    /// References in place of those in the folder.
    references: Option<&'a Path>,
    /// Scored regions in place of those in the folder.
    uem: Option<&'a Path>,
    /// Text that the path of an audio file must contain.
    audio_filter: Option<&'a str>,
    /// A folder below the first that is not part of the dataset: earlier results.
    results: Option<&'a Path>,
}

/// The recordings of a dataset in the order of their file ids, and warnings for the user.
fn find(places: Places<'_>) -> Result<(Vec<Item>, Vec<String>)> {
    let mut warnings = Vec::new();
    let mut all_audio = inputs::audio_files(places.folder)?;
    all_audio.retain(|audio| places.audio_filter.is_none_or(|text| audio.to_string_lossy().contains(text)));
    let mut references = references(places, &all_audio, &mut warnings)?;
    let mut regions = regions(places)?;
    let mut items: BTreeMap<String, Item> = BTreeMap::new();
    let mut without_reference: Vec<PathBuf> = Vec::new();
    for audio in all_audio {
        let stem = file_id(&audio);
        let Some(file_id) = longest_match(&stem, references.keys().chain(items.keys())) else {
            without_reference.push(audio);
            continue;
        };
        if let Some(other) = items.get(&file_id) {
            let message = format!("{file_id} has two recordings, this and {}", other.audio.display());
            return Err(Error::input(message)
                .hint("choose with --audio-filter, for example --audio-filter Mix-Headset")
                .at(audio.display().to_string()));
        }
        let reference = references.remove(&file_id).unwrap_or_default();
        let uem = regions.remove(&file_id);
        items.insert(file_id.clone(), Item { file_id, audio, reference, uem });
    }
    if !without_reference.is_empty() {
        let name = |audio: &PathBuf| audio.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let names: Vec<String> = without_reference.iter().take(3).map(name).collect();
        let more = if without_reference.len() > names.len() { ", ..." } else { "" };
        warnings.push(format!(
            "{} audio files have no reference and are left out: {}{more}",
            without_reference.len(),
            names.join(", ")
        ));
    }
    if !references.is_empty() {
        let names: Vec<&str> = references.keys().take(3).map(String::as_str).collect();
        let more = if references.len() > names.len() { ", ..." } else { "" };
        warnings.push(format!("{} references have no audio file: {}{more}", references.len(), names.join(", ")));
    }
    if items.is_empty() {
        return Err(Error::input("no audio file here belongs to a reference")
            .hint("NAME.wav or NAME.something.wav belongs to the RTTM lines whose second field is NAME")
            .at(places.folder.display().to_string()));
    }
    Ok((items.into_values().collect(), warnings))
}

/// Whether a recording named `stem` belongs to the reference `id`.
fn belongs(stem: &str, id: &str) -> bool {
    stem.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', '-']))
}

/// The longest of `ids` that is `stem` itself or its beginning up to a `.`, `_` or `-`:
/// `ES2004a.Mix-Headset` belongs to `ES2004a`, `R8001_M8004_MS801` to `R8001_M8004`.
fn longest_match<'a>(stem: &str, ids: impl Iterator<Item = &'a String>) -> Option<String> {
    ids.filter(|id| belongs(stem, id)).max_by_key(|id| id.len()).cloned()
}

/// The references by their file ids. Where a recording has none in the first format of the folder,
/// a file of another format with its name is read.
fn references(
    places: Places<'_>,
    all_audio: &[PathBuf],
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Annotation>> {
    let InFolder { files, others } = match places.references {
        Some(file) if !file.is_dir() => InFolder { files: vec![file.to_owned()], others: Vec::new() },
        named => labels::in_folder(files(places, named, |_| true)?),
    };
    if files.is_empty() {
        return Err(Error::input("no file with turns below this folder")
            .hint(format!("name the references with --references; {}", labels::EXTENSIONS))
            .at(places.references.unwrap_or(places.folder).display().to_string()));
    }
    let mut references = BTreeMap::new();
    for file in &files {
        let recordings = labels::read(file)?;
        warnings.extend(labels::losses(&recordings, file));
        for annotation in recordings.into_iter().map(|recording| recording.turns) {
            let file_id = annotation.file_id.clone();
            if references.insert(file_id.clone(), annotation).is_some() {
                return Err(Error::input(format!("{file_id} has a second reference here"))
                    .hint("name the references to use with --references")
                    .at(file.display().to_string()));
            }
        }
    }
    let mut missing: Vec<String> = all_audio.iter().map(|audio| file_id(audio)).collect();
    missing.retain(|stem| longest_match(stem, references.keys()).is_none());
    for file in others {
        let name = labels::stem(&file);
        if missing.iter().any(|stem| belongs(stem, &name)) {
            let recordings = labels::read_other(&file, warnings);
            warnings.extend(labels::losses(&recordings, &file));
            for annotation in recordings.into_iter().map(|recording| recording.turns) {
                references.entry(annotation.file_id.clone()).or_insert(annotation);
            }
        }
    }
    Ok(references)
}

fn regions(places: Places<'_>) -> Result<uem::Uem> {
    let mut regions = uem::Uem::new();
    for file in files(places, places.uem, |path| path.extension() == Some(OsStr::new("uem")))? {
        regions.extend(uem::read_file(&file)?);
    }
    Ok(regions)
}

/// `named` itself, or the `wanted` files below it; without `named`, those of the dataset.
fn files(places: Places<'_>, named: Option<&Path>, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    match named {
        Some(path) if path.is_dir() => inputs::files_below(path, wanted),
        Some(path) => Ok(vec![path.to_owned()]),
        None => {
            let results = places.results.and_then(|results| results.canonicalize().ok());
            let is_result = |path: &Path| {
                results.as_ref().is_some_and(|results| path.canonicalize().is_ok_and(|path| path.starts_with(results)))
            };
            inputs::files_below(places.folder, |path| wanted(path) && !is_result(path))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn rttm_line(file_id: &str) -> String {
        format!("SPEAKER {file_id} 1 0 1 <NA> <NA> x <NA> <NA>\n")
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn places(folder: &Path) -> Places<'_> {
        Places { folder, references: None, uem: None, audio_filter: None, results: None }
    }

    #[test]
    fn audio_is_matched_to_the_longest_file_id() {
        let lines = ["ES2004a", "R8001", "R8001_M8004", "zero"].map(rttm_line).concat();
        let folder = folder(&[
            ("audio/ES2004a/ES2004a.Mix-Headset.wav", ""),
            ("audio/R8001_M8004_MS801.wav", ""),
            ("audio/ES2004ab.wav", ""),
            ("refs/all.rttm", &lines),
            ("refs/some.uem", "ES2004a 1 0 5\n"),
        ]);
        let (items, warnings) = find(places(folder.path())).unwrap();
        let found: Vec<_> = items.iter().map(|item| (item.file_id.as_str(), item.uem.is_some())).collect();
        assert_eq!(found, [("ES2004a", true), ("R8001_M8004", false)]);
        assert!(items.iter().all(|item| item.reference.turns.len() == 1));
        assert_eq!(
            warnings,
            [
                "1 audio files have no reference and are left out: ES2004ab.wav",
                "2 references have no audio file: R8001, zero"
            ]
        );
    }

    #[test]
    fn two_recordings_of_a_reference_need_a_filter() {
        let lines = rttm_line("a");
        let folder = folder(&[("a.Mix-Headset.wav", ""), ("a.Array1-01.wav", ""), ("a.rttm", &lines)]);
        let message = find(places(folder.path())).unwrap_err().to_string();
        assert!(message.contains("--audio-filter"), "{message}");
        let (items, _) = find(Places { audio_filter: Some("Array1"), ..places(folder.path()) }).unwrap();
        assert!(items[0].audio.ends_with("a.Array1-01.wav"));
    }

    #[test]
    fn references_may_lie_elsewhere_but_not_twice() {
        let line = rttm_line("a");
        let folder = folder(&[("d/a.wav", ""), ("d/words/a.rttm", &line), ("d/other/a.rttm", &line)]);
        let data = folder.path().join("d");
        assert!(find(places(&data)).unwrap_err().to_string().contains("second reference"));
        let words = data.join("words");
        let (items, _) = find(Places { references: Some(&words), ..places(&data) }).unwrap();
        assert_eq!(items.len(), 1);
    }

    #[test]
    fn references_may_have_other_formats() {
        let folder = folder(&[
            ("d/a.wav", ""),
            (
                "d/a.TextGrid",
                "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0 9 <exists> 1 \"IntervalTier\" \"x\" 0 9 1 0 9 \"x\"",
            ),
            ("d/notes.txt", "Dear all,"),
            ("b.csv", "start,end,speaker,file\n0,1,x,a\n"),
        ]);
        let data = folder.path().join("d");
        assert_eq!(find(places(&data)).unwrap().0[0].reference.turns.len(), 1);
        let csv = folder.path().join("b.csv");
        let (items, _) = find(Places { references: Some(&csv), ..places(&data) }).unwrap();
        assert_eq!(items[0].reference.turns[0].end_s, 1.0);
    }

    #[test]
    fn references_may_have_several_formats() {
        let grid = |name: &str| {
            format!(
                "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0 9 <exists> 1 \"IntervalTier\" \"{name}\" 0 9 1 0 9 \"x\""
            )
        };
        let folder = folder(&[
            ("a.wav", ""),
            ("a.TextGrid", &grid("x")),
            ("b.wav", ""),
            ("b.rttm", &rttm_line("b")),
            ("b.TextGrid", "broken"),
            ("c.wav", ""),
            ("c.TextGrid", &grid("y")),
            ("d.wav", ""),
            ("d.json", "{\"segments\": []}"),
            ("notes.txt", "Dear all,"),
        ]);
        let (items, warnings) = find(places(folder.path())).unwrap();
        let ids: Vec<&str> = items.iter().map(|item| item.file_id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert!(
            warnings.len() == 2 && warnings[0].contains("d.json") && warnings[1].ends_with("d.wav"),
            "{warnings:?}"
        );
    }

    #[test]
    fn nothing_to_measure_is_an_error() {
        let line = rttm_line("b");
        let folder = folder(&[("a/a.wav", ""), ("b/a.wav", ""), ("b/b.rttm", &line)]);
        for (name, expected) in
            [("a", "no file with turns"), ("b", "no audio file here belongs"), ("c", "cannot be read")]
        {
            let message = find(places(&folder.path().join(name))).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
