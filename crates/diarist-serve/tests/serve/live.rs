//! Live streams.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::client::{Client, Form, PATIENCE, fixture};
use crate::server::{Server, shared};

/// 16-bit samples of a recording.
fn pcm(name: &str) -> Vec<u8> {
    use diarist::parts::audio::{self, AudioSource};
    let (mut source, mut samples) = (audio::open(&fixture(name)).unwrap(), Vec::new());
    while source.read(&mut samples).unwrap() {}
    samples.iter().flat_map(|sample| ((sample * 32_768.0).round() as i16).to_le_bytes()).collect()
}

fn open(client: Client, path: &str) -> WebSocket<TcpStream> {
    let (socket, answer) = tungstenite::client(format!("ws://{}{path}", client.0), client.connect()).unwrap();
    assert_eq!(answer.status(), 101);
    socket
}

/// A stream on a service for one of them, whose last one ends at this moment.
fn open_when_free(client: Client) -> WebSocket<TcpStream> {
    let start = Instant::now();
    loop {
        match tungstenite::client(format!("ws://{}/v1/live", client.0), client.connect()) {
            Ok((socket, _)) => return socket,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// All messages until the service closes.
fn messages(socket: &mut WebSocket<TcpStream>) -> Vec<Value> {
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => messages.push(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return messages,
            Ok(_) => {}
        }
    }
}

fn send(socket: &mut WebSocket<TcpStream>, bytes: &[u8]) {
    for piece in bytes.chunks(16_000) {
        socket.send(Message::binary(piece.to_vec())).unwrap();
    }
}

fn finish(socket: &mut WebSocket<TcpStream>) {
    socket.send(Message::text(r#"{"type":"finish"}"#)).unwrap();
}

#[test]
fn a_stream_gives_events_and_becomes_a_recording() {
    let client = shared();
    let mut socket = open(client, "/v1/live?name=talk&latency=3");
    let audio = pcm("single.flac");
    send(&mut socket, &audio);
    finish(&mut socket);
    let messages = messages(&mut socket);
    let (first, last) = (&messages[0], messages.last().unwrap());
    assert_eq!((&first["event"], &last["event"]), (&json!("recording"), &json!("result")));
    for event in ["opened", "closed", "labelled"] {
        assert!(messages.iter().any(|message| message["event"] == event), "{event}: {messages:?}");
    }
    assert!(messages.iter().all(|message| message["heard_s"].is_number()));
    let id = first["id"].as_str().unwrap();
    let record = client.until_over(id);
    assert_eq!(
        (&record["state"], &record["name"], &record["has_audio"]),
        (&json!("done"), &json!("talk"), &json!(true))
    );
    assert_eq!(record["duration_s"], 13.25);
    let state = client.get(&format!("/v1/recordings/{id}/result")).ok(200).json();
    assert_eq!(state["result"]["turns"], last["result"]["turns"]);
    // The same as from a file of the same sound.
    let wav = client.get(&format!("/v1/recordings/{id}/audio")).ok(200);
    assert_eq!((wav.header("content-type"), &wav.body[44..]), (Some("audio/wav"), audio.as_slice()));
    let again = client.recording(Form::default().part("file", Some("again.wav"), &wav.body));
    let again = client.get(&format!("/v1/recordings/{}/result", again["id"].as_str().unwrap())).json();
    assert_eq!(again["result"]["turns"], state["result"]["turns"]);
}

#[test]
fn a_client_that_leaves_keeps_what_was_heard() {
    let client = shared();
    let mut socket = open(client, "/v1/live?encoding=f32le&rate=8000&channels=2");
    socket.send(Message::binary(vec![0; 8000 * 8 * 2])).unwrap();
    let Message::Text(first) = socket.read().unwrap() else { panic!("a text") };
    let first: Value = serde_json::from_str(&first).unwrap();
    drop(socket);
    let record = client.until_over(first["id"].as_str().unwrap());
    assert_eq!(
        (&record["state"], &record["duration_s"], &record["num_speakers"]),
        (&json!("done"), &json!(2.0), &json!(0))
    );
}

#[test]
fn a_viewer_sees_a_running_stream() {
    let client = shared();
    let mut socket = open(client, "/v1/live");
    let Message::Text(first) = socket.read().unwrap() else { panic!("a text") };
    let first: Value = serde_json::from_str(&first).unwrap();
    let id = first["id"].as_str().unwrap();
    send(&mut socket, &pcm("short.flac"));
    let start = Instant::now();
    while !matches!(socket.read().unwrap(), Message::Text(text) if text.contains("opened")) {
        assert!(start.elapsed() < PATIENCE);
    }
    let mut viewer = BufReader::new(client.connect());
    write!(viewer.get_mut(), "GET /v1/live/{id}?watch HTTP/1.1\r\nHost: {}\r\n\r\n", client.0).unwrap();
    let mut lines = viewer.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("\"event\":\"opened\"")));
    finish(&mut socket);
    assert!(lines.any(|line| line.contains("\"event\":\"result\"")));
    messages(&mut socket);
    client.until_over(id);
    assert_eq!(client.get(&format!("/v1/live/{id}?watch")).refused(404), "not_found");
}

#[test]
fn a_container_is_decoded_as_it_comes() {
    let client = shared();
    let mut socket = open(client, "/v1/live?encoding=webm");
    send(&mut socket, &std::fs::read(fixture("short.flac")).unwrap());
    finish(&mut socket);
    let heard = messages(&mut socket);
    assert_eq!(heard.last().unwrap()["result"]["duration_s"], 3.3);
    let mut socket = open(client, "/v1/live?encoding=webm");
    send(&mut socket, &[7; 5000]);
    finish(&mut socket);
    let heard = messages(&mut socket);
    assert!(heard.iter().any(|message| message["event"] == "error"), "{heard:?}");
}

#[test]
fn deepgram_has_its_messages() {
    let client = shared();
    let mut socket = open(client, "/v1/listen?encoding=linear16&sample_rate=16000&diarize=true&model=nova-3");
    socket.send(Message::text(r#"{"type":"KeepAlive"}"#)).unwrap();
    send(&mut socket, &pcm("short.flac"));
    socket.send(Message::text(r#"{"type":"CloseStream"}"#)).unwrap();
    let messages = messages(&mut socket);
    let word = &messages[0]["channel"]["alternatives"][0]["words"][0];
    assert_eq!(
        (&messages[0]["type"], &messages[0]["is_final"], &word["speaker"]),
        (&json!("Results"), &json!(true), &json!(0))
    );
    assert!(word["end"].as_f64() > word["start"].as_f64());
    assert_eq!(messages[0]["metadata"]["request_id"], messages.last().unwrap()["request_id"]);
    let last = messages.last().unwrap();
    assert_eq!((&last["type"], &last["duration"]), (&json!("Metadata"), &json!(3.3)));
    client.until_over(last["request_id"].as_str().unwrap());
}

#[test]
fn streams_have_limits() {
    let server = Server::start(|options| {
        options.max_streams = 1;
        options.max_duration_s = 2.0;
        options.timeout = Duration::from_secs(1);
    });
    let client = server.client;
    let upgrade = |path: &str| {
        let headers = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        client.send("GET", path, &headers, b"")
    };
    assert_eq!(client.get("/v1/live").refused(426), "no_websocket");
    assert_eq!(upgrade("/v1/live?encoding=mp3").refused(400), "invalid");
    assert_eq!(upgrade("/v1/live?rate=5").status, 422);
    assert_eq!(upgrade("/v1/live?channels=0").status, 400);
    assert_eq!(upgrade("/v1/live?channels=999").status, 400);
    assert_eq!(upgrade("/v1/live?latency=99").status, 400);
    assert_eq!(upgrade("/v1/listen?encoding=linear16").refused(400), "invalid");
    let mut socket = open(client, "/v1/live");
    assert_eq!(upgrade("/v1/live").refused(429), "too_many_streams");
    let mut audio = pcm("single.flac");
    audio.truncate(32_000 * 4);
    send(&mut socket, &audio);
    let heard = messages(&mut socket);
    assert!(heard.iter().any(|message| message["event"] == "error"), "{heard:?}");
    assert_eq!(heard.last().unwrap()["event"], "result");
    // A client that sends nothing is not waited for.
    let mut socket = open_when_free(client);
    assert_eq!(messages(&mut socket).last().unwrap()["event"], "result");
}

#[test]
fn a_client_that_reads_nothing_is_cut_off_and_its_stream_kept() {
    let server = Server::start(|options| options.timeout = Duration::from_secs(1));
    let client = server.client;
    let stream = client.connect();
    // Few bytes fit into the buffers between the two.
    let (mut socket, _) = tungstenite::client(format!("ws://{}/v1/live", client.0), stream).unwrap();
    let Message::Text(first) = socket.read().unwrap() else { panic!("a text") };
    let first: Value = serde_json::from_str(&first).unwrap();
    // From here on, the client only sends, and stops to send at some time.
    send(&mut socket, &pcm("short.flac"));
    let record = client.until_over(first["id"].as_str().unwrap());
    assert_eq!((&record["state"], &record["duration_s"]), (&json!("done"), &json!(3.3)));
    drop(socket);
}
