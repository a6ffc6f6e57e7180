//! Reads the JSON layouts of several recognisers.
//!
//! Sources (September 2026): openai/whisper `whisper/timing.py` and `whisper/utils.py`;
//! SYSTRAN/faster-whisper `faster_whisper/transcribe.py` (`Segment`, `Word`); m-bain/whisperX
//! `whisperx/types.py`; ggml-org/whisper.cpp `examples/cli/cli.cpp` (`output_json`); NVIDIA NeMo
//! user guide, "Obtain timestamps"; FluidInference/FluidAudio `TranscribeCommand.swift`
//! (`TranscriptionJSONOutput`) and `ASRResult`; senstella/parakeet-mlx `parakeet_mlx/cli.py`
//! (`to_json`).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pieces::{glue_by_text, merged};
use super::transcript::{Layout, Transcript, Word};
use crate::error::{Error, Result};

impl Transcript {
    /// Reads the JSON of any known layout.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if `bytes` are not JSON, have no known layout, or lack a field
    /// that the layout requires.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::input("the transcript is empty").hint("write it again as JSON"));
        }
        // whisper.cpp cuts characters into tokens, so its strings need not be UTF-8.
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Error::input("the transcript is not JSON").hint("write it as JSON, which has no NaN").caused_by(error)
        })?;
        read(value)
    }
}

/// Reads the transcript in `value` in any known layout.
fn read(value: Value) -> Result<Transcript> {
    let Some((layout, words)) = words(value) else { return Err(unknown()) };
    let mut words = words.map_err(|error| error.at(format!("read as {}", layout.name())))?;
    words.retain(|word| !word.text.is_empty());
    if words.is_empty() {
        return Err(Error::input("the transcript has no words").hint("make sure that the recording contains speech"));
    }
    let num_impossible_times = words.iter_mut().map(|word| usize::from(word.drop_impossible_time())).sum();
    Ok(Transcript { layout, words, num_impossible_times })
}

impl Layout {
    /// The name for error messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whisper => "Whisper",
            Self::WhisperCpp => "whisper.cpp",
            Self::Nemo => "NeMo",
            Self::FluidAudio => "FluidAudio",
            Self::ParakeetMlx => "parakeet-mlx",
        }
    }
}

fn unknown() -> Error {
    Error::input("the layout of the transcript is not known").hint(
        "known layouts are Whisper, faster-whisper and WhisperX (segments with words), whisper.cpp (-ojf), NeMo (timestamp.word), \
         FluidAudio (wordTimings, tokenTimings) and parakeet-mlx (sentences)",
    )
}

/// The layout, recognised by a field that no other layout has, and the words.
fn words(mut value: Value) -> Option<(Layout, Result<Vec<Word>>)> {
    if let Value::Array(items) = &mut value {
        // NeMo writes a list of recordings, faster-whisper a list of segments.
        if items.len() == 1 && ["timestamp", "timestep"].iter().any(|field| items[0].get(field).is_some()) {
            return words(items.swap_remove(0));
        }
        let is_segment = |item: &Value| item.get("text").is_some() && item.get("start").is_some();
        return (!items.is_empty() && items.iter().all(is_segment))
            .then(|| (Layout::Whisper, parse(value).map(whisper)));
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
    let (segments, all_words) = (take("segments").filter(Value::is_array), take("words").filter(Value::is_array));
    let has_words = |segments: &Value| {
        segments
            .as_array()
            .is_some_and(|all| all.iter().any(|segment| segment.get("words").is_some_and(Value::is_array)))
    };
    match (segments, all_words) {
        (Some(segments), Some(all_words)) if !has_words(&segments) => {
            Some((Layout::Whisper, words_apart(segments, all_words)))
        }
        (Some(segments), _) => Some((Layout::Whisper, parse(segments).map(whisper))),
        (None, Some(all_words)) => Some((Layout::Whisper, words_apart(Value::Array(Vec::new()), all_words))),
        (None, None) => None,
    }
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|error| Error::input("a field is missing or of another type").caused_by(error))
}

#[derive(Deserialize)]
struct WhisperSegment {
    start: Option<f64>,
    end: Option<f64>,
    text: String,
    words: Option<Vec<WhisperWord>>,
}

