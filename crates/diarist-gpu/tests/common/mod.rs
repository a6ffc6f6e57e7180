//! Helpers of the tests of both networks.

#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod network;

use std::path::Path;

use diarist_gpu::{Element, Gpu, Layer, Recorder, Shader, Timing, adapters};
use safetensors::SafeTensors;

/// The first adapter, or `None` if there is none and none is required.
pub(crate) fn gpu() -> Option<Gpu> {
    let Some(adapter) = adapters().into_iter().next() else {
        let is_required = std::env::var_os("DIARIST_GPU_REQUIRED").is_some();
        assert!(!is_required, "DIARIST_GPU_REQUIRED is set, and there is no adapter");
        println!("no Vulkan adapter: skipped");
        return None;
    };
    Some(Gpu::open(&adapter).unwrap())
}

/// The forms of stored numbers that `gpu` computes with.
pub(crate) fn elements(gpu: &Gpu) -> Vec<Element> {
    let all = [Element::F32, Element::F16];
    all.into_iter().filter(|element| *element == Element::F32 || gpu.summary().has_f16).collect()
}

/// Every dispatch of a network has its work noted, and is timed if the GPU has a clock.
pub(crate) fn assert_work(gpu: &Gpu, timings: &[Timing]) {
    assert_eq!(timings.is_empty(), !gpu.has_timestamps());
    for Timing { kernel, flop, bytes, .. } in timings {
        assert!(*flop > 0 && *bytes > 0, "{kernel}: {flop} operations, {bytes} bytes");
    }
}

/// Shape and values of `fixtures/golden/<name>.npy`.
pub(crate) fn golden<T: npyz::Deserialize>(name: &str) -> (Vec<usize>, Vec<T>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden").join(format!("{name}.npy"));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let npy = npyz::NpyFile::new(std::io::BufReader::new(file)).unwrap();
    let shape = npy.shape().iter().map(|&n| n as usize).collect();
    (shape, npy.into_vec().unwrap())
}

/// 16-bit samples in [-1, 1].
pub(crate) fn golden_samples(name: &str) -> Vec<f32> {
    golden::<i16>(name).1.into_iter().map(|sample| f32::from(sample) / 32_768.0).collect()
}

/// Values of a tensor.
pub(crate) fn tensor(tensors: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = tensors.tensor(name).unwrap();
    tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// Weight and bias of a layer.
pub(crate) fn layer(tensors: &SafeTensors<'_>, name: &str) -> Layer {
    Layer { weight: tensor(tensors, &format!("{name}.weight")), bias: tensor(tensors, &format!("{name}.bias")) }
}

/// Greatest absolute difference; NaN if any value is NaN.
pub(crate) fn max_abs_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |max, d| if d.is_nan() || d > max { d } else { max })
}

/// Cosine of the angle between two vectors.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

/// Numbers in [-1, 1] that are the same in every run.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u32);

impl Random {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// `len` numbers as `element` stores them.
    pub(crate) fn values(&mut self, element: Element, len: usize) -> Vec<f32> {
        let values: Vec<f32> = (0..len).map(|_| self.next()).collect();
        element.values(&element.bytes(&values), len)
    }
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
    recorder.read(&output, 0, num_bytes.next_multiple_of(4));
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
