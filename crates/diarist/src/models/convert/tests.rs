//! Tests with checkpoints that `tools/reference/weights.py` made with torch, and with damaged
//! files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{ErrorKind, Result};
use crate::models::{Architecture, Tensors};

#[derive(Deserialize)]
struct Expected {
    shape: Vec<usize>,
    sum: f64,
    sum_of_squares: f64,
    samples: Vec<(usize, f64)>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/weights").join(name)
}

fn agrees(tensors: &Tensors<'_>, key: &str) {
    let text = fs::read_to_string(fixture("expected.json")).unwrap();
    let mut files: BTreeMap<String, BTreeMap<String, Expected>> = serde_json::from_str(&text).unwrap();
    let expected = files.remove(key).unwrap();
    let names: Vec<&str> = tensors.iter().map(|tensor| tensor.name).collect();
    assert_eq!(names, expected.keys().map(String::as_str).collect::<Vec<_>>());
    for (name, expected) in expected {
        let values = tensors.f64(&name, &expected.shape).unwrap();
        for (index, value) in expected.samples {
            // Both sides round one double to f32 (6e-8); the exporter folds in f32, which adds a
            // few roundings.
            assert!((values[index] - value).abs() <= 5e-7 * value.abs().max(0.1), "{name} at {index}");
        }
        let sum_of_squares: f64 = values.iter().map(|value| value * value).sum();
        // Tolerance: the roundings of single values, added up in the worst case.
        let tolerance = 5e-7 * (expected.sum_of_squares * values.len() as f64).sqrt().max(0.1);
        assert!((values.iter().sum::<f64>() - expected.sum).abs() <= tolerance, "{name}");
        assert!((sum_of_squares - expected.sum_of_squares).abs() <= 1e-6 * expected.sum_of_squares, "{name}");
    }
}

fn onnx() -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = fs::File::open(fixture("resnet34.onnx.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Opens `bytes` as a file whose name does not tell the format.
fn open(bytes: &[u8]) -> Result<Tensors<'static>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    Tensors::open(file.path())
}

#[test]
fn lightning_checkpoint_of_pyannet() {
    let tensors = Tensors::open(&fixture("pyannet.ckpt")).unwrap();
    assert_eq!(Architecture::recognise(&tensors).unwrap(), Architecture::PyanNet);
    agrees(&tensors, "pyannet.ckpt");
}

#[test]
fn lightning_checkpoint_of_resnet34_is_folded() {
    let tensors = Tensors::open(&fixture("resnet34.ckpt")).unwrap();
    assert_eq!(Architecture::recognise(&tensors).unwrap(), Architecture::ResNet34);
    agrees(&tensors, "resnet34.ckpt");
}

#[test]
fn state_dict_of_wespeaker_is_the_same_network() {
    agrees(&Tensors::open(&fixture("avg_model.pt")).unwrap(), "resnet34.ckpt");
}

#[test]
fn onnx_export_of_resnet34() {
    let tensors = open(&onnx()).unwrap();
    assert_eq!(Architecture::recognise(&tensors).unwrap(), Architecture::ResNet34);
    agrees(&tensors, "resnet34.onnx");
}

#[test]
fn safetensors_are_opened_and_written_back() {
    let embedded = diarist_weights::plda();
    let tensors = open(&embedded).unwrap();
    assert!(tensors.to_safetensors("plda").unwrap() == *embedded);
}

#[test]
fn another_stride_of_sincnet_is_refused() {
    let error = Tensors::open(&fixture("pyannet-stride-5.ckpt")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);
    assert!(error.to_string().contains("SincNet has stride 5, expected 10"), "{error}");
}

#[test]
fn other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (bytes, message) in [
        (b"".as_slice(), "neither safetensors"),
        (b"some text about weights", "neither safetensors"),
        (b"PK\x03\x04", "not a readable PyTorch checkpoint"),
        (b"\x08\x07", "the convolution for resnet.conv1 is missing"),
        (b"\x08\xff", "not a readable ONNX model"),
    ] {
        let error = open(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Weights);
        assert!(error.to_string().contains(message), "{error}");
    }
    for path in [directory.path().to_owned(), directory.path().join("missing")] {
        let error = Tensors::open(&path).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{}: cannot read the file", path.display())), "{error}");
    }
}

/// Any lost or changed bytes give an error of kind `Weights`, never a panic.
#[test]
fn damaged_checkpoints_are_errors() {
    let good = fs::read(fixture("pyannet.ckpt")).unwrap();
    for length in (0..good.len()).step_by(good.len() / 40) {
        assert_eq!(open(&good[..length]).unwrap_err().kind(), ErrorKind::Weights, "{length} bytes");
    }
    // Damage is found only in the pickle and the archive's directory; tensor values may be
    // anything.
    let mut state = 1_u32;
    let mut refused = 0;
    for _ in 0..100 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let index = state as usize >> 8;
            bytes[index % good.len()] ^= 1 << (state >> 5 & 7);
        }
        if let Err(error) = open(&bytes) {
            assert_eq!(error.kind(), ErrorKind::Weights);
            refused += 1;
        }
    }
    assert!(refused > 5, "only {refused} of 100 damaged files were refused");
}

#[test]
fn damaged_onnx_models_are_errors() {
    let good = onnx();
    for length in (0..good.len()).step_by(good.len() / 20) {
        assert_eq!(open(&good[..length]).unwrap_err().kind(), ErrorKind::Weights, "{length} bytes");
    }
    // The nodes come first: damage there changes the order of the layers or their inputs.
    let mut refused = 0;
    for index in (0..8000).step_by(400) {
        let mut bytes = good.clone();
        bytes[index] ^= 0x15;
        if let Err(error) = open(&bytes) {
            assert_eq!(error.kind(), ErrorKind::Weights);
            refused += 1;
        }
    }
    assert!(refused > 5, "only {refused} of 20 damaged models were refused");
}
