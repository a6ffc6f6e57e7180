//! Limits, and clients that are slow or send garbage.

use std::io::{BufReader, Read, Write};
use std::time::{Duration, Instant};

use crate::client::{Form, read};
use crate::server::Server;

#[test]
fn uploads_and_recordings_have_a_largest_size() {
    let server = Server::start(|options| {
        options.max_upload = 100_000;
        options.max_duration_s = 5.0;
    });
    let client = server.client;
    for path in ["/v1/recordings", "/v1/audio/diarization", "/v1/diarize"] {
        assert_eq!(client.form(path, Form::default().file("single.flac")).refused(413), "too_large", "{path}");
    }
    let server = Server::start(|options| options.max_duration_s = 5.0);
    let client = server.client;
    for path in ["/v1/recordings", "/v1/audio/diarization", "/v1/diarize"] {
        assert_eq!(client.form(path, Form::default().file("single.flac")).refused(413), "too_long", "{path}");
    }
    client.form("/v1/recordings", Form::default().file("short.flac")).ok(202);
    let long = vec![b' '; 1 << 20];
    let headers = [("Content-Type", "application/json")];
    assert_eq!(client.send("POST", "/v1/session", &headers, &long).refused(413), "too_large");
    assert_eq!(std::fs::read_dir(server.folder.path().join("uploads")).unwrap().count(), 0);
}

#[test]
fn a_full_queue_refuses_recordings() {
    let server = Server::start(|options| options.max_jobs = 0);
    let client = server.client;
    for path in ["/v1/recordings", "/v1/audio/diarization", "/v1/diarize"] {
        assert_eq!(client.form(path, Form::default().file("short.flac")).refused(429), "too_many_jobs", "{path}");
    }
}

#[test]
fn slow_clients_are_cut_off_and_others_are_served_meanwhile() {
    let server = Server::start(|options| options.timeout = Duration::from_secs(1));
    let client = server.client;
    let start = Instant::now();
    // Heads that never end.
    let mut heads: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = client.connect();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
            stream
        })
        .collect();
    // A body that stops.
    let mut body = client.connect();
    write!(
        body,
        "POST /v1/recordings HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc",
        client.0
    )
    .unwrap();
    client.get("/healthz").ok(200);
    assert_eq!(read(&mut BufReader::new(body)).refused(408), "too_slow");
    for stream in &mut heads {
        let mut rest = Vec::new();
        // A reset is as good as an end.
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    client.get("/healthz").ok(200);
}

#[test]
fn garbage_is_refused_and_harms_nothing() {
    let server = Server::start(|_| ());
    let client = server.client;
    let long = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(500));
    let garbage: [&[u8]; 6] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/recordings HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for bytes in garbage {
        let mut stream = client.connect();
        // The service may close before it has read everything.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    for path in [
        "/..%2f..%2fetc/passwd",
        "/assets/..%2f..%2fCargo.toml",
        "/v1/recordings/..%2f..%2fserve.db/audio",
        "/v1/recordings/%00/audio",
    ] {
        assert_eq!(client.get(path).refused(404), "not_found", "{path}");
    }
    assert_eq!(client.post("/healthz").refused(405), "method_not_allowed");
    client.get("/healthz").ok(200);
}
