//! A transcript: words in their order, with times as far as the recogniser gave any.

use crate::timeline::Segment;

/// A word, or a longer piece of text where the recogniser tells no times of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The text, without blanks around it.
    pub text: String,
    /// When it was said, in seconds; `None` if the recogniser does not tell, or tells something impossible.
    pub time: Option<Segment>,
    /// Does it follow the word before without a blank?
    pub is_glued: bool,
    /// Index of the recogniser's segment that it stands in.
    pub segment: usize,
}

/// A layout that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// OpenAI Whisper, its interface on the network, faster-whisper, WhisperX: segments with words.
    Whisper,
    /// whisper.cpp: a transcription with offsets in milliseconds.
    WhisperCpp,
    /// NeMo (Parakeet, Canary): time stamps of words.
    Nemo,
    /// FluidAudio: timings of words or tokens.
    FluidAudio,
    /// parakeet-mlx: sentences of tokens.
    ParakeetMlx,
}

/// What a recogniser has heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// How it was written.
    pub layout: Layout,
    /// All words in their order.
    pub words: Vec<Word>,
    /// How many words had impossible times: negative, or an end before the start. They count as words without.
    pub num_impossible_times: usize,
}

impl Word {
    /// A word of segment `segment`: `text` as the recogniser gave it, blanks around it included.
    pub(super) fn new(text: &str, start: Option<f64>, end: Option<f64>, segment: usize) -> Self {
        let time = start.zip(end).map(|(start, end)| Segment::new(start, end));
        let is_glued = !text.starts_with([' ', '\t', '\n', '\u{2581}']);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{2581}').to_owned();
        Self { text, time, is_glued, segment }
    }

    /// Takes away a time that cannot be.
    pub(super) fn drop_impossible_time(&mut self) -> bool {
        let is_impossible = self.time.is_some_and(|time| !(time.start >= 0.0 && time.end >= time.start));
        if is_impossible {
            self.time = None;
        }
        is_impossible
    }
}
