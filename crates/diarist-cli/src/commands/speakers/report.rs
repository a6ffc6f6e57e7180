//! Output of the commands, as tables and as JSON.

use std::path::Path;

use anyhow::Result;
use diarist::Speaker;
use diarist::parts::formats::json::JsonIdentification;
use diarist::parts::voices::{Candidate, Identification, Person, Sample};
use serde_json::{Value, json};

use super::Presentation;
use crate::table;

/// All people.
pub(super) fn people(people: &[Person], shown: Presentation) -> Result<String> {
    if shown == Presentation::Json {
        let person = |person: &Person| {
            json!({
                "name": person.name,
                "num_enrolled": person.num_enrolled,
                "num_learned": person.num_learned,
                "speech_s": rounded(person.speech_s),
                "created": person.created,
            })
        };
        return line(&json!({ "people": people.iter().map(person).collect::<Vec<_>>() }));
    }
    let head = ["name", "enrolled", "learned", "speech", "since"].map(str::to_owned);
    let rows = people.iter().map(|person| {
        [
            person.name.clone(),
            person.num_enrolled.to_string(),
            person.num_learned.to_string(),
            format!("{:.1} s", person.speech_s),
            person.created.clone(),
        ]
    });
    text(&[head].into_iter().chain(rows).collect::<Vec<_>>())
}

/// The samples of a person.
pub(super) fn samples(samples: &[Sample], shown: Presentation) -> Result<String> {
    if shown == Presentation::Json {
        let sample = |sample: &Sample| {
            json!({
                "id": sample.id,
                "kind": sample.kind.name(),
                "batch": sample.batch,
                "speech_s": rounded(sample.voice.speech_s()),
                "model": sample.model,
                "created": sample.created,
                "source": sample.source,
            })
        };
        return line(&json!({ "samples": samples.iter().map(sample).collect::<Vec<_>>() }));
    }
    let head = ["source", "id", "kind", "batch", "speech", "since", "model"].map(str::to_owned);
    let rows = samples.iter().map(|sample| {
        [
            sample.source.clone(),
            sample.id.to_string(),
            sample.kind.name().to_owned(),
            sample.batch.map_or_else(|| "-".to_owned(), |batch| batch.to_string()),
            format!("{:.1} s", sample.voice.speech_s()),
            sample.created.clone(),
            sample.model.clone(),
        ]
    });
    text(&[head].into_iter().chain(rows).collect::<Vec<_>>())
}

/// The likeliest people for the speakers of `file`.
pub(super) fn identifications(file: &Path, speakers: &[Speaker], shown: Presentation) -> Result<String> {
    if shown == Presentation::Json {
        let speaker = |speaker: &Speaker| {
            json!({
                "label": speaker.label,
                "speech_s": rounded(speaker.speech_s),
                "name": speaker.name,
                "identification": speaker.identification.as_ref().map(JsonIdentification::from),
            })
        };
        let speakers: Vec<Value> = speakers.iter().map(speaker).collect();
        return line(&json!({ "file": file.display().to_string(), "speakers": speakers }));
    }
    let head = ["speaker", "speech", "name", "likeliest", "probability", "runner-up", "margin"].map(str::to_owned);
    let rows = speakers.iter().map(|speaker| {
        let found = &speaker.identification;
        let best = found.as_ref().and_then(|found| found.best.as_ref());
        let runner_up = found.as_ref().and_then(|found| found.runner_up.as_ref());
        let margin = found.as_ref().and_then(Identification::margin);
        let name = |candidate: Option<&Candidate>| candidate.map_or("-", |candidate| &candidate.name).to_owned();
        [
            speaker.label.clone(),
            format!("{:.1} s", speaker.speech_s),
            speaker.name.as_deref().unwrap_or("unknown").to_owned(),
            name(best),
            best.map_or_else(|| "-".to_owned(), |best| format!("{:.4}", best.probability)),
            name(runner_up),
            margin.map_or_else(|| "-".to_owned(), |margin| format!("{margin:.1}")),
        ]
    });
    text(&[head].into_iter().chain(rows).collect::<Vec<_>>())
}

/// Whether two voices belong to one person.
pub(super) fn verification(found: &Identification, shown: Presentation) -> Result<String> {
    let Some(best) = &found.best else { anyhow::bail!("a comparison with nobody") };
    if shown == Presentation::Json {
        return line(&json!({
            "same": found.is_known,
            "probability": best.probability,
            "log_ratio": best.log_ratio,
            "cosine": best.cosine,
        }));
    }
    let answer = if found.is_known { "one person" } else { "not known to be one person" };
    Ok(format!(
        "{answer}: probability {:.4}, log10 of the likelihood ratio {:.1}, cosine {:.3}\n",
        best.probability, best.log_ratio, best.cosine
    ))
}

/// `seconds` rounded to milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

fn line(value: &Value) -> Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}

fn text<const N: usize>(rows: &[[String; N]]) -> Result<String> {
    let mut out = Vec::new();
    table::write(&mut out, rows)?;
    Ok(String::from_utf8(out)?)
}
