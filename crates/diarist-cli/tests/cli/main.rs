//! The command as users call it: outputs and exit codes.

mod analysis;
mod assign;
mod bad_input;
#[cfg(feature = "workbench")]
mod bench;
mod config;
mod convert;
mod delivery;
mod devices;
#[cfg(feature = "workbench")]
mod generate;
mod hostile;
mod live;
mod models;
#[cfg(feature = "workbench")]
mod pictures;
mod sample;
mod schema;
mod speakers;
#[cfg(feature = "workbench")]
mod tune;
mod wav;

use std::path::{Path, PathBuf};
use std::process::Output;

/// Result of one call of `diarist`.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("diarist was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// stdout of a run that must succeed with an empty stderr.
    #[track_caller]
    fn succeeded(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""));
        self.stdout
    }

    /// The one line on stderr of a run that must end with `code` and an empty stdout.
    #[track_caller]
    fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        self.stderr
    }
}

/// A call of the binary under test.
fn diarist<Argument: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = Argument>) -> Run {
    Run::of(assert_cmd::cargo::cargo_bin_cmd!("diarist").args(arguments).output().unwrap())
}

/// A path below the root of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A sample recording.
fn audio(name: &str) -> String {
    repository("fixtures/audio").join(name).to_str().unwrap().to_owned()
}

#[test]
fn help_and_guide_have_the_same_exit_codes() {
    let guide = std::fs::read_to_string(repository("docs/guide.md")).unwrap();
    for command in [&["--help"][..], &["diarize", "--help"]] {
        let help = diarist(command).succeeded();
        for code in (0..=6).chain([8]) {
            let row = guide.lines().find(|line| line.starts_with(&format!("| {code} | "))).unwrap();
            let meaning = row.split('|').nth(2).unwrap().trim();
            assert!(help.contains(&format!("  {code}  {meaning}\n")), "{meaning} is not in the help of {command:?}");
        }
    }
}

#[test]
fn version_shows_instruction_set_and_models() {
    assert_eq!(diarist(["--version"]).succeeded(), format!("diarist {}\n", env!("CARGO_PKG_VERSION")));
    let verbose = diarist(["--version", "-v"]).succeeded();
    for part in ["instruction set: ", "arithmetic: int8 by ", "segmentation-3.0", "wespeaker", "plda"] {
        assert!(verbose.to_lowercase().contains(part), "{part} is missing in\n{verbose}");
    }
}

#[test]
fn wrong_usage_is_code_2() {
    let sample = audio("short.flac");
    let cases: [&[&str]; 12] = [
        &[],
        &["diarise"],
        &["diarize"],
        &["diarize", "--no-such-option", &sample],
        &["diarize", "--num-speakers", "many", &sample],
        &["diarize", "--num-speakers", "0", &sample],
        &["diarize", "--min-speakers", "3", "--max-speakers", "2", &sample],
        &["diarize", "--step", "0", &sample],
        &["diarize", "--threshold", "-1", &sample],
        &["diarize", "--threads", "0", &sample],
        &["diarize", "-o", "x.rttm", "--output-dir", "x", &sample],
        &["diarize", "--rate", "16000", &sample],
    ];
    for arguments in cases {
        let run = diarist(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.is_empty(), "{arguments:?}");
    }
}
