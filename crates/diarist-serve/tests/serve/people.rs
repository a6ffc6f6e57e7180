//! Known people.

use serde_json::json;

use crate::client::Form;
use crate::server::Server;

#[test]
fn people_are_taught_once_and_named_everywhere() {
    let server = Server::start(|_| ());
    let client = server.client;
    assert_eq!(client.get("/v1/people").ok(200).json(), json!({"people": [], "unknown": []}));
    let records = [0, 1].map(|_| client.recording(Form::default().file("single.flac")));
    let [first, second] = [0, 1].map(|index| records[index]["id"].as_str().unwrap().to_owned());
    // A voice that comes again is one person.
    let unknown = client.get("/v1/people").ok(200).json()["unknown"].clone();
    let members = json!([{"id": first, "speaker": "SPEAKER_00"}, {"id": second, "speaker": "SPEAKER_00"}]);
    assert_eq!((unknown.as_array().unwrap().len(), &unknown[0]["recordings"]), (1, &members));
    assert!(unknown[0]["probability"].as_f64().unwrap() >= 0.9);
    let teach = |id: &str, speaker: &str, name: &str| {
        client.json("POST", &format!("/v1/recordings/{id}/teach"), &json!({"speaker": speaker, "name": name}))
    };
    assert_eq!(teach(&first, "SPEAKER_07", "Ada").refused(404), "not_found");
    assert_eq!(teach(&first, "SPEAKER_00", "A\nda").refused(400), "input");
    let taught = teach(&first, "SPEAKER_00", "Ada Ba").ok(200).json();
    assert_eq!(taught, json!({"person": "Ada Ba", "recordings_named": [second], "warnings": []}));
    for id in [&first, &second] {
        assert_eq!(client.get(&format!("/v1/recordings/{id}")).json()["speakers"], json!(["Ada Ba"]));
        let result = client.get(&format!("/v1/recordings/{id}/result")).json()["result"].clone();
        assert_eq!(
            (&result["turns"][0]["name"], &result["speakers"][0]["label"]),
            (&json!("Ada Ba"), &json!("SPEAKER_00"))
        );
    }
    let people = client.get("/v1/people").ok(200).json();
    let person = &people["people"][0];
    assert_eq!((&person["name"], &person["num_samples"]), (&json!("Ada Ba"), &json!(1)));
    assert_eq!((&person["recordings"], &people["unknown"]), (&json!([first, second]), &json!([])));
    // Later recordings know the person, and so do other callers.
    assert_eq!(client.recording(Form::default().file("single.flac"))["speakers"], json!(["Ada Ba"]));
    let found = client.form("/v1/people/identify", Form::default().file("single.flac")).ok(200).json();
    assert_eq!(found["speakers"][0]["name"], "Ada Ba");
    let local = client.form("/v1/audio/diarization", Form::default().file("single.flac")).ok(200).json();
    assert_eq!(local["segments"][0]["name"], "Ada Ba");
    assert!(local["segments"][0]["name_score"].as_f64().unwrap() >= 0.9);

    let again = client.json("PATCH", "/v1/people/Ada%20Ba", &json!({"name": "Zoë"})).ok(200).json();
    assert_eq!(again["name"], "Zoë");
    assert_eq!(client.get(&format!("/v1/recordings/{first}")).json()["speakers"], json!(["Zoë"]));
    assert_eq!(client.json("PATCH", "/v1/people/Nobody", &json!({"name": "X"})).refused(404), "not_found");
    assert_eq!(client.json("PATCH", "/v1/people/Zo%C3%AB", &json!({"name": " x"})).refused(400), "input");
    client.send("DELETE", "/v1/people/Zo%C3%AB", &[], b"").ok(204);
    assert_eq!(client.get(&format!("/v1/recordings/{first}")).json()["speakers"], json!(["SPEAKER_00"]));
    assert_eq!(client.send("DELETE", "/v1/people/Zo%C3%AB", &[], b"").refused(404), "not_found");
}

#[test]
fn clips_are_checked_before_they_are_enrolled() {
    let server = Server::start(|_| ());
    let client = server.client;
    let add = |file: &str, name: &str| client.form("/v1/people", Form::default().file(file).field("name", name));
    let refused = add("short.flac", "Ben");
    assert!(refused.text().contains("5 s are needed"), "{}", refused.text());
    assert_eq!(refused.refused(422), "unsuitable");
    assert_eq!(client.form("/v1/people", Form::default().file("single.flac")).refused(400), "invalid");
    assert_eq!(add("single.flac", "Ada").ok(200).json()["warnings"], json!([]));
    let twice = add("single.flac", "Eva").ok(200).json();
    assert!(twice["warnings"][0].as_str().unwrap().contains("sounds like Ada"), "{twice}");
    assert_eq!(client.json("PATCH", "/v1/people/Eva", &json!({"name": "Ada"})).refused(409), "input");
}
