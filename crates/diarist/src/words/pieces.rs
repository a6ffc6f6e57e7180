//! Joins tokens into words, cuts text into words, and finds words that follow each other without a
//! blank.

use super::times::{Piece, Times};

/// A word is searched in this many bytes of the text behind the word before it.
const NEAR_BYTES: usize = 100;

const SENTENCE_ENDS: [char; 8] = ['.', '!', '?', '…', '。', '！', '？', '؟'];
const CLAUSE_ENDS: [char; 8] = [',', ';', ':', '，', '、', '；', '：', '—'];
const CLOSING: [char; 8] = ['"', '\'', '”', '’', ')', ']', '»', '」'];
/// Small kana and marks of length or repetition, which belong to the character before them.
const SMALL: &str = "ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ";

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

/// Whether no piece begins at `c` behind `before`: within a character that is written with several
/// code points (Unicode Standard Annex 29, simplified), and before marks and closing punctuation.
pub(super) fn goes_on(before: char, c: char) -> bool {
    let (first, second) = (u32::from(before), u32::from(c));
    // Zero-width joiners, stackers of consonants, and vowels written before their consonant.
    let is_open = matches!(first, 0x200D | 0x1039 | 0x17D2 | 0x0E40..=0x0E44 | 0x0EC0..=0x0EC4)
        || matches!(first, 0x0900..=0x0D7F if first & 0x7F == 0x4D);
    let is_punctuation = || {
        let closes = SENTENCE_ENDS.contains(&c) || CLAUSE_ENDS.contains(&c) || CLOSING.contains(&c);
        closes && c != '—' && !matches!(c, '"' | '\'')
    };
    is_open || is_mark(second) || SMALL.contains(c) || matches!(c, '』' | '）' | '】' | '》' | '〉') || is_punctuation()
}

/// Whether the code point `c` stands on or behind the one before it: combining marks, selectors of
/// variants and of the colour of skin, joiners.
fn is_mark(c: u32) -> bool {
    let of_block = c & 0x7F;
    match c {
        0x0900..=0x0D7F => matches!(of_block, 0x00..=0x03 | 0x3A..=0x3C | 0x3E..=0x4F | 0x51..=0x57 | 0x62..=0x63),
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x05BF | 0x05C1 | 0x05C2 | 0x05C4 | 0x05C5 | 0x05C7 => {
            true
        }
        0x0610..=0x061A | 0x064B..=0x065F | 0x0670 | 0x06D6..=0x06DC | 0x06DF..=0x06E4 | 0x06E7 | 0x06E8 => true,
        0x06EA..=0x06ED | 0x0D81..=0x0D83 | 0x0DCA..=0x0DDF | 0x0DF2 | 0x0DF3 => true,
        0x0E30..=0x0E3A | 0x0E45..=0x0E4E | 0x0EB0..=0x0EBC | 0x0EC6..=0x0ECE | 0x0F71..=0x0F84 => true,
        0x102B..=0x103E | 0x1056..=0x1059 | 0x105E..=0x1060 | 0x1062..=0x1064 | 0x1067..=0x106D => true,
        0x1071..=0x1074 | 0x1082..=0x108D | 0x108F | 0x109A..=0x109D | 0x1160..=0x11FF => true,
        0x17B4..=0x17D3 | 0x17D7 | 0x17DD | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x200C | 0x200D => true,
        0x20D0..=0x20FF | 0x302A..=0x302F | 0x3099 | 0x309A | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F => true,
        _ => matches!(c, 0x1_F3FB..=0x1_F3FF | 0xE_0020..=0xE_007F | 0xE_0100..=0xE_01EF),
    }
}

/// Whether a word begins at `next` behind the text `before` without a blank between them.
pub(super) fn begins_word(before: &str, next: &str) -> bool {
    let is_begin = |c: char| is_without_blanks(c) && !before.chars().next_back().is_some_and(|last| goes_on(last, c));
    next.chars().next().is_some_and(is_begin)
}

/// Joins tokens of one segment into words. A token begins a word if it begins with a blank, or with
/// a letter of a script without blanks.
pub(super) fn merged(tokens: Vec<Piece>) -> Vec<Piece> {
    let mut words: Vec<Piece> = Vec::new();
    for token in tokens {
        let begins = !token.is_glued || words.last().is_none_or(|word| begins_word(&word.text, &token.text));
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
            Some(before) => (is_without_blanks(c) || follows_script && c.is_alphanumeric()) && !goes_on(before, c),
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
