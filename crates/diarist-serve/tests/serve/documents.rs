//! The examples of `docs/serve.md`, run as they stand there.

use std::process::Command;

use serde_json::Value;

use crate::client::fixture;
use crate::server::Server;

const PAGE: &str = include_str!("../../../../docs/serve.md");

/// The blocks of shell code, in their order.
fn examples() -> Vec<&'static str> {
    PAGE.split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .filter(|code| code.contains("curl "))
        .collect()
}

#[test]
fn every_example_of_the_document_works() {
    let server = Server::start(|_| ());
    let address = server.client.0.to_string();
    let folder = tempfile::tempdir().unwrap();
    for (name, audio) in [("meeting.flac", "single.flac"), ("ann.flac", "single.flac")] {
        std::fs::copy(fixture(audio), folder.path().join(name)).unwrap();
    }
    let words =
        r#"{"words": [{"word": "Hello", "start": 0.5, "end": 1.0}, {"word": "there", "start": 1.1, "end": 1.5}]}"#;
    std::fs::write(folder.path().join("words.json"), words).unwrap();
    let (mut id, mut job) = (String::new(), String::new());
    for code in examples() {
        // A refusal is a fault here, though curl takes it for an answer.
        let script = format!("curl() {{ command curl -sS --fail-with-body --max-time 300 \"$@\"; }}\n{code}");
        let script = script.replace("127.0.0.1:8642", &address);
        let done = Command::new("sh")
            .args(["-e", "-c", &script])
            .current_dir(&folder)
            .env("ID", &id)
            .env("JOB", &job)
            .output()
            .expect("sh and curl");
        let (text, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{code}\n{text}\n{errors}");
        let answer: Value = serde_json::from_str(text.lines().next().unwrap_or_default()).unwrap_or_default();
        if let Some(found) = answer["jobId"].as_str() {
            found.clone_into(&mut job);
            server.client.until_over(found);
        } else if let Some(found) = answer["id"].as_str().filter(|_| answer["state"] == "queued") {
            found.clone_into(&mut id);
            server.client.until_over(found);
        }
    }
}

#[test]
fn every_path_has_an_example() {
    let document: Value = serde_json::from_str(include_str!("../../src/openapi.json")).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        let shown = path.replace("{id}", "").replace("{name}", "");
        let parts: Vec<&str> = shown.split("//").collect();
        assert!(parts.iter().all(|part| PAGE.contains(part)), "{path}");
    }
}
