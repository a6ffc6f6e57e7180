//! Reads the JSON layouts of several recognisers.
//!
//! Sources (September 2026): openai/whisper `whisper/timing.py` and `whisper/utils.py`;
//! SYSTRAN/faster-whisper `faster_whisper/transcribe.py` (`Segment`, `Word`); m-bain/whisperX
//! `whisperx/types.py`; linto-ai/whisper-timestamped `README.md`; ggml-org/whisper.cpp
//! `examples/cli/cli.cpp` (`output_json`); NVIDIA NeMo user guide, "Obtain timestamps";
//! FluidInference/FluidAudio `TranscribeCommand.swift` (`TranscriptionJSONOutput`) and `ASRResult`;
//! senstella/parakeet-mlx `parakeet_mlx/cli.py` (`to_json`). [`super::services`] has others.

use serde::Deserialize;
use serde_json::Value;

use super::fields::{Seconds, TimedWord, WhisperSegment, parse};
use super::pieces::{cut, glue_by_text, merged};
use super::services;
use super::times::{Draft, Piece, Times};
use super::transcript::Layout;
use crate::error::{Error, Result};

/// The layout of the JSON in `text`, and what it says.
pub(super) fn read(text: &str) -> Result<(Layout, Draft)> {
    let parse = |text: &str| {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        values.collect::<std::result::Result<Vec<Value>, _>>()
    };
    // Python writes NaN, which JSON does not have.
    let mut values = parse(text).or_else(|error| parse(&without_nan(text)).map_err(|_| error)).map_err(|error| {
        Error::input("the transcript is not JSON").hint("give JSON, SRT, WebVTT or TTML").caused_by(error)
    })?;
    let (layout, draft) = match values.len() {
        1 => layout(values.swap_remove(0)).ok_or_else(unknown)?,
        _ if values.iter().all(services::is_vosk) => (Layout::Vosk, services::vosk(values)),
        num => {
            return Err(
                Error::input(format!("here are {num} JSON documents")).hint("give the transcript of one recording")
            );
        }
    };
    Ok((layout, draft.map_err(|error| error.at(format!("read as {}", layout.name())))?))
}

/// `text` with `null` in place of numbers that JSON does not have.
fn without_nan(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let (mut is_string, mut is_escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let name = ["NaN", "Infinity", "-Infinity"].into_iter().find(|name| !is_string && rest.starts_with(name));
        let length = match name {
            Some(name) => name.len(),
            None => c.len_utf8(),
        };
        plain.push_str(if name.is_some() { "null" } else { &rest[..length] });
        is_string ^= c == '"' && !is_escaped;
        is_escaped = is_string && c == '\\' && !is_escaped;
        rest = &rest[length..];
    }
    plain
}

fn unknown() -> Error {
    Error::input("the layout of the transcript is not known").hint(
        "known layouts are Whisper, faster-whisper, WhisperX and whisper-timestamped (segments with words), whisper.cpp (-ojf), \
         Hugging Face (chunks), NeMo (timestamp.word), FluidAudio (wordTimings, tokenTimings), parakeet-mlx (sentences), Deepgram, \
         AssemblyAI, Vosk, sherpa-onnx, SRT, WebVTT and TTML",
    )
}

/// The layout, recognised by a field that no other layout has, and the words.
fn layout(mut value: Value) -> Option<(Layout, Result<Draft>)> {
    if let Value::Array(items) = &mut value {
        let is_segment = |item: &Value| item.get("text").is_some() && item.get("start").is_some();
        let is_word = |item: &Value| item.get("word").is_some();
        // faster-whisper writes a list of segments; others write a list of recordings.
        return match items.len() {
            0 => None,
            _ if items.iter().all(is_segment) => Some((Layout::Whisper, parse(value).map(whisper))),
            _ if items.iter().all(is_word) => Some((Layout::Whisper, services::words_apart(&Value::Null, value, ""))),
            1 => layout(items.swap_remove(0)),
            _ if items.iter().all(services::is_vosk) => Some((Layout::Vosk, services::vosk(items.split_off(0)))),
            _ => None,
        };
    }
    if let Some(found) = services::layout(&mut value) {
        return Some(found);
    }
    let mut take = |field: &str| value.get_mut(field).map(Value::take);
    if let Some(transcription) = take("transcription").filter(Value::is_array) {
        return Some((Layout::WhisperCpp, parse(transcription).map(whisper_cpp)));
    }
    if let Some(stamps) = take("timestamp").or_else(|| take("timestep")).filter(Value::is_object) {
        return Some((Layout::Nemo, nemo(stamps)));
    }
    if let Some(timings) = take("wordTimings").filter(Value::is_array) {
        return Some((Layout::FluidAudio, parse(timings).map(fluid_audio_words)));
    }
    if let Some(timings) = take("tokenTimings").filter(Value::is_array) {
        return Some((Layout::FluidAudio, parse(timings).map(fluid_audio_tokens)));
    }
    if let Some(sentences) = take("sentences").filter(Value::is_array) {
        return Some((Layout::ParakeetMlx, parse(sentences).map(parakeet_mlx)));
    }
    let text = take("text").and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
    let (segments, all_words) = (take("segments").filter(Value::is_array), take("words").filter(Value::is_array));
    let has_words = |segments: &Value| {
        segments
            .as_array()
            .is_some_and(|all| all.iter().any(|segment| segment.get("words").is_some_and(Value::is_array)))
    };
    match (segments, all_words) {
        (Some(segments), Some(all_words)) if !has_words(&segments) && all_words.get(0).is_some() => {
            Some((Layout::Whisper, services::words_apart(&segments, all_words, &text)))
        }
        (Some(segments), _) => Some((Layout::Whisper, parse(segments).map(whisper))),
        (None, Some(all_words)) => Some((Layout::Whisper, services::words_apart(&Value::Null, all_words, &text))),
        (None, None) => None,
    }
}

