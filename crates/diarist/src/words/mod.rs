//! Assigns the words of a transcript to the speakers of a diarization.
//!
//! [`Transcript::read`] knows the JSON of several recognisers, [`assign`] gives every word a
//! speaker by time, [`utterances`] groups the words, and [`subtitles`], [`text`] and [`json`] write
//! them. `docs/words.md` describes the layouts, the rules and their sources.

mod assign;
mod layouts;
mod output;
mod pieces;
#[cfg(test)]
mod tests;
mod transcript;
mod utterances;

pub use crate::formats::subtitles::SubtitleFormat;
pub use assign::{MAX_GAP_S, Speech, assign};
pub use output::{JsonUtterance, JsonWord, WORDS_SCHEMA_VERSION, WordsDocument, json, subtitles, text};
pub use transcript::{Layout, Transcript, Word};
pub use utterances::{MAX_PAUSE_S, SpokenWord, Utterance, utterances};
