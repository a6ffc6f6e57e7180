//! Files with turns: reading, writing, scoring, and speakers for the words of a transcript.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diarist::parts::formats::{self, Format, Labels, uem};
use diarist::parts::metrics::{self, DerComponents, JerComponents, ScoreOptions, Scores};
use diarist::parts::timeline::{self, Annotation, ReadableSettings, Segment};
use diarist::parts::words::{self, Speech, SubtitleFormat, SubtitleLimits, Transcript};
use diarist::parts::{analysis, files};
use diarist::{Error, Result, Turn};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::fault::raised;
use crate::results::as_json;

/// [`Labels`] as JSON: the fields of `diarist.Labels`, in which a speaker has one name.
#[derive(Serialize, Deserialize)]
struct LabelsFields {
    file_id: String,
    turns: Vec<Turn>,
    exclusive_turns: Option<Vec<Turn>>,
    duration_s: Option<f64>,
    #[serde(default)]
    num_left_out: usize,
    #[serde(default)]
    unreadable_lines: Vec<usize>,
}

impl From<Labels> for LabelsFields {
    fn from(labels: Labels) -> Self {
        Self {
            file_id: labels.turns.file_id,
            turns: labels.turns.turns,
            exclusive_turns: labels.exclusive.map(|exclusive| exclusive.turns),
            duration_s: labels.duration_s,
            num_left_out: labels.num_left_out,
            unreadable_lines: labels.unreadable_lines,
        }
    }
}

impl From<LabelsFields> for Labels {
    fn from(fields: LabelsFields) -> Self {
        let file_id = fields.file_id;
        let exclusive = fields.exclusive_turns.map(|turns| Annotation { file_id: file_id.clone(), turns });
        Self {
            turns: Annotation { file_id, turns: fields.turns },
            exclusive,
            duration_s: fields.duration_s,
            ..Self::default()
        }
    }
}

/// Values that Python has made from the package's classes.
fn parsed<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::invalid_option("turns have times and speakers").caused_by(error))
}

/// The format for the extension of `path`.
fn format_of(path: &Path) -> Result<Format> {
    Format::of_path(path).ok_or_else(|| {
        let extensions: Vec<&str> = Format::ALL.into_iter().map(Format::extension).collect();
        Error::invalid_option("the extension is not that of a format")
            .hint(format!("choose one of {}", extensions.join(", ")))
            .at(path.display().to_string())
    })
}

/// Refuses a path whose extension is not that of a format.
#[pyfunction]
pub(crate) fn check_format(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    format_of(&path).map(drop).map_err(|error| raised(py, &error))
}

/// Writes `text` into a file, which is whole or not there at all. With `is_private`, only its owner
/// can read a new file.
#[pyfunction]
pub(crate) fn write_text(py: Python<'_>, path: PathBuf, text: &str, is_private: bool) -> PyResult<()> {
    let write = if is_private { files::write_private } else { files::write };
    py.detach(|| write(&path, text.as_bytes())).map_err(|error| raised(py, &error))
}

/// The recordings in a file, at least one, as a JSON list; `name` has the extension of its format.
#[pyfunction]
pub(crate) fn read_labels(py: Python<'_>, path: PathBuf, name: PathBuf) -> PyResult<String> {
    let read = || {
        let format = format_of(&name)?;
        let file_id = analysis::file_id(&path);
        let bytes = files::read(&path)?;
        let at_path = |error: Error| error.at(path.display().to_string());
        let mut found = formats::read(&bytes, format, &file_id).map_err(at_path)?;
        if found.is_empty() {
            found.push(Labels::from(Annotation { file_id, turns: Vec::new() }));
        }
        as_json(&found.into_iter().map(LabelsFields::from).collect::<Vec<_>>())
    };
    py.detach(read).map_err(|error| raised(py, &error))
}

/// The text of a file with `recordings`, a JSON list; `name` has the extension of its format.
#[pyfunction]
pub(crate) fn write_labels(py: Python<'_>, recordings: &str, name: PathBuf) -> PyResult<String> {
    let write = || {
        let format = format_of(&name)?;
        let recordings: Vec<LabelsFields> = parsed(recordings)?;
        formats::write(&recordings.into_iter().map(Labels::from).collect::<Vec<_>>(), format)
    };
    py.detach(write).map_err(|error| raised(py, &error))
}

/// The turns in a JSON list as people read them, without crumbs.
#[pyfunction]
pub(crate) fn readable(py: Python<'_>, turns: &str) -> PyResult<String> {
    let readable = || as_json(&timeline::readable(&parsed::<Vec<Turn>>(turns)?, &ReadableSettings::default()));
    py.detach(readable).map_err(|error| raised(py, &error))
}

/// Formats of transcripts with speakers.
const WORDS_FORMATS: [&str; 7] = ["txt", "srt", "vtt", "json", "html", "md", "docx"];

/// A transcript with speakers.
#[derive(IntoPyObject)]
pub(crate) struct Assigned<'py> {
    /// The content of the file.
    content: Bound<'py, PyBytes>,
    /// Subtitles whose times cannot be read.
    num_left_out: usize,
    /// Words with impossible times.
    num_impossible_times: usize,
    /// Words without a speaker.
    num_unknown: usize,
}

