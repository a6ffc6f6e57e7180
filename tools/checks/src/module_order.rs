//! Order of the library's modules, and imports without circles.
//!
//! Every path that begins with `crate`, `super` or `self` is followed to the module that it names:
//! in `use` declarations and in expressions, through `pub use` of the modules between. The code of
//! tests keeps the same rules. Comments are not looked at, so documents may link to any module.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::Fault;
use crate::files::SourceFile;
use crate::rust::{Token, lex};

/// Words before the order in `ARCHITECTURE.md`.
const HEAD: &str = "Order of modules:";

/// A place that names a module or an item.
#[derive(Debug, Clone)]
struct Import {
    line: usize,
    /// Module in which the path stands.
    from: Vec<String>,
    /// Path from the crate's root.
    target: Vec<String>,
    /// Name that a `use` declaration gives to the target.
    name: Option<String>,
}

/// Modules in their order: the names between `<` after "Order of modules:", up to an empty line or
/// the end of the code block.
///
/// # Errors
///
/// If `architecture` has no such line, or a name that is empty or given twice.
pub fn order(architecture: &str) -> Result<Vec<String>, String> {
    let begin = architecture.find(HEAD).ok_or_else(|| format!("there is no line \"{HEAD}\""))?;
    let list: Vec<&str> = architecture[begin + HEAD.len()..]
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty() && !line.starts_with("```"))
        .collect();
    let names: Vec<String> =
        list.join(" ").split('<').map(|name| name.trim_matches([' ', '`', '.']).to_owned()).collect();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() || name.contains(' ') {
            return Err(format!("\"{name}\" in the order of modules is not a name"));
        }
        if names[..index].contains(name) {
            return Err(format!("{name} is twice in the order of modules"));
        }
    }
    Ok(names)
}

/// Faults of a crate.
///
/// `files` are all files of the repository; those of the crate are the Rust files below `source`,
/// a folder such as `crates/diarist/src`. `order` is the order of its modules.
pub fn check(order: &[String], source: &str, files: &[SourceFile]) -> Vec<Fault> {
    let tree = Tree::new(source, files);
    let mut faults = tree.membership(order);
    for (file, imports) in &tree.imports {
        let own = &tree.modules[file];
        let Some(place) = own.first().and_then(|name| position(order, name)) else { continue };
        let mut seen = BTreeSet::new();
        for import in imports {
            let target = tree.resolve(&import.target);
            let Some(name) = target.first() else { continue };
            if !seen.insert((import.line, name.clone())) || Some(name) == own.first() {
                continue;
            }
            if !tree.known.contains(&target[..1]) {
                let message = format!("`crate::{name}` is neither a module nor a name that lib.rs takes from one");
                faults.push(Fault::new(file, import.line, message));
            } else if position(order, name).is_some_and(|other| other > place) {
                let message = format!("`{}` imports `{name}`, which is to its right in the order", own[0]);
                faults.push(Fault::new(file, import.line, message));
            }
        }
    }
    faults.extend(tree.circles());
    faults.sort();
    faults
}

fn position(order: &[String], name: &str) -> Option<usize> {
    order.iter().position(|other| other == name)
}

