//! Readers of the formats that networks are published in: PyTorch checkpoints and ONNX models.
//!
//! The choice of the checkpoint reader is explained in `docs/adr/0003-checkpoint-reading.md`.

pub(super) mod checkpoint;
pub(super) mod onnx;

#[cfg(test)]
mod tests;
