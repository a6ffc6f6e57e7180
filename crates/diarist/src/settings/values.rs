//! Values of options before they are applied to [`Settings`](super::Settings).

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

/// A value that a user chose for an option.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A whole number, 0 or more.
    Count(usize),
    /// One of several names.
    Name(&'static str),
    /// Text with a form of its own.
    Text(String),
    /// Path of a file.
    Path(PathBuf),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => value.fmt(f),
            Self::Count(value) => value.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Text(text) => f.write_str(text),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Count(value) => serializer.serialize_u64(*value as u64),
            Self::Name(name) => serializer.serialize_str(name),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Path(path) => path.serialize(serializer),
        }
    }
}

/// One of the names that an option can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The name.
    pub name: &'static str,
    /// Help in one line, without a full stop.
    pub help: &'static str,
}

/// The group of settings that an option belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Values for all other groups. Needed in any case.
    Profile,
    /// How the networks run. Needed to analyze a recording.
    Analysis,
    /// How speakers are found. Needed to cluster an analysis.
    Clustering,
    /// How turns are made from speakers.
    Timeline,
}
