//! The networks on a GPU of any vendor, by Vulkan, Metal or DX12 (wgpu).
//!
//! - [`adapters`]: the GPUs of this machine, and [`Gpu`]: one that is open.
//! - `kernels/*.wgsl`: the programs that run there, one file each, with the shapes in their heads.
//! - [`Recorder`]: collects the dispatches of a batch and submits them at once.
//! - [`segmentation`], [`embedding`]: the two networks as sequences of dispatches.
//!
//! Tensors are row-major, and named by their shapes as in the library: `[chunk, frame, feature]`.

mod adapters;
mod element;
pub mod embedding;
mod error;
mod gemm;
mod gpu;
mod layer;
mod recorder;
mod scratch;
pub mod segmentation;
pub mod selection;
mod shader;
mod work;

pub use adapters::{Adapter, AdapterKind, AdapterSummary, adapters};
pub use element::Element;
pub use error::{Error, Result};
pub use gpu::{Counts, Gpu, Watch};
pub use layer::Layer;
pub use recorder::{Kernel, Part, Recorder, Timing};
pub use scratch::Scratch;
pub use shader::{Shader, Source};
pub use wgpu::Buffer;
