//! Exit codes, and the line on stderr for a fault.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use diarist::{Error, ErrorKind};

use crate::terminal;

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
/// The device that was asked for cannot be used.
const DEVICE: u8 = 8;

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
  8  the device that was asked for cannot be used
With several inputs the others are still processed after a fault; the code is then that of the first fault.";

/// The exit code of a fault that is on stderr already.
#[derive(Debug)]
pub(crate) struct Reported(u8);

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Reported {}

/// Writes one `error: ...` line to stderr and returns the exit code.
pub(crate) fn report(error: &anyhow::Error) -> Reported {
    to_stderr("error: ", &one_line(error));
    Reported(code(error))
}

/// The faults of a call with several inputs, each of which is on stderr already. The first decides
/// the exit code.
#[derive(Debug, Default)]
pub(crate) struct Faults(Option<Reported>);

impl Faults {
    /// Reports a fault. An error is returned if the reader of stdout is gone: there is no use in
    /// going on, but an earlier fault still decides the exit code.
    pub(crate) fn add(&mut self, error: anyhow::Error) -> anyhow::Result<()> {
        if is_broken_pipe(&error) {
            return Err(self.0.take().map_or(error, Into::into));
        }
        let reported = report(&error);
        self.0.get_or_insert(reported);
        Ok(())
    }

    /// The end of the call: `last` is its last step.
    pub(crate) fn finish(mut self, last: anyhow::Result<()>) -> anyhow::Result<()> {
        if let Err(error) = last {
            self.add(error)?;
        }
        self.0.map_or(Ok(()), |fault| Err(fault.into()))
    }
}

/// Ends the process after a panic, with one line. Programs that abort cannot contain the panic of a
/// decoder on a damaged file.
#[cfg(panic = "abort")]
pub(crate) fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let reason = panic.payload_as_str().and_then(|text| text.lines().next()).unwrap_or("no reason given");
    let place = panic.location().map(|place| (std::path::Path::new(place.file()), place.line()));
    let place = place.and_then(|(file, line)| Some(format!(" ({} {line})", file.file_name()?.display())));
    let place = place.unwrap_or_default();
    let hint = "if the input is damaged, convert it first; a program that is not built for size goes on after this";
    to_stderr("error: ", &format!("internal error: {reason}{place}; {hint}"));
    std::process::exit(INTERNAL.into());
}

/// Writes one `warning: ...` line to stderr.
pub(crate) fn warn(message: &str) {
    to_stderr("warning: ", message);
}

/// Writes one line to stderr.
pub(crate) fn note(message: &str) {
    to_stderr("", message);
}

/// Writes a table to stderr, unless it is closed.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) {
    let _ = crate::table::write(&mut io::stderr().lock(), rows);
}

/// The exit code of the process. A reader that closes stdout (`diarist ... | head`) is no fault.
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

/// Words of the standard library for a value that is no number, and plainer ones.
const PARSE_FAULTS: [(&str, &str); 6] = [
    ("invalid digit found in string", "not a whole number from 0 on"),
    ("cannot parse integer from empty string", "not a whole number from 0 on"),
    ("number too large to fit in target type", "too large"),
    ("number too small to fit in target type", "too small"),
    ("invalid float literal", "not a number"),
    ("cannot parse float from empty string", "not a number"),
];

/// Shows help on stdout, or a fault in the arguments on stderr without the control characters that
/// they hold.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = PARSE_FAULTS
            .iter()
            .fold(error.render().to_string(), |text, (standard, plain)| text.replace(standard, plain));
        // Nobody is left to tell if stderr is gone, too.
        let _ = io::stderr().write_all(terminal::lines(&text).as_bytes());
        return ExitCode::from(USAGE);
    }
    finish(error.print().map_err(Into::into))
}

/// Whether the reader of stdout has closed it.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is_pipe))
}

/// The exit code for `error`. A bare I/O error comes from writing to stdout, since reading a file
/// gives an [`Error`].
fn code(error: &anyhow::Error) -> u8 {
    match error.chain().find_map(|cause| cause.downcast_ref::<Error>()).map(Error::kind) {
        Some(ErrorKind::InvalidOption) => USAGE,
        Some(ErrorKind::Input) => INPUT,
        Some(ErrorKind::Weights) => WEIGHTS,
        Some(ErrorKind::Output) => OUTPUT,
        Some(ErrorKind::SpeakerBounds) => SPEAKER_BOUNDS,
        Some(ErrorKind::Device) => DEVICE,
        None if error.is::<io::Error>() => OUTPUT,
        _ => INTERNAL,
    }
}

