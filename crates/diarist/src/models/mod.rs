//! The two networks, from weights to forward pass.

mod weights;

pub use weights::{Dtype, TensorInfo, Tensors};
