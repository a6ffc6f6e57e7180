//! Writes utterances as SubRip and WebVTT subtitles, as plain text, and as JSON.
//!
//! The layout of the subtitles is that of [`crate::formats::subtitles`].

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::utterances::{SpokenWord, Utterance};
use crate::formats::one_line;
use crate::formats::subtitles::{self, SubtitleFormat, escaped, voice};

/// Limits of one subtitle in characters and seconds: two lines of 42 characters, and the time to
/// read them.
const MAX_CUE_CHARS: usize = 84;
const MAX_CUE_S: f64 = 7.0;
/// A subtitle with at least this many characters ends at the end of a sentence.
const LONG_CUE_CHARS: usize = 42;
const SENTENCE_ENDS: [char; 8] = ['.', '!', '?', '…', '。', '！', '？', '؟'];

/// The utterances as subtitles in the order of their start. Long utterances become several
/// subtitles.
pub fn subtitles(utterances: &[Utterance], format: SubtitleFormat) -> String {
    let mut cues: Vec<Utterance> = utterances.iter().flat_map(|utterance| utterance.cut(ends_cue)).collect();
    cues.sort_by(|a, b| a.time().start.total_cmp(&b.time().start));
    let payload = |cue: &Utterance| match (format, &cue.speaker) {
        (SubtitleFormat::Srt, _) => labelled(cue),
        (SubtitleFormat::Vtt, Some(speaker)) => voice(speaker) + &escaped(&cue.text()),
        (SubtitleFormat::Vtt, None) => escaped(&cue.text()),
    };
    subtitles::cues(cues.iter().map(|cue| (cue.time(), payload(cue))), format)
}

/// The utterances as lines of text: time, speaker, words.
pub fn text(utterances: &[Utterance]) -> String {
    utterances.iter().fold(String::new(), |mut text, utterance| {
        let seconds = utterance.time().start.max(0.0) as u64;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let _ = writeln!(text, "[{hours}:{minutes:02}:{seconds:02}] {}", labelled(utterance));
        text
    })
}

fn ends_cue(cue: &Utterance, next: &SpokenWord) -> bool {
    let text = cue.text();
    let num_chars = text.chars().count();
    let too_long = num_chars + 1 + next.text.chars().count() > MAX_CUE_CHARS;
    let ends_sentence = num_chars >= LONG_CUE_CHARS && text.ends_with(SENTENCE_ENDS);
    too_long || ends_sentence || next.time.end - cue.time().start > MAX_CUE_S
}

fn labelled(utterance: &Utterance) -> String {
    match &utterance.speaker {
        Some(speaker) => format!("{}: {}", one_line(speaker), utterance.text()),
        None => utterance.text(),
    }
}

/// Version of the layout of [`WordsDocument`].
pub const WORDS_SCHEMA_VERSION: u32 = 1;

/// Utterances as JSON. Times are seconds, rounded to milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WordsDocument {
    /// [`WORDS_SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// The utterances in their order.
    pub utterances: Vec<JsonUtterance>,
}

/// An utterance in a [`WordsDocument`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonUtterance {
    /// Label of the speaker; `null` if no turn is near the utterance.
    pub speaker: Option<String>,
    /// Start of the utterance.
    pub start_s: f64,
    /// End of the utterance.
    pub end_s: f64,
    /// The words as one string, with blanks between them.
    pub text: String,
    /// The words in their order.
    pub words: Vec<JsonWord>,
}

/// A word in a [`WordsDocument`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonWord {
    /// The text of the word.
    pub text: String,
    /// Start of the word.
    pub start_s: f64,
    /// End of the word.
    pub end_s: f64,
}

impl WordsDocument {
    /// The document on one line, without a line break.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("every field has a JSON form: strings, finite numbers, lists")
    }
}

/// The utterances as a document.
pub fn json(utterances: &[Utterance]) -> WordsDocument {
    let seconds = |time: f64| (time * 1e3).round() / 1e3;
    let word = |word: &SpokenWord| JsonWord {
        text: word.text.clone(),
        start_s: seconds(word.time.start),
        end_s: seconds(word.time.end),
    };
    let utterance = |utterance: &Utterance| JsonUtterance {
        speaker: utterance.speaker.clone(),
        start_s: seconds(utterance.time().start),
        end_s: seconds(utterance.time().end),
        text: utterance.text(),
        words: utterance.words.iter().map(word).collect(),
    };
    WordsDocument { schema_version: WORDS_SCHEMA_VERSION, utterances: utterances.iter().map(utterance).collect() }
}
