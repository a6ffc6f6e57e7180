//! The two networks, from weights to forward pass.

mod architecture;
mod convert;
pub mod pyannet;
pub mod resnet34;
mod sincnet;
pub mod weights;

pub use architecture::Architecture;
pub use weights::{Dtype, TensorInfo, Tensors};
