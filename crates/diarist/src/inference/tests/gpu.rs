//! A GPU against the CPU, over whole recordings. The first adapter serves, also a program on the
//! CPU.
#![allow(clippy::print_stdout, reason = "figures in the logs of tests")]

use std::path::Path;
use std::sync::Arc;

use diarist_gpu::{Counts, adapters};

use crate::analysis::{Analysis, EMBEDDING_DIMENSION};
use crate::audio::{self, AudioSource};
use crate::inference::backend::{Backend, Notices, Wave, WaveOutput};
use crate::inference::cpu::Cpu;
use crate::inference::device::Device;
use crate::inference::fallback::WithFallback;
use crate::inference::gpu::{GpuBackend, open};
use crate::inference::intake::Window;
use crate::inference::networks::Networks;
use crate::inference::settings::{AnalysisSettings, EmbeddingMode, TrunkPasses};
use crate::inference::wave::WaveSpan;
use crate::inference::{Analyzer, self_test};
use crate::models::Precision;
use crate::segmentation::FRAMES_PER_CHUNK;
use crate::{ErrorKind, Recording};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/audio/single.flac");

/// Whether there is no adapter to test with.
fn is_missing() -> bool {
    let is_missing = adapters().is_empty();
    assert!(!is_missing || std::env::var_os("DIARIST_GPU_REQUIRED").is_none(), "a GPU is required, but there is none");
    if is_missing {
        println!("no Vulkan adapter: skipped");
    }
    is_missing
}

