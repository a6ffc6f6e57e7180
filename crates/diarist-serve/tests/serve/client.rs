//! A small client, which can also send requests that no library would send.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Path of a sample recording.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio").join(name)
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let error = &self.json()["error"];
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        error["code"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A form with files.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<u8>);

const BOUNDARY: &str = "----boundary-7c1f";

impl Form {
    pub(crate) fn file(self, name: &str) -> Self {
        let bytes = std::fs::read(fixture(name)).unwrap();
        self.part("file", Some(name), &bytes)
    }

    pub(crate) fn field(self, name: &str, value: &str) -> Self {
        self.part(name, None, value.as_bytes())
    }

    pub(crate) fn part(mut self, name: &str, file: Option<&str>, bytes: &[u8]) -> Self {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        self.0.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
        self.0.extend(bytes);
        self.0.extend(b"\r\n");
        self
    }

    pub(crate) fn body(self) -> (String, Vec<u8>) {
        let mut body = self.0;
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        (format!("multipart/form-data; boundary={BOUNDARY}"), body)
    }
}

/// A client of the service at an address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub(crate) SocketAddr);

impl Client {
    pub(crate) fn connect(self) -> TcpStream {
        let stream = TcpStream::connect(self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a request with headers, of which `Host` may be among them.
    pub(crate) fn send(self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in [("Host", self.0.to_string()), ("Connection", "close".to_owned())] {
            if !headers.iter().any(|(given, _)| *given == name) {
                head += &format!("{name}: {value}\r\n");
            }
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        // A server that refuses a request may not read it to its end.
        let _ = stream.write_all(body);
        read(&mut BufReader::new(stream))
    }

    pub(crate) fn get(self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub(crate) fn post(self, path: &str) -> Answer {
        self.send("POST", path, &[], b"")
    }

    pub(crate) fn json(self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    pub(crate) fn form(self, path: &str, form: Form) -> Answer {
        let (content_type, body) = form.body();
        self.send("POST", path, &[("Content-Type", &content_type)], &body)
    }

    /// Sends a recording and waits until the work on it is over.
    pub(crate) fn recording(self, form: Form) -> Value {
        let id = self.form("/v1/recordings", form).ok(202).json()["id"].as_str().unwrap().to_owned();
        self.until_over(&id)
    }

    pub(crate) fn until_over(self, id: &str) -> Value {
        let start = Instant::now();
        loop {
            let record = self.get(&format!("/v1/recordings/{id}")).ok(200).json();
            if !matches!(record["state"].as_str(), Some("queued" | "running")) {
                return record;
            }
            assert!(start.elapsed() < PATIENCE, "{record}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Reads an answer to its end.
pub(crate) fn read(stream: &mut impl BufRead) -> Answer {
    let line = |stream: &mut dyn BufRead| {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line(stream);
    let status = first.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {first:?}")).parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let header = line(stream);
        let Some((name, value)) = header.split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let mut body = Vec::new();
    if is_chunked {
        loop {
            let length = usize::from_str_radix(&line(stream), 16).unwrap_or(0);
            let mut chunk = vec![0; length];
            stream.read_exact(&mut chunk).unwrap();
            line(stream);
            if length == 0 {
                break;
            }
            body.extend(chunk);
        }
    } else {
        let length = headers.iter().find(|(name, _)| name == "content-length");
        match length.and_then(|(_, length)| length.parse().ok()) {
            Some(length) => {
                body.resize(length, 0);
                stream.read_exact(&mut body).unwrap();
            }
            None => drop(stream.read_to_end(&mut body)),
        }
    }
    Answer { status, headers, body }
}
