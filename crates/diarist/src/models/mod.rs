//! The two networks, from weights to forward pass.

mod architecture;
mod convert;
mod precision;
pub mod pyannet;
pub mod resnet34;
mod sinc_filters;
mod sincnet;
pub mod stored;
pub mod weights;

pub use architecture::Architecture;
pub use precision::Precision;
pub use weights::{Dtype, Encoding, TensorInfo, Tensors};
