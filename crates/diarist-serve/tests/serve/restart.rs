//! Services that are killed and started again.

use std::time::Duration;

use serde_json::json;

use crate::client::Form;
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
