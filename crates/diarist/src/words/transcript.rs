//! A transcript: words in their order, with their times where the recogniser gave any.

use super::times::Draft;
use super::{captions, layouts};
use crate::error::{Error, Result};
use crate::formats::subtitles::SubtitleFormat;
use crate::timeline::Segment;

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The text, without blanks around it.
    pub text: String,
    /// The time at which it was said, in seconds; `None` if neither the word nor its segment has
    /// one.
    pub time: Option<Segment>,
    /// Whether `time` is a part of a longer stretch that is known: of its segment, or of the gap
    /// between other words.
    pub is_estimated: bool,
    /// Whether the word follows the one before it without a blank.
    pub is_glued: bool,
    /// Index of the recogniser's segment that contains the word.
    pub segment: usize,
}

/// A known layout of transcripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// OpenAI Whisper and its web API, faster-whisper, WhisperX, whisper-timestamped: segments with
    /// words.
    Whisper,
    /// whisper.cpp: a transcription with offsets in milliseconds.
    WhisperCpp,
    /// Transformers of Hugging Face: chunks with time stamps.
    HuggingFace,
    /// NeMo (Parakeet, Canary): time stamps of words.
    Nemo,
    /// FluidAudio: timings of words or tokens.
    FluidAudio,
    /// parakeet-mlx: sentences of tokens.
    ParakeetMlx,
    /// Deepgram: channels with alternatives.
    Deepgram,
    /// AssemblyAI: words in milliseconds.
    AssemblyAi,
    /// Vosk: results with words, one after the other, or the monologues of `vosk-transcriber`.
    Vosk,
    /// sherpa-onnx: tokens and their time stamps.
    SherpaOnnx,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
    /// Timed Text Markup Language, which broadcasters use for subtitles.
    Ttml,
}

/// A transcript as a recogniser wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The layout that it was written in.
    pub layout: Layout,
    /// All words in their order.
    pub words: Vec<Word>,
    /// Number of words with an impossible time: negative, not finite, or an end before the start.
    /// The rest of the time is used.
    pub num_impossible_times: usize,
    /// Number of subtitles that were left out because their times cannot be read.
    pub num_left_out: usize,
}

impl Transcript {
    /// Reads a transcript of any known layout.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if `bytes` have no known layout, lack a field that the layout
    /// requires, or hold no words.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::input("the transcript is empty").hint("write it again"));
        }
        let text = crate::formats::decode_lossy(bytes)?;
        let text = text.trim_start();
        let (layout, draft, num_left_out) = if text.starts_with("WEBVTT") {
            let (draft, num_left_out) = captions::subtitles(text, SubtitleFormat::Vtt)?;
            (Layout::Vtt, draft, num_left_out)
        } else if text.starts_with('<') {
            (Layout::Ttml, captions::ttml(text)?, 0)
        } else if !text.starts_with(['{', '[']) && text.lines().take(10).any(|line| line.contains("-->")) {
            let (draft, num_left_out) = captions::subtitles(text, SubtitleFormat::Srt)?;
            (Layout::Srt, draft, num_left_out)
        } else {
            let (layout, draft) = layouts::read(text)?;
            (layout, draft, 0)
        };
        let (words, num_impossible_times) = Draft::complete(draft);
        if words.is_empty() {
            return Err(
                Error::input("the transcript has no words").hint("make sure that the recording contains speech")
            );
        }
        Ok(Self { layout, words, num_impossible_times, num_left_out })
    }
}

impl Layout {
    /// The name for error messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whisper => "Whisper",
            Self::WhisperCpp => "whisper.cpp",
            Self::HuggingFace => "Hugging Face",
            Self::Nemo => "NeMo",
            Self::FluidAudio => "FluidAudio",
            Self::ParakeetMlx => "parakeet-mlx",
            Self::Deepgram => "Deepgram",
            Self::AssemblyAi => "AssemblyAI",
            Self::Vosk => "Vosk",
            Self::SherpaOnnx => "sherpa-onnx",
            Self::Srt => "SRT",
            Self::Vtt => "WebVTT",
            Self::Ttml => "TTML",
        }
    }
}
