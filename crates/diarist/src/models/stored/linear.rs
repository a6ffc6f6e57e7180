//! The linear forms: integers, and for each output channel the value of the integer 1.

use super::form::channel_len;

/// The largest magnitude of an integer.
const LARGEST: f32 = 127.0;
/// Steps in the root mean square of a channel, in tensors of [`COARSE_VALUES`] values or more.
const STEPS_IN_RMS: f64 = 3.4;
/// Values of the smallest tensor with the coarsest steps.
const COARSE_VALUES: f64 = 589_824.0;

/// How far apart the values of a channel are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Steps {
    /// As close as the largest value allows.
    Finest,
    /// Coarser in larger tensors. The error of a network grows with the relative errors of its
    /// layers, the size of its file with their values. For a given size, the error is least where
    /// the squared steps, relative to the values, grow with the number of values.
    BySize,
}

/// A tensor in a linear form.
#[derive(Debug)]
pub(super) struct Linear {
    /// In the order of the values.
    pub(super) integers: Vec<i8>,
    /// One for each output channel.
    pub(super) scales: Vec<f32>,
}

/// Rounds `values` of `shape`, each to one of the two integers beside it, such that the errors of
/// each output channel, and of each of its kernels, add up to at most half a step.
///
/// Activations behind a ReLU have a mean far from zero, and those of neighbouring frames are alike.
/// So the sum of the errors counts for more than a single error does (SQuant: Guo et al., ICLR
/// 2022, without its changes to whole layers).
pub(super) fn round(shape: &[usize], values: &[f32], steps: Steps) -> Linear {
    let channel_len = channel_len(shape).max(1);
    // A matrix has no kernels, so its channels are their own.
    let kernel_len = match shape {
        [_, _, rest @ ..] if !rest.is_empty() => rest.iter().product::<usize>().max(1),
        _ => channel_len,
    };
    let mut integers = Vec::with_capacity(values.len());
    let mut scales = Vec::new();
    for channel in values.chunks_exact(channel_len) {
        let scale = scale(channel, values.len(), steps);
        integers.extend(round_channel(channel, scale, kernel_len));
        scales.push(scale);
    }
    Linear { integers, scales }
}

/// `num_values` are those of the whole tensor.
fn scale(channel: &[f32], num_values: usize, steps: Steps) -> f32 {
    let finest = channel.iter().fold(0.0_f32, |max, value| max.max(value.abs())) / LARGEST;
    match steps {
        Steps::Finest => finest,
        Steps::BySize => {
            let power = channel.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
            let rms = (power / channel.len() as f64).sqrt();
            let finer = (COARSE_VALUES / num_values as f64).sqrt().max(1.0);
            finest.max((rms / (STEPS_IN_RMS * finer)) as f32)
        }
    }
}

fn round_channel(channel: &[f32], scale: f32, kernel_len: usize) -> Vec<i8> {
    // Values too small for a scale are zeros, too.
    if scale == 0.0 {
        return vec![0; channel.len()];
    }
    let steps: Vec<f32> = channel.iter().map(|value| value / scale).collect();
    let mut rounded: Vec<f32> = steps.iter().map(|steps| steps.round_ties_even()).collect();
    let mut errors: Vec<f32> = rounded.iter().zip(&steps).map(|(rounded, steps)| rounded - steps).collect();
    let mut turn = |errors: &mut [f32], i: usize, sum: f32| {
        rounded[i] -= sum.signum();
        errors[i] -= sum.signum();
    };
    // In each kernel, values turn to their other integer, first those that lie nearest to it.
    for start in (0..channel.len()).step_by(kernel_len) {
        let kernel = &errors[start..start + kernel_len];
        let sum: f32 = kernel.iter().sum();
        for i in to_turn(kernel, sum) {
            turn(&mut errors, start + i, sum);
        }
    }
    // One value each turns in the kernels with the largest sums.
    let sums: Vec<f32> = errors.chunks_exact(kernel_len).map(|kernel| kernel.iter().sum()).collect();
    let sum: f32 = sums.iter().sum();
    for kernel in to_turn(&sums, sum) {
        let kernel = kernel * kernel_len..(kernel + 1) * kernel_len;
        if let Some(i) = kernel.max_by(|a, b| (sum * errors[*a]).total_cmp(&(sum * errors[*b]))) {
            turn(&mut errors, i, sum);
        }
    }
    rounded.into_iter().map(|rounded| rounded.clamp(-LARGEST, LARGEST) as i8).collect()
}

