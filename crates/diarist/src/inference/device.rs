//! The machine that runs the networks, as a setting.

use std::fmt;
use std::str::FromStr;

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
    /// The adapter of this index in `diarist devices`, even if it is a program on the CPU. A fault of
    /// it is an error.
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
