//! `diarist models` as a user calls it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn diarist(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("diarist").unwrap();
    command.arg("models").args(arguments);
    command
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(diarist(arguments).assert().success().get_output().stdout.clone()).unwrap()
}

fn stderr(arguments: &[&str], code: i32) -> String {
    String::from_utf8(diarist(arguments).assert().failure().code(code).get_output().stderr.clone()).unwrap()
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/weights").join(name);
    path.to_str().unwrap().to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn list_names_every_model_with_its_licence_and_source() {
    let out = stdout(&["list"]);
    for model in &diarist_weights::manifest().models {
        for part in [&model.name, &model.architecture, &model.licence, &model.attribution, &model.source.package] {
            assert!(out.contains(part.as_str()), "{part} is not in\n{out}");
        }
    }
}

#[test]
fn inspect_shows_embedded_tensors() {
    let out = stdout(&["inspect", "plda-community-1"]);
    assert!(out.contains("architecture plda, 6 tensors, 49792 parameters"), "{out}");
    let lda = out.lines().find(|line| line.starts_with("lda ")).unwrap();
    assert!(lda.contains("F64") && lda.contains("[256, 128]"), "{lda}");
}

#[test]
fn verify_checks_embedded_models_and_a_file() {
    let out = stdout(&["verify", &fixture("resnet34.ckpt")]);
    for model in &diarist_weights::manifest().models {
        assert!(out.contains(&model.sha256), "{out}");
    }
    assert!(out.contains("resnet34.ckpt: loads as wespeaker-resnet34"), "{out}");
}

#[test]
fn convert_writes_safetensors_that_verify() {
    let directory = tempfile::tempdir().unwrap();
    let output: PathBuf = directory.path().join("converted.safetensors");
    assert!(stdout(&["convert", &fixture("pyannet.ckpt"), text(&output)]).contains("pyannet, sha256 "));
    assert!(stdout(&["verify", text(&output)]).contains("converted.safetensors: loads as pyannet"));
    let first = fs::read(&output).unwrap();
    stdout(&["convert", text(&output), text(&output)]);
    assert!(fs::read(&output).unwrap() == first, "converting safetensors again changes them");
}

#[test]
fn quantize_stores_networks_that_other_commands_read() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("small");
    let out = stdout(&[
        "quantize",
        "segmentation-3.0",
        &fixture("pyannet.ckpt"),
        "--form",
        "palette6",
        "--granularity",
        "channel",
        "--output-dir",
        text(&folder),
    ]);
    assert!(out.lines().all(|line| line.contains("palette6 channel, ")), "{out}");
    for name in ["segmentation-3.0.safetensors", "pyannet.safetensors"] {
        let path = folder.join(name);
        assert!(stdout(&["verify", text(&path)]).contains("loads as pyannet"));
        let inspected = stdout(&["inspect", text(&path)]);
        let linear = inspected.lines().find(|line| line.starts_with("linear.0.weight")).unwrap();
        // 128 x 256 indices of 6 bits, 128 tables of 64 16-bit floats, and the shape.
        assert!(linear.contains("128 palettes of 64") && linear.contains(" 40976 "), "{linear}");
        let bias = inspected.lines().find(|line| line.starts_with("linear.0.bias")).unwrap();
        assert!(bias.contains("F32"), "{bias}");
        let plain = directory.path().join("plain.safetensors");
        stdout(&["convert", text(&path), text(&plain)]);
        assert!(stdout(&["inspect", text(&plain)]).lines().skip(1).all(|line| !line.contains("palette")));
    }
}

#[test]
fn integers_are_refused_for_weights_without_ranges() {
    let audio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/short.flac");
    let arguments = ["diarize", "--precision", "int8", "--embedding", &fixture("resnet34.ckpt"), text(&audio)];
    let output = Command::cargo_bin("diarist").unwrap().args(arguments).assert().failure().code(2).get_output().clone();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("int8 is for the embedded embedding network only"), "{error}");
}

#[test]
fn quantize_refuses_impossible_requests() {
    let directory = tempfile::tempdir().unwrap();
    let quantize = |model: &str, form: &str, more: &[&str], folder: &Path, code| {
        let arguments = [&["quantize", model, "--form", form, "--output-dir", text(folder)], more].concat();
        stderr(&arguments, code)
    };
    let error = quantize("plda-community-1", "palette8", &[], directory.path(), 2);
    assert!(error.contains("plda-community-1: a PLDA is not stored in fewer bits"), "{error}");
    let error = quantize("segmentation-3.0", "linear8", &["--granularity", "tensor"], directory.path(), 2);
    assert!(error.contains("--granularity is for palettes only"), "{error}");
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = quantize("segmentation-3.0", "f16", &[], &file, 5);
    assert!(error.contains("cannot be written"), "{error}");
}

#[test]
fn faults_are_one_line_with_the_documented_code() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let embedded = diarist_weights::segmentation();
    let truncated = write("truncated.safetensors", &embedded[..embedded.len() - 1]);
    let missing = {
        // The same length, so that the header's own length stays right.
        let at = embedded.windows(15).position(|window| window == b"classifier.bias").unwrap();
        let mut bytes = embedded.to_vec();
        bytes[at..at + 15].copy_from_slice(b"classifier.sabi");
        write("missing.safetensors", &bytes)
    };
    let misshapen = {
        let header = br#""shape":[7,128]"#;
        let at = embedded.windows(header.len()).position(|window| window == header).unwrap();
        let mut bytes = embedded.to_vec();
        bytes[at..at + header.len()].copy_from_slice(br#""shape":[128,7]"#);
        write("misshapen.safetensors", &bytes)
    };
    for (file, message) in [
        (text(&truncated), "not a whole safetensors file"),
        (text(&missing), "tensor classifier.bias is missing, expected it with shape [7]"),
        (text(&misshapen), "tensor classifier.weight has shape [128, 7], expected [7, 128]"),
        (&fixture("expected.json"), "neither safetensors, nor a PyTorch checkpoint, nor an ONNX model"),
        ("no-such-file", "cannot read the file"),
    ] {
        let error = stderr(&["verify", file], 4);
        assert!(error.contains(message) && error.contains(file), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let error = stderr(&["inspect", "segmentation-4"], 4);
    assert!(error.contains("embedded are segmentation-3.0"), "{error}");
    let unwritable = directory.path().join("no-such-folder/out.safetensors");
    let error = stderr(&["convert", &fixture("pyannet.ckpt"), text(&unwritable)], 5);
    assert!(error.contains("cannot be written"), "{error}");
}
