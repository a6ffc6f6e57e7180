//! Compares cooperative matrices with the plain kernel before they are used.

use super::convolution::{Convolution, Layers, Plane, packed};
use super::cooperative::Cooperative;
use crate::element::Element;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::recorder::{Part, Recorder};

const CONVOLUTION: Convolution =
    Convolution { channels_in: 64, channels_out: 64, num_taps: 9, stride: 1, adds: true, rectifies: true };
/// No multiple of a tile in any direction.
const PLANE: Plane = Plane { height: 13, width: 37 };

/// The matrices that `gpu` offers, unless its driver computes something else than the plain kernel.
pub(super) fn checked(gpu: &Gpu) -> Option<Cooperative> {
    let offered = Cooperative::of(gpu)?;
    let plain = convolved(gpu, None).ok()?;
    let other = convolved(gpu, Some(offered)).ok()?;
    let largest = plain.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
    // Both round their results to f16, after sums in another order.
    plain.iter().zip(&other).all(|(a, b)| (a - b).abs() <= 2e-3 * largest).then_some(offered)
}

fn convolved(gpu: &Gpu, cooperative: Option<Cooperative>) -> Result<Vec<f32>> {
    let Convolution { channels_in, channels_out, num_taps, .. } = CONVOLUTION;
    let numbers = |len: usize, factor: usize| -> Vec<f32> {
        (0..len).map(|index| (index * factor % 509) as f32 / 254.0 - 1.0).collect()
    };
    let len = PLANE.num_pixels() * channels_out;
    let weight = packed(&numbers(channels_in * channels_out * num_taps, 7919), channels_in, num_taps);
    let weight = gpu.weights("weight", Element::F16, &weight);
    let bias = gpu.weights("bias", Element::F32, &numbers(channels_out, 31));
    let from = Part::from(&gpu.weights("from", Element::F16, &numbers(PLANE.num_pixels() * channels_in, 104_729)));
    let to = gpu.weights("to", Element::F16, &numbers(len, 211));
    let mut recorder = Recorder::new(gpu);
    let kernel = gpu.kernel(&CONVOLUTION.source(Element::F16, cooperative));
    let layers = Layers { num_images: 1, plane: PLANE, from: &from, to: &Part::from(&to), cooperative };
    CONVOLUTION.record(&mut recorder, &kernel, [&weight, &bias], layers);
    recorder.read(&to, 0, len * Element::F16.num_bytes());
    let bytes = recorder.run()?;
    Ok(Element::F16.values(&bytes[0], len))
}
