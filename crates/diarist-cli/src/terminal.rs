//! Text on its way to people: control characters become visible, and messages have a bound.
//!
//! Names of files and people, fields of imported files and names of tensors may hold sequences that
//! move the cursor, change colours, or reverse the direction of writing.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Characters of the longest message.
const MAX_MESSAGE: usize = 2000;
/// Characters of the longest cell of a table.
const MAX_CELL: usize = 300;

/// `text` on one line, of a bounded length.
pub(crate) fn message(text: &str) -> String {
    bounded(&visible(&text.split_whitespace().collect::<Vec<_>>().join(" "), ""), MAX_MESSAGE)
}

/// `text` as a cell of a table, or another short part of a line.
pub(crate) fn cell(text: &str) -> String {
    bounded(&visible(text, ""), MAX_CELL)
}

/// `text` with its line breaks and tabs.
pub(crate) fn lines(text: &str) -> String {
    visible(text, "\n\r\t")
}

/// `text` with the control characters that are not in `kept` as escapes such as `\u{1b}`.
fn visible(text: &str, kept: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        let is_hidden = c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match is_hidden && !kept.contains(c) {
            true => write!(clean, "{}", c.escape_unicode()).unwrap_or_default(),
            false => clean.push(c),
        }
    }
    clean
}

/// The beginning and the end of `text`, which has the hint, if it is longer than `max` characters.
fn bounded(text: &str, max: usize) -> String {
    let num_chars = text.chars().count();
    if num_chars <= max {
        return text.to_owned();
    }
    let (before, after) = (max * 2 / 3, max / 3);
    let start: String = text.chars().take(before).collect();
    let end: String = text.chars().skip(num_chars - after).collect();
    format!("{start} ... ({} characters left out) ... {end}", num_chars - before - after)
}

/// Passes text on as [`lines`].
#[derive(Debug)]
pub(crate) struct Clean<W>(pub(crate) W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// stdout for text that people read.
pub(crate) fn stdout() -> Clean<io::StdoutLock<'static>> {
    Clean(io::stdout().lock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        let colour = "a\u{1b}[31mb\u{7}\u{9b}2J\u{202e}c\r\n\td\u{7f}";
        assert_eq!(message(colour), "a\\u{1b}[31mb\\u{7}\\u{9b}2J\\u{202e}c d\\u{7f}");
        assert_eq!(cell("Zoë\nÅ"), "Zoë\\u{a}Å");
        assert_eq!(lines("a\tb\r\n\u{1b}]0;x\u{7}"), "a\tb\r\n\\u{1b}]0;x\\u{7}");
        let mut out = Clean(Vec::new());
        out.write_all(b"\x1bc\n").unwrap();
        assert_eq!(out.0, b"\\u{1b}c\n");
    }

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        let text = format!("error {} hint", "ä".repeat(5_000_000));
        let short = message(&text);
        assert!(short.starts_with("error ä") && short.ends_with("ä hint"), "{short}");
        assert!(short.contains("characters left out") && short.chars().count() < 2100);
        assert_eq!(message("short"), "short");
    }
}
