//! The GPUs of this machine.

use std::fmt;

use wgpu::{Backend, Backends, DeviceType, Features, Instance, InstanceDescriptor};

/// A GPU, or a program that acts as one, with the driver that reaches it.
#[derive(Debug, Clone)]
pub struct Adapter {
    pub(crate) adapter: wgpu::Adapter,
}

/// The kind of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the memory of the CPU.
    Integrated,
    /// A share of a GPU that another machine or system owns.
    Virtual,
    /// Not told by the driver.
    Other,
    /// A program on the CPU, slower than the CPU's own kernels.
    Software,
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Other => "other",
            Self::Software => "software",
        })
    }
}

/// Name, driver, features and limits of an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterSummary {
    /// Name of the device.
    pub name: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Interface that reaches it: `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// Kind of device.
    pub kind: AdapterKind,
    /// Whether shaders compute in 16-bit floats.
    pub has_f16: bool,
    /// Products of small matrices that one instruction makes, as `16x16x16 f16 -> f32`.
    pub cooperative_matrices: Vec<String>,
    /// Largest part of a buffer that a kernel can use, in bytes.
    pub max_binding_bytes: u64,
    /// Largest buffer in bytes.
    pub max_buffer_bytes: u64,
    /// Memory that the threads of a group share, in bytes.
    pub workgroup_bytes: u32,
    /// Largest number of threads in a group.
    pub workgroup_threads: u32,
    /// Threads that run in step, if their number is always the same.
    pub subgroup_threads: Option<u32>,
}

/// All adapters, GPUs before software, discrete GPUs first. The order is the same in every call as
/// long as the machine and its drivers are.
pub fn adapters() -> Vec<Adapter> {
    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    descriptor.backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    let instance = Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(Backends::all()));
    let mut adapters: Vec<Adapter> = found.into_iter().map(|adapter| Adapter { adapter }).collect();
    adapters.sort_by_key(Adapter::kind);
    adapters
}

impl Adapter {
    /// The kind of device.
    pub fn kind(&self) -> AdapterKind {
        match self.adapter.get_info().device_type {
            DeviceType::DiscreteGpu => AdapterKind::Discrete,
            DeviceType::IntegratedGpu => AdapterKind::Integrated,
            DeviceType::VirtualGpu => AdapterKind::Virtual,
            DeviceType::Other => AdapterKind::Other,
            DeviceType::Cpu => AdapterKind::Software,
        }
    }

    /// Its name, driver, features and limits.
    pub fn summary(&self) -> AdapterSummary {
        let (info, limits) = (self.adapter.get_info(), self.adapter.limits());
        let matrices = self.adapter.cooperative_matrix_properties();
        let cooperative_matrices = matrices.iter().map(|p| {
            let types = format!("{:?} -> {:?}", p.ab_type, p.cr_type).to_lowercase();
            format!("{}x{}x{} {types}", p.m_size, p.n_size, p.k_size)
        });
        AdapterSummary {
            name: info.name.clone(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            backend: format!("{:?}", info.backend).to_lowercase(),
            kind: self.kind(),
            has_f16: self.adapter.features().contains(Features::SHADER_F16),
            cooperative_matrices: cooperative_matrices.collect(),
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            max_buffer_bytes: limits.max_buffer_size,
            workgroup_bytes: limits.max_compute_workgroup_storage_size,
            workgroup_threads: limits.max_compute_invocations_per_workgroup,
            subgroup_threads: match info.backend {
                // Metal does not tell. GPUs with matrices are Apple's own, which have 32.
                Backend::Metal => Some(32).filter(|_| !matrices.is_empty()),
                _ => Some(info.subgroup_min_size).filter(|size| *size == info.subgroup_max_size),
            },
        }
    }
}
