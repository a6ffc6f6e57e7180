//! Callers that may not call.

use std::net::SocketAddr;

use diarist_serve::Options;
use serde_json::json;

use crate::client::Form;
use crate::server::{Server, shared};

#[test]
fn pages_of_other_sites_are_refused() {
    let client = shared();
    let own = format!("http://{}", client.0);
    let refused: [&[(&str, &str)]; 8] = [
        &[("Host", "example.org")],
        &[("Host", "127.0.0.1.nip.io:8642")],
        &[("Origin", "https://example.org")],
        &[("Origin", "null")],
        &[("Origin", "http://localhost:1")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")],
    ];
    for headers in refused {
        for (method, path) in
            [("GET", "/v1/recordings"), ("POST", "/v1/recordings"), ("DELETE", "/v1/people/Ann"), ("GET", "/v1/live")]
        {
            assert_eq!(client.send(method, path, headers, b"").refused(403), "cross_site", "{headers:?}");
        }
    }
    let allowed: [&[(&str, &str)]; 4] = [
        &[("Host", "localhost:8642")],
        &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[],
    ];
    for headers in allowed {
        client.send("GET", "/v1/recordings", headers, b"").ok(200);
    }
    // A link on another page leads to the page.
    client.send("GET", "/", &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], b"").ok(200);
}

#[test]
fn every_answer_has_the_headers_of_a_careful_page() {
    let client = shared();
    for path in ["/", "/healthz", "/v1/recordings", "/nothing"] {
        let answer = client.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'") && policy.contains("frame-ancestors 'none'")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
    assert!(client.get("/").header("content-type").unwrap().starts_with("text/html"));
}

#[test]
fn a_token_is_needed_where_there_is_one() {
    const TOKEN: &str = "a-token-for-the-tests-of-access";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let server = Server::start(|options| options.token_file = Some(file));
    let client = server.client;
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/v1/recordings", "/metrics", "/v1/live", "/v1/people", "/v1/events", "/nothing"] {
        assert_eq!(client.get(path).refused(401), "unauthorized", "{path}");
        let wrong = client.send("GET", path, &[("Authorization", "Bearer a-token-for-the-tests-of-acces_")], b"");
        assert_eq!(wrong.refused(401), "unauthorized", "{path}");
    }
    assert_eq!(client.form("/v1/audio/diarization", Form::default().file("short.flac")).refused(401), "unauthorized");
    for path in ["/", "/healthz", "/readyz", "/openapi.json"] {
        client.get(path).ok(200);
    }
    client.send("GET", "/v1/recordings", &[("Authorization", &bearer)], b"").ok(200);
    client.send("GET", "/v1/recordings", &[("Authorization", &format!("Token {TOKEN}"))], b"").ok(200);
    client.send("GET", "/metrics", &[("Authorization", &bearer), ("Host", "diarist.example.org")], b"").ok(200);
    assert_eq!(client.json("POST", "/v1/session", &json!({"token": "wrong"})).refused(401), "unauthorized");
    let cookie = client.json("POST", "/v1/session", &json!({"token": TOKEN})).ok(204);
    let cookie = cookie.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    client.send("GET", "/v1/recordings", &[("Cookie", session)], b"").ok(200);
    assert_eq!(
        client.send("GET", "/v1/recordings", &[("Cookie", "diarist_session=0")], b"").refused(401),
        "unauthorized"
    );
}

#[test]
fn an_open_address_needs_a_usable_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path());
    options.listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let error =
        |options: &Options| diarist_serve::run_until(options.clone(), |_| (), async {}).unwrap_err().to_string();
    assert!(error(&options).contains("need a token"), "{}", error(&options));
    let file = folder.path().join("token");
    for token in ["", "short", "has blanks in its middle"] {
        std::fs::write(&file, token).unwrap();
        options.token_file = Some(file.clone());
        assert!(error(&options).contains("token cannot be used"), "{}", error(&options));
    }
}
