//! Exit codes, and the one line that stderr gets for a fault.

use std::fmt;
use std::io;
use std::process::ExitCode;

use diarist::{Error, ErrorKind};

/// A fault inside diarist.
const INTERNAL: u8 = 1;
/// Wrong usage, or an option outside its range (clap's own code).
const USAGE: u8 = 2;
/// An input cannot be read or is not usable.
const INPUT: u8 = 3;
/// Weights are missing, damaged, or of another architecture.
const WEIGHTS: u8 = 4;
/// A result cannot be written.
const OUTPUT: u8 = 5;
/// The requested number of speakers cannot be honoured.
const SPEAKER_BOUNDS: u8 = 6;

/// The exit codes as `--help` shows them.
pub(crate) const HELP: &str = "\
Exit codes:
  0  success
  1  internal error
  2  wrong usage, or an option outside its range
  3  an input cannot be read or is not usable
  4  weights are missing, damaged, or of another architecture
  5  an output cannot be written
  6  the requested number of speakers cannot be honoured
With several inputs the others are still processed after a fault; the code is then that of the first fault.";

/// A fault that stderr already has: only its exit code is left to give.
#[derive(Debug)]
pub(crate) struct Reported(u8);

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Reported {}

/// Writes one `error: ...` line to stderr and returns the fault to end the process with.
pub(crate) fn report(error: &anyhow::Error) -> Reported {
    to_stderr("error: ", &one_line(error));
    Reported(code(error))
}

/// Writes one `warning: ...` line to stderr.
pub(crate) fn warn(message: &str) {
    to_stderr("warning: ", message);
}

/// Writes one line to stderr.
pub(crate) fn note(message: &str) {
    to_stderr("", message);
}

/// Writes a table to stderr. If stderr is closed, there is nobody to tell.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) {
    let _ = crate::table::write(&mut io::stderr().lock(), rows);
}

/// Ends the process. A reader that closed our stdout (`diarist ... | head`) is no fault.
pub(crate) fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let reported = match error.downcast::<Reported>() {
                Ok(reported) => reported,
                Err(error) => report(&error),
            };
            ExitCode::from(reported.0)
        }
    }
}

/// Was stdout closed by its reader?
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is_pipe))
}

/// The exit code that `error` stands for. An I/O error by itself comes from writing to stdout: reading a file gives [`Error`].
fn code(error: &anyhow::Error) -> u8 {
    match error.chain().find_map(|cause| cause.downcast_ref::<Error>()).map(Error::kind) {
        Some(ErrorKind::InvalidOption) => USAGE,
        Some(ErrorKind::Input) => INPUT,
        Some(ErrorKind::Weights) => WEIGHTS,
        Some(ErrorKind::Output) => OUTPUT,
        Some(ErrorKind::SpeakerBounds) => SPEAKER_BOUNDS,
        None if error.is::<io::Error>() => OUTPUT,
        _ => INTERNAL,
    }
}

/// The message and its causes. [`Error`] shows its own cause, so the chain ends there.
fn one_line(error: &anyhow::Error) -> String {
    let mut parts = Vec::new();
    for cause in error.chain() {
        parts.push(cause.to_string());
        if cause.is::<Error>() {
            break;
        }
    }
    parts.join(": ")
}

#[expect(clippy::print_stderr, reason = "the one place where faults and warnings reach the terminal")]
fn to_stderr(level: &str, message: &str) {
    // A message may quote a file: whatever line breaks it brings along, it stays one line.
    eprintln!("{level}{}", message.split_whitespace().collect::<Vec<_>>().join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_documented_code() {
        let cases = [
            (ErrorKind::Internal, 1),
            (ErrorKind::InvalidOption, 2),
            (ErrorKind::Input, 3),
            (ErrorKind::Weights, 4),
            (ErrorKind::Output, 5),
            (ErrorKind::SpeakerBounds, 6),
        ];
        for (kind, expected) in cases {
            let error = anyhow::Error::new(Error::new(kind, "fault")).context("outer");
            assert_eq!(code(&error), expected, "{kind:?}");
        }
        assert_eq!(code(&io::Error::other("disk full").into()), 5);
        assert_eq!(code(&anyhow::anyhow!("a bug")), 1);
    }

    #[test]
    fn causes_are_shown_once() {
        let inner = Error::input("cannot be read").caused_by(io::Error::other("disk on fire"));
        let error = anyhow::Error::new(inner).context("meeting.wav");
        assert_eq!(one_line(&error), "meeting.wav: cannot be read (disk on fire)");
    }

    #[test]
    fn a_closed_pipe_is_found_below_other_errors() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = anyhow::Error::new(Error::new(ErrorKind::Output, "stdout").caused_by(pipe));
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::Error::new(Error::new(ErrorKind::Output, "stdout"))));
    }
}
