//! Pairs of reference and hypothesis, and their scored regions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use diarist::parts::formats::uem;
use diarist::parts::timeline::{Annotation, Segment};
use diarist::{Error, Result};

use crate::labels::{self, InFolder};

/// One recording to score.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) reference: Annotation,
    pub(super) hypothesis: Annotation,
    /// The scored regions, if known.
    pub(super) uem: Option<Vec<Segment>>,
}

/// All recordings to score, by file id, and warnings about them.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) warnings: Vec<String>,
}

/// The annotations of one side by file id, each with the file that it comes from.
type Side = BTreeMap<String, (Annotation, PathBuf)>;

impl Pairs {
    /// Reads both sides and matches them by file id. `uem_path` gives the scored regions; without
    /// it, a `.uem` file beside each reference file does. `tiers` are the only ones of files that
    /// have tiers.
    pub(super) fn load(
        reference_path: &Path,
        hypothesis_path: &Path,
        uem_path: Option<&Path>,
        tiers: &[String],
    ) -> Result<Self> {
        let mut warnings = Vec::new();
        let (mut references, others) = read_side(reference_path, tiers, &mut warnings)?;
        let (mut hypotheses, other_hypotheses) = read_side(hypothesis_path, tiers, &mut warnings)?;
        let files = || [&references, &hypotheses].into_iter().flat_map(BTreeMap::values).map(|(_, path)| path);
        if !tiers.is_empty() && !files().any(|path| labels::has_tiers(path)) {
            return Err(labels::no_tiers());
        }
        let mut names: BTreeSet<String> = references.keys().chain(hypotheses.keys()).cloned().collect();
        // Two files of other formats with one name are a pair as well.
        let stems: BTreeSet<String> = others.iter().map(|path| labels::stem(path)).collect();
        names.extend(other_hypotheses.iter().map(|path| labels::stem(path)).filter(|stem| stems.contains(stem)));
        add_others(&mut references, &others, &names, &mut warnings);
        add_others(&mut hypotheses, &other_hypotheses, &names, &mut warnings);
        rename_single(reference_path, &references, hypothesis_path, &mut hypotheses, &mut warnings);
        let uem = uem_path.map(uem::read_file).transpose()?;
        let mut pairs = Vec::new();
        for (file_id, (reference, path)) in references {
            let hypothesis = hypotheses.remove(&file_id).map(|(hypothesis, _)| hypothesis);
            let regions = match &uem {
                None => uem_beside(&path, &file_id)?,
                Some(uem) => match uem.get(&file_id) {
                    Some(regions) => Some(regions.clone()),
                    None => {
                        warnings.push(format!("{file_id} is not in the UEM and is not scored"));
                        continue;
                    }
                },
            };
            let hypothesis = hypothesis.unwrap_or_else(|| {
                warnings.push(format!("{file_id} has no hypothesis; it counts as empty"));
                Annotation { file_id, turns: Vec::new() }
            });
            pairs.push(Pair { reference, hypothesis, uem: regions });
        }
        for file_id in hypotheses.keys() {
            warnings.push(format!("{file_id} has no reference and is not scored"));
        }
        if pairs.is_empty() {
            let message = "nothing to score: no reference file is in the UEM";
            return Err(Error::input(message).hint("the first field of a UEM line is the file id of the RTTM"));
        }
        Ok(Self { pairs, warnings })
    }
}

/// Adds the annotations of those of `files` whose `names` the side misses.
fn add_others(side: &mut Side, files: &[PathBuf], names: &BTreeSet<String>, warnings: &mut Vec<String>) {
    for file in files {
        let stem = labels::stem(file);
        if names.contains(&stem) && !side.contains_key(&stem) {
            let recordings = labels::read_other(file, warnings);
            warnings.extend(labels::losses(&recordings, file));
            for annotation in recordings.into_iter().map(|recording| recording.turns) {
                side.entry(annotation.file_id.clone()).or_insert_with(|| (annotation, file.clone()));
            }
        }
    }
}

/// All annotations of a file, or of the files in a folder, and further files of the folder, of
/// other formats. A file without turns is a recording without turns, with the name of the file.
fn read_side(path: &Path, tiers: &[String], warnings: &mut Vec<String>) -> Result<(Side, Vec<PathBuf>)> {
    let mut side = Side::new();
    let InFolder { files, others } = label_files(path)?;
    for file in files {
        let recordings = labels::read_tiers(&file, tiers)?;
        warnings.extend(labels::losses(&recordings, &file));
        for annotation in recordings.into_iter().map(|recording| recording.turns) {
            let file_id = annotation.file_id.clone();
            if let Some((_, other)) = side.insert(file_id.clone(), (annotation, file.clone())) {
                let message = format!("{file_id} is in {} as well", other.display());
                return Err(Error::input(message)
                    .at(file.display().to_string())
                    .hint("keep one of them in the folder"));
            }
        }
    }
    Ok((side, others))
}

