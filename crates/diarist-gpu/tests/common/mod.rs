//! Helpers of the tests on a GPU.

#![allow(dead_code, reason = "each test uses some of them")]

pub(crate) mod network;

use diarist_gpu::{Element, Gpu, Recorder, Shader, adapters};

/// The first adapter, open; `None` if there is none and none is required.
pub(crate) fn gpu() -> Option<Gpu> {
    let Some(adapter) = adapters().into_iter().next() else {
        assert!(std::env::var_os("DIARIST_GPU_REQUIRED").is_none(), "no adapter, but DIARIST_GPU_REQUIRED is set");
        println!("no Vulkan adapter: skipped");
        return None;
    };
    Some(Gpu::open(&adapter).unwrap())
}

/// The forms of numbers that the GPU computes with.
pub(crate) fn elements(gpu: &Gpu) -> Vec<Element> {
    if gpu.summary().has_f16 { vec![Element::F32, Element::F16] } else { vec![Element::F32] }
}

/// Numbers between -1 and 1 that an `element` holds exactly.
pub(crate) fn numbers(element: Element, len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let values: Vec<f32> = (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect();
    element.values(&element.bytes(&values), len)
}

/// A kernel file with its constants, and the type of another name.
pub(crate) fn source(
    name: &'static str,
    text: &'static str,
    element: Element,
    constants: &[(&str, u32)],
    alias: Option<(&str, Element)>,
) -> diarist_gpu::Source {
    let source = Shader { name, text }.source(element, constants);
    match alias {
        Some((alias, element)) => source.with_alias(alias, element),
        None => source,
    }
}

/// Runs one kernel over `inputs`, then the output, which has `num_bytes` bytes.
pub(crate) fn run(
    gpu: &Gpu,
    source: &diarist_gpu::Source,
    uniform: &[usize],
    inputs: &[Vec<u8>],
    num_bytes: usize,
    groups: [usize; 3],
) -> Vec<u8> {
    let kernel = gpu.kernel(source);
    let uniform: Vec<u32> = uniform.iter().map(|value| *value as u32).collect();
    let mut recorder = Recorder::new(gpu);
    let output = gpu.buffer("output", num_bytes);
    let mut buffers: Vec<_> = inputs.iter().map(|bytes| recorder.upload("input", bytes)).collect();
    buffers.push(output.clone());
    recorder.dispatch(&kernel, &uniform, &buffers, groups);
    recorder.read(&output, num_bytes.next_multiple_of(4));
    recorder.run().unwrap().remove(0)
}

/// Greatest difference between numbers and what they should be; NaN if any is NaN.
pub(crate) fn worst(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).abs());
    differences.fold(0.0, |max, d| if d.is_nan() || d > max { d } else { max })
}

/// Bytes of numbers in f32.
pub(crate) fn bytes(values: &[f32]) -> Vec<u8> {
    Element::F32.bytes(values)
}
