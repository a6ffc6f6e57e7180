//! A GPU against the CPU, over whole recordings. The first adapter serves, also a program on the CPU.

use std::sync::Arc;

use diarist_gpu::{Counts, adapters};

use super::choice::open;
use super::run::GpuBackend;
use super::sound::voices;
use crate::Recording;
use crate::analysis::{Analysis, EMBEDDING_DIMENSION};
use crate::inference::backend::{Backend, Notices, Run, Wave, WaveOutput};
use crate::inference::cpu::Cpu;
use crate::inference::device::Device;
use crate::inference::fallback::WithFallback;
use crate::inference::intake::Window;
use crate::inference::networks::Networks;
use crate::inference::settings::{AnalysisSettings, TrunkPasses};
use crate::inference::wave::{WaveSpan, num_recent};
use crate::inference::{Analyzer, self_test};
use crate::models::Precision;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/audio/conversation.flac");

/// Whether there is no adapter to test with.
fn is_missing() -> bool {
    let is_missing = adapters().is_empty();
    assert!(!is_missing || std::env::var_os("DIARIST_GPU_REQUIRED").is_none(), "a GPU is required, but there is none");
    if is_missing {
        eprintln!("no Vulkan adapter: skipped");
    }
    is_missing
}

fn settings(trunk: TrunkPasses, step_s: f64, precision: Precision) -> AnalysisSettings {
    AnalysisSettings {
        trunk,
        step_s,
        precision: Some(precision),
        device: Device::GpuAt(0),
        ..AnalysisSettings::default()
    }
}

fn machine(settings: &AnalysisSettings) -> GpuBackend {
    open(&adapters()[0], settings).unwrap()
}

