//! Fields that several JSON layouts have.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::times::Piece;
use crate::error::{Error, Result};
use crate::formats::parse_clock;

/// `value` as a structure; a field that is missing or of another type is a fault of the file.
pub(super) fn parse<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|error| Error::input("a field is missing or of another type").caused_by(error))
}

/// A number of seconds, if there is one: some write numbers as text or as `00:00:01.500`, and some
/// write nothing.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(from = "Value")]
pub(super) struct Seconds(pub(super) Option<f64>);

impl From<Value> for Seconds {
    fn from(value: Value) -> Self {
        Self(match &value {
            Value::String(text) => {
                let text = text.trim();
                text.trim_end_matches('s').parse().ok().or_else(|| parse_clock(text))
            }
            other => other.as_f64(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct WhisperSegment {
    #[serde(default)]
    pub(super) start: Seconds,
    #[serde(default)]
    pub(super) end: Seconds,
    pub(super) text: String,
    pub(super) words: Option<Vec<TimedWord>>,
}

/// A word with times in one of the usual spellings.
#[derive(Deserialize)]
pub(super) struct TimedWord {
    /// Deepgram: the word as it is written, with punctuation.
    punctuated_word: Option<String>,
    word: Option<String>,
    /// whisper-timestamped, AssemblyAI.
    text: Option<String>,
    #[serde(default)]
    pub(super) start: Seconds,
    #[serde(default)]
    pub(super) end: Seconds,
}

impl TimedWord {
    /// The text; empty if there is none.
    pub(super) fn text(&self) -> &str {
        [&self.punctuated_word, &self.word, &self.text].into_iter().flatten().next().map_or("", String::as_str)
    }

    pub(super) fn piece(&self, segment: usize) -> Piece {
        Piece::new(self.text(), self.start.0, self.end.0, segment)
    }
}
