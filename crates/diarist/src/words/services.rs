//! Reads the JSON layouts of web services, of Transformers, and of recognisers for small devices.
//!
//! Sources (September 2026): huggingface/transformers `pipelines/automatic_speech_recognition.py`
//! (`chunks`); Deepgram, "Pre-recorded audio" (`results.channels`); AssemblyAI, "Get transcript"
//! (times in milliseconds); alphacep/vosk-api `transcriber.py` and the results of its recogniser;
//! k2-fsa/sherpa-onnx `sherpa-onnx/csrc/offline-stream.cc` (`AsJsonString`).

use serde::Deserialize;
use serde_json::Value;

use super::fields::{Seconds, TimedWord, WhisperSegment, parse};
use super::output::{JsonWord, WordsDocument};
use super::pieces::{cut, glue_by_text, is_without_blanks, merged};
use super::times::{Draft, Piece, Times};
use super::transcript::Layout;
use crate::error::{Error, Result};

/// Fields that only AssemblyAI writes, beside `words`.
const OF_ASSEMBLY_AI: [&str; 5] = ["audio_url", "audio_duration", "acoustic_model", "speech_model", "language_model"];

/// The layout of `value`, if it is one of these, and the words.
pub(super) fn layout(value: &mut Value) -> Option<(Layout, Result<Draft>)> {
    let is_list = |field: &str| value.get(field).is_some_and(Value::is_array);
    if is_list("utterances") && value.get("schema_version").is_some() {
        return Some((Layout::Diarist, parse(value.take()).map(|document| diarist(&document))));
    }
    if is_list("chunks") {
        return Some((Layout::HuggingFace, hugging_face(value.take())));
    }
    if value.pointer("/results/channels").is_some_and(Value::is_array) {
        let channels = value.pointer_mut("/results/channels").map(Value::take).unwrap_or_default();
        return Some((Layout::Deepgram, parse(channels).map(deepgram)));
    }
    if is_list("words") && OF_ASSEMBLY_AI.iter().any(|field| value.get(field).is_some()) {
        return Some((Layout::AssemblyAi, assembly_ai(value.take())));
    }
    if is_list("result") || is_list("monologues") {
        return Some((Layout::Vosk, vosk(vec![value.take()])));
    }
    if is_list("tokens") && is_list("timestamps") {
        return Some((Layout::SherpaOnnx, parse(value.take()).and_then(sherpa_onnx)));
    }
    None
}

/// The words of `diarist assign`. A word is glued where the text of its utterance has no blank.
fn diarist(document: &WordsDocument) -> Draft {
    let mut draft = Draft::default();
    for (index, utterance) in document.utterances.iter().enumerate() {
        draft.segments.push(Times::new(Some(utterance.start_s), Some(utterance.end_s)));
        let word = |word: &JsonWord| Piece::new(&word.text, Some(word.start_s), Some(word.end_s), index);
        draft.pieces.extend(glue_by_text(utterance.words.iter().map(word).collect(), &utterance.text));
    }
    draft
}

/// Reads words that stand beside the segments, as OpenAI's web API returns them. A word belongs to
/// the segment in which it begins. The blanks between words come from the segments, or from `text`.
pub(super) fn words_apart(segments: &Value, words: Value, text: &str) -> Result<Draft> {
    let segments: Vec<WhisperSegment> = if segments.is_null() { Vec::new() } else { parse(segments.clone())? };
    let words: Vec<TimedWord> = parse(words)?;
    let ends: Vec<f64> = segments.iter().filter_map(|segment| segment.end.0).collect();
    let words = words.iter().map(|word| {
        let segment = ends.partition_point(|end| word.start.0.is_some_and(|start| *end <= start));
        word.piece(segment)
    });
    let words: Vec<Piece> = words.filter(|word| !word.text.is_empty()).collect();
    let of_segments: String = segments.iter().map(|segment| segment.text.as_str()).collect();
    let text = if of_segments.is_empty() { text } else { &of_segments };
    // Words of unknown times stand in the segment of their neighbours, so segments give no times.
    Ok(Draft { pieces: glue_by_text(words, text), segments: Vec::new() })
}

#[derive(Deserialize)]
struct Chunks {
    chunks: Vec<Chunk>,
}

