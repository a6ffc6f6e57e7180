//! Links, paths, decision records and Cargo features that documents and comments name.
//!
//! Looked at are Markdown files, code blocks included, and comments of source files:
//!
//! - relative links of Markdown, with their anchors by the rule of GitHub for headings;
//! - paths that begin with a folder of the repository's root;
//! - names that end in `.rs`, alone or with some of their folders;
//! - numbers after "ADR";
//! - names after "feature", before "feature", and after the option for features of Cargo.

use std::collections::BTreeSet;

use crate::Fault;
use crate::comments::comments;
use crate::files::SourceFile;

/// Text that looks like a reference and is none: the file (or `*`), the text, the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[("*", "examples/cli/cli.cpp", "a file of whisper.cpp")];

/// Faults of all `files`.
pub fn check(files: &[SourceFile]) -> Vec<Fault> {
    check_except(files, EXCEPTIONS)
}

fn check_except(files: &[SourceFile], exceptions: &[(&str, &str, &str)]) -> Vec<Fault> {
    let repository = Repository::new(files);
    let mut faults = Vec::new();
    for file in files {
        let body = body(file);
        let mut found = Vec::new();
        if file.extension() == "md" {
            repository.links(file, files, &mut found);
        }
        repository.paths(&body, &mut found);
        repository.rust_files(&body, &mut found);
        repository.decisions(&body, &mut found);
        repository.cargo_features(&body, &mut found);
        for (offset, text, message) in found {
            let excepted =
                exceptions.iter().any(|(path, other, _)| (*path == "*" || *path == file.path) && *other == text);
            if !excepted {
                let line = 1 + body[..offset].matches('\n').count();
                faults.push(Fault::new(&file.path, line, message));
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

/// The text of a document, or the comments of a source file, in the lines in which they stand.
fn body(file: &SourceFile) -> String {
    if matches!(file.extension(), "md") || matches!(file.name(), "NOTICE" | "MANIFEST") {
        return file.text.clone();
    }
    let mut lines = vec![String::new(); file.text.lines().count() + 1];
    for comment in comments(file) {
        let line = &mut lines[comment.line - 1];
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&comment.text);
    }
    lines.join("\n")
}

/// A reference without a target: its offset, its text, the fault in words.
type Found = (usize, String, String);

struct Repository {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    features: BTreeSet<String>,
}

impl Repository {
    fn new(files: &[SourceFile]) -> Self {
        let paths: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
        let mut folders = BTreeSet::new();
        for path in &paths {
            let ends = path.match_indices('/').map(|(offset, _)| &path[..offset]);
            folders.extend(ends.map(str::to_owned));
        }
        let manifests = files.iter().filter(|file| file.name() == "Cargo.toml");
        let features = manifests.flat_map(|file| declared_features(&file.text)).collect();
        Self { files: paths, folders, features }
    }

    fn exists(&self, path: &str) -> bool {
        self.files.contains(path) || self.folders.contains(path)
    }

    fn links(&self, file: &SourceFile, files: &[SourceFile], found: &mut Vec<Found>) {
        let text = without_code(&file.text);
        let mut targets: Vec<(usize, &str)> = Vec::new();
        for (begin, end) in [("](", ')'), ("href=\"", '"'), ("src=\"", '"')] {
            for (offset, _) in text.match_indices(begin) {
                let rest = &text[offset + begin.len()..];
                targets.extend(rest.find(end).map(|length| (offset, &rest[..length])));
            }
        }
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if let Some((_, target)) = line.trim().strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
                targets.push((offset, target));
            }
            offset += line.len();
        }
        for (offset, target) in targets {
            // A title may stand after the target.
            let target = target.split_whitespace().next().unwrap_or("");
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { file.path.clone() } else { join(&file.path, path) };
            if !self.exists(&path) {
                found.push((offset, target.to_owned(), format!("the link to {target} leads nowhere")));
            } else if !anchor.is_empty() && path.ends_with(".md") {
                let document = files.iter().find(|other| other.path == path);
                if !document.is_some_and(|document| anchors(&document.text).contains(anchor)) {
                    found.push((offset, target.to_owned(), format!("{path} has no heading for #{anchor}")));
                }
            }
        }
    }

    fn paths(&self, body: &str, found: &mut Vec<Found>) {
        for (offset, text) in words(body) {
            let Some((top, _)) = text.split_once('/') else { continue };
            if !self.folders.contains(top) {
                continue;
            }
            for path in alternatives(text) {
                if !self.matches(path.trim_end_matches('/')) {
                    found.push((offset, text.to_owned(), format!("there is no {path}")));
                }
            }
        }
    }

    /// Whether the pattern names something: `*` and a part in braces stand for any text, a part in
    /// capitals for any name, and the number of a decision record for its file.
    fn matches(&self, pattern: &str) -> bool {
        if self.exists(pattern) {
            return true;
        }
        if pattern.contains('*') {
            return self.files.iter().chain(&self.folders).any(|path| fits(pattern, path));
        }
        let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        if !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase()) {
            return self.matches(folder);
        }
        let decision = name.len() == 4 && name.chars().all(|c| c.is_ascii_digit());
        decision && self.files.iter().any(|path| path.starts_with(&format!("{pattern}-")))
    }

    fn rust_files(&self, body: &str, found: &mut Vec<Found>) {
        for (offset, text) in words(body) {
            let stem = text.strip_suffix(".rs").unwrap_or("");
            let is_name = stem.ends_with(|last: char| last.is_alphanumeric()) && !text.contains(['*', '{']);
            let text = text.trim_start_matches("./");
            let end = format!("/{text}");
            if is_name && !self.files.contains(text) && !self.files.iter().any(|path| path.ends_with(&end)) {
                found.push((offset, text.to_owned(), format!("there is no file {text}")));
            }
        }
    }

    fn decisions(&self, body: &str, found: &mut Vec<Found>) {
        for (offset, _) in body.match_indices("ADR") {
            let mut rest = body[offset + 3..].strip_prefix('s').unwrap_or(&body[offset + 3..]);
            loop {
                rest = rest.trim_start_matches([' ', '\n', '-', '#']);
                let length = rest.chars().take_while(char::is_ascii_digit).count();
                if length == 0 || length > 4 {
                    break;
                }
                let start = format!("docs/adr/{:0>4}-", &rest[..length]);
                if !self.files.iter().any(|path| path.starts_with(&start)) {
                    let text = format!("ADR {}", &rest[..length]);
                    found.push((offset, text.clone(), format!("there is no {text}")));
                }
                rest = &rest[length..];
                let next = rest.trim_start();
                let Some(next) = next.strip_prefix("and").or_else(|| next.strip_prefix(',')) else { break };
                rest = next;
            }
        }
    }

    fn cargo_features(&self, body: &str, found: &mut Vec<Found>) {
        let mut named: Vec<(usize, &str)> = Vec::new();
        for (offset, _) in body.match_indices("feature") {
            let before = body[..offset].trim_end();
            let standalone = !body[..offset].ends_with(|c: char| c.is_alphanumeric() || "-_".contains(c));
            if !standalone {
                continue;
            }
            if let Some(rest) = before.strip_suffix('`') {
                named.extend(rest.rfind('`').map(|begin| (offset, &rest[begin + 1..])));
            }
            let mut rest = body[offset + 7..].trim_start_matches('s').trim_start();
            while let Some((name, after)) =
                rest.trim_start_matches("and").trim_start().strip_prefix('`').and_then(|inner| inner.split_once('`'))
            {
                named.push((offset, name));
                rest = after.trim_start_matches(',').trim_start();
            }
        }
        let option = "--features";
        for (offset, _) in body.match_indices(option) {
            let rest = body[offset + option.len()..].trim_start_matches([' ', '=']);
            let list = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => rest.split([' ', '\n', '`', ')', ';']).next(),
            };
            named.extend(list.unwrap_or("").split([',', ' ']).map(|name| (offset, name)));
        }
        for (offset, name) in named {
            let name = name.trim_matches(['.', ',']);
            let name = name.split_once('/').map_or(name, |(_, name)| name);
            let is_name = !name.is_empty()
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
            if is_name && !self.features.contains(name) {
                found.push((offset, name.to_owned(), format!("no crate of the workspace has a feature `{name}`")));
            }
        }
    }
}

