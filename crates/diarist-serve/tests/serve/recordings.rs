//! The service's own interface for recordings.

use std::io::{BufRead, BufReader, Write};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::client::{Client, Form, fixture};
use crate::server::{Server, shared};

/// A recording with several speakers, which tests only read.
fn conversation() -> (Client, &'static Value) {
    static RECORD: LazyLock<Value> = LazyLock::new(|| {
        let form = Form::default().file("conversation.flac").field("name", "../a <b>\u{1b}\"talk\".flac");
        shared().recording(form.field("num_speakers", "4"))
    });
    (shared(), &RECORD)
}

fn path(record: &Value, rest: &str) -> String {
    format!("/v1/recordings/{}{rest}", record["id"].as_str().unwrap())
}

#[test]
fn a_recording_is_diarized_as_by_the_library() {
    let (client, record) = conversation();
    assert_eq!((&record["state"], &record["progress"], &record["error"]), (&json!("done"), &json!(1.0), &Value::Null));
    assert_eq!(record["name"], "../a <b> \"talk\".flac");
    assert_eq!((&record["num_speakers"], &record["has_words"]), (&json!(4), &json!(false)));
    let created = record["created"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
    let state = client.get(&path(record, "/result")).ok(200).json();
    assert_eq!((&state["revision"], &state["can_undo"], &state["words"]), (&json!(0), &json!(false), &Value::Null));
    let choices: diarist::parts::settings::Choices =
        serde_json::from_str(r#"{"profile": "fast", "num-speakers": 4}"#).unwrap();
    let diarizer = diarist::Diarizer::new(&choices.settings().unwrap()).unwrap();
    let expected = diarizer.diarize(fixture("conversation.flac")).unwrap();
    let expected = serde_json::to_value(diarist::parts::formats::json::Document::new(&expected)).unwrap();
    for field in ["turns", "exclusive_turns", "speakers", "duration_s", "speech_s", "options"] {
        assert_eq!(state["result"][field], expected[field], "{field}");
    }
    let list = client.get("/v1/recordings").ok(200).json();
    assert!(list["recordings"].as_array().unwrap().contains(record), "{list}");
    assert_eq!(client.get("/v1/recordings/0123").refused(404), "not_found");
}

#[test]
fn sound_is_sent_whole_or_in_parts() {
    let (client, record) = conversation();
    let bytes = std::fs::read(fixture("conversation.flac")).unwrap();
    let whole = client.get(&path(record, "/audio")).ok(200);
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), (Some("audio/flac"), Some("bytes")));
    assert!(whole.body == bytes);
    let part = client.send("GET", &path(record, "/audio"), &[("Range", "bytes=100-199")], b"").ok(206);
    assert_eq!((part.body.as_slice(), part.header("content-type")), (&bytes[100..200], Some("audio/flac")));
    client.send("GET", &path(record, "/audio"), &[("Range", "bytes=99999999-")], b"").ok(416);
    let wav = client.get(&path(record, "/audio.wav")).ok(200);
    let num_samples = (wav.body.len() - 44) / 2;
    assert_eq!((wav.header("content-type"), &wav.body[..4]), (Some("audio/wav"), &b"RIFF"[..]));
    assert_eq!(num_samples as f64 / 16_000.0, 44.92);
    let part = client.send("GET", &path(record, "/audio.wav"), &[("Range", "bytes=-10")], b"").ok(206);
    assert_eq!(part.body, wav.body[wav.body.len() - 10..]);
    for _ in 0..2 {
        let peaks = client.get(&path(record, "/peaks")).ok(200).json();
        assert_eq!((&peaks["duration_s"], &peaks["per_second"]), (&json!(44.92), &json!(50)));
        // Base64 of a byte for each fiftieth of a second.
        assert_eq!(
            peaks["peaks"].as_str().unwrap().trim_end_matches('=').len(),
            (44.92_f64 * 50.0 * 4.0 / 3.0).ceil() as usize
        );
    }
}

#[test]
fn every_format_of_turns_is_exported() {
    let (client, record) = conversation();
    let starts = [
        ("rttm", "SPEAKER "),
        ("json", "{"),
        ("csv", "file"),
        ("srt", "1\n"),
        ("vtt", "WEBVTT"),
        ("audacity", "0."),
        ("textgrid", "File type"),
        ("eaf", "<?xml"),
        ("uem", "a_"),
        ("html", "<!DOCTYPE html>"),
        ("diarist", ""),
    ];
    for (format, start) in starts {
        let file = client.get(&path(record, &format!("/export?format={format}"))).ok(200);
        assert!(file.text().starts_with(start) && !file.body.is_empty(), "{format}: {}", file.text());
        let disposition = file.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; filename=\"___a__b___talk_."), "{disposition}");
    }
    let exclusive = client.get(&path(record, "/export?format=rttm&exclusive=true")).ok(200).text();
    assert_ne!(exclusive, client.get(&path(record, "/export?format=rttm")).text());
    let refusal = client.get(&path(record, "/export?format=wav"));
    assert!(refusal.text().contains("rttm, json, csv"), "{}", refusal.text());
    assert_eq!(refusal.refused(400), "invalid");
    assert_eq!(client.get(&path(record, "/export")).refused(400), "invalid");
    assert_eq!(client.get(&path(record, "/export?format=txt")).refused(422), "no_words");
}

