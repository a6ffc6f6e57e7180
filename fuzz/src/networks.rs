//! Weights of networks.

use std::fs;

use diarist::parts::clustering::Plda;
use diarist::parts::models::{Architecture, Tensors, pyannet::PyanNet};
use diarist_weights::{plda, segmentation};
use tempfile::NamedTempFile;

/// First bytes of an input that changes a file of weights.
const EDITS: &[u8] = b"edits";

/// Safetensors, and the networks made from them.
///
/// An input is a file, or changes to one of the embedded files: `EDITS`, a byte that chooses the
/// file, and for each change the position of a byte in 32 bits and its new value. A mutation of a
/// small input could make no file of the right shapes otherwise.
pub fn weights(bytes: &[u8]) {
    match bytes.strip_prefix(EDITS) {
        Some([file, changes @ ..]) => {
            let mut edited = if file.is_multiple_of(2) { plda() } else { segmentation() }.to_vec();
            let length = edited.len();
            for change in changes.as_chunks::<5>().0 {
                let at = u32::from_le_bytes([change[0], change[1], change[2], change[3]]) as usize;
                edited[at % length] = change[4];
            }
            build(&edited);
        }
        _ => build(bytes),
    }
}

/// Checkpoints of PyTorch.
pub fn checkpoint(bytes: &[u8]) {
    open(bytes);
}

/// ONNX models.
pub fn onnx(bytes: &[u8]) {
    open(bytes);
}

fn build(bytes: &[u8]) {
    let Ok(tensors) = Tensors::parse(bytes, "weights") else { return };
    match Architecture::recognise(&tensors) {
        Ok(Architecture::PyanNet) => drop(PyanNet::new(&tensors)),
        Ok(Architecture::Plda) => drop(Plda::new(&tensors)),
        Ok(architecture) => drop(architecture.check(&tensors)),
        Err(_) => {}
    }
    let written = tensors.to_safetensors("weights").expect("tensors that were read can be written");
    let again = Tensors::parse(&written, "weights").expect("written tensors can be read");
    assert!(again.iter().map(|tensor| tensor.name).eq(tensors.iter().map(|tensor| tensor.name)));
}

/// Opens a file of weights, whose first bytes tell its format. A network that was converted can be
/// written and read.
fn open(bytes: &[u8]) {
    let file = NamedTempFile::new().expect("temporary files can be made");
    fs::write(file.path(), bytes).expect("temporary files can be written");
    let Ok(tensors) = Tensors::open(file.path()) else { return };
    let written = tensors.to_safetensors("weights").expect("tensors that were read can be written");
    Tensors::parse(&written, "weights").expect("written tensors can be read");
}
