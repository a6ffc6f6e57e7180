//! Weights of one layer.

/// Weight and bias of a layer, in the shapes of the checkpoint.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// Weight, outputs first.
    pub weight: Vec<f32>,
    /// Bias, one number for each output.
    pub bias: Vec<f32>,
}