/// Names in the section `[features]` of a manifest.
fn declared_features(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[features]";
        } else if let Some((name, _)) = line.split_once('=').filter(|_| inside) {
            let name = name.trim().trim_matches('"');
            if !name.starts_with('#') {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Stretches of characters that paths are made of, with their offsets.
fn words(body: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut begin = None;
    let mut in_braces = false;
    for (offset, character) in body.char_indices().chain([(body.len(), ' ')]) {
        let part = character.is_ascii_alphanumeric() || "_./*-{}<>".contains(character);
        match character {
            '{' => in_braces = true,
            '}' | '\n' => in_braces = false,
            _ => {}
        }
        match begin {
            None if part => begin = Some(offset),
            Some(start) if !(part || in_braces && character == ',') => {
                let word = body[start..offset].trim_start_matches(['<', '>']).trim_end_matches(['.', '-']);
                let word = if word.contains('<') { word } else { word.trim_end_matches('>') };
                // An address or a path of another repository is one word with what is before it.
                if !body[..start].ends_with([':', '@', '~']) && !word.is_empty() {
                    words.push((start, word));
                }
                begin = None;
            }
            _ => {}
        }
    }
    words
}

/// The paths that a pattern with a list in braces stands for. `**` replaces `{name}` and `<name>`.
fn alternatives(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once(['{', '<']) else { return vec![text.replace(['}', '>'], "")] };
    let Some((list, after)) = rest.split_once(['}', '>']) else { return vec![format!("{before}**")] };
    let names = if list.contains(',') { list.split(',').collect() } else { vec!["**"] };
    let after = alternatives(after);
    names.iter().flat_map(|name| after.iter().map(move |after| format!("{before}{name}{after}"))).collect()
}

/// Whether `path` has the form of `pattern`, in which `*` stands for any text without `/`, and `**`
/// for any text.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            let (after, folders) = after.strip_prefix('*').map_or((after, false), |after| (after, true));
            let end = rest.find('/').filter(|_| !folders).unwrap_or(rest.len());
            (0..=end).any(|length| rest.is_char_boundary(length) && fits(after, &rest[length..]))
        }),
    }
}

