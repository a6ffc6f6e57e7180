//! The error type of the library: the kind of fault, its place, and a hint for the next step.

use std::{fmt, io};

/// The kind of fault of an [`Error`]. Programs decide on the kind; people read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option is outside its range or two options contradict each other.
    InvalidOption,
    /// The input cannot be read or is not usable audio (or RTTM, UEM, ...).
    Input,
    /// Network weights are missing, damaged, or of another architecture.
    Weights,
    /// A result cannot be written.
    Output,
    /// The requested number of speakers cannot be honoured for this recording.
    SpeakerBounds,
    /// The device that was asked for cannot be used, or failed.
    Device,
    /// The caller has ended the call.
    Cancelled,
    /// A fault inside diarist; please report it.
    Internal,
}

/// An error: the file or part that it concerns, the reason, and a hint for the next step.
///
/// Displayed on one line: `<place>: <message> (<cause>); <hint>`.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    context: Option<String>,
    message: String,
    hint: Option<String>,
    io_kind: Option<io::ErrorKind>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A new error; `message` is lower case, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, context: None, message: message.into(), hint: None, io_kind: None, source: None }
    }

    /// An error about an option's value or a contradiction between options.
    pub fn invalid_option(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidOption, message)
    }

    /// An error about unusable input.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// An error about network weights.
    pub fn weights(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Weights, message)
    }

    /// Names the file, tensor or other part that the error concerns; the outermost call comes first
    /// in the message.
    #[must_use]
    pub fn at(mut self, context: impl Into<String>) -> Self {
        let context = context.into();
        self.context = Some(match self.context.take() {
            Some(inner) => format!("{context}: {inner}"),
            None => context,
        });
        self
    }

    /// As [`Self::at`] for the place of a recording, unless there is none or the error names it.
    #[must_use]
    pub(crate) fn at_place(self, place: Option<&str>) -> Self {
        let names = |place: &&str| self.context.as_ref().is_some_and(|context| context.starts_with(place));
        match place.filter(|place| !names(place)) {
            Some(place) => self.at(place),
            None => self,
        }
    }

    /// Adds a hint for the next step. A hint names operations, not diarist's commands or flags,
    /// because the same error reaches users of the library, of Python and of C.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Names the fault of the operating system behind an error that does not keep its cause.
    #[must_use]
    pub fn of_io(mut self, kind: io::ErrorKind) -> Self {
        self.io_kind = Some(kind);
        self
    }

    /// The kind of fault.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file, tensor or other part that the error concerns.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// The fault of the operating system behind the error, such as a missing file; `None` if there
    /// is none.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let cause = || self.source.as_deref()?.downcast_ref::<io::Error>().map(io::Error::kind);
        self.io_kind.or_else(cause)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(context) = &self.context {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, " ({source})")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_system_is_told_by_its_cause_or_by_name() {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(Error::input("gone").caused_by(missing()).io_kind(), Some(io::ErrorKind::NotFound));
        assert_eq!(Error::input("gone").of_io(missing().kind()).at("a.wav").io_kind(), Some(io::ErrorKind::NotFound));
        assert_eq!(Error::input("no audio").io_kind(), None);
        assert_eq!(Error::input("no audio").at("inner").at("a.wav").context(), Some("a.wav: inner"));
    }
}
