//! Shapes of other services.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diarist_serve::Webhooks;
use serde_json::{Value, json};

use crate::client::{Form, fixture};
use crate::server::{Server, shared};

const WORDS: &[u8] =
    br#"{"words": [{"word": "Hello", "start": 0.5, "end": 1.0}, {"word": "there", "start": 1.1, "end": 1.5}]}"#;

fn local_ai(format: &str) -> Form {
    Form::default().file("single.flac").field("model", "any").field("response_format", format)
}

#[test]
fn local_ai_has_its_fields() {
    let client = shared();
    let plain = client
        .form("/v1/audio/diarization", Form::default().file("single.flac").field("num_speakers", "2"))
        .ok(200)
        .json();
    assert_eq!(
        (&plain["task"], &plain["duration"], &plain["num_speakers"]),
        (&json!("diarize"), &json!(13.25), &json!(2))
    );
    let first = &plain["segments"][0];
    assert_eq!((&first["id"], &first["speaker"], &first["label"]), (&json!(0), &json!("SPEAKER_01"), &json!("1")));
    assert!(first["end"].as_f64() > first["start"].as_f64() && first["text"].is_null());
    let verbose =
        local_ai("verbose_json").field("language", "en").field("include_text", "true").part("words", None, WORDS);
    let verbose = client.form("/v1/audio/diarization", verbose).ok(200).json();
    assert_eq!((&verbose["language"], &verbose["segments"][0]["text"]), (&json!("en"), &json!("Hello there")));
    let speaker = &verbose["speakers"][0];
    assert_eq!((&speaker["id"], &speaker["label"]), (&json!("SPEAKER_00"), &json!("0")));
    assert_eq!(speaker["segment_count"], verbose["segments"].as_array().unwrap().len());
    let rttm = client.form("/v1/audio/diarization", local_ai("rttm")).ok(200).text();
    assert!(rttm.starts_with("SPEAKER single 1 "), "{rttm}");
    let own = client.form("/v1/audio/diarization", local_ai("diarist_json")).ok(200).json();
    assert_eq!(own["schema_version"], 1);
    let long = client.form("/v1/audio/diarization", local_ai("json").field("min_duration_on", "60")).ok(200).json();
    assert_eq!(long["segments"], json!([]));
    let silent = local_ai("json").field("include_text", "true");
    let silent = client.form("/v1/audio/diarization", silent).ok(200).json();
    assert!(silent["segments"][0]["text"].is_null() && silent["warnings"][0].as_str().unwrap().contains("recogniser"));
    let any = local_ai("json").field("num_speakers", "0").field("max_speakers", "0");
    assert_eq!(client.form("/v1/audio/diarization", any).ok(200).json()["num_speakers"], 1);
    // Nothing of these calls is kept.
    let refused = |form: Form, status: u16, words: &str| {
        let answer = client.form("/v1/audio/diarization", form);
        assert!(answer.text().contains(words), "{}", answer.text());
        answer.refused(status)
    };
    refused(local_ai("srt"), 400, "json, verbose_json, rttm, diarist_json");
    refused(local_ai("json").field("include_text", "yes"), 400, "true, false");
    refused(local_ai("json").field("clustering_threshold", "9"), 400, "threshold");
    refused(local_ai("json").field("min_duration_on", "long"), 400, "seconds");
}

#[test]
fn open_ai_gets_speakers_for_its_words() {
    let client = shared();
    let form = || Form::default().file("single.flac").field("model", "gpt-4o-transcribe-diarize");
    let answer = form().field("response_format", "diarized_json").part("words", Some("w.json"), WORDS);
    let answer = client.form("/v1/audio/transcriptions", answer).ok(200).json();
    let segment = json!({
        "type": "transcript.text.segment", "id": "seg_000", "start": 0.5, "end": 1.5, "speaker": "A", "text": "Hello there"
    });
    assert_eq!((&answer["text"], &answer["segments"]), (&json!("Hello there"), &json!([segment])));
    let clip = STANDARD.encode(std::fs::read(fixture("single.flac")).unwrap());
    let known = form()
        .field("known_speaker_names[]", "Ada")
        .field("known_speaker_references[]", &format!("data:audio/flac;base64,{clip}"))
        .part("words", None, WORDS);
    let known = client.form("/v1/audio/transcriptions", known).ok(200).json();
    assert_eq!(known["segments"][0]["speaker"], "Ada");
    assert_eq!(client.form("/v1/audio/transcriptions", form()).refused(422), "no_words");
    let text = form().field("response_format", "text").part("words", None, WORDS);
    assert!(client.form("/v1/audio/transcriptions", text).refused(400) == "invalid");
    let lonely = form().field("known_speaker_names[]", "Ada").part("words", None, WORDS);
    assert_eq!(client.form("/v1/audio/transcriptions", lonely).refused(400), "invalid");
}

