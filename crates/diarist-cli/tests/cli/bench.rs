//! `diarist bench` on a dataset of one short recording.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{audio, diarist};

/// A folder with the first seconds of the sample and its reference.
fn dataset() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(audio("short.flac"), folder.path().join("short.far.flac")).unwrap();
    let line = "SPEAKER short 1 0.5 3.0 <NA> <NA> ann <NA> <NA>\n";
    fs::write(folder.path().join("short.rttm"), line).unwrap();
    fs::write(folder.path().join("short.uem"), "short 1 0 4\n").unwrap();
    folder
}

fn bench(folder: &Path, more: &[&str]) -> super::Run {
    let report = folder.join("report");
    let mut arguments = vec!["bench", "--quiet", "--step", "5", folder.to_str().unwrap()];
    arguments.extend(["--output-dir", report.to_str().unwrap()]);
    arguments.extend(more);
    diarist(arguments)
}

#[test]
fn a_run_writes_every_output_and_resumes() {
    let folder = dataset();
    let first = bench(folder.path(), &[]).succeeded();
    let report = folder.path().join("report");
    assert!(first.lines().any(|line| line.starts_with("short ")), "{first}");
    assert!(first.lines().any(|line| line.starts_with("TOTAL ")), "{first}");
    for name in ["report.json", "report.csv", "report.html", "rttm/short.rttm"] {
        assert!(report.join(name).is_file(), "{name}");
    }
    let read = || -> Value { serde_json::from_slice(&fs::read(report.join("report.json")).unwrap()).unwrap() };
    let json = read();
    assert_eq!(json["files"][0]["has_uem"], true);
    assert_eq!(json["setup"]["options"]["step_s"], 5.0);

    // `diarist score` gives the same figures for the turns that were written.
    let score = diarist(["score", "--json"].map(str::to_owned).into_iter().chain([
        folder.path().join("short.rttm").to_str().unwrap().to_owned(),
        report.join("rttm/short.rttm").to_str().unwrap().to_owned(),
    ]));
    let score: Value = serde_json::from_str(&score.succeeded()).unwrap();
    let difference = score["corpus"]["der"].as_f64().unwrap() - json["corpus"]["der"].as_f64().unwrap();
    // RTTM rounds times to milliseconds; 3 s of reference speech.
    assert!(difference.abs() < 2e-3, "{difference}");

    // A second run has nothing left to do: it keeps the measured time to the last bit.
    assert_eq!(bench(folder.path(), &[]).succeeded().lines().last(), first.lines().last());
    assert_eq!(read()["corpus"], json["corpus"]);
    let message = bench(folder.path(), &["--collar", "0.25"]).failed(2);
    assert!(message.contains("other options"), "{message}");

    let path = report.join("report.json");
    let compared = diarist(["bench", "--compare", path.to_str().unwrap(), path.to_str().unwrap()]).succeeded();
    assert!(compared.lines().last().unwrap().contains("+0.00"), "{compared}");
    let run = path.parent().unwrap().to_str().unwrap();
    assert_eq!(diarist(["bench", "--compare", run, run]).succeeded(), compared);
}

#[test]
fn impossible_measurements_are_refused() {
    let folder = dataset();
    let path = folder.path().to_str().unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["bench", path, "--single-file", "nobody"], 3, "nobody"),
        (&["bench", path, "--iterations", "0"], 2, "--iterations"),
        (&["bench", path, "--collar", "-1"], 2, "collar"),
        (&["bench", path, "--rule", "fluidaudio", "--collar", "0.25"], 2, "no collar"),
        (&["bench", path, "--mode", "live", "--live-rules", "fluidaudio", "--latency", "5"], 2, "latency of 10 s"),
        (&["bench", path, "--audio-filter", "Mix-Headset"], 3, "no audio file here"),
        (&["bench", "--compare", "missing.json", "missing.json"], 3, "missing.json"),
    ];
    for (arguments, code, expected) in cases {
        let message = diarist(arguments).failed(code);
        assert!(message.contains(expected), "{message}");
    }
    fs::write(folder.path().join("short.far.flac"), b"not audio").unwrap();
    let run = diarist(["bench", "--quiet", path]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("short.far.flac"), "{}", run.stderr);
}
