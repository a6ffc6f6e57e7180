//! The machines that the networks can run on.

use diarist_kernels::Isa;

use super::device::{Device, DeviceInfo, SelfTest};
#[cfg(feature = "gpu")]
use super::gpu;
use crate::error::Result;

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