fn whisper(segments: Vec<WhisperSegment>) -> Draft {
    let mut draft = Draft::default();
    for (index, segment) in segments.into_iter().enumerate() {
        let WhisperSegment { start, end, text, words } = segment;
        draft.segments.push(Times::new(start.0, end.0));
        draft.pieces.extend(match words.filter(|words| words.iter().any(|word| !word.text().trim().is_empty())) {
            None => cut(&format!(" {text}"), index),
            Some(words) => glue_by_text(words.iter().map(|word| word.piece(index)).collect(), &text),
        });
    }
    draft
}

#[derive(Deserialize)]
struct CppSegment {
    offsets: Offsets,
    text: String,
    tokens: Option<Vec<CppToken>>,
}

#[derive(Deserialize)]
struct CppToken {
    text: String,
    offsets: Option<Offsets>,
}

#[derive(Deserialize, Clone, Copy)]
struct Offsets {
    from: f64,
    to: f64,
}

fn whisper_cpp(segments: Vec<CppSegment>) -> Draft {
    let seconds = |milliseconds: f64| milliseconds / 1e3;
    let mut draft = Draft::default();
    for (index, segment) in segments.into_iter().enumerate() {
        draft.segments.push(Times::new(Some(seconds(segment.offsets.from)), Some(seconds(segment.offsets.to))));
        let tokens = segment.tokens.unwrap_or_default();
        // A character may be cut between two tokens. Then only the text of the segment is readable.
        let is_cut = tokens.iter().any(|token| token.text.contains(char::REPLACEMENT_CHARACTER));
        let is_spoken = |token: &&CppToken| !token.text.starts_with("[_") && !token.text.starts_with("<|");
        let tokens: Vec<Piece> = tokens
            .iter()
            .filter(is_spoken)
            .map(|token| {
                let (from, to) = (token.offsets.map(|o| seconds(o.from)), token.offsets.map(|o| seconds(o.to)));
                Piece::new(&token.text, from, to, index)
            })
            .collect();
        draft.pieces.extend(if tokens.is_empty() || is_cut { cut(&segment.text, index) } else { merged(tokens) });
    }
    draft
}

fn nemo(mut stamps: Value) -> Result<Draft> {
    let words = stamps
        .get_mut("word")
        .map(Value::take)
        .ok_or_else(|| Error::input("the words have no time stamps").hint("transcribe with timestamps=True"))?;
    if let Some(first) = words.get(0)
        && first.get("start").is_none()
        && first.get("start_offset").is_some()
    {
        return Err(Error::input("the time stamps count frames, not seconds").hint("transcribe with timestamps=True"));
    }
    let words: Vec<TimedWord> = parse(words)?;
    let pieces = words.iter().map(|word| Piece::new(&format!(" {}", word.text()), word.start.0, word.end.0, 0));
    Ok(Draft { pieces: pieces.collect(), ..Draft::default() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FluidAudioTiming {
    #[serde(alias = "word")]
    token: String,
    #[serde(default)]
    start_time: Seconds,
    #[serde(default)]
    end_time: Seconds,
}

fn fluid_audio_words(timings: Vec<FluidAudioTiming>) -> Draft {
    let word = |timing: &FluidAudioTiming| {
        Piece::new(&format!(" {}", timing.token), timing.start_time.0, timing.end_time.0, 0)
    };
    Draft { pieces: timings.iter().map(word).collect(), ..Draft::default() }
}

fn fluid_audio_tokens(timings: Vec<FluidAudioTiming>) -> Draft {
    let token = |timing: &FluidAudioTiming| Piece::new(&timing.token, timing.start_time.0, timing.end_time.0, 0);
    Draft { pieces: merged(timings.iter().map(token).collect()), ..Draft::default() }
}

#[derive(Deserialize)]
struct MlxSentence {
    #[serde(default)]
    start: Seconds,
    #[serde(default)]
    end: Seconds,
    tokens: Vec<MlxToken>,
}

#[derive(Deserialize)]
struct MlxToken {
    text: String,
    #[serde(default)]
    start: Seconds,
    #[serde(default)]
    end: Seconds,
}

fn parakeet_mlx(sentences: Vec<MlxSentence>) -> Draft {
    let mut draft = Draft::default();
    for (index, sentence) in sentences.into_iter().enumerate() {
        let token = |token: &MlxToken| Piece::new(&token.text, token.start.0, token.end.0, index);
        draft.segments.push(Times::new(sentence.start.0, sentence.end.0));
        draft.pieces.extend(merged(sentence.tokens.iter().map(token).collect()));
    }
    draft
}
