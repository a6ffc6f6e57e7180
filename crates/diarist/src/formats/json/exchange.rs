//! The part of a JSON document that other formats have as well.

use serde::{Deserialize, Serialize};

use super::super::fields::{MAX_S, error_at};
use super::super::labels::Labels;
use super::super::text::{decode, sort, speaker};
use super::{JsonSpeaker, SCHEMA_VERSION, milliseconds, rounded};
use crate::error::{Error, Result};
use crate::timeline::intervals::{covered_s, overlaps};
use crate::timeline::{Annotation, Segment, Turn};

/// The fields of a [`super::Document`] that are read; all others may be missing.
#[derive(Debug, Deserialize)]
struct Known {
    file_id: String,
    #[serde(default)]
    duration_s: Option<f64>,
    turns: Vec<Turn>,
    #[serde(default)]
    exclusive_turns: Option<Vec<Turn>>,
}

/// The words of `diarist assign` (docs/words.md). Each utterance is a turn.
#[derive(Debug, Deserialize)]
struct Words {
    utterances: Vec<Said>,
}

#[derive(Debug, Deserialize)]
struct Said {
    speaker: Option<String>,
    start_s: f64,
    end_s: f64,
}

/// The fields of a [`super::Document`] that follow from the turns alone; [`write`] writes them.
#[derive(Debug, Serialize)]
struct Told<'a> {
    schema_version: u32,
    diarist_version: &'a str,
    file_id: &'a str,
    duration_s: Option<f64>,
    speech_s: f64,
    overlap_s: f64,
    turns: Vec<Turn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_turns: Option<Vec<Turn>>,
    speakers: Vec<JsonSpeaker>,
}

/// Reads documents that follow each other, as in JSON Lines. A speaker with a name gets the name as
/// label. Of words with speakers, which `diarist assign` writes, the utterances are the turns; the
/// recording then has no name.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line's number if this is not such a document.
pub fn read(bytes: &[u8]) -> Result<Vec<Labels>> {
    let text = decode(bytes)?;
    if text.contains("\"utterances\"")
        && let Ok(words) = serde_json::from_str::<Words>(&text)
    {
        return Ok(vec![recording_of(words)?]);
    }
    let mut recordings = Vec::new();
    for known in serde_json::Deserializer::from_str(&text).into_iter::<Known>() {
        let known = known.map_err(|error| {
            error_at(error.line(), "this is not a JSON document of diarist")
                .hint("give a diarization that diarist wrote as JSON")
                .caused_by(error)
        })?;
        recordings.push(recording(known).map_err(|error| error.at(format!("document {}", recordings.len() + 1)))?);
    }
    Ok(recordings)
}

/// `recording` on one line, without a line break: a document without options, timings and voices.
pub fn write(recording: &Labels) -> String {
    let annotation = &recording.turns;
    let segments: Vec<Segment> = annotation.turns.iter().map(|turn| turn.segment()).collect();
    let told = Told {
        schema_version: SCHEMA_VERSION,
        diarist_version: env!("CARGO_PKG_VERSION"),
        file_id: &annotation.file_id,
        duration_s: recording.duration_s.map(milliseconds),
        speech_s: milliseconds(covered_s(segments.iter().copied())),
        overlap_s: milliseconds(covered_s(overlaps(&segments))),
        turns: rounded(&annotation.turns),
        exclusive_turns: recording.exclusive.as_ref().map(|exclusive| rounded(&exclusive.turns)),
        speakers: annotation.speakers().into_iter().map(|label| summary(annotation, label)).collect(),
    };
    serde_json::to_string(&told).expect("every field has a JSON form: strings, numbers, lists")
}

fn summary(annotation: &Annotation, label: &str) -> JsonSpeaker {
    let own: Vec<Segment> =
        annotation.turns.iter().filter(|turn| turn.speaker == label).map(|turn| turn.segment()).collect();
    JsonSpeaker {
        label: label.to_owned(),
        num_turns: own.len(),
        speech_s: milliseconds(covered_s(own)),
        embedding: None,
        name: None,
        identification: None,
    }
}

