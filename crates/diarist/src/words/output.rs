//! Writes utterances as plain text and as JSON.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::utterances::{SpokenWord, Utterance};
use crate::formats::one_line;

/// The utterances as lines of text: time, speaker, words.
pub fn text(utterances: &[Utterance]) -> String {
    utterances.iter().fold(String::new(), |mut text, utterance| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[{}] {}", start(utterance), labelled(utterance));
        text
    })
}

/// The start of an utterance as `h:mm:ss`.
pub(super) fn start(utterance: &Utterance) -> String {
    let seconds = utterance.time().start.max(0.0) as u64;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
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
