//! Faults of a GPU.

use std::fmt;

/// The reason why a GPU cannot do the work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The adapter does not give what the kernels need, or refuses to open.
    Unusable(String),
    /// There is not enough memory on the GPU.
    OutOfMemory,
    /// The GPU was taken away while it worked: reset, unplugged, or its driver failed.
    Lost(String),
    /// A call was refused, which is a fault of this crate or of the driver.
    Refused(String),
}

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(reason) => write!(f, "the GPU cannot be used: {reason}"),
            Self::OutOfMemory => f.write_str("the GPU has too little memory"),
            Self::Lost(reason) => write!(f, "the GPU was lost: {reason}"),
            Self::Refused(reason) => write!(f, "the GPU refused a call: {reason}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<wgpu::Error> for Error {
    fn from(error: wgpu::Error) -> Self {
        match error {
            wgpu::Error::OutOfMemory { .. } => Self::OutOfMemory,
            other => Self::Refused(other.to_string()),
        }
    }
}
