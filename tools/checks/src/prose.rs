//! How comments begin, how wide prose is, and words that a reader cannot know.

use crate::Fault;
use crate::comments::{Comment, comments};
use crate::files::SourceFile;

/// Most columns of a line of prose, with what stands before it in its line.
const MOST_COLUMNS: usize = 100;

/// Most columns of a line of code with a comment behind the code, as in `rustfmt.toml`.
const MOST_COLUMNS_OF_CODE: usize = 120;

/// Words that no comment begins with, because such a sentence must be read twice.
const OPENINGS: &[&str] = &["What ", "Who ", "Whom ", "Whose "];

/// A word that is unknown to a reader of the repository; in two parts, so that this file passes.
const UNKNOWN: &str = concat!("jour", "nal");

/// Words around the unknown one that make it known: the file (or `*`), the text, the reason.
const KNOWN: &[(&str, &str, &str)] = &[
    ("*", concat!("rollback jour", "nal"), "a term of SQLite"),
    ("crates/diarist/src/voices/database/schema.rs", concat!("\"-jour", "nal\""), "the rollback file of SQLite"),
    ("crates/diarist/tests/it/voices/crash.rs", concat!("people.db-jour", "nal"), "the rollback file of SQLite"),
];

/// Faults of all `files`.
pub fn check(files: &[SourceFile]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files {
        if file.extension() == "md" {
            faults.extend(wide_lines(file));
        } else {
            faults.extend(comment_faults(file));
        }
        faults.extend(unknown_words(file));
    }
    faults
}

/// Tells prose from tables and code blocks in a run of Markdown.
#[derive(Default)]
struct Markdown {
    fenced: bool,
    /// Whether indented lines are code, as they are after an empty line.
    indented: bool,
}

impl Markdown {
    fn is_prose(&mut self, line: &str) -> bool {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        let code = self.indented && indent >= 4;
        self.indented = line.is_empty() || code;
        if line.starts_with("```") || line.starts_with("~~~") {
            self.fenced = !self.fenced;
            return false;
        }
        !self.fenced && !code && !line.starts_with('|')
    }
}

/// Columns of a line that could be broken: without addresses, and none for a link or HTML alone.
fn columns(line: &str, width: usize) -> usize {
    let text = line.trim_start_matches(['-', '*', ' ', '>']).trim_end();
    let link_alone =
        (text.starts_with('[') || text.starts_with("![")) && text.ends_with(')') && text.matches("](").count() == 1;
    let html = text.starts_with('<') && text.ends_with('>');
    if link_alone || html {
        return 0;
    }
    let addresses = line.split_whitespace().filter(|word| word.contains("://"));
    width - addresses.map(|word| word.chars().count()).sum::<usize>().min(width)
}

fn too_wide(file: &SourceFile, line: usize, width: usize, most: usize) -> Fault {
    Fault::new(&file.path, line, format!("{width} columns of prose; at most {most}"))
}

fn wide_lines(file: &SourceFile) -> Vec<Fault> {
    let mut markdown = Markdown::default();
    let mut faults = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let width = columns(line, line.chars().count());
        if markdown.is_prose(line) && width > MOST_COLUMNS {
            faults.push(too_wide(file, index + 1, width, MOST_COLUMNS));
        }
    }
    faults
}

/// Whether `next` goes on with the comment that `before` is a line of.
fn continues(before: &Comment, next: &Comment) -> bool {
    before.own_line
        && next.own_line
        && before.line + 1 == next.line
        && before.marker == next.marker
        && (before.column == next.column || before.marker == "/*")
}

fn comment_faults(file: &SourceFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut before: Option<Comment> = None;
    let mut markdown = Markdown::default();
    for comment in comments(file) {
        let continued = before.as_ref().is_some_and(|before| continues(before, &comment));
        if !continued {
            markdown = Markdown::default();
        }
        if markdown.is_prose(&comment.text) {
            let most = if comment.own_line { MOST_COLUMNS } else { MOST_COLUMNS_OF_CODE };
            let width = columns(&comment.text, comment.width);
            if width > most {
                faults.push(too_wide(file, comment.line, width, most));
            }
            let item = comment.text.trim_start().starts_with(['-', '*']);
            let begins = !continued || item || before.as_ref().is_some_and(|before| before.text.is_empty());
            let text = comment.text.trim_start_matches(['-', '*', ' ']);
            if let Some(opening) = OPENINGS.iter().find(|opening| begins && text.starts_with(**opening)) {
                let message = format!("the comment begins with \"{}\"", opening.trim_end());
                faults.push(Fault::new(&file.path, comment.line, message));
            }
        }
        before = Some(comment);
    }
    faults
}

