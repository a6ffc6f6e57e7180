//! Chooses between the GPUs and the CPU.

use diarist_gpu::{Adapter, AdapterKind, adapters};

use crate::error::{Error, ErrorKind, Result};
use crate::inference::backend::{Backend, Notices};
use crate::inference::cpu::Cpu;
use crate::inference::device::Device;
use crate::inference::fallback::WithFallback;
use crate::inference::networks::{embedding_tensors, segmentation_tensors};
use crate::inference::settings::AnalysisSettings;
use crate::inference::threads::Threads;

use super::run::GpuBackend;
use super::speeds::Speeds;

/// A GPU must be this many times as fast as the CPU to be chosen, since it takes time to start.
const MIN_GAIN: f64 = 1.5;

/// The machine for `device`, which is not [`Device::Cpu`].
///
/// # Errors
/// [`ErrorKind::Device`] if a GPU was asked for by name and cannot be used.
pub(in crate::inference) fn backend(
    device: Device,
    cpu: Cpu,
    settings: &AnalysisSettings,
    threads: &Threads,
    notices: &Notices,
) -> Result<Box<dyn Backend>> {
    if device != Device::Auto {
        return Ok(Box::new(open(&adapter(device)?, settings)?));
    }
    let faster = adapter(device).and_then(|adapter| {
        let is_gain = |speeds: &Speeds| speeds.cpu_s > MIN_GAIN * speeds.gpu_s;
        let known = Speeds::known(&adapter, settings, threads);
        if known.as_ref().is_some_and(|speeds| !is_gain(speeds)) {
            return Ok(None);
        }
        let gpu = open(&adapter, settings)?;
        let speeds = match known {
            Some(speeds) => speeds,
            None => Speeds::measure(&gpu, &cpu, &adapter, settings, threads)?,
        };
        Ok(is_gain(&speeds).then_some(gpu))
    });
    match faster {
        Ok(Some(machine)) => Ok(Box::new(WithFallback { machine, reserve: cpu, notices: notices.clone() })),
        Ok(None) => Ok(Box::new(cpu)),
        Err(error) if error.kind() == ErrorKind::Device => {
            notices.push(format!("{error}; the CPU is used"));
            Ok(Box::new(cpu))
        }
        Err(error) => Err(error),
    }
}

/// Opens `adapter` with the networks that `settings` choose.
pub(in crate::inference) fn open(adapter: &Adapter, settings: &AnalysisSettings) -> Result<GpuBackend> {
    GpuBackend::new(adapter, &segmentation_tensors(settings)?, &embedding_tensors(settings)?, settings)
}

/// The adapter that `device` names. Only an index chooses a program on the CPU.
pub(super) fn adapter(device: Device) -> Result<Adapter> {
    let mut all = adapters();
    let none = |message: String| {
        Error::new(ErrorKind::Device, message).hint("use the device `cpu`, or list the GPUs with `diarist devices`")
    };
    if let Device::GpuAt(index) = device {
        let count = all.len();
        let found = (index < count).then(|| all.swap_remove(index));
        return found.ok_or_else(|| none(format!("there is no GPU {index} among {count}")));
    }
    match all.into_iter().next() {
        None => Err(none("no GPU was found".to_owned())),
        Some(first) if first.kind() == AdapterKind::Software => {
            let name = first.summary().name;
            Err(none(format!("no GPU was found but {name}, a program on the CPU")))
        }
        Some(first) => Ok(first),
    }
}
