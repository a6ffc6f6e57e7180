//! Joins tokens into words, and finds words that follow each other without a blank.

use super::transcript::Word;
use crate::timeline::Segment;

/// A word is searched in this many bytes of the text behind the word before it.
const NEAR_BYTES: usize = 100;

/// Whether `c` belongs to a script without blanks between words (Thai, Lao, Burmese, Khmer, kana,
/// Han).
pub(super) fn is_without_blanks(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF
        | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// Joins tokens of one segment into words. A token begins a word if it begins with a blank, or with
/// a letter of a script without blanks.
pub(super) fn merged(tokens: Vec<Word>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for token in tokens {
        let begins = !token.is_glued || token.text.starts_with(is_without_blanks);
        match words.last_mut().filter(|_| !begins) {
            Some(word) => {
                word.text.push_str(&token.text);
                word.time = match (word.time, token.time) {
                    (Some(a), Some(b)) => Some(Segment::new(a.start, b.end)),
                    (a, b) => a.or(b),
                };
            }
            None => words.push(token),
        }
    }
    words
}

/// Corrects [`Word::is_glued`] for recognisers that give words without the blanks between them. The
/// blanks are taken from `text`, which holds the words in the same order. A word that is not found
/// in `text` gets a blank before it.
pub(super) fn glue_by_text(mut words: Vec<Word>, text: &str) -> Vec<Word> {
    if words.iter().any(|word| !word.is_glued) {
        return words;
    }
    let mut rest = text;
    for (index, word) in words.iter_mut().enumerate() {
        let near = &rest[..rest.floor_char_boundary(word.text.len() + NEAR_BYTES)];
        let found = near.find(word.text.as_str()).filter(|_| !word.text.is_empty());
        word.is_glued = index > 0 && found == Some(0);
        if let Some(at) = found {
            rest = &rest[at + word.text.len()..];
        }
    }
    words
}