/// The message and its causes, and a hint at a command. [`Error`] shows its own cause, so the chain
/// ends there.
fn one_line(error: &anyhow::Error) -> String {
    let mut parts = Vec::new();
    for cause in error.chain() {
        parts.push(cause.to_string());
        if cause.is::<Error>() {
            break;
        }
    }
    if error.is::<io::Error>() {
        parts.insert(0, "stdout cannot be written".to_owned());
    }
    let message = parts.join(": ");
    match command_hint(&message) {
        Some(hint) => format!("{message}; {hint}"),
        None => message,
    }
}

/// Hints at commands for faults of the library, whose own hints name none: a part of its message,
/// and the hint.
const COMMAND_HINTS: [(&str, &str); 14] = [
    ("raw PCM needs its sample rate", "add for example --rate 16000"),
    ("verify the weights", "`diarist models verify FILE` checks a file"),
    ("convert the checkpoint", "`diarist models convert` converts one"),
    ("this is not a saved analysis", "`diarist analyze` makes one"),
    ("the analysis is not whole", "--partial accepts it, or `diarist analyze` makes it anew"),
    ("the keys are the names of options", "`diarist help diarize` lists them under Method"),
    ("there is no speaker database", "`diarist speakers enroll NAME FILE` makes one"),
    ("nobody is called", "`diarist speakers list` shows the names"),
    ("exists already", "`diarist speakers merge` makes one person of two"),
    ("has no sample ", "`diarist speakers show NAME` lists the samples"),
    ("nothing was learned that could be undone", "`diarist speakers show NAME` lists what was learned"),
    ("there is no batch", "`diarist speakers show NAME` lists the batches"),
    ("samples, but one person has at most", "`diarist speakers remove NAME --sample ID` removes one"),
    ("not an export of speakers", "`diarist speakers export` writes one"),
];

/// The hint at a command for `message`, unless it names one already.
fn command_hint(message: &str) -> Option<&'static str> {
    let (_, hint) = COMMAND_HINTS.iter().find(|(part, _)| message.contains(part))?;
    (!message.contains("`diarist ")).then_some(hint)
}

/// The one place that writes faults and warnings. stderr may be full or closed, which must not stop
/// the work.
fn to_stderr(level: &str, message: &str) {
    let _ = writeln!(io::stderr().lock(), "{level}{}", terminal::message(message));
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
            (ErrorKind::Device, 8),
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
    fn every_hint_belongs_to_a_message_of_the_library() {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../diarist/src")];
        let mut sources = String::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { sources += &std::fs::read_to_string(path).unwrap() }
            }
        }
        for (part, _) in COMMAND_HINTS {
            assert!(sources.contains(part), "{part:?} is in no message of the library");
        }
    }

    #[test]
    fn faults_of_the_library_get_a_hint_at_a_command() {
        let line = |error: Error| one_line(&anyhow::Error::new(error));
        let fault = Error::weights("a value is not finite").hint("verify the weights");
        assert_eq!(
            line(fault),
            "a value is not finite; verify the weights; `diarist models verify FILE` checks a file"
        );
        let fault = Error::input("nobody is called \"Bo\"").hint("`diarist speakers list` shows the names");
        assert_eq!(line(fault), "nobody is called \"Bo\"; `diarist speakers list` shows the names");
        let fault = Error::input("the file has no samples: it is cut off").hint("export it again");
        assert_eq!(line(fault), "the file has no samples: it is cut off; export it again");
    }

    #[test]
    fn a_closed_pipe_does_not_hide_an_earlier_fault() {
        let pipe = || anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        let mut faults = Faults::default();
        faults.add(Error::input("damaged").into()).unwrap();
        let error = faults.add(pipe()).unwrap_err();
        assert_eq!(error.downcast::<Reported>().unwrap().0, INPUT);
        let mut faults = Faults::default();
        faults.add(Error::input("damaged").into()).unwrap();
        assert_eq!(faults.finish(Err(pipe())).unwrap_err().downcast::<Reported>().unwrap().0, INPUT);
        assert!(is_broken_pipe(&Faults::default().finish(Err(pipe())).unwrap_err()));
    }

    #[test]
    fn a_closed_pipe_is_found_below_other_errors() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = anyhow::Error::new(Error::new(ErrorKind::Output, "stdout").caused_by(pipe));
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::Error::new(Error::new(ErrorKind::Output, "stdout"))));
    }
}