struct Tree {
    source: String,
    /// Module of each file, by path.
    modules: BTreeMap<String, Vec<String>>,
    /// All modules that have a file.
    known: BTreeSet<Vec<String>>,
    /// Imports of each file, by path.
    imports: BTreeMap<String, Vec<Import>>,
    /// Names that `use` declarations bring into a module, with their targets.
    names: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl Tree {
    fn new(source: &str, files: &[SourceFile]) -> Self {
        let prefix = format!("{}/", source.trim_end_matches('/'));
        let own: Vec<(&SourceFile, Vec<String>)> =
            files.iter().filter_map(|file| Some((file, module_of(file.path.strip_prefix(&prefix)?)?))).collect();
        let known: BTreeSet<Vec<String>> = own.iter().map(|(_, module)| module.clone()).collect();
        let mut imports = BTreeMap::new();
        let mut names = BTreeMap::new();
        for (file, module) in &own {
            let found = Parser::new(&file.text, module, &known).run();
            for import in &found {
                if let Some(name) = &import.name {
                    names.insert((import.from.clone(), name.clone()), import.target.clone());
                }
            }
            imports.insert(file.path.clone(), found);
        }
        let modules = own.into_iter().map(|(file, module)| (file.path.clone(), module)).collect();
        Self { source: prefix, modules, known, imports, names }
    }

    /// The target of a path: names that a module took from elsewhere are followed to their origin.
    fn resolve(&self, path: &[String]) -> Vec<String> {
        let mut path = path.to_vec();
        // A chain of `pub use` is short; the bound ends one that goes round.
        for _ in 0..16 {
            let next = (1..=path.len()).find_map(|length| {
                let (module, name) = (&path[..length - 1], &path[length - 1]);
                if self.known.contains(&path[..length]) {
                    return None;
                }
                let target = self.names.get(&(module.to_vec(), name.clone()))?;
                Some([target.as_slice(), &path[length..]].concat())
            });
            match next {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        path
    }

    /// Modules that are in the order or in the tree alone.
    fn membership(&self, order: &[String]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let tops: BTreeSet<&String> = self.known.iter().filter_map(|module| module.first()).collect();
        for name in order.iter().filter(|name| !tops.contains(name)) {
            let message = format!("the order names `{name}`, which {} does not have", self.source);
            faults.push(Fault::new("ARCHITECTURE.md", 1, message));
        }
        for name in tops.iter().filter(|name| position(order, name).is_none()) {
            let message = format!("{} has `{name}`, which the order does not name", self.source);
            faults.push(Fault::new("ARCHITECTURE.md", 1, message));
        }
        faults
    }

    /// Circles between the files of a folder; `mod.rs` may import any of them and be imported.
    fn circles(&self) -> Vec<Fault> {
        // For each folder: the imports between its children, with the first place of each.
        type Edges = BTreeMap<String, BTreeMap<String, (String, usize)>>;
        let mut folders: BTreeMap<Vec<String>, Edges> = BTreeMap::new();
        for (file, imports) in &self.imports {
            let own = &self.modules[file];
            for import in imports {
                let target = self.resolve(&import.target);
                let shared = own.iter().zip(&target).take_while(|(own, target)| own == target).count();
                if shared == 0 || shared >= own.len() || shared >= target.len() {
                    continue;
                }
                if self.known.contains(&target[..=shared]) {
                    folders
                        .entry(own[..shared].to_vec())
                        .or_default()
                        .entry(own[shared].clone())
                        .or_default()
                        .entry(target[shared].clone())
                        .or_insert((file.clone(), import.line));
                }
            }
        }
        let mut faults = Vec::new();
        for (folder, edges) in &folders {
            let mut reported = BTreeSet::new();
            for start in edges.keys() {
                let Some(circle) = shortest_circle(start, |node| {
                    edges.get(node).map_or_else(Vec::new, |targets| targets.keys().cloned().collect())
                }) else {
                    continue;
                };
                let mut members = circle.clone();
                members.sort();
                if !reported.insert(members) {
                    continue;
                }
                let steps: Vec<String> = circle
                    .iter()
                    .zip(circle.iter().cycle().skip(1))
                    .map(|(from, to)| {
                        let (file, line) = &edges[from][to];
                        format!("`{from}` imports `{to}` ({file}:{line})")
                    })
                    .collect();
                let (file, line) = &edges[start][circle.get(1).unwrap_or(start)];
                let message = format!("circle in `{}`: {}", folder.join("::"), steps.join(", "));
                faults.push(Fault::new(file, *line, message));
            }
        }
        faults
    }
}

/// Nodes of the shortest way from `start` back to it, beginning with `start`.
fn shortest_circle(start: &str, next: impl Fn(&str) -> Vec<String>) -> Option<Vec<String>> {
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    let mut queue = VecDeque::from([start.to_owned()]);
    while let Some(node) = queue.pop_front() {
        for target in next(&node) {
            if target == start {
                let mut circle = vec![node];
                while circle[circle.len() - 1] != start {
                    circle.push(before[&circle[circle.len() - 1]].clone());
                }
                circle.reverse();
                return Some(circle);
            }
            if !before.contains_key(&target) {
                before.insert(target.clone(), node.clone());
                queue.push_back(target);
            }
        }
    }
    None
}

/// Module of a file below the source folder: for a `mod.rs` its folder, else the name of the file.
fn module_of(path: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = path.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
        parts.pop();
    }
    Some(parts)
}

struct Parser<'a> {
    tokens: Vec<Token>,
    position: usize,
    /// Module at the position, with the modules that are written in braces.
    module: Vec<String>,
    /// Depth of braces at which each of those modules ends.
    inline: Vec<usize>,
    depth: usize,
    known: &'a BTreeSet<Vec<String>>,
    imports: Vec<Import>,
}

impl<'a> Parser<'a> {
    fn new(source: &str, module: &[String], known: &'a BTreeSet<Vec<String>>) -> Self {
        Self {
            tokens: lex(source).0,
            position: 0,
            module: module.to_vec(),
            inline: Vec::new(),
            depth: 0,
            known,
            imports: Vec::new(),
        }
    }

    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.position + ahead).map_or("", |token| &token.text)
    }

    fn before(&self, back: usize) -> &str {
        self.position.checked_sub(back).map_or("", |index| &self.tokens[index].text)
    }

    fn double_colon(&self, ahead: usize) -> bool {
        self.text(ahead) == ":" && self.text(ahead + 1) == ":"
    }

    fn run(mut self) -> Vec<Import> {
        while self.position < self.tokens.len() {
            match self.text(0) {
                "{" => self.depth += 1,
                "}" => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inline.last() == Some(&self.depth) {
                        self.inline.pop();
                        self.module.pop();
                    }
                }
                "mod" if is_name(self.text(1)) && self.text(2) == "{" => {
                    self.module.push(self.text(1).to_owned());
                    self.inline.push(self.depth);
                    self.depth += 1;
                    self.position += 2;
                }
                // `use<'a>` in a type lists lifetimes.
                "use" if self.text(1) != "<" => {
                    self.position += 1;
                    self.declaration();
                    continue;
                }
                "crate" | "super" | "self" if self.double_colon(1) && self.begins_path() => {
                    self.expression();
                    continue;
                }
                _ => {}
            }
            self.position += 1;
        }
        self.imports
    }

    /// Whether the position is the first part of a path, and not of the visibility `pub(in ...)`.
    fn begins_path(&self) -> bool {
        let visibility = self.before(1) == "in" && self.before(2) == "(";
        self.before(1) != ":" && !visibility
    }

    fn expression(&mut self) {
        let line = self.tokens[self.position].line;
        let mut parts = vec![self.text(0).to_owned()];
        self.position += 1;
        while self.double_colon(0) && is_name(self.text(2)) {
            parts.push(self.text(2).to_owned());
            self.position += 3;
        }
        // A macro lives at the crate's root, wherever it was written.
        let is_macro = self.text(0) == "!" && self.text(1) != "=";
        if let Some(target) = self.absolute(&parts).filter(|_| !is_macro) {
            self.imports.push(Import { line, from: self.module.clone(), target, name: None });
        }
    }

    fn declaration(&mut self) {
        while self.text(0) == ":" {
            self.position += 1;
        }
        self.tree(&[]);
    }

    fn tree(&mut self, prefix: &[String]) {
        let mut parts = prefix.to_vec();
        loop {
            let line = self.tokens.get(self.position).map_or(0, |token| token.line);
            let text = self.text(0).to_owned();
            if text == "{" {
                self.position += 1;
                while !matches!(self.text(0), "}" | "") {
                    self.tree(&parts);
                    if self.text(0) == "," {
                        self.position += 1;
                    }
                }
                self.position += 1;
                return;
            }
            self.position += 1;
            if text == "*" {
                self.add(line, &parts, None);
                return;
            }
            if !is_name(&text) {
                return;
            }
            // `a::{self}` is `a` itself.
            if text != "self" || parts.is_empty() {
                parts.push(text);
            }
            if self.double_colon(0) {
                self.position += 2;
                continue;
            }
            let mut name = parts.last().cloned();
            if self.text(0) == "as" {
                name = Some(self.text(1).to_owned());
                self.position += 2;
            }
            self.add(line, &parts, name);
            return;
        }
    }

    fn add(&mut self, line: usize, parts: &[String], name: Option<String>) {
        if let Some(target) = self.absolute(parts) {
            self.imports.push(Import { line, from: self.module.clone(), target, name });
        }
    }

    /// Path from the crate's root, or nothing if it leads to another crate.
    fn absolute(&self, parts: &[String]) -> Option<Vec<String>> {
        let mut path = match parts.first()?.as_str() {
            "crate" => Vec::new(),
            "super" | "self" => self.module.clone(),
            name => {
                let child = [self.module.as_slice(), &[name.to_owned()]].concat();
                return self.known.contains(&child).then(|| [&self.module, parts].concat());
            }
        };
        for part in parts {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => {
                    path.pop();
                }
                name => path.push(name.to_owned()),
            }
        }
        Some(path)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_sources(order: &[&str], sources: &[(&str, &str)]) -> Vec<String> {
        let order: Vec<String> = order.iter().map(|name| name.to_string()).collect();
        let files: Vec<SourceFile> =
            sources.iter().map(|(path, text)| SourceFile::new(&format!("src/{path}"), text)).collect();
        check(&order, "src", &files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_order_ends_with_its_block() {
        let text = "# A\n\n```text\nOrder of modules:\nerror < audio <\n`live`\n```\n\nMore < text.\n";
        assert_eq!(order(text).unwrap(), ["error", "audio", "live"]);
        assert_eq!(order("Order of modules: a < b\n\nc < d\n").unwrap(), ["a", "b"]);
        assert!(order("nothing").is_err());
        assert!(order("Order of modules: a < a").is_err());
        assert!(order("Order of modules: a < < b").is_err());
    }

    #[test]
    fn imports_to_the_left_pass() {
        let faults = check_sources(
            &["error", "audio", "live"],
            &[
                ("lib.rs", "mod error; mod audio; mod live; pub use error::Error; pub use live::Live;"),
                ("error.rs", "//! See [`crate::live`].\npub struct Error;"),
                ("audio/mod.rs", "mod file; use crate::Error; pub(in crate::audio) fn f() {}"),
                ("audio/file.rs", "use crate::audio::g; fn f(crate_live: u8) -> crate::error::Error {}"),
                ("live.rs", "use crate::{Error, audio::{self, file}}; use std::fmt;"),
            ],
        );
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn an_import_to_the_right_is_found_with_its_place() {
        let library = ("lib.rs", "pub use live::Live;");
        let wrong = [
            "use std::fmt;\nuse crate::live::Live;",
            "\nuse crate::{error, live};",
            "\nfn f() { crate::live::run() }",
            "\nuse crate::Live;",
            "\nuse super::live;",
            "mod tests {\n use super::super::live::Live; }",
            "\npub(crate) use crate::live as other;",
        ];
        for text in wrong {
            let faults = check_sources(
                &["error", "audio", "live"],
                &[library, ("error.rs", ""), ("audio.rs", text), ("live.rs", "")],
            );
            assert_eq!(faults, ["src/audio.rs:2: `audio` imports `live`, which is to its right in the order"]);
        }
    }

    #[test]
    fn an_unknown_name_of_the_root_is_found() {
        let faults = check_sources(&["a"], &[("lib.rs", ""), ("a.rs", "use crate::Missing; crate::log!();")]);
        assert_eq!(faults, ["src/a.rs:1: `crate::Missing` is neither a module nor a name that lib.rs takes from one"]);
    }

    #[test]
    fn order_and_tree_hold_the_same_modules() {
        let faults = check_sources(&["a", "gone"], &[("lib.rs", ""), ("a.rs", ""), ("b/mod.rs", "")]);
        assert_eq!(
            faults,
            [
                "ARCHITECTURE.md:1: src/ has `b`, which the order does not name",
                "ARCHITECTURE.md:1: the order names `gone`, which src/ does not have",
            ]
        );
    }

    #[test]
    fn a_circle_between_files_of_a_folder_is_found() {
        let sources = [
            ("lib.rs", ""),
            ("a/mod.rs", "mod x; mod y; mod z; pub use z::Z; use x::X;"),
            ("a/x.rs", "use super::y::Y;"),
            ("a/y/mod.rs", "mod part;"),
            ("a/y/part.rs", "use super::super::Z;"),
            ("a/z.rs", "pub struct Z;"),
        ];
        assert_eq!(check_sources(&["a"], &sources), [""; 0]);
        let mut circular = sources;
        circular[5].1 = "pub struct Z;\nfn f() { crate::a::x::f() }";
        assert_eq!(
            check_sources(&["a"], &circular),
            ["src/a/x.rs:1: circle in `a`: `x` imports `y` (src/a/x.rs:1), `y` imports `z` (src/a/y/part.rs:1), \
             `z` imports `x` (src/a/z.rs:2)"]
        );
    }
}
