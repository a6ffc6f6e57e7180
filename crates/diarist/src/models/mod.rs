//! The two networks, from weights to forward pass.

mod architecture;
#[cfg(feature = "converter")]
mod convert;
mod file;
mod precision;
pub mod pyannet;
pub mod resnet34;
mod sinc_filters;
mod sincnet;
pub mod stored;
mod tensors;

pub use architecture::{Architecture, EMBEDDING_DIMENSION};
pub use precision::Precision;
pub use tensors::{Dtype, Encoding, TensorInfo, Tensors};
