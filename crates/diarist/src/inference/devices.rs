//! The machines that the networks can run on.

use diarist_kernels::Isa;
use serde::Serialize;

use super::device::Device;
#[cfg(feature = "gpu")]
use super::gpu;
use crate::error::Result;

/// A machine that the networks can run on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Name in the option `device`: `cpu`, or `gpu:N`.
    pub device: String,
    /// Name of the machine; for the CPU its instruction set.
    pub name: String,
    /// The GPU, if it is one.
    pub gpu: Option<GpuInfo>,
}

/// A GPU, or a program that acts as one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GpuInfo {
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: String,
    /// Interface that reaches it: `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Whether it computes in 16-bit floats.
    pub has_f16: bool,
    /// Products of small matrices in one instruction, as `16x16x16 f16 -> f32`.
    pub cooperative_matrices: Vec<String>,
    /// Largest part of a buffer that a kernel can use, in bytes.
    pub max_binding_bytes: u64,
    /// Largest buffer in bytes.
    pub max_buffer_bytes: u64,
    /// Memory that the threads of a group share, in bytes.
    pub workgroup_bytes: u32,
    /// Largest number of threads in a group.
    pub workgroup_threads: u32,
}

/// Differences of a GPU from the CPU over a few seconds of sound, both in `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SelfTest {
    /// Frames of masks that were compared.
    pub num_frames: usize,
    /// Frames in which a local speaker is active on one machine only.
    pub different_frames: usize,
    /// Largest difference of a probability, in units of 1/255.
    pub largest_difference: u8,
    /// Embeddings that were compared.
    pub num_embeddings: usize,
    /// Lowest cosine of an embedding of the GPU and that of the CPU.
    pub lowest_cosine: f64,
}

impl SelfTest {
    /// Whether the results are as close as the order of sums explains.
    pub fn passed(&self) -> bool {
        let is_close = self.largest_difference <= 2 && self.lowest_cosine >= 0.99999;
        is_close && self.different_frames * 500 <= self.num_frames && self.num_embeddings > 0
    }
}

/// The machines that the networks can run on: the CPU, then all GPUs. A build without the feature
/// `gpu` knows the CPU only.
pub fn devices() -> Vec<DeviceInfo> {
    let cpu = DeviceInfo { device: Device::Cpu.to_string(), name: Isa::detect().name().to_owned(), gpu: None };
    #[cfg(feature = "gpu")]
    return std::iter::once(cpu).chain(gpu::devices()).collect();
    #[cfg(not(feature = "gpu"))]
    vec![cpu]
}

/// Compares a GPU with the CPU.
///
/// # Errors
/// [`crate::ErrorKind::Device`] if the GPU cannot be used, or if `device` is not a GPU.
pub fn self_test(device: Device) -> Result<SelfTest> {
    #[cfg(feature = "gpu")]
    return gpu::self_test(device);
    #[cfg(not(feature = "gpu"))]
    Err(super::machine::no_gpu_support(device))
}
