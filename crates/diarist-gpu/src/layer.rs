//! Weights of one layer.

/// Weights and bias of a layer, in the order of the checkpoint.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// Row-major, the outputs first.
    pub weight: Vec<f32>,
    /// One number per output.
    pub bias: Vec<f32>,
}
