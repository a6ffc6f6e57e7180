//! Checks of the repository itself, run by `cargo test -p diarist-checks`.
//!
//! - [`module_order`]: a module of the library imports only modules to its left in the order that
//!   `ARCHITECTURE.md` gives, and the files of a folder import each other without a circle.
//! - [`references`]: links, paths, decision records and Cargo features named in documents and
//!   comments exist.
//! - [`commands`]: scripts that documents run are executable.
//! - [`prose`]: how comments begin, how wide prose is, and words that a reader cannot know.
//!
//! `tools/checks/tests/repository.rs` runs them over the repository. The unit tests of each module
//! show that it finds faults in made-up sources.
#![forbid(unsafe_code)]

pub mod commands;
pub mod comments;
pub mod files;
pub mod module_order;
pub mod prose;
pub mod references;
pub mod rust;

use std::fmt;

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Path of the file, from the root of the repository.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// The fault, in words.
    pub message: String,
}

impl Fault {
    /// A fault in line `line` of `file`.
    pub fn new(file: &str, line: usize, message: String) -> Self {
        Self { file: file.to_owned(), line, message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}
