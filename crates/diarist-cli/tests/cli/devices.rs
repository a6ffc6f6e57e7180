//! `diarist devices` and `--device`, in builds with and without GPU support.

use super::*;

#[test]
fn the_cpu_is_listed_first() {
    let listed = diarist(["devices", "--no-test"]).succeeded();
    assert!(listed.starts_with("cpu: "), "{listed}");
    let json = diarist(["devices", "--no-test", "--json"]).succeeded();
    let devices: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&devices[0]["device"], &devices[0]["gpu"]), (&"cpu".into(), &serde_json::Value::Null));
}

#[test]
fn a_device_that_is_not_there_is_code_8() {
    let sample = audio("short.flac");
    let line = diarist(["diarize", "--device", "gpu:99", &sample]).failed(8);
    assert!(line.contains("gpu:99") || line.contains("GPU 99"), "{line}");
    assert!(line.contains("device `cpu`"), "{line}");
    let line = diarist(["diarize", "--device", "cuda", &sample]).failed(2);
    assert!(line.contains("device is `cuda`, but must be auto, cpu, gpu or gpu:N"), "{line}");
    let line = diarist(["diarize", "--device", "gpu", "--embedding-mode", "cached", &sample]).failed(2);
    assert!(line.contains("the cache of embeddings belongs to the CPU"), "{line}");
}
