//! Tests of whole recordings on several machines.

mod fallback;
#[cfg(feature = "gpu")]
mod gpu;