/// The transcript at `place` with the speakers of `labels`, in a format; with `fill`, every word
/// has a speaker.
#[pyfunction]
pub(crate) fn assign<'py>(
    py: Python<'py>,
    transcript: &[u8],
    place: &str,
    labels: &str,
    format: &str,
    fill: bool,
) -> PyResult<Assigned<'py>> {
    let assign = || {
        if !WORDS_FORMATS.contains(&format) {
            return Err(Error::invalid_option(format!("{format} is not a format of transcripts"))
                .hint(format!("choose one of {}", WORDS_FORMATS.join(", "))));
        }
        let LabelsFields { file_id, turns, exclusive_turns, .. } = parsed(labels)?;
        let transcript = Transcript::read(transcript).map_err(|error| error.at(place))?;
        let speech = Speech::new(turns, exclusive_turns.unwrap_or_default());
        let speech = if fill { speech.filled() } else { speech };
        let spoken = words::assign(&transcript.words, &speech);
        let num_unknown = spoken.iter().filter(|word| word.speaker.is_none()).count();
        let utterances = words::utterances(spoken);
        let subtitles = |format| words::subtitles(&utterances, format, &SubtitleLimits::default());
        let content = match format {
            "txt" => words::text(&utterances).into_bytes(),
            "srt" => subtitles(SubtitleFormat::Srt).into_bytes(),
            "vtt" => subtitles(SubtitleFormat::Vtt).into_bytes(),
            "html" => words::html(&utterances, &file_id).into_bytes(),
            "md" => words::markdown(&utterances, &file_id).into_bytes(),
            "docx" => words::docx(&utterances, &file_id)?,
            _ => (words::json(&utterances).to_line() + "\n").into_bytes(),
        };
        Ok((content, transcript.num_left_out, transcript.num_impossible_times, num_unknown))
    };
    let (content, num_left_out, num_impossible_times, num_unknown) =
        py.detach(assign).map_err(|error| raised(py, &error))?;
    Ok(Assigned { content: PyBytes::new(py, &content), num_left_out, num_impossible_times, num_unknown })
}

/// The scored regions in a UEM file, by recording.
#[pyfunction]
pub(crate) fn read_uem(py: Python<'_>, path: PathBuf) -> PyResult<BTreeMap<String, Vec<(f64, f64)>>> {
    let pairs = |regions: Vec<Segment>| regions.iter().map(|region| (region.start, region.end)).collect();
    let uem = py.detach(|| uem::read_file(&path)).map_err(|error| raised(py, &error))?;
    Ok(uem.into_iter().map(|(file_id, regions)| (file_id, pairs(regions))).collect())
}

/// A recording to score: reference, hypothesis, and the scored regions.
#[derive(Deserialize)]
struct Pair(LabelsFields, LabelsFields, Option<Vec<(f64, f64)>>);

/// The figures of a recording, or of all together: the fields of `diarist.Score`.
#[derive(Serialize)]
struct ScoreFields {
    der: f64,
    missed_detection: f64,
    false_alarm: f64,
    confusion: f64,
    jer: f64,
    total_s: f64,
    correct_s: f64,
    missed_detection_s: f64,
    false_alarm_s: f64,
    confusion_s: f64,
    num_reference_speakers: usize,
    num_hypothesis_speakers: usize,
}

impl From<&Scores> for ScoreFields {
    fn from(scores: &Scores) -> Self {
        let Scores { der, jer, num_reference_speakers, num_hypothesis_speakers } = *scores;
        Self {
            der: der.der(),
            missed_detection: der.missed_detection(),
            false_alarm: der.false_alarm(),
            confusion: der.confusion(),
            jer: jer.jer(),
            total_s: der.total_s,
            correct_s: der.correct_s,
            missed_detection_s: der.missed_detection_s,
            false_alarm_s: der.false_alarm_s,
            confusion_s: der.confusion_s,
            num_reference_speakers,
            num_hypothesis_speakers,
        }
    }
}

/// Scores of the recordings in `pairs`, a JSON list; the last ones are those of all together.
#[pyfunction]
pub(crate) fn score(py: Python<'_>, pairs: &str, collar_s: f64, skip_overlap: bool) -> PyResult<String> {
    let score = || {
        let options = ScoreOptions { collar_s, skip_overlap };
        let pairs: Vec<Pair> = parsed(pairs)?;
        let mut all: Vec<Scores> = Vec::new();
        for Pair(reference, hypothesis, regions) in pairs {
            let regions: Option<Vec<Segment>> =
                regions.map(|regions| regions.into_iter().map(|(start, end)| Segment::new(start, end)).collect());
            let (reference, hypothesis) = (Labels::from(reference).turns, Labels::from(hypothesis).turns);
            let scores = metrics::score(&reference, &hypothesis, regions.as_deref(), &options)
                .map_err(|error| error.at(reference.file_id.clone()))?;
            all.push(scores);
        }
        let total = Scores {
            der: all.iter().map(|scores| scores.der).sum::<DerComponents>(),
            jer: all.iter().map(|scores| scores.jer).sum::<JerComponents>(),
            num_reference_speakers: all.iter().map(|scores| scores.num_reference_speakers).sum(),
            num_hypothesis_speakers: all.iter().map(|scores| scores.num_hypothesis_speakers).sum(),
        };
        all.push(total);
        as_json(&all.iter().map(ScoreFields::from).collect::<Vec<_>>())
    };
    py.detach(score).map_err(|error| raised(py, &error))
}
