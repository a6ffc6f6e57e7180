//! Generates the keywords of the Python package from the table of options.

use std::fmt::Write;

use super::options::{OPTIONS, OptionInfo, OptionKind};

/// Widest line of the documentation, in characters.
const WIDTH: usize = 100;

/// The module `diarist/_settings.py`: types and documentation of the keywords that choose settings.
///
/// Its class `Settings` is for type checkers and editors, and its text `HELP` is a part of the
/// documentation of `diarist.Diarizer`.
pub fn python_keywords() -> String {
    let mut text = String::from(
        r#""""Keywords that choose settings.

`just python-settings` writes this file from the library's table of options. Do not edit it.
"""

from __future__ import annotations

import os
from typing import Literal, TypedDict


class Settings(TypedDict, total=False):
    """Settings of a diarization. Each one may be left out, or be None for its default."""
"#,
    );
    for option in &OPTIONS {
        let docs = wrapped(&format!("\"\"\"{}\"\"\"", documentation(option)), "    ", "    ");
        // Writing to a string cannot fail.
        let _ = write!(text, "\n    {}: {}\n{docs}", keyword(option), annotation(option));
    }
    text.push_str("\n\nHELP = \"\"\"\\\n");
    for option in &OPTIONS {
        text.push_str(&wrapped(&format!("{}: {}", keyword(option), documentation(option)), "", "    "));
    }
    text.push_str("\"\"\"\n");
    text
}

fn keyword(option: &OptionInfo) -> String {
    option.name.replace('-', "_")
}

fn annotation(option: &OptionInfo) -> String {
    let kind = match option.kind {
        OptionKind::Number(..) => "float".to_owned(),
        OptionKind::Count(_) => "int".to_owned(),
        OptionKind::Text(_) => "str".to_owned(),
        OptionKind::Path => "str | os.PathLike[str]".to_owned(),
        OptionKind::Choice(choices, _) => {
            let names: Vec<String> = choices.iter().map(|choice| format!("\"{}\"", choice.name)).collect();
            format!("Literal[{}]", names.join(", "))
        }
    };
    format!("{kind} | None")
}

/// Help, the meaning of each name that can be chosen, and the default.
fn documentation(option: &OptionInfo) -> String {
    let mut text = format!("{}.", option.help);
    if let OptionKind::Choice(choices, _) = option.kind {
        for choice in choices {
            let _ = write!(text, " `{}`: {}.", choice.name, choice.help);
        }
    }
    text + &format!(" Default: {}.", option.default)
}

/// `text` in lines of at most [`WIDTH`] characters, the first after `first`, the others after
/// `others`.
fn wrapped(text: &str, first: &str, others: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            others.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{env, fs};

    use super::*;

    /// `DIARIST_WRITE_PYTHON_SETTINGS=1` writes the file instead.
    #[test]
    fn the_keywords_of_python_are_those_of_the_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/diarist/_settings.py");
        if env::var_os("DIARIST_WRITE_PYTHON_SETTINGS").is_some() {
            fs::write(&path, python_keywords()).unwrap();
        }
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == python_keywords(),
            "python/diarist/_settings.py is not up to date; `just python-settings` writes it"
        );
    }

    #[test]
    fn documentation_is_wrapped() {
        for line in python_keywords().lines() {
            assert!(line.chars().count() <= WIDTH || line.contains("Literal["), "{line}");
        }
    }
}
