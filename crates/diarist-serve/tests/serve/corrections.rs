//! Corrections over HTTP.

use serde_json::{Value, json};

use crate::client::{Client, Form};
use crate::server::{Process, shared};

/// A recording that a test may correct.
fn conversation(client: Client) -> (String, Value) {
    let record = client.recording(Form::default().file("conversation.flac").field("num_speakers", "4"));
    let path = format!("/v1/recordings/{}", record["id"].as_str().unwrap());
    let state = client.get(&format!("{path}/result")).ok(200).json();
    (path, state)
}

fn names(state: &Value) -> Vec<&str> {
    state["result"]["speakers"].as_array().unwrap().iter().filter_map(|speaker| speaker["name"].as_str()).collect()
}

#[test]
fn corrections_are_tried_kept_undone_and_redone() {
    let client = shared();
    let (path, first) = conversation(client);
    let ask = |revision: u64, correction: &Value, dry_run: bool| {
        let body = json!({"revision": revision, "correction": correction, "dry_run": dry_run});
        client.json("POST", &format!("{path}/corrections"), &body)
    };
    let rename = json!({"kind": "rename", "speaker": "SPEAKER_01", "name": "Ben"});
    let tried = ask(0, &rename, true).ok(200).json();
    assert_eq!((&tried["revision"], names(&tried), &tried["changes"]), (&json!(0), vec!["Ben"], &json!([])));
    assert_eq!(client.get(&format!("{path}/result")).json(), first);
    let named = ask(0, &rename, false).ok(200).json();
    assert_eq!((&named["revision"], names(&named), &named["can_undo"]), (&json!(1), vec!["Ben"], &json!(true)));
    assert!(client.get(&path).json()["speakers"].as_array().unwrap().contains(&json!("Ben")));
    assert_eq!(ask(0, &rename, false).refused(409), "stale");
    let merge = json!({"kind": "merge", "speaker": "SPEAKER_02", "into": "SPEAKER_01"});
    let merged = ask(1, &merge, false).ok(200).json();
    let labels: Vec<&Value> = merged["result"]["speakers"].as_array().unwrap().iter().map(|s| &s["label"]).collect();
    assert_eq!(labels, ["SPEAKER_00", "SPEAKER_01", "SPEAKER_03"], "labels stay");
    let rttm = client.get(&format!("{path}/export?format=rttm")).ok(200).text();
    assert!(rttm.contains(" Ben ") && !rttm.contains("SPEAKER_02"), "{rttm}");
    let undone = client.json("POST", &format!("{path}/undo"), &json!({"revision": 2})).ok(200).json();
    assert_eq!((&undone["revision"], &undone["can_redo"]), (&json!(3), &json!(true)));
    assert!(!undone["changes"].as_array().unwrap().is_empty());
    assert_eq!(undone["result"]["turns"], named["result"]["turns"]);
    let redone = client.json("POST", &format!("{path}/redo"), &json!({"revision": 3})).ok(200).json();
    assert_eq!((&redone["revision"], &redone["result"]["turns"]), (&json!(4), &merged["result"]["turns"]));
    assert_eq!(client.json("POST", &format!("{path}/redo"), &json!({"revision": 4})).refused(422), "impossible");
    assert_eq!(client.json("POST", &format!("{path}/undo"), &json!({"revision": 0})).refused(409), "stale");
    let nobody = json!({"kind": "rename", "speaker": "SPEAKER_09", "name": "X"});
    assert_eq!(ask(4, &nobody, false).refused(422), "impossible");
    assert_eq!(ask(4, &json!({"kind": "paint"}), false).refused(400), "invalid");
    assert_eq!(
        client.json("POST", "/v1/recordings/0/corrections", &json!({"revision": 0, "correction": rename})).refused(404),
        "not_found"
    );
}

#[test]
fn acknowledged_corrections_survive_kills() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let path = format!(
        "/v1/recordings/{}",
        process.client.recording(Form::default().file("short.flac"))["id"].as_str().unwrap()
    );
    let mut process = Some(process);
    for revision in 0..3 {
        let running = process.take().unwrap_or_else(|| Process::start(folder.path()));
        let name = format!("Ben {revision}");
        let correction = json!({"kind": "rename", "speaker": "SPEAKER_00", "name": name});
        let body = json!({"revision": revision, "correction": correction});
        running.client.json("POST", &format!("{path}/corrections"), &body).ok(200);
        running.kill();
        let again = Process::start(folder.path());
        let state = again.client.get(&format!("{path}/result")).ok(200).json();
        assert_eq!((&state["revision"], names(&state)), (&json!(revision + 1), vec![name.as_str()]));
        process = Some(again);
    }
    if let Some(process) = process {
        process.kill();
    }
}
