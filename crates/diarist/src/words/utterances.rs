//! Groups consecutive words of one speaker into utterances.

use crate::timeline::Segment;

/// A pause longer than this many seconds ends an utterance.
pub const MAX_PAUSE_S: f64 = 1.5;

/// A word that begins more than this many seconds before the word in front of it goes back in time.
/// Recognisers are less exact than that only where they repeat a part of the recording.
const JUMP_S: f64 = 1.0;

/// A word with its speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenWord {
    /// The text of the word.
    pub text: String,
    /// The time at which it was said, in seconds; a moment without length if the recogniser gave no
    /// time.
    pub time: Segment,
    /// Label of the speaker; `None` if no turn is near the word.
    pub speaker: Option<String>,
    /// Whether the word follows the one before it without a blank.
    pub is_glued: bool,
}

/// Consecutive words of one speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Label of the speaker; `None` if no turn is near the words.
    pub speaker: Option<String>,
    /// The words, at least one.
    pub words: Vec<SpokenWord>,
}

impl Utterance {
    /// The time from the earliest start to the latest end of any word.
    pub fn time(&self) -> Segment {
        let start = self.words.iter().map(|word| word.time.start).fold(f64::INFINITY, f64::min);
        let end = self.words.iter().map(|word| word.time.end).fold(f64::NEG_INFINITY, f64::max);
        Segment::new(start, end)
    }

    /// The words with blanks between them, on one line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for word in &self.words {
            if !text.is_empty() && !word.is_glued {
                text.push(' ');
            }
            text.extend(word.text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
        text
    }
}

/// Groups words into utterances in the order of their start. A new one begins when the speaker
/// changes, after a pause of more than [`MAX_PAUSE_S`], and where the words go back in time.
pub fn utterances(words: Vec<SpokenWord>) -> Vec<Utterance> {
    let mut utterances: Vec<Utterance> = Vec::new();
    for word in words {
        let goes_on = |utterance: &&mut Utterance| {
            utterance.speaker == word.speaker
                && utterance.words.last().is_none_or(|last| {
                    word.time.start - last.time.end <= MAX_PAUSE_S && last.time.start - word.time.start <= JUMP_S
                })
        };
        match utterances.last_mut().filter(goes_on) {
            Some(utterance) => utterance.words.push(word),
            None => utterances.push(Utterance { speaker: word.speaker.clone(), words: vec![word] }),
        }
    }
    utterances.sort_by(|a, b| a.time().start.total_cmp(&b.time().start));
    utterances
}
