//! Measures whether a GPU is faster than the CPU, and keeps the result in a file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use diarist_gpu::Adapter;
use diarist_kernels::Isa;
use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::inference::backend::{Backend, Wave, WaveOutput};
use crate::inference::cpu::Cpu;
use crate::inference::intake::Window;
use crate::inference::settings::{AnalysisSettings, TrunkPasses};
use crate::inference::threads::Threads;
use crate::inference::wave::WaveSpan;
use crate::segmentation::CHUNK_SAMPLES;

use super::run::GpuBackend;
use super::sound::voices;

/// Largest number of measurements in the file.
const MAX_ENTRIES: usize = 200;

/// Seconds that each machine takes for one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Speeds {
    pub(super) cpu_s: f64,
    pub(super) gpu_s: f64,
}

impl Speeds {
    /// The measurement of the same work on the same machine, if there was one.
    pub(super) fn known(adapter: &Adapter, settings: &AnalysisSettings, threads: &Threads) -> Option<Self> {
        read().get(&key(adapter, settings, threads)).copied()
    }

    /// Measures, and keeps the result.
    ///
    /// # Errors
    /// As [`crate::inference::backend::Run::compute`].
    pub(super) fn measure(
        gpu: &GpuBackend,
        cpu: &Cpu,
        adapter: &Adapter,
        settings: &AnalysisSettings,
        threads: &Threads,
    ) -> Result<Self> {
        let step_samples = settings.step_samples()?;
        // The first batch of a GPU contains the start of its kernels.
        seconds_per_chunk(gpu, gpu.wave_chunks(), step_samples)?;
        let gpu_s = seconds_per_chunk(gpu, gpu.wave_chunks(), step_samples)?;
        let least = if settings.trunk == TrunkPasses::Shared { 20 } else { 4 };
        let cpu_s =
            threads.install(|| seconds_per_chunk(cpu, least.max(2 * rayon::current_num_threads()), step_samples))?;
        let speeds = Self { cpu_s, gpu_s };
        let mut all = read();
        if all.len() >= MAX_ENTRIES {
            all.clear();
        }
        all.insert(key(adapter, settings, threads), speeds);
        // Without the file, the next call measures again.
        _ = write(&all);
        Ok(speeds)
    }
}

fn seconds_per_chunk(machine: &dyn Backend, num_chunks: usize, step_samples: usize) -> Result<f64> {
    let num_samples = (num_chunks - 1) * step_samples + 2 * CHUNK_SAMPLES;
    let mut window = Window::new(step_samples, 0);
    window.extend(&voices(num_samples));
    let span = WaveSpan { first_chunk: 0, num_chunks, step_samples, all_chunks: None };
    let mut run = machine.start();
    let clock = Instant::now();
    run.compute(&Wave { window: &window, span }, &mut WaveOutput::default())?;
    Ok(clock.elapsed().as_secs_f64() / num_chunks as f64)
}

/// The work and the machine that a measurement is for.
fn key(adapter: &Adapter, settings: &AnalysisSettings, threads: &Threads) -> String {
    let summary = adapter.summary();
    format!(
        "{} {} {} {} | {} {} threads | {} step {} {} {}",
        env!("CARGO_PKG_VERSION"),
        summary.name,
        summary.backend,
        summary.driver,
        Isa::detect().name(),
        threads.count(),
        settings.trunk.name(),
        settings.step_s,
        settings.precision_in_force(),
        settings.embedding_mode.name(),
    )
}

fn path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir().join("diarist").join("devices.json"))
}

/// The measurements so far; none if the file cannot be read.
fn read() -> BTreeMap<String, Speeds> {
    let text = path().and_then(|path| fs::read(path).ok()).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn write(all: &BTreeMap<String, Speeds>) -> std::io::Result<()> {
    let Some(path) = path() else { return Ok(()) };
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec_pretty(all)?)?;
    file.persist(&path)?;
    Ok(())
}
