//! `/v1/audio/diarization`, in the shape of LocalAI.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use diarist::parts::formats::Format;
use diarist::parts::formats::json::milliseconds;
use diarist::parts::words::{SpokenWord, Transcript};
use diarist::{Diarization, Turn};
use serde_json::{Value, json};

use super::form::{self, BOUNDS};
use super::{once, results};
use crate::app::App;
use crate::error::Answer;
use crate::results::{document, spoken_by_all};

const FIELDS: [&str; 10] = [
    "model",
    "num_speakers",
    "min_speakers",
    "max_speakers",
    "clustering_threshold",
    "min_duration_on",
    "min_duration_off",
    "language",
    "include_text",
    "response_format",
];
const OPTIONS: [(&str, &str); 5] =
    [BOUNDS[0], BOUNDS[1], BOUNDS[2], ("clustering_threshold", "threshold"), ("min_duration_off", "min-duration-off")];
const FORMATS: [&str; 4] = ["json", "verbose_json", "rttm", "diarist_json"];

pub(super) async fn diarize(State(app): State<Arc<App>>, request: Request) -> Answer<Response> {
    let mut form = form::read(&app, request, &FIELDS).await?;
    // There, 0 speakers are a number that is not known.
    form.without_zeros(&BOUNDS);
    let format = form.choice("response_format", &FORMATS)?.unwrap_or("json");
    let min_turn_s = form.value::<f64>("min_duration_on", "a number of seconds")?.unwrap_or(0.0);
    let words = form.words()?;
    let has_no_text = form.flag("include_text")? && words.is_none();
    let once::Diarized { mut result, form } = once::diarize(&app, form, &OPTIONS).await?;
    if has_no_text {
        // As there, a model without a recogniser leaves the text out.
        result.warnings.push("there is no text: the service has no recogniser, and no words were sent".to_owned());
    }
    let is_long = |turn: &Turn| turn.end_s - turn.start_s >= min_turn_s;
    result.turns.retain(is_long);
    result.exclusive_turns.retain(is_long);
    Ok(match format {
        "rttm" => {
            // Labels stand here even for people with a name.
            result.speakers.iter_mut().for_each(|speaker| speaker.name = None);
            let text = results::turns(&result, Format::Rttm, false)?;
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        "diarist_json" => Json(document(&result)?).into_response(),
        _ => {
            let words = match words {
                Some(words) => Some(spoken_by_all(&result, &Transcript::read(&words)?)),
                None => None,
            };
            let mut answer = plain(&result, words.as_deref());
            if format == "verbose_json"
                && let Some(fields) = answer.as_object_mut()
            {
                fields.insert("language".to_owned(), json!(form.text("language")));
                fields.insert("speakers".to_owned(), speakers(&result));
            }
            Json(answer).into_response()
        }
    })
}

/// The number of a speaker in the result.
fn index(result: &Diarization, label: &str) -> usize {
    result.speakers.iter().position(|speaker| speaker.label == label).unwrap_or_default()
}

fn plain(result: &Diarization, words: Option<&[SpokenWord]>) -> Value {
    let mut texts = vec![String::new(); result.turns.len()];
    for word in words.unwrap_or_default() {
        if let Some(text) = turn_of(&result.turns, word).and_then(|index| texts.get_mut(index)) {
            if !text.is_empty() && !word.is_glued {
                text.push(' ');
            }
            text.push_str(&word.text);
        }
    }
    let segment = |(id, turn): (usize, &Turn)| {
        let index = index(result, &turn.speaker);
        let mut segment = json!({
            "id": id,
            "speaker": turn.speaker,
            "label": index.to_string(),
            "start": milliseconds(turn.start_s),
            "end": milliseconds(turn.end_s),
        });
        if let Some(name) = &turn.name {
            segment["name"] = json!(name);
            segment["name_score"] = json!(score(result, index));
        }
        if words.is_some() {
            segment["text"] = json!(texts[id]);
        }
        segment
    };
    json!({
        "task": "diarize",
        "duration": milliseconds(result.duration_s),
        "num_speakers": result.speakers.len(),
        "segments": result.turns.iter().enumerate().map(segment).collect::<Vec<_>>(),
        "warnings": result.warnings,
    })
}

/// The turn of the word's speaker that is nearest to the middle of the word.
fn turn_of(turns: &[Turn], word: &SpokenWord) -> Option<usize> {
    let middle = (word.time.start + word.time.end) / 2.0;
    let distance = |turn: &Turn| (turn.start_s - middle).max(middle - turn.end_s).max(0.0);
    let own = turns.iter().enumerate().filter(|(_, turn)| Some(&turn.speaker) == word.speaker.as_ref());
    own.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b))).map(|(index, _)| index)
}

/// Probability that a speaker is the person whose name it has.
fn score(result: &Diarization, index: usize) -> Option<f64> {
    Some(result.speakers.get(index)?.identification.as_ref()?.best.as_ref()?.probability)
}

fn speakers(result: &Diarization) -> Value {
    let speakers = result.speakers.iter().enumerate().map(|(index, speaker)| {
        let own = || result.turns.iter().filter(|turn| turn.speaker == speaker.label);
        let mut value = json!({
            "id": speaker.label,
            "label": index.to_string(),
            "total_speech_duration": milliseconds(own().map(|turn| turn.end_s - turn.start_s).sum()),
            "segment_count": own().count(),
        });
        if let Some(name) = &speaker.name {
            value["name"] = json!(name);
            value["name_score"] = json!(score(result, index));
        }
        value
    });
    speakers.collect()
}

#[cfg(test)]
mod tests {
    use diarist::parts::timeline::Segment;

    use super::*;

    #[test]
    fn a_word_belongs_to_the_nearest_turn_of_its_speaker() {
        let turns = [Turn::new(0.0, 2.0, "a"), Turn::new(2.0, 4.0, "b"), Turn::new(5.0, 6.0, "a")];
        let word = |start: f64, end: f64, speaker: &str| SpokenWord {
            text: "x".to_owned(),
            time: Segment::new(start, end),
            speaker: Some(speaker.to_owned()),
            is_glued: false,
        };
        assert_eq!(turn_of(&turns, &word(1.9, 2.2, "a")), Some(0));
        assert_eq!(turn_of(&turns, &word(4.0, 4.8, "a")), Some(2));
        assert_eq!(turn_of(&turns, &word(2.5, 3.0, "b")), Some(1));
        assert_eq!(turn_of(&turns, &word(2.5, 3.0, "c")), None);
    }
}
