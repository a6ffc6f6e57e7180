//! The machine that the networks of an analyzer run on.

use std::sync::Arc;

use crate::error::Result;
#[cfg(not(feature = "gpu"))]
use crate::error::{Error, ErrorKind};

use super::backend::{Backend, Notices};
use super::cpu::Cpu;
use super::device::Device;
#[cfg(feature = "gpu")]
use super::gpu;
use super::networks::Networks;
use super::settings::{AnalysisSettings, EmbeddingMode};
use super::threads::Threads;

/// The machine that `settings` choose. Parallel work during the choice uses `threads`.
///
/// # Errors
/// [`crate::ErrorKind::Device`] if a GPU was asked for by name and cannot be used.
pub(super) fn backend(
    networks: &Arc<Networks>,
    settings: &AnalysisSettings,
    threads: &Threads,
    notices: &Notices,
) -> Result<Box<dyn Backend>> {
    let cpu = Cpu::new(Arc::clone(networks), settings);
    match settings.device {
        Device::Cpu => Ok(Box::new(cpu)),
        // The cache of embeddings belongs to the CPU.
        Device::Auto if settings.embedding_mode == EmbeddingMode::Cached => Ok(Box::new(cpu)),
        device => other_than_cpu(device, cpu, settings, threads, notices),
    }
}

#[cfg(feature = "gpu")]
use gpu::backend as other_than_cpu;

#[cfg(not(feature = "gpu"))]
fn other_than_cpu(
    device: Device,
    cpu: Cpu,
    _settings: &AnalysisSettings,
    _threads: &Threads,
    _notices: &Notices,
) -> Result<Box<dyn Backend>> {
    match device {
        Device::Auto | Device::Cpu => Ok(Box::new(cpu)),
        Device::Gpu | Device::GpuAt(_) => Err(no_gpu_support(device)),
    }
}

#[cfg(not(feature = "gpu"))]
pub(super) fn no_gpu_support(device: Device) -> Error {
    Error::new(ErrorKind::Device, "this build of diarist has no GPU support")
        .at(device.to_string())
        .hint("build it with the feature `gpu`, or use the device `cpu`")
}
