//! `--config FILE`: options of a configuration file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use diarist::parts::formats::json::Document;
use serde_json::Value;

use super::{audio, diarist};

/// A file with these lines in a folder of its own.
fn config(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// The options in force in a run with `arguments`.
fn options(arguments: &[&str]) -> BTreeMap<String, Value> {
    let sample = audio("short.flac");
    let run = diarist(["diarize", "--format", "json", &sample].iter().chain(arguments));
    serde_json::from_str::<Document>(&run.succeeded()).unwrap().options.values
}

#[test]
fn values_of_the_file_are_defaults() {
    let (_folder, path) = config("threshold = 0.5\nfa = 0.1\nmin-duration-off = 0.2\nstep = 5\n");
    let file = options(&["--config", &path]);
    assert_eq!((&file["threshold"], &file["fa"], &file["fb"]), (&0.5.into(), &0.1.into(), &0.6.into()));
    assert_eq!((&file["min_duration_off_s"], &file["step_s"]), (&0.2.into(), &5.0.into()));
    let flags = options(&["--config", &path, "--threshold", "0.7", "--step", "2.5"]);
    assert_eq!((&flags["threshold"], &flags["fa"], &flags["step_s"]), (&0.7.into(), &0.1.into(), &2.5.into()));
}

#[test]
fn a_faulty_file_is_one_line_and_a_code() {
    let cases = [
        ("fa = 0.1\ntreshold = 0.5", 3, "line 2: unknown field `treshold`"),
        ("threshold = \"high\"", 3, "line 1: invalid type"),
        ("threshold = 2.5", 2, "must be from 0 to 2"),
        ("min-cluster-size = 3", 2, "an option of ahc clustering"),
    ];
    for (text, code, expected) in cases {
        let (folder, path) = config(text);
        let bench = folder.path().to_str().unwrap();
        for arguments in [["diarize", "--config", &path, &audio("short.flac")], ["bench", "--config", &path, bench]] {
            let message = diarist(arguments).failed(code);
            assert!(message.contains("some.toml: ") && message.contains(expected), "{message}");
        }
    }
    assert!(!Path::new("missing.toml").exists());
    let message = diarist(["diarize", "--config", "missing.toml", &audio("short.flac")]).failed(3);
    assert!(message.contains("missing.toml: cannot be read"), "{message}");
}
