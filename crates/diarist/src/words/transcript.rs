//! A transcript: words in their order, with their times where the recogniser gave any.

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
    /// The words that [`json`](super::json()) writes.
    Diarist,
}

/// A transcript as a recogniser wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The layout that it was written in.
    pub layout: Layout,
    /// All words in their order.
    pub words: Vec<Word>,
    /// Number of words with an impossible time, their own or that of their segment: negative, not
    /// finite, or an end before the start. The rest of the time is used.
    pub num_impossible_times: usize,
    /// Number of subtitles that were left out because their times cannot be read.
    pub num_left_out: usize,
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
            Self::Diarist => "words of diarist",
        }
    }
}
