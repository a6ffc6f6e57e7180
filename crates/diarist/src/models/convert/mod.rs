//! Reads the files that networks are published as: safetensors, PyTorch checkpoints and ONNX.
//!
//! Every file is taken as hostile: sizes are bounded before memory is taken, nothing in it is executed, and a fault is
//! one error about the file. How the checkpoint reader was chosen: `docs/adr/0003-checkpoint-reading.md`.

mod checkpoint;
mod onnx;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::weights::Tensors;
use crate::{Error, Result};

/// Larger files are refused: the largest network that diarist knows has 27 MB.
pub(super) const MAX_FILE_BYTES: u64 = 256 << 20;

/// Reads weights of any format, with the names and shapes of [`Architecture::tensors`](super::Architecture::tensors).
///
/// The format is told by the first bytes, not by the file's name. Batch normalisation is folded into the convolutions.
pub(super) fn open(path: &Path) -> Result<Tensors<'static>> {
    let what = path.display().to_string();
    let cannot_read = |error| Error::weights("cannot read the file").at(&what).caused_by(error);
    let mut file = File::open(path).map_err(cannot_read)?;
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(cannot_read)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::weights(format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20)).at(what));
    }
    match bytes.as_slice() {
        // A zip archive, or the pickle stream that PyTorch wrote before 1.6.
        [b'P', b'K', ..] | [0x80, ..] => {
            drop(bytes);
            checkpoint::open(path, &what)
        }
        // The length of the header, then the header: a JSON object.
        [_, _, _, _, _, _, _, _, b'{', ..] => Ok(Tensors::parse(&bytes, &what)?.into_owned()),
        // Field 1 of an ONNX model, a varint: the version of the format.
        [0x08, ..] => onnx::parse(bytes, &what),
        _ => Err(Error::weights("neither safetensors, nor a PyTorch checkpoint, nor an ONNX model").at(what)),
    }
}

#[cfg(test)]
mod tests;
