//! The two networks, from weights to forward pass.

pub mod pyannet;
pub mod resnet34;
mod sincnet;
mod weights;

pub use weights::{Dtype, TensorInfo, Tensors};