#[derive(Deserialize)]
struct Chunk {
    text: String,
    timestamp: Option<(Seconds, Seconds)>,
}

/// A chunk is a word or a longer stretch, as the caller of the pipeline wished.
fn hugging_face(value: Value) -> Result<Draft> {
    let Chunks { chunks } = parse(value)?;
    let mut draft = Draft::default();
    for (index, chunk) in chunks.into_iter().enumerate() {
        let (start, end) = chunk.timestamp.unwrap_or_default();
        draft.segments.push(Times::new(start.0, end.0));
        let mut pieces = cut(&chunk.text, index);
        if let Some(first) = pieces.first_mut() {
            // Not every model writes the blank before a word.
            first.is_glued = first.is_glued && first.text.starts_with(is_without_blanks);
        }
        draft.pieces.extend(pieces);
    }
    Ok(draft)
}

#[derive(Deserialize)]
struct Channel {
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default)]
    words: Vec<TimedWord>,
}

/// The likeliest words of all channels in the order of time.
fn deepgram(channels: Vec<Channel>) -> Draft {
    let first = |channel: Channel| channel.alternatives.into_iter().next().map(|alternative| alternative.words);
    let words = channels.into_iter().filter_map(first).flatten();
    let mut pieces: Vec<Piece> =
        words.map(|word| Piece::new(&format!(" {}", word.text()), word.start.0, word.end.0, 0)).collect();
    pieces.sort_by(|a, b| a.times.start.unwrap_or(0.0).total_cmp(&b.times.start.unwrap_or(0.0)));
    Draft { pieces, ..Draft::default() }
}

fn assembly_ai(mut value: Value) -> Result<Draft> {
    let words: Vec<TimedWord> = parse(value.get_mut("words").map(Value::take).unwrap_or_default())?;
    let seconds = |time: Seconds| time.0.map(|milliseconds| milliseconds / 1e3);
    let pieces =
        words.iter().map(|word| Piece::new(&format!(" {}", word.text()), seconds(word.start), seconds(word.end), 0));
    Ok(Draft { pieces: pieces.collect(), ..Draft::default() })
}

/// Whether `value` is one of the results that Vosk writes one after the other.
pub(super) fn is_vosk(value: &Value) -> bool {
    ["result", "partial"].iter().any(|field| value.get(field).is_some())
        || value.get("text").is_some_and(|text| text == "") && value.as_object().is_some_and(|fields| fields.len() == 1)
}

#[derive(Deserialize)]
struct VoskResult {
    #[serde(default)]
    result: Vec<TimedWord>,
    #[serde(default)]
    monologues: Vec<Monologue>,
}

#[derive(Deserialize)]
struct Monologue {
    #[serde(default)]
    terms: Vec<TimedWord>,
}

/// Results in their order; a partial one has no words.
pub(super) fn vosk(values: Vec<Value>) -> Result<Draft> {
    let mut pieces = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let VoskResult { result, monologues } = parse(value)?;
        let words = result.iter().chain(monologues.iter().flat_map(|monologue| &monologue.terms));
        pieces.extend(words.map(|word| Piece::new(&format!(" {}", word.text()), word.start.0, word.end.0, index)));
    }
    Ok(Draft { pieces, ..Draft::default() })
}

#[derive(Deserialize)]
struct SherpaOnnx {
    tokens: Vec<String>,
    timestamps: Vec<Seconds>,
    #[serde(default)]
    durations: Vec<Seconds>,
}

fn sherpa_onnx(result: SherpaOnnx) -> Result<Draft> {
    let SherpaOnnx { tokens, timestamps, durations } = result;
    if tokens.len() != timestamps.len() {
        let message = format!("{} tokens have {} time stamps", tokens.len(), timestamps.len());
        return Err(Error::input(message).hint("choose a model that gives time stamps"));
    }
    let token = |(index, text): (usize, &String)| {
        let start = timestamps[index].0;
        let end = start.zip(durations.get(index).and_then(|duration| duration.0)).map(|(start, length)| start + length);
        Piece::new(text, start, end, 0)
    };
    Ok(Draft { pieces: merged(tokens.iter().enumerate().map(token).collect()), ..Draft::default() })
}
