//! The two networks, from weights to forward pass.

mod architecture;
#[cfg(feature = "converter")]
mod convert;
mod file;
mod precision;
pub mod pyannet;
pub mod resnet34;
pub(crate) mod sinc_filters;
mod sincnet;
pub mod stored;
mod tensors;

#[cfg(feature = "gpu")]
pub(crate) use architecture::resnet34_convolutions;
pub use architecture::{Architecture, EMBEDDING_DIMENSION};
pub use precision::Precision;
pub use tensors::{Dtype, Encoding, TensorInfo, Tensors};
