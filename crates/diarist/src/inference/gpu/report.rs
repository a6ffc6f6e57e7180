//! Lists the GPUs, and compares one with the CPU.

use std::sync::Arc;

use diarist_gpu::adapters;

use crate::analysis::EMBEDDING_DIMENSION;
use crate::error::{Error, ErrorKind, Result};
use crate::inference::backend::{Backend, Wave, WaveOutput};
use crate::inference::cpu::Cpu;
use crate::inference::device::{Device, DeviceInfo, GpuInfo, SelfTest};
use crate::inference::intake::Window;
use crate::inference::networks::Networks;
use crate::inference::settings::{AnalysisSettings, TrunkPasses};
use crate::inference::wave::WaveSpan;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::choice::{adapter, open};
use super::sound::voices;

/// Chunks of the self-test.
const NUM_CHUNKS: usize = 3;

/// All GPUs, in the order of [`Device::GpuAt`].
pub(in crate::inference) fn devices() -> impl Iterator<Item = DeviceInfo> {
    adapters().into_iter().enumerate().map(|(index, adapter)| {
        let summary = adapter.summary();
        let gpu = GpuInfo {
            kind: summary.kind.to_string(),
            backend: summary.backend,
            driver: summary.driver,
            has_f16: summary.has_f16,
            cooperative_matrices: summary.cooperative_matrices,
            max_binding_bytes: summary.max_binding_bytes,
            max_buffer_bytes: summary.max_buffer_bytes,
            workgroup_bytes: summary.workgroup_bytes,
            workgroup_threads: summary.workgroup_threads,
        };
        DeviceInfo { device: Device::GpuAt(index).to_string(), name: summary.name, gpu: Some(gpu) }
    })
}

/// As [`crate::inference::self_test`].
pub(in crate::inference) fn self_test(device: Device) -> Result<SelfTest> {
    if !matches!(device, Device::Gpu | Device::GpuAt(_)) {
        return Err(Error::new(ErrorKind::Device, format!("{device} is not a GPU")).hint("name a GPU, as gpu:0"));
    }
    let settings = AnalysisSettings { trunk: TrunkPasses::Shared, device, ..AnalysisSettings::exact() };
    let cpu = Cpu::new(Arc::new(Networks::load(&settings)?), &settings);
    let gpu = open(&adapter(device)?, &settings)?;
    let [cpu, gpu]: [&dyn Backend; 2] = [&cpu, &gpu];
    Ok(compare(&run(cpu)?, &run(gpu)?))
}

fn run(machine: &dyn Backend) -> Result<WaveOutput> {
    let step_samples = AnalysisSettings::default().step_samples()?;
    let mut window = Window::new(step_samples, 0);
    window.extend(&voices((NUM_CHUNKS - 1) * step_samples + CHUNK_SAMPLES));
    let span = WaveSpan { first_chunk: 0, num_chunks: NUM_CHUNKS, step_samples, all_chunks: Some(NUM_CHUNKS) };
    let mut out = WaveOutput::default();
    machine.start().compute(&Wave { window: &window, span }, &mut out)?;
    Ok(out)
}

fn compare(cpu: &WaveOutput, gpu: &WaveOutput) -> SelfTest {
    let mut test = SelfTest {
        num_frames: NUM_CHUNKS * FRAMES_PER_CHUNK,
        different_frames: 0,
        largest_difference: 0,
        num_embeddings: 0,
        lowest_cosine: 1.0,
    };
    for chunk in 0..NUM_CHUNKS {
        let [own, other] = [cpu, gpu].map(|out| &out.masks[chunk]);
        let is_different =
            |t: &usize| (0..LOCAL_SPEAKERS).any(|s| own.speakers[s].get(*t) != other.speakers[s].get(*t));
        test.different_frames += (0..FRAMES_PER_CHUNK).filter(is_different).count();
        let values = [cpu, gpu].map(|out| out.probabilities[chunk].planes().as_flattened());
        let differences = values[0].iter().zip(values[1]).map(|(a, b)| a.abs_diff(*b));
        test.largest_difference = differences.fold(test.largest_difference, u8::max);
        for local in (0..LOCAL_SPEAKERS).filter(|local| own.speakers[*local] == other.speakers[*local]) {
            if own.speakers[local].is_empty() {
                continue;
            }
            let of =
                |out: &WaveOutput| out.embeddings[chunk][local * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION].to_vec();
            test.num_embeddings += 1;
            test.lowest_cosine = test.lowest_cosine.min(cosine(&of(cpu), &of(gpu)));
        }
    }
    test
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
