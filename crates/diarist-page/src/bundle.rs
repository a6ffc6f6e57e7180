//! The script of a page in one file, joined from the modules of the service's page.

use std::sync::LazyLock;

use crate::assets::modules;

/// The modules of a page in one file: each after those that it imports.
const ORDER: [&str; 14] = [
    "text.js",
    "dom.js",
    "model.js",
    "messages.js",
    "dialog.js",
    "menu.js",
    "drawing.js",
    "player.js",
    "timeline.js",
    "turns.js",
    "keyboard.js",
    "viewer.js",
    "speaker.js",
    "files.js",
];
/// The module that shows the page, at the end.
const LAST: &str = "single.js";

/// The script.
pub(crate) static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let text = |name: &str| modules().find(|(module, _)| *module == name).map_or("", |(_, text)| text);
    ORDER.into_iter().chain([LAST]).map(|name| joined(text(name))).collect()
});

/// A module without its imports and the word `export`, so that it can stand in one script with
/// those that it imports. An import is one line; names at the top level differ among all modules.
fn joined(module: &str) -> String {
    let lines = module.lines().filter(|line| !line.starts_with("import "));
    lines.flat_map(|line| [line.strip_prefix("export ").unwrap_or(line), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names that a module imports or declares at its top level, and the modules it imports.
    fn imports(text: &str) -> Vec<(Vec<&str>, &str)> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("import { "));
        lines
            .map(|line| {
                let (names, file) = line.split_once(" } from \"./").expect("an import names all that it wants");
                (names.split(", ").collect(), file.strip_suffix("\";").expect("an import is one line"))
            })
            .collect()
    }

    fn declared(text: &str) -> Vec<&str> {
        let mut names = Vec::new();
        for line in text.lines() {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let line = line.strip_prefix("async ").unwrap_or(line);
            for keyword in ["const ", "let ", "function ", "class "] {
                let Some(rest) = line.strip_prefix(keyword) else { continue };
                let end = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
                names.push(&rest[..end(rest)]);
                // Further constants of the same line: `const A = 1, B = 2;`.
                if line.ends_with(';') && keyword == "const " && !rest.contains(['(', '[', '{', '"']) {
                    names.extend(rest.split(", ").skip(1).map(|one| &one[..end(one)]));
                }
            }
        }
        names
    }

    #[test]
    fn imports_and_the_word_export_go() {
        let module =
            "// Text.\nimport { a } from \"./a.js\";\n\nexport const b = a;\n  export;\nexport async function f() {}\n";
        assert_eq!(joined(module), "// Text.\n\nconst b = a;\n  export;\nasync function f() {}\n");
    }

    #[test]
    fn every_name_belongs_to_one_module() {
        let mut all = BTreeSet::new();
        for (module, text) in modules() {
            for name in declared(text) {
                assert!(all.insert(name), "{module}: {name} is declared twice");
            }
        }
        assert!(all.contains("Timeline") && all.contains("DRAG") && all.contains("openMicrophone"));
    }

    #[test]
    fn imports_exist_and_are_used() {
        for (module, text) in modules() {
            for (names, file) in imports(text) {
                let (_, other) =
                    modules().find(|(name, _)| *name == file).unwrap_or_else(|| panic!("{module}: {file}"));
                for name in names {
                    let exports = ["const", "let", "function", "async function", "class"];
                    let exported = exports.iter().any(|keyword| {
                        other.lines().any(|line| {
                            let rest = line.strip_prefix(&format!("export {keyword} {name}"));
                            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
                        })
                    });
                    assert!(exported, "{module}: {file} does not export {name}");
                    assert!(text.matches(name).count() > 1, "{module}: {name} is imported for nothing");
                }
            }
        }
    }

    #[test]
    fn modules_stand_after_their_imports() {
        let names: Vec<&str> = ORDER.into_iter().chain([LAST]).collect();
        for (index, name) in names.iter().enumerate() {
            let (_, text) = modules().find(|(module, _)| module == name).unwrap();
            for (_, file) in imports(text) {
                assert!(names[..index].contains(&file), "{name} needs {file} before it");
            }
        }
    }

    #[test]
    fn the_script_can_stand_in_a_page() {
        assert!(!SCRIPT.contains("</") || !SCRIPT.to_lowercase().contains("</script"));
        assert!(!SCRIPT.contains("<!--"));
        assert!(!SCRIPT.lines().any(|line| line.starts_with("import ") || line.starts_with("export ")));
        // No other file is loaded.
        for word in ["fetch(", "XMLHttpRequest", "EventSource", "WebSocket", "http:", "https:", "innerHTML"] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
    }
}