#[derive(Deserialize)]
struct WhisperWord {
    word: String,
    start: Option<f64>,
    end: Option<f64>,
}

fn whisper(segments: Vec<WhisperSegment>) -> Vec<Word> {
    let of_segment = |(index, segment): (usize, WhisperSegment)| {
        let WhisperSegment { start, end, text, words } = segment;
        match words.filter(|words| !words.is_empty()) {
            None => vec![Word::new(&format!(" {text}"), start, end, index)],
            Some(words) => {
                let words = words.iter().map(|word| Word::new(&word.word, word.start, word.end, index));
                glue_by_text(words.collect(), &text)
            }
        }
    };
    segments.into_iter().enumerate().flat_map(of_segment).collect()
}

/// Reads words that stand beside the segments, as OpenAI's web API returns them. A word belongs to
/// the segment in which it begins.
fn words_apart(segments: Value, words: Value) -> Result<Vec<Word>> {
    let (segments, words): (Vec<WhisperSegment>, Vec<WhisperWord>) = (parse(segments)?, parse(words)?);
    let ends: Vec<f64> = segments.iter().filter_map(|segment| segment.end).collect();
    let words = words.into_iter().map(|word| {
        let segment = ends.partition_point(|end| word.start.is_some_and(|start| *end <= start));
        Word::new(&word.word, word.start, word.end, segment)
    });
    let text: String = segments.into_iter().map(|segment| segment.text).collect();
    Ok(glue_by_text(words.collect(), &text))
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

fn whisper_cpp(segments: Vec<CppSegment>) -> Vec<Word> {
    let seconds = |milliseconds: f64| milliseconds / 1e3;
    let of_segment = |(index, segment): (usize, CppSegment)| {
        let whole =
            || Word::new(&segment.text, Some(seconds(segment.offsets.from)), Some(seconds(segment.offsets.to)), index);
        let tokens = segment.tokens.unwrap_or_default();
        // A character may be cut between two tokens. Then only the text of the segment is readable.
        let is_cut = tokens.iter().any(|token| token.text.contains(char::REPLACEMENT_CHARACTER));
        let is_spoken = |token: &&CppToken| !token.text.starts_with("[_") && !token.text.starts_with("<|");
        let tokens: Vec<Word> = tokens
            .iter()
            .filter(is_spoken)
            .map(|token| {
                let (from, to) = (token.offsets.map(|o| seconds(o.from)), token.offsets.map(|o| seconds(o.to)));
                Word::new(&token.text, from, to, index)
            })
            .collect();
        if tokens.is_empty() || is_cut { vec![whole()] } else { merged(tokens) }
    };
    segments.into_iter().enumerate().flat_map(of_segment).collect()
}

fn nemo(mut stamps: Value) -> Result<Vec<Word>> {
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
    let words: Vec<WhisperWord> = parse(words)?;
    Ok(words.iter().map(|word| Word::new(&format!(" {}", word.word), word.start, word.end, 0)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FluidAudioTiming {
    #[serde(alias = "word")]
    token: String,
    start_time: Option<f64>,
    end_time: Option<f64>,
}

fn fluid_audio_words(timings: Vec<FluidAudioTiming>) -> Vec<Word> {
    timings
        .iter()
        .map(|timing| Word::new(&format!(" {}", timing.token), timing.start_time, timing.end_time, 0))
        .collect()
}

fn fluid_audio_tokens(timings: Vec<FluidAudioTiming>) -> Vec<Word> {
    merged(timings.iter().map(|timing| Word::new(&timing.token, timing.start_time, timing.end_time, 0)).collect())
}

#[derive(Deserialize)]
struct MlxSentence {
    tokens: Vec<MlxToken>,
}

#[derive(Deserialize)]
struct MlxToken {
    text: String,
    start: Option<f64>,
    end: Option<f64>,
}

fn parakeet_mlx(sentences: Vec<MlxSentence>) -> Vec<Word> {
    let of_sentence = |(index, sentence): (usize, MlxSentence)| {
        merged(sentence.tokens.iter().map(|token| Word::new(&token.text, token.start, token.end, index)).collect())
    };
    sentences.into_iter().enumerate().flat_map(of_sentence).collect()
}
