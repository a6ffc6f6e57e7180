//! `diarist live` on recordings and on stdin.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{audio, diarist};

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn binary() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("diarist"));
    command.stdin(Stdio::null());
    command
}

#[test]
fn the_last_line_and_the_file_are_the_result_of_diarize() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.rttm");
    let file = audio("short.flac");
    let arguments = ["live", "--no-wait", "--live-step", "1", "-o", path.to_str().unwrap(), &file];
    let lines = lines(&diarist(arguments).succeeded());
    let expected = diarist(["diarize", "-q", &file]).succeeded();
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);

    let (last, events) = lines.split_last().unwrap();
    assert_eq!(last["event"], "result");
    assert_eq!(last["result"]["turns"].as_array().unwrap().len(), expected.lines().count());
    let opened: Vec<&Value> = events.iter().filter(|event| event["event"] == "opened").collect();
    let closed = events.iter().filter(|event| event["event"] == "closed").count();
    assert!(!opened.is_empty() && opened.len() == closed, "{events:?}");
    // The decision about a moment comes at least two seconds later, except at the end.
    let first = opened[0];
    assert!(first["heard_s"].as_f64().unwrap() >= first["start_s"].as_f64().unwrap() + 1.9, "{first}");
}

#[test]
fn raw_samples_come_from_stdin_and_need_their_rate() {
    let mut child =
        binary().args(["live", "--rate", "8000", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&[0; 2 * 8000 * 3]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!((lines.len(), &lines[0]["result"]["duration_s"]), (1, &Value::from(3.0)));
    assert!(diarist(["live", "-"]).failed(3).contains("nothing came"));
}

#[test]
fn an_interruption_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.json");
    let file = audio("conversation.flac");
    // At the speed of playback, the interruption comes long before the end.
    let mut child = binary()
        .args(["live", "--live-step", "1", "--format", "json", "-o", path.to_str().unwrap(), &file])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert!(first.contains("opened"), "{first}");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = stdout.lines().map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success());
    let last: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((&last["event"], &last["result"]["turns"]), (&Value::from("result"), &written["turns"]));
    let duration_s = written["duration_s"].as_f64().unwrap();
    assert!(duration_s > 2.0 && duration_s < 60.0, "{duration_s}");
}

#[test]
fn impossible_options_are_refused_with_one_line() {
    let file = audio("short.flac");
    let file = file.as_str();
    assert!(diarist(["live", "missing.wav"]).failed(3).contains("missing.wav"));
    assert!(diarist(["live", "--latency", "0.2", file]).failed(2).contains("a latency of 0.2 s"));
    assert!(diarist(["live", "--live-step", "20", file]).failed(2).contains("0.25 to 10 s"));
    assert!(diarist(["live", "-o", "/missing/x.rttm", file]).failed(5).contains("/missing"));
    assert!(diarist(["live", "--rate", "8000", file]).failed(2).contains("stdin"));
}
