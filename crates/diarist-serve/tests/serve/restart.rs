//! Services that are killed and started again.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Form, PATIENCE};
use crate::server::Process;

#[test]
fn acknowledged_recordings_survive_kills() {
    let folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for round in 0..3 {
        let process = Process::start(folder.path());
        let form = Form::default().file(if round == 0 { "single.flac" } else { "short.flac" });
        let record = process.client.form("/v1/recordings", form.field("num_speakers", "1")).ok(202).json();
        ids.push(record["id"].as_str().unwrap().to_owned());
        std::thread::sleep(Duration::from_millis(150 * round));
        process.kill();
    }
    // Leftovers of a stop between two steps.
    std::fs::create_dir(folder.path().join("recordings/orphan")).unwrap();
    std::fs::write(folder.path().join("uploads/half"), b"x").unwrap();
    let process = Process::start(folder.path());
    for id in &ids {
        let record = process.client.until_over(id);
        assert_eq!((&record["state"], &record["num_speakers"]), (&json!("done"), &json!(1)));
        process.client.get(&format!("/v1/recordings/{id}/result")).ok(200);
    }
    assert!(!folder.path().join("recordings/orphan").exists() && !folder.path().join("uploads/half").exists());
    let error = diarist_serve::run_until(diarist_serve::Options::new(folder.path()), |_| (), async {}).unwrap_err();
    assert!(error.to_string().contains("another service"), "{error}");
    process.kill();
}

#[cfg(unix)]
#[test]
fn a_service_that_is_told_to_stop_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let record = process.client.form("/v1/recordings", Form::default().file("single.flac")).ok(202).json();
    let id = record["id"].as_str().unwrap().to_owned();
    assert!(process.terminate());
    let process = Process::start(folder.path());
    assert_eq!(process.client.until_over(&id)["state"], "done");
    assert!(process.terminate());
}

/// The next call of a webhook. It is not answered.
fn next_call(listener: &TcpListener) -> TcpStream {
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => return stream,
            Err(_) => assert!(start.elapsed() < PATIENCE, "nobody calls"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Reads a call, and answers it if asked to; returns its body.
fn read_call(stream: TcpStream, is_answered: bool) -> Value {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stream, &mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    if is_answered {
        stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
    }
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_webhook_that_is_due_survives_a_kill_and_is_called_until_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let process = Process::start(folder.path());
    let form = Form::default().file("short.flac").field("webhook", &address);
    let job = process.client.form("/v1/diarize", form).ok(202).json();
    // The service is killed while it waits for the answer.
    let call = next_call(&listener);
    process.kill();
    drop(call);
    let process = Process::start(folder.path());
    let body = read_call(next_call(&listener), true);
    assert_eq!((&body["jobId"], &body["status"]), (&job["jobId"], &json!("succeeded")));
    assert!(!body["output"]["diarization"].as_array().unwrap().is_empty(), "{body}");
    // The answer is noted: the next service does not call again.
    let is_noted = || {
        let database = rusqlite::Connection::open(folder.path().join("serve.db")).unwrap();
        database
            .query_row("SELECT count(*) = 0 FROM recordings WHERE webhook IS NOT NULL", [], |row| row.get::<_, bool>(0))
            .unwrap()
    };
    let start = Instant::now();
    while !is_noted() {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    process.kill();
    let process = Process::start(folder.path());
    process.client.recording(Form::default().file("short.flac"));
    assert!(listener.accept().is_err(), "the webhook is called again");
    process.kill();
}
