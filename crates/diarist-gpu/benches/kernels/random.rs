//! Random weights, so that the bench needs no files.

use diarist_gpu::Layer;

/// Numbers that are the same in every run.
#[derive(Debug)]
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new() -> Self {
        Self(1)
    }

    /// Numbers in [-size, size].
    pub(crate) fn values(&mut self, len: usize, size: f32) -> Vec<f32> {
        (0..len).map(|_| self.next() * size).collect()
    }

    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// A layer whose outputs are about as large as its inputs.
    pub(crate) fn layer(&mut self, inputs: usize, outputs: usize) -> Layer {
        let size = (3.0 / inputs as f32).sqrt();
        Layer { weight: self.values(inputs * outputs, size), bias: self.values(outputs, 0.1) }
    }
}
