//! The two networks, from weights to forward pass.

pub mod resnet34;
mod weights;

pub use weights::{Dtype, TensorInfo, Tensors};
