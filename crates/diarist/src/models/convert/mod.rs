//! Reads the files that networks are published as: PyTorch checkpoints and ONNX.
//!
//! How the checkpoint reader was chosen: `docs/adr/0002-checkpoint-reading.md`.

pub(super) mod checkpoint;
pub(super) mod onnx;

#[cfg(test)]
mod tests;