/// Path of `target` as the file `from` gives it.
fn join(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// `text` with blanks in place of code, so that offsets stay.
fn without_code(text: &str) -> String {
    let blank = |part: &str| {
        part.chars()
            .flat_map(|c| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8()))
            .collect::<String>()
    };
    let mut result = String::new();
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        if fence || fenced {
            result.push_str(&blank(line));
            fenced ^= fence;
            continue;
        }
        for (index, part) in line.split('`').enumerate() {
            if index > 0 {
                result.push(' ');
            }
            result.push_str(&if index % 2 == 1 { blank(part) } else { part.to_owned() });
        }
    }
    result
}

/// Anchors of the headings of a document, by GitHub's rule.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        if fenced || level == 0 || level > 6 || !heading.starts_with(' ') {
            continue;
        }
        let slug = slug(heading);
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let free = [slug.clone()].into_iter().chain(numbered).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    for mark in ["id=\"", "name=\""] {
        anchors.extend(text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    anchors
}

/// Anchor of one heading: small letters, blanks as `-`, and neither marks nor targets of links.
fn slug(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading.trim();
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let kept = text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).collect::<String>();
    kept.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &[(&str, &str)] = &[
        ("docs/adr/0003-reading.md", "# 3. Reading\n"),
        ("docs/live.md", "# Live\n\n## How it works, `fast`\n\n## Live\n"),
        ("crates/a/src/audio/file.rs", ""),
        ("crates/a/Cargo.toml", "[features]\nworkbench = []\n[dependencies]\nplot = \"1\"\n"),
        ("fixtures/audio/short.wav", ""),
        ("fixtures/audio/long.wav", ""),
    ];

    fn faults(path: &str, text: &str) -> Vec<String> {
        let files: Vec<SourceFile> =
            TREE.iter().chain(&[(path, text)]).map(|(path, text)| SourceFile::new(path, text)).collect();
        check_except(&files, &[("*", "docs/excepted.md", "a test")]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_references_pass() {
        let text = "[a](live.md#how-it-works-fast) [b](#own) [c](live.md#live-1) [d](https://x/y#z)\n\
                    # Own\n`fixtures/audio`, fixtures/audio/*.wav, fixtures/audio/{short,long}.wav and\n\
                    fixtures/AREA/ as docs/adr/0003 says; https://x/docs/y, docs/excepted.md, `[x](y)`,\n\
                    fixtures/audio/<name>.wav, <docs/live.md>.\n\
                    `audio/file.rs`, file.rs. ADRs 3 and 0003; the feature\n`workbench`, --features workbench\n";
        assert_eq!(faults("docs/a.md", text), [""; 0]);
    }

    #[test]
    fn each_kind_of_missing_target_is_found() {
        let cases = [
            ("[a](gone.md)", "the link to gone.md leads nowhere"),
            ("[a](live.md#gone)", "docs/live.md has no heading for #gone"),
            ("[a](#gone)", "docs/a.md has no heading for #gone"),
            ("[a]: gone.md", "the link to gone.md leads nowhere"),
            ("In `docs/gone.md`.", "there is no docs/gone.md"),
            ("```sh\ncat docs/gone.md\n```", "there is no docs/gone.md"),
            ("See docs/adr/0004.", "there is no docs/adr/0004"),
            ("fixtures/audio/{short,gone}.wav", "there is no fixtures/audio/gone.wav"),
            ("fixtures/*.wav", "there is no fixtures/*.wav"),
            ("`audio/gone.rs`", "there is no file audio/gone.rs"),
            ("ADR 4", "there is no ADR 4"),
            ("ADRs 3 and 4", "there is no ADR 4"),
            ("the feature `plot`", "no crate of the workspace has a feature `plot`"),
            ("the features `workbench` and\n`plot`", "no crate of the workspace has a feature `plot`"),
            ("the `plot` feature", "no crate of the workspace has a feature `plot`"),
            ("cargo build --features workbench,plot", "no crate of the workspace has a feature `plot`"),
        ];
        for (text, message) in cases {
            let found = faults("docs/a.md", text);
            assert!(found.len() == 1 && found[0].ends_with(&format!(": {message}")), "{text:?}: {found:?}");
        }
    }

    #[test]
    fn comments_are_looked_at_and_code_is_not() {
        let text = "fn a() { open(\"docs/gone.md\") }\n// As docs/gone.md has it.\n";
        assert_eq!(faults("crates/a/src/b.rs", text), ["crates/a/src/b.rs:2: there is no docs/gone.md"]);
        assert_eq!(faults("tools/a.py", "\n# ADR 9\n"), ["tools/a.py:2: there is no ADR 9"]);
    }
}
