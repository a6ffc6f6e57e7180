//! Machines that run the networks: as a setting, and as a list for users.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::error::{Error, Result};

/// The machine that runs the networks over recordings.
///
/// A GPU needs the feature `gpu`. Without it, [`Self::Auto`] is the CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The first GPU if it is faster than the CPU, else the CPU. A measurement decides, once for
    /// each kind of work, and its result is kept in a file. If the GPU fails, the CPU continues.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first GPU. A fault of it is an error.
    Gpu,
    /// The adapter of this index in `diarist devices`, even if it is a program on the CPU. A fault
    /// of it is an error.
    GpuAt(usize),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu => f.write_str("gpu"),
            Self::GpuAt(index) => write!(f, "gpu:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            _ => text.strip_prefix("gpu:").and_then(|index| index.parse().ok()).map(Self::GpuAt).ok_or_else(|| {
                Error::invalid_option(format!("device is `{text}`, but must be auto, cpu, gpu or gpu:N"))
                    .hint("list the GPUs with `diarist devices`")
            }),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for device in [Device::Auto, Device::Cpu, Device::Gpu, Device::GpuAt(0), Device::GpuAt(12)] {
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
        }
        for text in ["", "GPU", "gpu:", "gpu:-1", "gpu:x", "cuda"] {
            let message = text.parse::<Device>().unwrap_err().to_string();
            assert!(message.starts_with(&format!("device is `{text}`, but")), "{message}");
        }
    }
}
