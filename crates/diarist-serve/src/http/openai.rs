//! `/v1/audio/transcriptions` with `response_format=diarized_json`, in the shape of OpenAI. The
//! caller sends the words; the service adds the speakers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist::Diarization;
use diarist::parts::formats::json::milliseconds;
use diarist::parts::words::{Transcript, Utterance, utterances};
use serde_json::{Value, json};

use super::form::{self, Form};
use super::{once, recordings};
use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::jobs::Known;
use crate::results::spoken_by_all;

const NAMES: &str = "known_speaker_names[]";
const REFERENCES: &str = "known_speaker_references[]";
/// Fields that concern recognisers have no effect here.
const FIELDS: [&str; 10] = [
    "model",
    "response_format",
    "chunking_strategy",
    NAMES,
    REFERENCES,
    "language",
    "prompt",
    "temperature",
    "stream",
    "timestamp_granularities[]",
];

pub(super) async fn transcribe(State(app): State<Arc<App>>, request: Request) -> Answer<Json<Value>> {
    let mut form = form::read(&app, request, &FIELDS).await?;
    let words = form.words()?.ok_or_else(|| recordings::no_words().hint("send the words as the field words"))?;
    form.choice("response_format", &["diarized_json"])?;
    if form.flag("stream")? {
        return Err(Refusal::invalid("stream is true, but the answer comes whole").hint("leave stream out"));
    }
    let known = known(&form)?;
    let once::Diarized { result, .. } = once::diarize_with(&app, form, &[], known).await?;
    Ok(Json(answer(&result, &Transcript::read(&words)?)))
}

/// The people whose voices came along.
fn known(form: &Form) -> Answer<Vec<Known>> {
    let (names, references) = (form.all(NAMES), form.all(REFERENCES));
    if names.len() != references.len() {
        return Err(Refusal::invalid(format!(
            "there are {} known_speaker_names[], but {} known_speaker_references[]",
            names.len(),
            references.len()
        )));
    }
    let known = names.iter().zip(references).map(|(name, reference)| {
        diarist::parts::voices::check_name(name)?;
        let clip = reference.split_once(";base64,").and_then(|(head, data)| {
            let is_data = head.starts_with("data:");
            STANDARD.decode(data.trim()).ok().filter(|_| is_data)
        });
        let clip = clip.ok_or_else(|| {
            Refusal::invalid(format!("the reference of {name:?} is no clip"))
                .hint("send a data URL, such as data:audio/wav;base64,...")
        })?;
        Ok(Known { name: name.clone(), clip })
    });
    known.collect()
}

fn answer(result: &Diarization, transcript: &Transcript) -> Value {
    let utterances = utterances(spoken_by_all(result, transcript));
    let segment = |(index, utterance): (usize, &Utterance)| {
        json!({
            "type": "transcript.text.segment",
            "id": format!("seg_{index:03}"),
            "start": milliseconds(utterance.time().start),
            "end": milliseconds(utterance.time().end),
            "speaker": speaker(result, utterance.speaker.as_deref()),
            "text": utterance.text(),
        })
    };
    let text: Vec<String> = utterances.iter().map(Utterance::text).collect();
    json!({
        "task": "transcribe",
        "duration": milliseconds(result.duration_s),
        "text": text.join(" "),
        "segments": utterances.iter().enumerate().map(segment).collect::<Vec<_>>(),
    })
}

/// The name of a speaker, or A, B and so on; `null` if nobody speaks in the recording.
fn speaker(result: &Diarization, label: Option<&str>) -> Option<String> {
    let index = result.speakers.iter().position(|speaker| Some(speaker.label.as_str()) == label)?;
    let letter = |index: usize| char::from(b'A' + (index % 26) as u8);
    Some(result.speakers[index].name.clone().unwrap_or_else(|| match index / 26 {
        0 => letter(index).to_string(),
        round => format!("{}{round}", letter(index)),
    }))
}
