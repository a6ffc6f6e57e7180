//! The voice of one speaker of a finished result: from the parts of the recording in which this
//! speaker speaks alone, or as the result holds it.

use std::fs;
use std::path::{Path, PathBuf};

use diarist::parts::analysis::file_id;
use diarist::parts::audio::{self, AudioSource};
use diarist::parts::files;
use diarist::parts::formats::Labels;
use diarist::parts::timeline::Segment;
use diarist::parts::voices::{self, MAX_TOGETHER, MIN_ENROLL_S, Voice};
use diarist::{Error, Result};
use serde::Deserialize;

use crate::inputs::is_audio;
use crate::labels;

/// Shortest recording whose result has voices that can be compared: one chunk.
const MIN_RECORDING_S: f64 = 10.0;

/// The only recording beside the result at `path` that has its name or that of its `file_id`.
pub(super) fn beside(path: &Path) -> Result<Option<PathBuf>> {
    let recordings = labels::read(path)?;
    let [labels] = &recordings[..] else { return Ok(None) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else { return Ok(None) };
    let names = [labels.turns.file_id.clone(), file_id(path)];
    let is_recording = |file: &PathBuf| is_audio(file) && file.is_file() && names.contains(&file_id(file));
    let mut found = entries.flatten().map(|entry| entry.path()).filter(is_recording);
    Ok(found.next().filter(|_| found.next().is_none()))
}

/// The document of one recording, as `diarize --format json` writes it.
#[derive(Debug, Deserialize)]
struct WithVoices {
    #[serde(default)]
    speakers: Vec<Stored>,
}

#[derive(Debug, Deserialize)]
struct Stored {
    label: String,
    embedding: Option<Vec<f32>>,
}

/// The voice of `speaker` in the result at `path`, a JSON document with embeddings.
pub(super) fn stored_voice(path: &Path, speaker: &str) -> Result<Voice> {
    voice_in(path, speaker).map_err(|error| error.at(path.display().to_string()))
}

fn voice_in(path: &Path, speaker: &str) -> Result<Voice> {
    let without = |what: &str| Error::input(what).hint("name the recording as well, after the name of the person");
    let mut recordings = labels::read(path)?;
    let Some(labels) = recordings.pop().filter(|_| recordings.is_empty()) else {
        return Err(without("has several recordings"));
    };
    let segments = alone_in(&labels, speaker)?;
    let document: WithVoices = serde_json::from_slice(&files::read(path)?).map_err(|_| without("holds no voices"))?;
    let stored = document.speakers.into_iter().find(|stored| stored.label == speaker);
    let embedding =
        stored.and_then(|stored| stored.embedding).ok_or_else(|| without("holds no voice of this speaker"))?;
    if labels.duration_s.is_some_and(|duration_s| duration_s < MIN_RECORDING_S) {
        return Err(without("the recording is too short for a voice that can be compared"));
    }
    let alone_s: f64 = segments.iter().map(Segment::duration).sum();
    let own = labels.turns.turns.iter().filter(|turn| turn.speaker == speaker);
    let speech_s: f64 = own.map(|turn| turn.end_s - turn.start_s).sum();
    if alone_s < speech_s * (1.0 - MAX_TOGETHER) {
        let percent = (1.0 - alone_s / speech_s) * 100.0;
        return Err(Error::input(format!("others speak in {percent:.0} % of the speech of {speaker:?}"))
            .hint("name the recording as well: its parts without others are then used"));
    }
    if alone_s < MIN_ENROLL_S {
        return Err(Error::input(format!(
            "{speaker:?} speaks alone for {alone_s:.1} s, but {MIN_ENROLL_S} s are needed"
        ))
        .hint("enroll the person from a longer recording"));
    }
    Voice::new(embedding, alone_s)
}

/// Difference in seconds between the lengths of a recording that two programs give, at most.
const MAX_DIFFERENCE_S: f64 = 2.0;

/// The stretches in which `speaker` speaks alone, according to the result at `path`, in order. A
/// recording of another length than that of the result is refused.
pub(super) fn alone(path: &Path, speaker: &str, recording: &Path) -> Result<Vec<Segment>> {
    let located = |error: Error| error.at(path.display().to_string());
    let mut recordings = labels::read(path)?;
    let index = match recordings.len() {
        1 => Some(0),
        _ => recordings.iter().position(|labels| labels.turns.file_id == file_id(recording)),
    };
    let labels = index.map(|index| recordings.swap_remove(index)).ok_or_else(|| {
        located(
            Error::input("no recording in this result is named like the file").hint("give a result of one recording"),
        )
    })?;
    if let (Some(stated_s), Some(found_s)) = (labels.duration_s, audio::open(recording)?.duration_hint_s())
        && (stated_s - found_s).abs() > MAX_DIFFERENCE_S
    {
        return Err(Error::input(format!("has {found_s:.1} s, but the recording of the result has {stated_s:.1} s"))
            .hint("give the recording that the result was made from")
            .at(recording.display().to_string()));
    }
    alone_in(&labels, speaker).map_err(located)
}

fn alone_in(labels: &Labels, speaker: &str) -> Result<Vec<Segment>> {
    let turns = &labels.turns.turns;
    if turns.iter().all(|turn| turn.speaker != speaker) {
        let speakers = diarist_page::drawing::speakers(turns).join(", ");
        return Err(Error::input(format!("there is no speaker {speaker:?}")).hint(format!("here are {speakers}")));
    }
    Ok(voices::alone(turns, speaker))
}
