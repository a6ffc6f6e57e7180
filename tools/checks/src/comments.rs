//! Comments of source files in the languages of the repository.

use crate::files::SourceFile;
use crate::rust;

/// One line of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Line, counted from 1.
    pub line: usize,
    /// Number of characters before the comment in its line.
    pub column: usize,
    /// Number of characters in the line up to the end of the comment.
    pub width: usize,
    /// Whether no code stands before the comment in its line.
    pub own_line: bool,
    /// Characters that mark the comment, such as `//`, `///` or `#`.
    pub marker: &'static str,
    /// Text without the marker and the blank after it.
    pub text: String,
}

impl Comment {
    /// A line of a block comment or docstring; `text` may have the marks around it.
    pub fn in_block(line: usize, column: usize, own_line: bool, text: &str) -> Self {
        let width = column + text.chars().count();
        let inner = text.trim().trim_start_matches("\"\"\"").trim_end_matches("\"\"\"");
        let inner = inner.trim_start_matches("/*").trim_end_matches("*/").trim();
        let inner = inner.strip_prefix("* ").unwrap_or(inner.trim_start_matches('*'));
        Self { line, column, width, own_line, marker: "/*", text: inner.trim().to_owned() }
    }
}

/// Comments of `file`, or none if its language is not known.
pub fn comments(file: &SourceFile) -> Vec<Comment> {
    let hash = matches!(file.name(), "justfile" | ".gitignore") || file.path.starts_with(".ci/");
    match file.extension() {
        "rs" => rust::lex(&file.text).1,
        "py" | "pyi" => python(&file.text),
        "sh" | "toml" => hash_lines(&file.text),
        "js" | "c" | "kt" | "swift" => slashes(&file.text),
        _ if hash => hash_lines(&file.text),
        _ => Vec::new(),
    }
}

/// Comments after `#`, outside quotes.
fn hash_lines(source: &str) -> Vec<Comment> {
    source.lines().enumerate().filter_map(|(index, line)| hash_comment(index + 1, line)).collect()
}

fn hash_comment(line: usize, text: &str) -> Option<Comment> {
    let mut quote = None;
    let mut before = ' ';
    for (column, (offset, character)) in text.char_indices().enumerate() {
        match quote {
            Some(open) if character == open && before != '\\' => quote = None,
            Some(_) => {}
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None if character == '#' && before.is_whitespace() && !text[offset..].starts_with("#!") => {
                let rest = &text[offset + 1..];
                return Some(Comment {
                    line,
                    column,
                    width: text.chars().count(),
                    own_line: text[..offset].trim().is_empty(),
                    marker: "#",
                    text: rest.strip_prefix(' ').unwrap_or(rest).trim_end().to_owned(),
                });
            }
            None => {}
        }
        before = character;
    }
    None
}

/// Comments after `#`, and docstrings: strings of three quotes that begin a line.
fn python(source: &str) -> Vec<Comment> {
    const QUOTES: &str = "\"\"\"";
    let mut comments = Vec::new();
    let mut in_docstring = false;
    let mut docstring_column = 0;
    let mut in_string = false;
    for (index, line) in source.lines().enumerate() {
        let number = index + 1;
        let column = line.chars().take_while(|c| c.is_whitespace()).count();
        let quotes = line.matches(QUOTES).count();
        let docstring_begins = !in_string && !in_docstring && line.trim_start().starts_with(QUOTES);
        if docstring_begins || in_docstring {
            if docstring_begins {
                docstring_column = column;
            }
            let mut comment = Comment::in_block(number, column, true, line.trim());
            // Deeper lines are code: their indent tells so.
            comment.text.insert_str(0, &" ".repeat(column.saturating_sub(docstring_column)));
            comments.push(comment);
            in_docstring ^= quotes % 2 == 1;
        } else {
            if !in_string && quotes == 0 {
                comments.extend(hash_comment(number, line));
            }
            in_string ^= quotes % 2 == 1;
        }
    }
    comments
}

/// Comments after `//` and between `/*` and `*/`, outside quotes.
fn slashes(source: &str) -> Vec<Comment> {
    let mut comments = Vec::new();
    let mut in_block = false;
    let mut in_template = false;
    for (index, line) in source.lines().enumerate() {
        let number = index + 1;
        if in_block {
            comments.push(Comment::in_block(number, 0, true, line));
            in_block = !line.contains("*/");
            continue;
        }
        let mut quote = in_template.then_some('`');
        let mut before = ' ';
        for (column, (offset, character)) in line.char_indices().enumerate() {
            let rest = &line[offset..];
            match quote {
                Some(open) if character == open && before != '\\' => quote = None,
                Some(_) => {}
                None if matches!(character, '"' | '\'' | '`') => quote = Some(character),
                None if rest.starts_with("//") && before != ':' => {
                    let text = rest.trim_start_matches('/');
                    comments.push(Comment {
                        line: number,
                        column,
                        width: line.chars().count(),
                        own_line: line[..offset].trim().is_empty(),
                        marker: "//",
                        text: text.trim().to_owned(),
                    });
                    break;
                }
                None if rest.starts_with("/*") => {
                    let own_line = line[..offset].trim().is_empty();
                    comments.push(Comment::in_block(number, column, own_line, rest));
                    in_block = !rest.contains("*/");
                    break;
                }
                None => {}
            }
            before = character;
        }
        in_template = quote == Some('`');
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &str, source: &str) -> Vec<(usize, String)> {
        comments(&SourceFile::new(path, source)).into_iter().map(|comment| (comment.line, comment.text)).collect()
    }

    #[test]
    fn docstrings_and_hashes_of_python() {
        let source = "\"\"\"Reads.\n\nMore.\n\"\"\"\nx = \"# no\"  # yes\nt = \"\"\"\n# no\n\"\"\"\n";
        let found = texts("a.py", source);
        let expected = [(1, "Reads."), (2, ""), (3, "More."), (4, ""), (5, "yes")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn hashes_of_shell_scripts() {
        let found = texts(".ci/run", "#!/bin/sh\n# All.\nif [ $# -gt 0 ]; then # some\n");
        assert_eq!(found, [(2, "All.".to_owned()), (3, "some".to_owned())]);
    }

    #[test]
    fn slashes_of_scripts_and_c() {
        let found = texts("a.js", "const u = \"http://x\"; // yes\n/* one\n * two */\nf(`// no\n// no`);\n");
        assert_eq!(found, [(1, "yes".to_owned()), (2, "one".to_owned()), (3, "two".to_owned())]);
    }
}
