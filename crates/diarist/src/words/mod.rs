//! Assigns the words of a transcript to the speakers of a diarization.
//!
//! [`Transcript::read`] knows the files of many recognisers, [`assign`] gives every word a speaker
//! by time, [`utterances`] groups the words, and [`subtitles`], [`text`], [`json`], [`markdown`]
//! and
//! [`html`] write them. `docs/words.md` describes the layouts, the rules and their sources.

mod assign;
mod captions;
mod cues;
#[cfg(feature = "annotation-formats")]
mod docx;
mod fields;
mod layouts;
mod output;
mod pages;
mod pieces;
mod read;
mod services;
#[cfg(test)]
mod tests;
mod times;
mod transcript;
mod turns;
mod utterances;

pub use crate::formats::subtitles::SubtitleFormat;
pub use assign::{MAX_GAP_S, Speech, assign};
pub use cues::{SubtitleLimits, subtitles};
#[cfg(feature = "annotation-formats")]
pub use docx::docx;
pub use output::{JsonUtterance, JsonWord, WORDS_SCHEMA_VERSION, WordsDocument, json, text};
pub use pages::{html, markdown};
pub use transcript::{Layout, Transcript, Word};
pub use utterances::{MAX_PAUSE_S, SpokenWord, Utterance, utterances};
