//! A transcript: words in their order, with their times where the recogniser gave any.

use crate::timeline::Segment;

/// A word, or a longer piece of text if the recogniser gives no times of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The text, without blanks around it.
    pub text: String,
    /// The time at which it was said, in seconds; `None` if the recogniser gave none, or an
    /// impossible one.
    pub time: Option<Segment>,
    /// Whether the word follows the one before it without a blank.
    pub is_glued: bool,
    /// Index of the recogniser's segment that contains the word.
    pub segment: usize,
}

/// A known layout of transcripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// OpenAI Whisper and its web API, faster-whisper, WhisperX: segments with words.
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

/// A transcript as a recogniser wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The layout that it was written in.
    pub layout: Layout,
    /// All words in their order.
    pub words: Vec<Word>,
    /// Number of words with impossible times: negative, or an end before the start. Such words
    /// count as words without a time.
    pub num_impossible_times: usize,
}

impl Word {
    /// A word of segment `segment`. `text` is the recogniser's, including blanks around it.
    pub(super) fn new(text: &str, start: Option<f64>, end: Option<f64>, segment: usize) -> Self {
        let time = start.zip(end).map(|(start, end)| Segment::new(start, end));
        let is_glued = !text.starts_with([' ', '\t', '\n', '\u{2581}']);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{2581}').to_owned();
        Self { text, time, is_glued, segment }
    }

    /// Removes an impossible time. Returns whether there was one.
    pub(super) fn drop_impossible_time(&mut self) -> bool {
        let is_impossible = self.time.is_some_and(|time| !(time.start >= 0.0 && time.end >= time.start));
        if is_impossible {
            self.time = None;
        }
        is_impossible
    }
}
