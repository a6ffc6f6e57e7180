//! Recognises the layout of a transcript and reads it.

use std::borrow::Cow;

use super::times::Draft;
use super::transcript::{Layout, Transcript};
use super::{captions, layouts};
use crate::error::{Error, Result};
use crate::formats::subtitles::SubtitleFormat;

/// The text of whisper.cpp, which cuts a character between two tokens and so writes broken UTF-8.
fn whisper_cpp(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    let is_broken_there = text.trim_start().starts_with('{')
        && matches!(layouts::read(text.trim_start()), Ok((Layout::WhisperCpp, draft)) if draft.is_readable());
    is_broken_there.then_some(text)
}

impl Transcript {
    /// Reads a transcript of any known layout.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if `bytes` are no UTF-8 or UTF-16, have no known layout, lack a
    /// field that the layout requires, or hold no words.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::input("the transcript is empty").hint("write it again"));
        }
        let decoded = crate::formats::decode(bytes).or_else(|error| whisper_cpp(bytes).ok_or(error))?;
        let text = decoded.trim_start();
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