#[test]
fn pyannote_has_jobs() {
    let client = shared();
    let form = Form::default().file("single.flac").field("numSpeakers", "2").field("exclusive", "true");
    let job = client.form("/v1/diarize", form).ok(202).json();
    assert_eq!(job["status"], "created");
    let id = job["jobId"].as_str().unwrap();
    client.until_over(id);
    let job = client.get(&format!("/v1/jobs/{id}")).ok(200).json();
    assert_eq!(job["status"], "succeeded");
    for list in ["diarization", "exclusiveDiarization"] {
        let turns = job["output"][list].as_array().unwrap();
        assert!(!turns.is_empty() && turns.iter().all(|turn| turn["end"].as_f64() > turn["start"].as_f64()), "{job}");
    }
    let speakers = job["output"]["diarization"].as_array().unwrap().iter().map(|turn| turn["speaker"].to_string());
    assert_eq!(speakers.collect::<std::collections::BTreeSet<_>>().len(), 2);
    assert_eq!(client.post(&format!("/v1/jobs/{id}/cancel")).refused(409), "over");
    let url = client.json("POST", "/v1/diarize", &json!({"url": "http://example.org/a.wav"}));
    assert_eq!(url.refused(422), "no_download");
    let hook = Form::default().file("short.flac").field("webhook", "https://example.org/hook");
    assert_eq!(client.form("/v1/diarize", hook).refused(422), "no_webhooks");
    assert_eq!(client.get("/v1/jobs/0").refused(404), "not_found");
}

#[test]
fn webhooks_never_lead_inside() {
    let server = Server::start(|options| options.webhooks = Webhooks::Public);
    for address in [
        "http://127.0.0.1/hook",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "https://user@example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let form = Form::default().file("short.flac").field("webhook", address);
        assert_eq!(server.client.form("/v1/diarize", form).refused(422), "webhook", "{address}");
    }
    // A name is looked up when it is called: the job itself succeeds.
    let form = Form::default().file("short.flac").field("webhook", "http://localhost:1/hook");
    let job = server.client.form("/v1/diarize", form).ok(202).json();
    assert_eq!(server.client.until_over(job["jobId"].as_str().unwrap())["state"], "done");
}

fn embedding(answer: &Value) -> Vec<f64> {
    answer.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn embeddings_are_those_of_the_voice() {
    static CLIP: LazyLock<Value> = LazyLock::new(|| {
        shared()
            .form("/v1/audio/speech/embedding", Form::default().file("single.flac").field("model", "any"))
            .ok(200)
            .json()
    });
    let client = shared();
    assert_eq!((&CLIP["object"], &CLIP["data"][0]["index"]), (&json!("list"), &json!(0)));
    let clip = embedding(&CLIP["data"][0]["embedding"]);
    let window = |start: &str, end: &str| Form::default().file("single.flac").field("start", start).field("end", end);
    let part = client.form("/embed_window", window("5", "9.5")).ok(200).json();
    let part = embedding(&part["embedding"]);
    assert_eq!((clip.len(), part.len()), (256, 256));
    assert!(cosine(&clip, &part) > 0.6, "{}", cosine(&clip, &part));
    let other = client.form("/embed_window", Form::default().file("short.flac").field("start", "0").field("end", "3"));
    assert!(cosine(&clip, &embedding(&other.ok(200).json()["embedding"])) < 0.5);
    assert_eq!(client.form("/embed_window", window("9", "5")).refused(400), "invalid");
    assert_eq!(client.form("/embed_window", window("500", "600")).refused(422), "unsuitable");
    assert_eq!(client.form("/embed_window", Form::default().file("short.flac")).refused(400), "invalid");
    let several = client.form("/v1/audio/speech/embedding", Form::default().file("conversation.flac"));
    assert_eq!(several.refused(422), "unsuitable");
}

#[test]
fn the_service_reports_its_state() {
    let client = shared();
    assert_eq!(client.get("/healthz").ok(200).json()["status"], "ok");
    assert_eq!(client.get("/readyz").ok(200).json()["status"], "ready");
    assert_eq!(client.get("/openapi.json").ok(200).json()["openapi"], "3.1.0");
    let metrics = client.get("/metrics").ok(200).text();
    let line = "diarist_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"}";
    assert!(metrics.contains(line) && metrics.contains("diarist_queued ") && metrics.ends_with("# EOF\n"), "{metrics}");
    diarist_serve::check(client.0).unwrap();
    assert!(diarist_serve::check(std::net::SocketAddr::from(([127, 0, 0, 1], 1))).is_err());
}
