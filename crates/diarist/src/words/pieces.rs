//! Joins tokens into words, cuts text into words, and finds words that follow each other without a
//! blank.

use super::times::{Piece, Times};

/// A word is searched in this many bytes of the text behind the word before it.
const NEAR_BYTES: usize = 100;

const SENTENCE_ENDS: [char; 8] = ['.', '!', '?', '…', '。', '！', '？', '؟'];
const CLAUSE_ENDS: [char; 8] = [',', ';', ':', '，', '、', '；', '：', '—'];
const CLOSING: [char; 8] = ['"', '\'', '”', '’', ')', ']', '»', '」'];

/// Whether `text` ends a sentence.
pub(super) fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(CLOSING).ends_with(SENTENCE_ENDS)
}

/// Whether `text` ends a sentence or a clause.
pub(super) fn ends_clause(text: &str) -> bool {
    ends_sentence(text) || text.trim_end_matches(CLOSING).ends_with(CLAUSE_ENDS)
}

/// Whether `c` belongs to a script without blanks between words (Thai, Lao, Burmese, Khmer, kana,
/// Han).
pub(super) fn is_without_blanks(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF
        | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// Joins tokens of one segment into words. A token begins a word if it begins with a blank, or with
/// a letter of a script without blanks.
pub(super) fn merged(tokens: Vec<Piece>) -> Vec<Piece> {
    let mut words: Vec<Piece> = Vec::new();
    for token in tokens {
        let begins = !token.is_glued || token.text.starts_with(is_without_blanks);
        match words.last_mut().filter(|_| !begins) {
            Some(word) => {
                word.text.push_str(&token.text);
                let start = word.times.start.or(token.times.start);
                // Where tokens have starts only, the end of the word is not known.
                let end = token.times.end.or(word.times.end.filter(|_| token.times.start.is_none()));
                word.times = Times::new(start, end);
            }
            None => words.push(token),
        }
    }
    words
}

/// The words of a text without times: cut at blanks, and before each letter of a script without
/// blanks.
pub(super) fn cut(text: &str, segment: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut before = None;
    for c in text.chars() {
        let follows_script = before.is_some_and(is_without_blanks);
        let begins = match before {
            None => true,
            Some(before) if before.is_whitespace() => true,
            Some(_) => is_without_blanks(c) || follows_script && c.is_alphanumeric(),
        };
        if !c.is_whitespace() {
            match pieces.last_mut().filter(|_| !begins) {
                Some(piece) => piece.text.push(c),
                None => {
                    let is_glued = before.is_some_and(|before| !before.is_whitespace())
                        || pieces.is_empty() && !text.starts_with(char::is_whitespace);
                    pieces.push(Piece { text: c.to_string(), times: Times::default(), is_glued, segment });
                }
            }
        }
        before = Some(c);
    }
    pieces
}

/// Corrects [`Piece::is_glued`] for recognisers that give words without the blanks between them.
/// The blanks are taken from `text`, which holds the words in the same order. A word that is not
/// found in `text` gets a blank before it.
pub(super) fn glue_by_text(mut words: Vec<Piece>, text: &str) -> Vec<Piece> {
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