/// Frames in which the masks differ, and the lowest cosine of embeddings and of subsegments.
fn differences(gpu: &Analysis, cpu: &Analysis) -> (usize, f64, f64) {
    assert_eq!(gpu.geometry, cpu.geometry);
    let mut num_frames = 0;
    for (own, other) in gpu.masks.iter().zip(&cpu.masks) {
        let is_different = |t: &usize| own.speakers.iter().zip(&other.speakers).any(|(a, b)| a.get(*t) != b.get(*t));
        num_frames += (0..FRAMES_PER_CHUNK).filter(is_different).count();
    }
    let rows = |of: &Analysis, row: usize| {
        let values = &of.embeddings.values[row * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION];
        values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>()
    };
    assert_eq!(gpu.embeddings.slots, cpu.embeddings.slots);
    let embeddings = (0..cpu.embeddings.len()).map(|row| cosine(&rows(gpu, row), &rows(cpu, row)));
    let of_subsegments = |of: &Analysis, row: usize| of.subsegments.row(row).iter().map(|v| f64::from(*v)).collect();
    assert_eq!(gpu.subsegments.indices, cpu.subsegments.indices);
    assert_eq!(gpu.subsegments.solo_frames, cpu.subsegments.solo_frames);
    let subsegments = (0..cpu.subsegments.len()).map(|row| {
        let [a, b]: [Vec<f64>; 2] = [of_subsegments(gpu, row), of_subsegments(cpu, row)];
        cosine(&a, &b)
    });
    (num_frames, embeddings.fold(1.0, f64::min), subsegments.fold(1.0, f64::min))
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn a_recording_gives_the_results_of_the_cpu() {
    if is_missing() {
        return;
    }
    // The CPU always in f32. Subsegments are stored in 8 bits, which costs up to 1e-4.
    for (trunk, step_s, precision, limit) in [
        (TrunkPasses::Shared, 1.0, Precision::F32, 0.99999),
        (TrunkPasses::Shared, 2.0, Precision::F16, 0.999),
        (TrunkPasses::PerChunk, 10.0, Precision::F32, 0.99999),
    ] {
        let on_gpu = settings(trunk, step_s, precision);
        let on_cpu =
            AnalysisSettings { device: Device::Cpu, precision: Some(Precision::F32), ..on_gpu.clone() };
        let [gpu, cpu] = [&on_gpu, &on_cpu].map(|of| Analyzer::new(of).unwrap().analyze(SAMPLE).unwrap());
        assert!(gpu.timings.gpu_s > 0.0 && gpu.timings.embedding_s < gpu.timings.gpu_s);
        assert!(gpu.analysis.origin.instruction_set.starts_with("gpu "));
        let (frames, embeddings, subsegments) = differences(&gpu.analysis, &cpu.analysis);
        let what = format!("{trunk:?} {precision}: {frames} frames, {embeddings}, {subsegments}");
        println!("{what}");
        let most = if precision == Precision::F32 { 0 } else { cpu.analysis.masks.len() };
        assert!(frames <= most && embeddings >= limit && subsegments >= limit - 1e-4, "{what}");
    }
}

/// A window of `num_chunks` chunks of voices, and its only wave.
fn window(num_chunks: usize) -> (Window, WaveSpan) {
    let step_samples = 16_000;
    let mut window = Window::new(step_samples, 0);
    window.extend(&voices((num_chunks - 1) * step_samples + 2 * CHUNK_SAMPLES));
    (window, WaveSpan { first_chunk: 0, num_chunks, step_samples, all_chunks: None })
}

fn computed(run: &mut dyn Run, window: &Window, span: WaveSpan) -> WaveOutput {
    let mut out = WaveOutput::default();
    run.compute(&Wave { window, span }, &mut out).unwrap();
    out
}

#[test]
fn a_run_resumes_with_the_same_bits() {
    if is_missing() {
        return;
    }
    let machine = machine(&settings(TrunkPasses::Shared, 1.0, Precision::F32));
    let (window, span) = window(16);
    let whole = computed(machine.start().as_mut(), &window, span);
    let next = 13;
    let mut run = machine.start();
    let first = run.first_resumed(next, span.step_samples);
    let recent = &whole.probabilities[next - next.min(num_recent(span.step_samples))..next];
    let rest = WaveSpan { first_chunk: next, num_chunks: 16 - next, ..span };
    let mut later = window;
    later.discard_before(first);
    run.resume(&Wave { window: &later, span: WaveSpan { num_chunks: 0, ..rest } }, recent).unwrap();
    let resumed = computed(run.as_mut(), &later, rest);
    assert_eq!(resumed.masks, whole.masks[next..]);
    assert_eq!(resumed.probabilities, whole.probabilities[next..]);
    assert!(resumed.embeddings == whole.embeddings[next..]);
    let num_new = resumed.subsegments.len();
    assert!(num_new > 0);
    assert_eq!(resumed.subsegments.indices, whole.subsegments.indices[whole.subsegments.len() - num_new..]);
    let values = num_new * EMBEDDING_DIMENSION;
    assert_eq!(resumed.subsegments.values, whole.subsegments.values[whole.subsegments.values.len() - values..]);
}

/// All work of a batch is one submission. Audio goes to the GPU once; masks, probabilities and
/// embeddings come back once.
#[test]
fn a_batch_is_one_submission() {
    if is_missing() {
        return;
    }
    let machine = machine(&settings(TrunkPasses::Shared, 1.0, Precision::F32));
    let num_chunks = machine.wave_chunks();
    let (window, span) = window(num_chunks);
    let before = machine.gpu().counts();
    computed(machine.start().as_mut(), &window, span);
    let after = machine.gpu().counts();
    let Counts { submissions, dispatches, uploaded_bytes, downloaded_bytes } = Counts {
        submissions: after.submissions - before.submissions,
        dispatches: after.dispatches - before.dispatches,
        uploaded_bytes: after.uploaded_bytes - before.uploaded_bytes,
        downloaded_bytes: after.downloaded_bytes - before.downloaded_bytes,
    };
    // A batch of so many chunks at a step of 1 s covers so many seconds, and 10 s after them.
    let seconds = num_chunks as u64;
    println!(
        "{num_chunks} chunks: {submissions} submission, {dispatches} dispatches, {} bytes up and {} down each second",
        uploaded_bytes / seconds,
        downloaded_bytes / seconds
    );
    assert_eq!(submissions, 1);
    assert!(dispatches < 90, "{dispatches} dispatches");
    // Samples, and 200 bytes each second for places; uniforms are 256 bytes for a dispatch.
    let samples = 4 * 16_000 * (seconds + 20);
    assert!(uploaded_bytes < samples + 400 * (seconds + 20) + 256 * 90, "{uploaded_bytes} bytes up");
    // Three masks, 589 words of probabilities, and embeddings: three for a chunk, 2.5 for a second.
    let results = 228 + 4 * 589 + 3 * 1024 + 5 * 1028 / 2;
    assert!(downloaded_bytes < results * (seconds + 1), "{downloaded_bytes} bytes down");
}

#[test]
fn the_cpu_continues_when_the_gpu_is_lost() {
    if is_missing() {
        return;
    }
    let settings = settings(TrunkPasses::Shared, 2.0, Precision::F32);
    let networks = Arc::new(Networks::load(&settings).unwrap());
    let machine = machine(&settings);
    machine.gpu().lose();
    let error = {
        let (window, span) = window(1);
        machine.start().compute(&Wave { window: &window, span }, &mut WaveOutput::default()).unwrap_err()
    };
    assert_eq!(error.kind(), crate::ErrorKind::Device, "{error}");
    let reserve = Cpu::new(Arc::clone(&networks), &settings);
    let notices = Notices::default();
    let backend = Box::new(WithFallback { machine, reserve, notices: notices.clone() });
    let found = Analyzer::with_backend(networks, &settings, backend, notices).unwrap();
    let found = found.analyze(Recording::new(SAMPLE)).unwrap();
    let [warning] = found.warnings.as_slice() else { panic!("{:?}", found.warnings) };
    assert!(warning.contains("the GPU was lost") && warning.ends_with("; the CPU does the rest"), "{warning}");
    let on_cpu = AnalysisSettings { device: Device::Cpu, ..settings };
    let expected = Analyzer::new(&on_cpu).unwrap().analyze(SAMPLE).unwrap().analysis;
    assert!(found.analysis.masks == expected.masks && found.analysis.embeddings == expected.embeddings);
}

#[test]
fn the_self_test_passes() {
    if !is_missing() {
        let test = self_test(Device::GpuAt(0)).unwrap();
        assert!(test.passed(), "{test:?}");
    }
}

#[test]
fn an_adapter_that_does_not_exist_is_an_error() {
    let error = self_test(Device::GpuAt(99)).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Device);
    assert!(error.to_string().starts_with("there is no GPU 99 among"), "{error}");
    let settings = AnalysisSettings { device: Device::GpuAt(99), ..AnalysisSettings::default() };
    assert_eq!(Analyzer::new(&settings).unwrap_err().kind(), crate::ErrorKind::Device);
}