/// `path` itself, or the files with turns in it if it is a folder, sorted.
fn label_files(path: &Path) -> Result<InFolder> {
    if !path.is_dir() {
        return Ok(InFolder { files: vec![path.to_owned()], others: Vec::new() });
    }
    let fault = |error: std::io::Error| Error::input("cannot be read").caused_by(error).at(path.display().to_string());
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(fault)? {
        let file = entry.map_err(fault)?.path();
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    let chosen = labels::in_folder(files);
    if chosen.files.is_empty() {
        return Err(Error::input("no file with turns in this folder")
            .hint(labels::EXTENSIONS)
            .at(path.display().to_string()));
    }
    Ok(chosen)
}

/// Pairs two files with one recording each, even if their file ids differ.
fn rename_single(
    reference_path: &Path,
    references: &Side,
    hypothesis_path: &Path,
    hypotheses: &mut Side,
    warnings: &mut Vec<String>,
) {
    if reference_path.is_dir() || hypothesis_path.is_dir() || references.len() != 1 || hypotheses.len() != 1 {
        return;
    }
    let (Some(reference_id), Some((hypothesis_id, hypothesis))) = (references.keys().next(), hypotheses.pop_first())
    else {
        return;
    };
    let is_empty =
        hypothesis.0.turns.is_empty() || references.values().all(|(reference, _)| reference.turns.is_empty());
    if *reference_id != hypothesis_id && !is_empty {
        warnings.push(format!("{hypothesis_id} is scored against {reference_id}, though the file ids differ"));
    }
    hypotheses.insert(reference_id.clone(), hypothesis);
}

/// The regions for `file_id` in the `.uem` file beside `rttm_path`, if there is one.
fn uem_beside(rttm_path: &Path, file_id: &str) -> Result<Option<Vec<Segment>>> {
    let path = rttm_path.with_extension("uem");
    if !path.is_file() {
        return Ok(None);
    }
    let mut uem = uem::read_file(&path)?;
    match uem.remove(file_id) {
        Some(regions) => Ok(Some(regions)),
        None => Err(Error::input(format!("no line for {file_id}"))
            .at(path.display().to_string())
            .hint("name the regions to score with --uem, or move this file away")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const A: &str = "SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\n";
    const B: &str = "SPEAKER b 1 0 1 <NA> <NA> x <NA> <NA>\n";

    /// A folder with the given files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn ids(pairs: &Pairs) -> Vec<&str> {
        pairs.pairs.iter().map(|pair| pair.reference.file_id.as_str()).collect()
    }

    #[test]
    fn folders_are_matched_by_file_id() {
        let both = [A, B].concat();
        let folder = folder(&[
            ("ref/one.rttm", &both),
            ("ref/empty.rttm", ""),
            ("ref/one.uem", "a 1 0 5\nb 1 0 6\n"),
            ("ref/notes.txt", "not RTTM"),
            ("hyp/x.rttm", B),
            ("hyp/y.rttm", "SPEAKER c 1 0 1 <NA> <NA> x <NA> <NA>\n"),
            ("hyp/empty.rttm", ""),
        ]);
        let pairs = Pairs::load(&folder.path().join("ref"), &folder.path().join("hyp"), None, &[]).unwrap();
        assert_eq!(ids(&pairs), ["a", "b", "empty"]);
        assert_eq!(pairs.pairs[0].hypothesis.turns, []);
        assert_eq!(pairs.pairs[1].hypothesis.turns.len(), 1);
        assert_eq!(pairs.pairs[1].uem.as_deref(), Some(&[Segment::new(0.0, 6.0)][..]));
        assert_eq!(pairs.pairs[2].uem, None);
        assert_eq!(pairs.warnings, ["a has no hypothesis; it counts as empty", "c has no reference and is not scored"]);
    }

    #[test]
    fn two_files_with_one_recording_each_are_a_pair() {
        let folder = folder(&[("ref.rttm", A), ("hyp.rttm", B), ("empty.rttm", ""), ("two.rttm", &[A, B].concat())]);
        let load = |hypothesis: &str| {
            Pairs::load(&folder.path().join("ref.rttm"), &folder.path().join(hypothesis), None, &[]).unwrap()
        };
        let pairs = load("hyp.rttm");
        assert_eq!((pairs.pairs[0].hypothesis.turns.len(), pairs.warnings.len()), (1, 1));
        let pairs = load("empty.rttm");
        assert_eq!((pairs.pairs[0].hypothesis.turns.len(), pairs.warnings.len()), (0, 0));
        assert_eq!(load("two.rttm").warnings, ["b has no reference and is not scored"]);
    }

    #[test]
    fn both_sides_may_have_any_format() {
        let folder = folder(&[
            (
                "ref/a.TextGrid",
                "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0 9 <exists> 1 \"IntervalTier\" \"x\" 0 9 1 0 9 \"x\"",
            ),
            ("ref/a.uem", "a 1 0 5\n"),
            ("ref/notes.csv", "not turns"),
            ("hyp/a.srt", "1\n00:00:00,000 --> 00:00:01,000\nx: hi\n\n2\n00:00:01,000 --> 00:00:02,000\nwho?\n"),
            ("hyp.txt", "0\t1\tx\n"),
        ]);
        let load = |hypothesis: &str| {
            Pairs::load(&folder.path().join("ref"), &folder.path().join(hypothesis), None, &[]).unwrap()
        };
        let pairs = load("hyp");
        assert_eq!(
            (ids(&pairs), pairs.pairs[0].hypothesis.turns.len(), pairs.pairs[0].uem.is_some()),
            (vec!["a"], 1, true)
        );
        assert!(pairs.warnings.len() == 1 && pairs.warnings[0].contains("1 without a speaker"), "{:?}", pairs.warnings);
        let tiers = |name: &str| {
            let names = [name.to_owned()];
            Pairs::load(&folder.path().join("ref"), &folder.path().join("hyp"), None, &names)
        };
        assert_eq!(tiers("x").unwrap().pairs[0].reference.turns.len(), 1);
        assert!(tiers("y").unwrap_err().to_string().contains("there is no tier \"y\""));
        assert!(load("hyp.txt").warnings.iter().any(|warning| warning.contains("hyp has no reference")));
    }

    #[test]
    fn a_side_may_have_several_formats() {
        let folder = folder(&[
            ("ref/a.csv", "start,end,speaker\n0,1,x\n"),
            ("ref/b.rttm", B),
            ("ref/c.csv", "start,end,speaker\n0,2,x\n"),
            ("ref/notes.csv", "not turns"),
            ("hyp/a.rttm", A),
            ("hyp/b.rttm", B),
            ("hyp/c.srt", "1\n00:00:00,000 --> 00:00:01,000\nx: hi\n"),
        ]);
        let pairs = Pairs::load(&folder.path().join("ref"), &folder.path().join("hyp"), None, &[]).unwrap();
        assert_eq!(ids(&pairs), ["a", "b", "c"]);
        assert_eq!(pairs.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_uem_limits_the_scored_regions() {
        let both = [A, B].concat();
        let folder =
            folder(&[("r.rttm", &both), ("r.uem", "a 1 0 9\n"), ("some.uem", "b 1 2 3\n"), ("none.uem", "z 1 0 1\n")]);
        let path = |name: &str| folder.path().join(name);
        let load = |uem: Option<&str>| Pairs::load(&path("r.rttm"), &path("r.rttm"), uem.map(path).as_deref(), &[]);
        let pairs = load(Some("some.uem")).unwrap();
        assert_eq!((ids(&pairs), &pairs.warnings[0][..]), (vec!["b"], "a is not in the UEM and is not scored"));
        assert_eq!(pairs.pairs[0].uem.as_deref(), Some(&[Segment::new(2.0, 3.0)][..]));
        assert!(load(Some("none.uem")).unwrap_err().to_string().contains("nothing to score"));
        assert!(load(None).unwrap_err().to_string().contains("no line for b"));
    }

    #[test]
    fn faults_name_the_file() {
        let folder = folder(&[
            ("bad/a.rttm", "Dear all,\n"),
            ("twice/1.rttm", A),
            ("twice/2.rttm", A),
            ("none/x.pdf", ""),
            ("ok.rttm", A),
        ]);
        let ok = folder.path().join("ok.rttm");
        for (name, expected) in [
            ("bad", "a.rttm: line 1: unknown record type"),
            ("twice", "2.rttm: a is in "),
            ("none", "none: no file with turns in this folder"),
            ("missing.rttm", "missing.rttm: cannot be read"),
        ] {
            let message = Pairs::load(&ok, &folder.path().join(name), None, &[]).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
