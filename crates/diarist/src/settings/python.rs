//! Generates the keywords of the Python package from the table of options.

use std::fmt::Write;

use super::options::{OPTIONS, OptionInfo, OptionKind};

/// The text of the module `diarist/_settings.py`: types and help of the keywords that choose
/// settings.
pub fn python_keywords() -> String {
    let mut text = String::from(
        "\"\"\"Keywords that choose settings. Written by `just python-settings` from the table of options; not by hand.\"\"\"\n\n\
         from __future__ import annotations\n\nimport os\nfrom typing import Literal, Optional, TypedDict, Union\n\n\n\
         class Settings(TypedDict, total=False):\n    \"\"\"The settings of a diarization, all optional.\"\"\"\n",
    );
    for option in &OPTIONS {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n    {}: {}\n    \"\"\"{}. Default: {}.\"\"\"\n",
            keyword(option),
            annotation(option),
            option.help,
            option.default
        );
    }
    text.push_str("\n\nHELP = \"\"\"\\\n");
    for option in &OPTIONS {
        let _ = writeln!(text, "    {}: {}. Default: {}.", keyword(option), option.help, option.default);
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
        OptionKind::Path => "Union[str, os.PathLike[str]]".to_owned(),
        OptionKind::Choice(choices, _) => {
            let names: Vec<String> = choices.iter().map(|choice| format!("\"{}\"", choice.name)).collect();
            format!("Literal[{}]", names.join(", "))
        }
    };
    format!("Optional[{kind}]")
}