fn settings(trunk: TrunkPasses, step_s: f64) -> AnalysisSettings {
    let (precision, device) = (Some(Precision::F32), Device::GpuAt(0));
    AnalysisSettings { trunk, step_s, precision, device, ..AnalysisSettings::default() }
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

/// Three chunks and two passes in two batches: the results of the CPU, each batch in one
/// submission, and the same bits when the work resumes in between.
#[test]
fn a_recording_gives_the_results_of_the_cpu() {
    if is_missing() {
        return;
    }
    let settings = settings(TrunkPasses::Shared, 2.0);
    let networks = Arc::new(Networks::load(&settings).unwrap());
    let machine = machine(&settings).with_batches_of(2);
    let analyzer =
        Analyzer::with_backend(Arc::clone(&networks), &settings, Box::new(machine.clone()), Notices::default());
    let before = machine.gpu().counts();
    let gpu = analyzer.unwrap().analyze(SAMPLE).unwrap();
    check_counts(before, machine.gpu().counts());
    assert!(gpu.timings.gpu_s > 0.0 && gpu.timings.embedding_s < gpu.timings.gpu_s);
    assert!(gpu.analysis.origin.instruction_set.starts_with("gpu "));

    let on_cpu = AnalysisSettings { device: Device::Cpu, ..settings };
    let cpu = Analyzer::with_networks(networks, &on_cpu).unwrap().analyze(SAMPLE).unwrap();
    assert_eq!((cpu.analysis.masks.len(), cpu.timings.gpu_s), (3, 0.0));
    let (frames, embeddings, subsegments) = differences(&gpu.analysis, &cpu.analysis);
    println!("{frames} frames, cosines from {embeddings} and {subsegments}");
    // Subsegments are stored in 8 bits, which costs up to 1e-4.
    assert!(frames == 0 && embeddings >= 0.99999 && subsegments >= 0.9998);
    resumes(&machine, &gpu.analysis);
}

/// The profile `exact` on a recording of a single chunk, and the same in 16-bit floats.
#[test]
fn a_pass_for_each_chunk_gives_the_results_of_the_cpu() {
    if is_missing() {
        return;
    }
    let sample = SAMPLE.replace("single", "short");
    let on_gpu = settings(TrunkPasses::PerChunk, 1.0);
    let on_cpu = AnalysisSettings { device: Device::Cpu, ..on_gpu.clone() };
    let in_f16 = AnalysisSettings { precision: Some(Precision::F16), ..on_gpu.clone() };
    let [cpu, gpu, gpu_f16] =
        [on_cpu, on_gpu, in_f16].map(|of| Analyzer::new(&of).unwrap().analyze(sample.as_str()).unwrap().analysis);
    assert!(!cpu.embeddings.is_empty());
    let has_f16 = adapters()[0].summary().has_f16;
    assert_eq!([&gpu, &gpu_f16].map(|of| of.origin.precision.as_str()), ["f32", if has_f16 { "f16" } else { "f32" }]);
    for (gpu, lowest_cosine) in [(gpu, 0.99999), (gpu_f16, 0.999)] {
        let (frames, embeddings, _) = differences(&gpu, &cpu);
        println!("{}: {frames} frames, cosines from {embeddings}", gpu.origin.precision);
        assert!(frames == 0 && embeddings >= lowest_cosine, "{frames} frames, {embeddings}");
    }
}

/// All work of a batch is one submission. Audio goes to the GPU once; masks, probabilities and
/// embeddings come back once.
fn check_counts(before: Counts, after: Counts) {
    let Counts { submissions, dispatches, uploaded_bytes, downloaded_bytes } = Counts {
        submissions: after.submissions - before.submissions,
        dispatches: after.dispatches - before.dispatches,
        uploaded_bytes: after.uploaded_bytes - before.uploaded_bytes,
        downloaded_bytes: after.downloaded_bytes - before.downloaded_bytes,
    };
    println!("{submissions} submissions, {dispatches} dispatches, {uploaded_bytes} bytes up, {downloaded_bytes} down");
    assert_eq!(submissions, 2);
    assert!(dispatches < 2 * 90, "{dispatches} dispatches");
    // The batches cover 14 s and 10 s. Places take a few kilobytes, and a dispatch 256 bytes.
    assert!(uploaded_bytes < 64_000 * 24 + 2 * (90 * 256 + 8000), "{uploaded_bytes} bytes up");
    // Of a chunk three masks, 589 words of probabilities and three embeddings; then 35 subsegments.
    let most = 3 * (3 * 76 + 4 * 589 + 3 * 1024) + 35 * 1028;
    assert!(downloaded_bytes < most + 64, "{downloaded_bytes} bytes down, at most {most}");
}

/// Chunks 1 and 2, after the results of the chunk before them, while other work takes the memory
/// of a batch with both.
fn resumes(machine: &GpuBackend, whole: &Analysis) {
    let mut samples = Vec::new();
    let mut source = audio::open(Path::new(SAMPLE)).unwrap();
    while source.read(&mut samples).unwrap() {}
    let step_samples = whole.geometry.step_samples;
    let mut window = Window::new(step_samples, 0);
    window.extend(&samples);
    window.pad(0, 3);
    let mut run = machine.start();
    window.discard_before(run.first_resumed(1, step_samples));
    let span = WaveSpan { first_chunk: 1, num_chunks: 2, step_samples, all_chunks: Some(3) };
    let none = WaveSpan { num_chunks: 0, ..span };
    run.resume(&Wave { window: &window, span: none }, &whole.probabilities[..1]).unwrap();
    let before = machine.gpu().counts();
    machine.gpu().refuse_memory(1);
    let mut out = WaveOutput::default();
    run.compute(&Wave { window: &window, span }, &mut out).unwrap();
    assert_eq!(machine.gpu().counts().submissions - before.submissions, 2, "a batch for each chunk");
    assert_eq!(out.masks, whole.masks[1..]);
    assert_eq!(out.probabilities, whole.probabilities[1..]);
    for (row, slot) in whole.embeddings.slots.iter().enumerate().filter(|(_, slot)| slot.chunk >= 1) {
        let of_chunk = &out.embeddings[slot.chunk as usize - 1];
        let [found, expected] = [(&of_chunk[..], usize::from(slot.local)), (&whole.embeddings.values, row)]
            .map(|(values, row)| values[row * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION].to_vec());
        assert_eq!(found, expected);
    }
    let num_before = whole.subsegments.len() - out.subsegments.len();
    assert!(!out.subsegments.is_empty());
    assert_eq!(out.subsegments.indices, whole.subsegments.indices[num_before..]);
    assert_eq!(out.subsegments.values, whole.subsegments.values[num_before * EMBEDDING_DIMENSION..]);
}

/// Lack of memory, also for a single chunk, and then the loss of the GPU.
#[test]
fn the_cpu_continues_when_the_gpu_fails() {
    if is_missing() {
        return;
    }
    let settings = settings(TrunkPasses::Shared, 2.0);
    let networks = Arc::new(Networks::load(&settings).unwrap());
    let machine = machine(&settings);
    let on_cpu = AnalysisSettings { device: Device::Cpu, ..settings.clone() };
    let expected = Analyzer::new(&on_cpu).unwrap().analyze(SAMPLE).unwrap().analysis;
    let before = machine.gpu().counts();
    for fault in ["the GPU has too little memory", "the GPU was lost"] {
        machine.gpu().refuse_memory(u32::MAX);
        if fault.ends_with("lost") {
            machine.gpu().lose();
        }
        let alone = Box::new(machine.clone());
        let alone = Analyzer::with_backend(Arc::clone(&networks), &settings, alone, Notices::default()).unwrap();
        let error = alone.analyze(SAMPLE).unwrap_err();
        assert!(error.kind() == ErrorKind::Device && error.to_string().contains(fault), "{error}");
        let reserve = Cpu::new(Arc::clone(&networks), &settings);
        let notices = Notices::default();
        let backend = Box::new(WithFallback { machine: machine.clone(), reserve, notices: notices.clone() });
        let found = Analyzer::with_backend(Arc::clone(&networks), &settings, backend, notices).unwrap();
        let found = found.analyze(Recording::new(SAMPLE)).unwrap();
        let [warning] = found.warnings.as_slice() else { panic!("{:?}", found.warnings) };
        assert!(warning.contains(fault) && warning.ends_with("; the CPU does the rest"), "{warning}");
        assert!(found.analysis.masks == expected.masks && found.analysis.embeddings == expected.embeddings);
    }
    assert_eq!(machine.gpu().counts(), before);
}

/// Recordings at the same time have buffers of their own, and smaller batches where memory ends.
#[test]
fn later_recordings_ask_for_their_memory() {
    if is_missing() {
        return;
    }
    let settings = AnalysisSettings { embedding_mode: EmbeddingMode::Skip, ..settings(TrunkPasses::Shared, 2.0) };
    let machine = machine(&settings).with_batches_of(2);
    // The buffers of the first were allocated when the GPU was opened.
    machine.gpu().refuse_memory(1);
    let mut runs = [machine.start(), machine.start()];
    let mut window = Window::new(32_000, 0);
    window.extend(&vec![0.0; 12 * 16_000]);
    let span = WaveSpan { first_chunk: 0, num_chunks: 2, step_samples: 32_000, all_chunks: Some(2) };
    let num_submissions = runs.each_mut().map(|run| {
        let before = machine.gpu().counts().submissions;
        run.compute(&Wave { window: &window, span }, &mut WaveOutput::default()).unwrap();
        machine.gpu().counts().submissions - before
    });
    assert_eq!(num_submissions, [1, 2]);
}

#[test]
fn an_adapter_that_does_not_exist_is_an_error() {
    let error = self_test(Device::GpuAt(99)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
    assert!(error.to_string().starts_with("there is no GPU 99 among"), "{error}");
    let settings = AnalysisSettings { device: Device::GpuAt(99), ..AnalysisSettings::default() };
    assert_eq!(Analyzer::new(&settings).unwrap_err().kind(), ErrorKind::Device);
}