fn unknown_words(file: &SourceFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    if file.path.starts_with("fixtures/") {
        return faults;
    }
    let own = |path: &str| path == "*" || path == file.path;
    for (index, line) in file.text.lines().enumerate() {
        let mut line = line.to_lowercase();
        for (_, known, _) in KNOWN.iter().filter(|(path, _, _)| own(path)) {
            line = line.replace(known, "");
        }
        let mut parts = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if parts.any(|word| word == UNKNOWN || word.strip_suffix('s') == Some(UNKNOWN)) {
            let message = format!("a reader cannot know which {UNKNOWN} is meant");
            faults.push(Fault::new(&file.path, index + 1, message));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        check(&[SourceFile::new(path, text)]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn openings_are_found_in_every_language() {
        let cases = [
            ("a.rs", "/// What it is.\n"),
            ("a.rs", "fn a() {} // Who calls.\n"),
            ("a.rs", "//! Module.\n//!\n//! Whose it is.\n"),
            ("a.rs", "/// List:\n/// - Whom it calls.\n"),
            ("a.py", "\"\"\"What it does.\"\"\"\n"),
            ("a.py", "x = 1  # Who knows.\n"),
            ("a.js", "// What it is.\n"),
            ("a.sh", "# What it is.\n"),
            ("a.toml", "# Whose it is.\n"),
        ];
        for (path, text) in cases {
            assert_eq!(faults(path, text).len(), 1, "{path}: {text:?}");
        }
    }

    #[test]
    fn other_openings_pass() {
        let text = "/// Reads a file.\n/// What follows is a second sentence.\n/// ```\n/// What code\n/// ```\n\
                    // Whatever.\nlet a = \"// What\";\n";
        assert_eq!(faults("a.rs", text), [""; 0]);
        assert_eq!(faults("a.md", "## What flows\n"), [""; 0]);
    }

    #[test]
    fn wide_prose_is_found() {
        let wide = "word ".repeat(20) + "end";
        assert_eq!(faults("a.md", &wide), ["a.md:1: 103 columns of prose; at most 100"]);
        assert_eq!(faults("a.rs", &format!("\n// {wide}")), ["a.rs:2: 106 columns of prose; at most 100"]);
        assert_eq!(faults("a.py", &format!("\"\"\"Short.\n\n    {wide}\n\"\"\"")), [""; 0]);
        assert_eq!(faults("a.py", &format!("\"\"\"Short.\n{wide}\n\"\"\"")).len(), 1);
        assert_eq!(faults("a.rs", &format!("let number = 1; // {wide} {wide}")).len(), 1);
    }

    #[test]
    fn tables_code_and_addresses_may_be_wide() {
        let wide = "word ".repeat(30);
        let address = format!("https://example.org/{}", "a".repeat(100));
        let text = format!("| {wide} |\n\n    {wide}\n```sh\n{wide}\n```\nSee {address} there.\n- [{wide}](a.md)\n");
        assert_eq!(faults("a.md", &text), [""; 0]);
        assert_eq!(faults("a.rs", &format!("/// ```\n/// {wide}\n/// ```\nfn f() {{ \"{wide}\" }}\n")), [""; 0]);
    }

    #[test]
    fn an_unknown_word_is_found() {
        assert_eq!(faults("a.md", &format!("As the {UNKNOWN} says.\n")).len(), 1);
        assert_eq!(faults("a.rs", &format!("// The {UNKNOWN}'s rule.\n")).len(), 1);
        assert_eq!(faults("a.rs", &format!("\"PRAGMA {UNKNOWN}_mode = DELETE\"\n// A rollback {UNKNOWN}.")), [""; 0]);
    }
}