#[test]
fn words_get_the_speakers_of_the_result() {
    let client = shared();
    let words =
        br#"{"words": [{"word": "Hello", "start": 0.5, "end": 1.0}, {"word": "there", "start": 1.1, "end": 1.5}]}"#;
    let form = Form::default().file("short.flac").part("words", Some("words.json"), words);
    let record = client.recording(form);
    assert_eq!(record["has_words"], true);
    let state = client.get(&path(&record, "/result")).ok(200).json();
    let first = json!({"text": "Hello", "start_s": 0.5, "end_s": 1.0, "speaker": "SPEAKER_00"});
    assert_eq!(state["words"][0], first);
    let text = client.get(&path(&record, "/export?format=txt")).ok(200).text();
    assert_eq!(text, "[0:00:00] SPEAKER_00: Hello there\n");
    for (format, start) in [("md", "**"), ("words", "{\"schema_version\":1"), ("docx", "PK")] {
        let file = client.get(&path(&record, &format!("/export?format={format}"))).ok(200);
        assert!(file.text().contains(start), "{format}: {}", file.text());
    }
    client.send("DELETE", &path(&record, "/words"), &[], b"").ok(204);
    assert_eq!(client.get(&path(&record, "/result")).json()["words"], Value::Null);
    assert_eq!(client.send("DELETE", &path(&record, "/words"), &[], b"").refused(404), "not_found");
    let subtitles = b"1\n00:00:00,500 --> 00:00:01,500\nGood morning\n";
    client.send("PUT", &path(&record, "/words"), &[], subtitles).ok(204);
    assert_eq!(client.get(&path(&record, "/result")).json()["words"][1]["text"], "morning");
    assert_eq!(client.send("PUT", &path(&record, "/words"), &[], b"\xff\xfe\x00").refused(422), "input");
    assert_eq!(client.get(&path(&record, "/result")).json()["words"][1]["text"], "morning");
}

#[test]
fn a_recording_is_removed_with_its_files() {
    let server = Server::start(|_| ());
    let client = server.client;
    let record = client.recording(Form::default().file("short.flac"));
    let folder = server.folder.path().join("recordings").join(record["id"].as_str().unwrap());
    assert!(folder.join("analysis.diarist").exists());
    client.send("DELETE", &path(&record, ""), &[], b"").ok(204);
    assert!(!folder.exists());
    assert_eq!(client.get(&path(&record, "")).refused(404), "not_found");
    assert_eq!(client.send("DELETE", &path(&record, ""), &[], b"").refused(404), "not_found");
    assert_eq!(std::fs::read_dir(server.folder.path().join("uploads")).unwrap().count(), 0);
}

#[test]
fn work_is_cancelled_while_it_waits_and_while_it_runs() {
    let server = Server::start(|_| ());
    let client = server.client;
    let send = || client.form("/v1/recordings", Form::default().file("conversation.flac")).ok(202).json();
    let (first, second) = (send(), send());
    assert_eq!(client.get(&path(&second, "/result")).refused(409), "not_done");
    let cancelled = client.post(&path(&second, "/cancel")).ok(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(client.post(&path(&second, "/cancel")).refused(409), "over");
    client.post(&path(&first, "/cancel")).ok(200);
    assert_eq!(client.get(&path(&first, "")).json()["state"], "cancelled");
    // The queue goes on.
    assert_eq!(client.recording(Form::default().file("short.flac"))["state"], "done");
    assert_eq!(client.get(&path(&first, "/result")).refused(409), "not_done");
}

#[test]
fn events_report_the_work_until_it_is_over() {
    let client = shared();
    let mut all = BufReader::new(client.connect());
    write!(all.get_mut(), "GET /v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", client.0).unwrap();
    let record = client.form("/v1/recordings", Form::default().file("single.flac")).ok(202).json();
    let answer = client.get(&path(&record, "/events")).ok(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let states: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(text.contains("event: recording\n"), "{text}");
    assert_eq!(states.last().unwrap()["state"], "done");
    assert!(states.windows(2).all(|pair| pair[0]["progress"].as_f64() <= pair[1]["progress"].as_f64()), "{states:?}");
    let done = format!("\"id\":{}", record["id"]);
    let mut lines = all.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains(&done) && line.contains("\"state\":\"done\"")));
}

#[test]
fn eight_uploads_at_the_same_time_are_all_done() {
    let client = shared();
    let records: Vec<Value> = std::thread::scope(|scope| {
        let send = |_| scope.spawn(|| client.form("/v1/recordings", Form::default().file("short.flac")).ok(202).json());
        let threads: Vec<_> = (0..8).map(send).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for record in records {
        let record = client.until_over(record["id"].as_str().unwrap());
        assert_eq!((&record["state"], &record["num_speakers"]), (&json!("done"), &json!(1)));
    }
}

#[test]
fn bad_forms_are_refused_with_the_reason() {
    let client = shared();
    let refused = |form: Form, status: u16, words: &str| {
        let answer = client.form("/v1/recordings", form);
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
        answer.refused(status)
    };
    let form = || Form::default().file("short.flac");
    refused(Form::default(), 400, "no file");
    refused(Form::default().part("file", Some("a.wav"), b""), 400, "empty");
    assert_eq!(refused(Form::default().part("file", Some("a.wav"), b"no sound at all"), 415, "\"a.wav: "), "not_audio");
    refused(form().field("num_speakers", "two"), 400, "whole number");
    refused(form().field("num_speakers", "0"), 400, "");
    refused(form().field("min_speakers", "3").field("max_speakers", "2"), 400, "");
    refused(form().field("profile", "slow"), 400, "exact, balanced, fast");
    refused(form().field("words", "{}"), 422, "");
    refused(form().field("colour", "red"), 400, "num_speakers");
    refused(form().file("short.flac"), 400, "several files");
    let plain = client.send("POST", "/v1/recordings", &[("Content-Type", "text/plain")], b"x");
    assert_eq!(plain.refused(415), "no_form");
    let cut =
        client.send("POST", "/v1/recordings", &[("Content-Type", "multipart/form-data; boundary=x")], b"--x\r\nCon");
    assert_eq!(cut.refused(400), "invalid");
}