fn recording(known: Known) -> Result<Labels> {
    let annotation = |turns: Vec<Turn>| {
        let mut turns: Vec<Turn> = turns.iter().map(turn).collect::<Result<_>>()?;
        sort(&mut turns);
        Ok(Annotation { file_id: known.file_id.clone(), turns })
    };
    if let Some(duration_s) = known.duration_s.filter(|duration_s| !(0.0..=MAX_S).contains(duration_s)) {
        return Err(Error::input(format!("duration_s is {duration_s:?}, the length of no recording")));
    }
    Ok(Labels {
        turns: annotation(known.turns)?,
        exclusive: known.exclusive_turns.map(annotation).transpose()?,
        duration_s: known.duration_s,
        ..Labels::default()
    })
}

/// The utterances as turns; those of nobody are left out.
fn recording_of(words: Words) -> Result<Labels> {
    let num_said = words.utterances.len();
    let named =
        words.utterances.into_iter().filter_map(|said| Some(Turn::new(said.start_s, said.end_s, said.speaker?)));
    let mut turns: Vec<Turn> = named.map(|said| turn(&said)).collect::<Result<_>>()?;
    sort(&mut turns);
    let num_left_out = num_said - turns.len();
    Ok(Labels { num_left_out, ..Labels::from(Annotation { file_id: String::new(), turns }) })
}

/// The turn of a file, with the name of a known person as its label.
fn turn(turn: &Turn) -> Result<Turn> {
    let &Turn { start_s, end_s, .. } = turn;
    if end_s < start_s || start_s < 0.0 || end_s > MAX_S {
        return Err(Error::input(format!("a turn from {start_s} s to {end_s} s is impossible")));
    }
    let mut read = Turn::new(start_s, end_s, speaker(1, turn.name.as_deref().unwrap_or(&turn.speaker))?);
    read.channel = turn.channel;
    read.confidence = turn.confidence.filter(|confidence| (0.0..=1.0).contains(confidence));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_back_as_written() {
        let line = r#"{"file_id":"a","turns":[{"start_s":1,"end_s":2.5,"speaker":"S0","name":"Ann \"A\" Lee"},
            {"start_s":0,"end_s":1.5,"speaker":"S1","confidence":0.5}],"exclusive_turns":[],"more":1}"#;
        let recordings = read(format!("{line}\n{line}").as_bytes()).unwrap();
        assert_eq!((recordings.len(), &recordings[0]), (2, &recordings[1]));
        let recording = &recordings[0];
        assert_eq!(recording.turns.speakers(), ["Ann \"A\" Lee", "S1"]);
        assert_eq!(recording.turns.turns[0].confidence, Some(0.5));
        assert_eq!((recording.exclusive.as_ref().unwrap().turns.len(), recording.duration_s), (0, None));
        let written = write(recording);
        assert_eq!(read(written.as_bytes()).unwrap(), recordings[..1]);
        let value: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!((&value["speech_s"], &value["overlap_s"]), (&2.5.into(), &0.5.into()));
        assert_eq!((&value["speakers"][1]["label"], &value["speakers"][1]["num_turns"]), (&"S1".into(), &1.into()));
    }

    #[test]
    fn utterances_of_words_are_turns() {
        let text = r#"{"schema_version":1,"utterances":[
            {"speaker":"Ann","start_s":1,"end_s":2,"text":"hi","words":[{"text":"hi","start_s":1,"end_s":2}]},
            {"speaker":null,"start_s":3,"end_s":4,"text":"x","words":[]}]}"#;
        let recording = read(text.as_bytes()).unwrap().remove(0);
        assert_eq!((recording.turns.turns, recording.num_left_out), (vec![Turn::new(1.0, 2.0, "Ann")], 1));
    }

    #[test]
    fn errors_name_the_line_or_the_document() {
        for (text, expected) in [
            ("{\"file_id\": \"a\", \"turns\": []}\n{", "line 2: this is not a JSON document of diarist"),
            ("{\"turns\": []}", "line 1: this is not a JSON document of diarist"),
            (
                r#"{"file_id": "a", "turns": [{"start_s": 2, "end_s": 1, "speaker": "x"}]}"#,
                "document 1: a turn from 2 s",
            ),
            (
                r#"{"file_id": "a", "turns": [{"start_s": -2, "end_s": 1, "speaker": "x"}]}"#,
                "document 1: a turn from -2 s",
            ),
            (
                r#"{"file_id": "a", "turns": [{"start_s": 2, "end_s": 1e300, "speaker": "x"}]}"#,
                "document 1: a turn from 2 s",
            ),
        ] {
            let message = read(text.as_bytes()).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