/// As many positions as there are whole steps in `sum`, those of the largest errors of its sign.
fn to_turn(errors: &[f32], sum: f32) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..errors.len()).collect();
    positions.sort_by(|a, b| (sum * errors[*b]).total_cmp(&(sum * errors[*a])));
    positions.truncate(sum.abs().round_ties_even() as usize);
    positions
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Shape, kind of steps, scales and integers.
    type Row = (Vec<usize>, String, Vec<f32>, Vec<i8>);

    /// See `tools/reference/linear.py`.
    #[test]
    fn integers_are_those_of_the_reference() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/linear");
        let file = std::fs::File::open(folder.join("values.npy")).unwrap();
        let mut values: &[f32] = &npyz::NpyFile::new(file).unwrap().into_vec::<f32>().unwrap();
        let text = std::fs::read_to_string(folder.join("tensors.json")).unwrap();
        let expected: Vec<Row> = serde_json::from_str(&text).unwrap();
        assert_eq!(expected.len(), 8);
        // The steps of the last tensor follow from its size.
        assert_ne!(expected[6].3, expected[7].3);
        for both in expected.chunks_exact(2) {
            let (tensor, rest) = values.split_at(both[0].3.len());
            for (shape, steps, scales, integers) in both {
                let kind = if steps == "finest" { Steps::Finest } else { Steps::BySize };
                let found = round(shape, tensor, kind);
                assert_eq!(&found.integers, integers, "{shape:?}, {steps}");
                for (found, expected) in found.scales.iter().zip(scales) {
                    assert!((found / expected - 1.0).abs() < 1e-6, "{shape:?}, {steps}: {found}, not {expected}");
                }
            }
            values = rest;
        }
        assert!(values.is_empty());
    }

    #[test]
    fn errors_of_kernels_and_channels_add_up_to_little() {
        for (shape, kernel_len) in [(vec![8, 6, 3, 3], 9), (vec![8, 6, 5], 5), (vec![8, 60], 60), (vec![60], 60)] {
            let channel_len = shape.iter().skip(1).product::<usize>().max(kernel_len);
            let value = |i: usize| ((i * 7919 + 13) % 61) as f32 / 16.0 + 0.4;
            let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
            for steps in [Steps::Finest, Steps::BySize] {
                let Linear { integers, scales } = round(&shape, &values, steps);
                let channels = integers.chunks(channel_len).zip(values.chunks(channel_len)).zip(&scales);
                let mut errors: Vec<f64> = Vec::new();
                for ((integers, values), scale) in channels {
                    errors.extend(integers.iter().zip(values).map(|(i, v)| f64::from(*i) - f64::from(v / scale)));
                }
                assert!(errors.iter().all(|error| error.abs() < 1.0), "{shape:?} {steps:?}");
                // A kernel may be up to a step from zero for the sake of its channel. The rest is
                // for sums in 32 bits.
                for (len, most) in [(kernel_len, 1.001), (channel_len, 0.501)] {
                    let sums = errors.chunks_exact(len).map(|errors| errors.iter().sum::<f64>().abs());
                    let largest = sums.fold(0.0, f64::max);
                    assert!(largest < most, "{shape:?} {steps:?}: {largest} over {len}");
                }
            }
        }
    }

    #[test]
    fn steps_grow_with_the_size_up_to_a_limit() {
        let step = |num_values| scale(&[0.5, -0.5], num_values, Steps::BySize);
        assert_eq!([589_824, 4 * 589_824].map(step), [(0.5 / 3.4_f64) as f32; 2]);
        assert_eq!(step(589_824 / 16), (0.125 / 3.4_f64) as f32);
        assert_eq!(step(2), 0.5 / 127.0);
    }

    #[test]
    fn the_worst_value_turns_to_its_other_integer() {
        // Steps of 1. The errors after the first are -0.4, -0.3, -0.2 and -0.1, one step together.
        let kernel = [127.0, 2.4, 2.3, 2.2, 2.1];
        assert_eq!(round(&[1, 1, 5], &kernel, Steps::Finest).integers, [127, 3, 2, 2, 2]);
        // The kernels are 0.4 and 0.3 too low, so the worst value of the first turns.
        let channel = [127.0, 2.3, 2.1, 127.0, 2.2, 2.1];
        assert_eq!(round(&[1, 2, 3], &channel, Steps::Finest).integers, [127, 3, 2, 127, 2, 2]);
        for zeros in [[0.0; 6], [1e-45; 6]] {
            let Linear { integers, scales } = round(&[2, 3], &zeros, Steps::Finest);
            assert_eq!((integers, scales), (vec![0; 6], vec![0.0; 2]));
        }
    }
}
