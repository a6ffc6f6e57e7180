//! Each kernel of the segmentation network against a plain loop in f64.

#![expect(clippy::print_stdout, reason = "a log tells how close the results are")]

mod common;

use common::{bytes, numbers, source, worst};
use diarist_gpu::{Element, Gpu, Source};

const SINGLE: Element = Element::F32;

fn kernel(name: &'static str, text: &'static str, constants: &[(&str, u32)]) -> Source {
    source(name, text, SINGLE, constants, None)
}

/// Runs a kernel whose output is `len` numbers in f32.
fn singles(
    gpu: &Gpu,
    source: &Source,
    uniform: &[usize],
    inputs: &[Vec<u8>],
    len: usize,
    groups: [usize; 3],
) -> Vec<f32> {
    SINGLE.values(&common::run(gpu, source, uniform, inputs, 4 * len, groups), len)
}

/// Mean and sum of squared distances from it.
fn moments(values: impl Iterator<Item = f32>) -> [f64; 2] {
    let values: Vec<f64> = values.map(f64::from).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    [mean, values.iter().map(|value| (value - mean) * (value - mean)).sum()]
}

fn leaky(x: f64) -> f64 {
    x.max(0.01 * x)
}

#[test]
fn moments_of_samples() {
    let Some(gpu) = common::gpu() else { return };
    const SLICE: usize = 6400;
    let (step, chunks, slices) = (30, 3, 2);
    let mut signal: Vec<f32> =
        numbers(SINGLE, (chunks - 1) * step + slices * SLICE, 1).iter().map(|x| 0.001 * x + 0.5).collect();
    // Only the first chunk begins early enough and only the last ends late enough.
    signal[7] = f32::NAN;
    *signal.last_mut().unwrap() = f32::INFINITY;
    let source = kernel("wave", include_str!("../src/kernels/wave.wgsl"), &[("SLICES", slices as u32)]);
    let found = singles(&gpu, &source, &[step], &[bytes(&signal)], chunks * slices * 2, [slices, chunks, 1]);
    for (index, found) in found.chunks_exact(2).enumerate() {
        let slice = &signal[index / slices * step + index % slices * SLICE..][..SLICE];
        if slice.iter().any(|sample| !sample.is_finite()) {
            assert_eq!(found[1], -1.0, "{index}");
        } else {
            let [mean, sum] = moments(slice.iter().copied());
            assert!((f64::from(found[0]) - mean).abs() < 1e-7, "{index}: {found:?}, {mean}");
            // Samples lie 0.0006 around 0.5, where numbers are 6e-8 apart.
            assert!((f64::from(found[1]) / sum - 1.0).abs() < 2e-4, "{index}: {found:?}, {sum}");
        }
    }
    assert_eq!(found.chunks_exact(2).filter(|found| found[1] == -1.0).count(), 2);
}

#[test]
fn moments_of_frames_and_norms() {
    let Some(gpu) = common::gpu() else { return };
    // A whole slice, one that is shorter than the lanes, and one of a single frame.
    for (chunks, frames, channels) in [(2, 64_usize, 60), (3, 131, 80), (1, 65, 8)] {
        let slices = frames.div_ceil(64);
        let value = |i: usize, x: f32| match i % channels {
            0 => 0.7, // always the same
            channel => x * channel as f32 + 100.0,
        };
        let x: Vec<f32> = numbers(SINGLE, chunks * frames * channels, 2);
        let x: Vec<f32> = x.into_iter().enumerate().map(|(i, x)| value(i, x)).collect();
        let source = kernel("moments", include_str!("../src/kernels/moments.wgsl"), &[("C_4", channels as u32 / 4)]);
        let len = chunks * slices * 2 * channels;
        let slices_of = singles(&gpu, &source, &[frames, slices], &[bytes(&x)], len, [slices, chunks, 1]);
        let weight = numbers(SINGLE, channels, 3);
        let rows = chunks * channels;
        let source = kernel("norm", include_str!("../src/kernels/norm.wgsl"), &[]);
        let shape = [rows, channels, slices, 64, frames];
        let inputs = [bytes(&slices_of), bytes(&weight)];
        let norms = singles(&gpu, &source, &shape, &inputs, 2 * rows, [rows.div_ceil(64), 1, 1]);
        for row in 0..rows {
            let (chunk, channel) = (row / channels, row % channels);
            let values = (0..frames).map(|t| x[(chunk * frames + t) * channels + channel]);
            let [mean, sum] = moments(values);
            let scale = f64::from(weight[channel]) / (sum / frames as f64 + 1e-5).sqrt();
            let at = chunk * 2 * channels + channel;
            let [found_mean, found_scale] = [norms[at], norms[at + channels]].map(f64::from);
            assert!((found_mean - mean).abs() < 3e-5, "{row}: {found_mean} {mean}");
            assert!((found_scale - scale).abs() < 2e-5 * scale.abs(), "{row}: {found_scale} {scale}");
            if channel == 0 {
                assert_eq!(norms[at], 0.7);
            }
        }
    }
}

#[test]
fn norm_of_broken_values_is_zero() {
    let Some(gpu) = common::gpu() else { return };
    let source = kernel("norm", include_str!("../src/kernels/norm.wgsl"), &[]);
    let moments = [0.5, 1.0, 0.5, -1.0, 0.5, 1.0, 0.5, 1.0];
    let inputs = [bytes(&moments), bytes(&[2.0])];
    let found = singles(&gpu, &source, &[2, 1, 2, 10, 20], &inputs, 4, [1, 1, 1]);
    assert_eq!(found[..3], [0.0, 0.0, 0.5]);
    assert!((found[3] - 2.0 / (0.1_f32 + 1e-5).sqrt()).abs() < 1e-5, "{found:?}");
}

#[test]
fn filters() {
    let Some(gpu) = common::gpu() else { return };
    for num_frames in [1, 128, 131] {
        let num_samples = (num_frames - 1) * 10 + 251;
        let (signal, taps) = (numbers(SINGLE, num_samples, 4), numbers(SINGLE, 126 * 80, 5));
        let source = kernel("sinc", include_str!("../src/kernels/sinc.wgsl"), &[]);
        let groups = [num_frames.div_ceil(128), 1, 1];
        let inputs = [bytes(&signal), bytes(&taps)];
        let found = singles(&gpu, &source, &[num_samples, num_frames], &inputs, num_frames * 80, groups);
        let tap = |k: usize, filter: usize| f64::from(taps[k * 80 + filter]);
        let expected = |index: usize| {
            let (frame, filter) = (index / 80, index % 80);
            let sample = |i: usize| f64::from(signal[frame * 10 + i]);
            let sign = if filter < 40 { 1.0 } else { -1.0 };
            // The centre counts twice in an even filter and cancels in an odd one.
            (0..126).map(|k| (sample(125 + k) + sign * sample(125 - k)) * tap(k, filter)).sum::<f64>()
        };
        let worst = worst(&found, &(0..num_frames * 80).map(expected).collect::<Vec<_>>());
        println!("sinc: {worst:e}");
        assert!(worst < 1e-5);
    }
}

#[test]
fn magnitudes_of_normalised_samples() {
    let Some(gpu) = common::gpu() else { return };
    let (chunks, frames, step) = (2, 13, 5);
    let x = numbers(SINGLE, (step + 3 * frames) * 80, 6);
    let (wave, sums) = ([0.3, 1.5, -0.2, 0.75], numbers(SINGLE, 80, 7));
    let bias = 0.4;
    let source = kernel("pool", include_str!("../src/kernels/pool.wgsl"), &[]);
    let inputs = [bytes(&x), bytes(&wave), bytes(&[bias]), bytes(&sums)];
    let found = singles(&gpu, &source, &[step, frames], &inputs, chunks * frames * 80, [2, chunks, 1]);
    let expected = |index: usize| {
        let (chunk, frame, channel) = (index / 80 / frames, index / 80 % frames, index % 80);
        let [mean, scale] = [wave[2 * chunk], wave[2 * chunk + 1]].map(f64::from);
        let (sum, bias) = (f64::from(sums[channel]), f64::from(bias));
        let value = |i: usize| f64::from(x[(chunk * step + 3 * frame + i) * 80 + channel]);
        let values = (0..3).map(|i| (value(i) * scale + (bias - mean * scale) * sum).abs());
        values.fold(0.0, f64::max)
    };
    let worst = worst(&found, &(0..found.len()).map(expected).collect::<Vec<_>>());
    println!("pool: {worst:e}");
    assert!(worst < 1e-6);
}

#[test]
fn convolutions() {
    let Some(gpu) = common::gpu() else { return };
    for element in common::elements(&gpu) {
        for (inputs, frames_in, frames_out) in [(60, 7, 1_usize), (80, 301, 98), (20, 100, 32)] {
            let chunks = 2;
            let x = numbers(SINGLE, chunks * frames_in * inputs, 8);
            let norms = numbers(SINGLE, chunks * 2 * inputs, 9);
            let norm_bias = numbers(SINGLE, inputs, 10);
            let (weight, bias) = (numbers(element, 5 * inputs * 60, 11), numbers(SINGLE, 60, 12));
            let text = include_str!("../src/kernels/conv1d.wgsl");
            let source = source("conv1d", text, element, &[("C", inputs as u32)], None);
            let buffers = [bytes(&x), bytes(&norms), bytes(&norm_bias), element.bytes(&weight), bytes(&bias)];
            let groups = [frames_out.div_ceil(32), chunks, 1];
            let found = singles(&gpu, &source, &[frames_in, frames_out], &buffers, chunks * frames_out * 60, groups);
            let input = |chunk: usize, frame: usize, channel: usize| {
                let norm = |which: usize| f64::from(norms[(chunk * 2 + which) * inputs + channel]);
                let x = f64::from(x[(chunk * frames_in + frame) * inputs + channel]);
                leaky((x - norm(0)) * norm(1) + f64::from(norm_bias[channel]))
            };
            let normalised: Vec<f64> = (0..chunks * frames_in * inputs)
                .map(|i| input(i / inputs / frames_in, i / inputs % frames_in, i % inputs))
                .collect();
            let convolved = |chunk: usize, frame: usize, output: usize| -> f64 {
                let rows = &normalised[(chunk * frames_in + frame) * inputs..][..5 * inputs];
                let taps = weight.iter().skip(output).step_by(60);
                rows.iter().zip(taps).map(|(row, tap)| row * f64::from(*tap)).sum()
            };
            let expected = |index: usize| {
                let (chunk, frame, output) = (index / 60 / frames_out, index / 60 % frames_out, index % 60);
                let values = (0..3).map(|i| convolved(chunk, 3 * frame + i, output));
                values.fold(f64::MIN, f64::max) + f64::from(bias[output])
            };
            let worst = worst(&found, &(0..found.len()).map(expected).collect::<Vec<_>>());
            println!("conv {element:?} {inputs}: {worst:e}");
            assert!(worst < 3e-5);
        }
    }
}

#[test]
fn normalised_frames() {
    let Some(gpu) = common::gpu() else { return };
    for element in common::elements(&gpu) {
        let (chunks, frames, channels) = (2, 37, 60);
        let len = chunks * frames * channels;
        let (x, norms) = (numbers(SINGLE, len, 13), numbers(SINGLE, chunks * 2 * channels, 14));
        let bias = numbers(SINGLE, channels, 15);
        let text = include_str!("../src/kernels/normalise.wgsl");
        let source = source("normalise", text, element, &[("C_4", channels as u32 / 4)], None);
        let inputs = [bytes(&x), bytes(&norms), bytes(&bias)];
        let groups = [(frames * channels / 4).div_ceil(256), chunks, 1];
        let found = common::run(&gpu, &source, &[frames], &inputs, len * element.num_bytes(), groups);
        let expected = |index: usize| {
            let (chunk, channel) = (index / channels / frames, index % channels);
            let norm = |which: usize| f64::from(norms[(chunk * 2 + which) * channels + channel]);
            leaky((f64::from(x[index]) - norm(0)) * norm(1) + f64::from(bias[channel]))
        };
        let worst = worst(&element.values(&found, len), &(0..len).map(expected).collect::<Vec<_>>());
        println!("normalise {element:?}: {worst:e}");
        assert!(worst < if element == SINGLE { 1e-6 } else { 1e-3 });
    }
}

/// The recurrence of one chunk and direction, `[frame, 128]`; gates are `[frame, unit, 4]`.
fn recurrence(gates: &[f64], weight: &[f32], is_backward: bool) -> Vec<f64> {
    let frames = gates.len() / 512;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut h, mut c) = (vec![0.0; 128], [0.0; 128]);
    let mut found = vec![0.0; frames * 128];
    for step in 0..frames {
        let frame = if is_backward { frames - 1 - step } else { step };
        let mut next = vec![0.0; 128];
        for unit in 0..128 {
            let gate = |gate: usize| {
                let weights = weight.iter().skip(unit * 4 + gate).step_by(512).map(|w| f64::from(*w));
                gates[(frame * 128 + unit) * 4 + gate] + weights.zip(&h).map(|(w, h)| w * h).sum::<f64>()
            };
            c[unit] = sigmoid(gate(1)) * c[unit] + sigmoid(gate(0)) * gate(2).tanh();
            next[unit] = sigmoid(gate(3)) * c[unit].tanh();
        }
        found[frame * 128..][..128].copy_from_slice(&next);
        h = next;
    }
    found
}

#[test]
fn recurrences() {
    let Some(gpu) = common::gpu() else { return };
    for element in common::elements(&gpu) {
        // More and fewer chunks than a group has; gates of usual size, tiny ones and huge ones.
        for (chunks, in_group, size) in [(9, 8, 4.0), (3, 4, 0.001_953_125), (1, 8, 1024.0)] {
            // As many frames as a chunk has, once.
            let frames = if chunks == 3 { 589 } else { 7 };
            let len = chunks * frames * 1024;
            let gates: Vec<f32> = numbers(element, len, 16).into_iter().map(|x| x * size).collect();
            let weight: Vec<f32> = numbers(element, 2 * 128 * 512, 17).into_iter().map(|x| x * 0.125).collect();
            let text = include_str!("../src/kernels/recurrence.wgsl");
            let inputs = [element.bytes(&gates), element.bytes(&weight)];
            let out_len = chunks * frames * 256;
            let run = |in_group: usize| {
                let source = source("recurrence", text, element, &[("CHUNKS", in_group as u32)], None);
                let groups = [chunks.div_ceil(in_group), 2, 1];
                common::run(&gpu, &source, &[chunks, frames], &inputs, out_len * element.num_bytes(), groups)
            };
            let found = run(in_group);
            // The other size of a group must give the same bits.
            assert!(frames > 7 || run(12 - in_group) == found, "{element:?}, {chunks} chunks");
            let mut expected = vec![0.0; out_len];
            for chunk in 0..chunks {
                for direction in 0..2 {
                    let rows = (0..frames).flat_map(|frame| {
                        gates[((chunk * frames + frame) * 2 + direction) * 512..][..512].iter().map(|x| f64::from(*x))
                    });
                    let weight = &weight[direction * 128 * 512..][..128 * 512];
                    let h = recurrence(&rows.collect::<Vec<_>>(), weight, direction == 1);
                    for (frame, h) in h.chunks_exact(128).enumerate() {
                        expected[((chunk * frames + frame) * 2 + direction) * 128..][..128].copy_from_slice(h);
                    }
                }
            }
            let worst = worst(&element.values(&found, out_len), &expected);
            println!("recurrence {element:?}, {chunks} chunks, gates up to {size}: {worst:e}");
            assert!(worst < if element == SINGLE { 2e-6 } else { 5e-4 });
        }
    }
}

#[test]
fn classes() {
    let Some(gpu) = common::gpu() else { return };
    let (chunks, frames, words, first_row) = (3, 77, 3, 1);
    for element in common::elements(&gpu) {
        let x = numbers(element, chunks * frames * 128, 18);
        let weight = numbers(element, 32 * 8 * 4, 19);
        let bias = numbers(SINGLE, 8, 20);
        // The second chunk has samples that are not finite.
        let wave = [0.0, 1.0, 0.0, 0.0, 0.5, 2.0];
        let source = source("classify", include_str!("../src/kernels/classify.wgsl"), element, &[], None);
        let kernel = gpu.kernel(&source);
        let mut recorder = diarist_gpu::Recorder::new(&gpu);
        let inputs = [element.bytes(&x), element.bytes(&weight), bytes(&bias), bytes(&wave)];
        let mut buffers: Vec<_> = inputs.iter().map(|bytes| recorder.upload("input", bytes)).collect();
        let (mask_bytes, row_bytes) = (chunks * 3 * words * 4, (first_row + chunks) * frames * 4);
        let outputs = [gpu.buffer("masks", mask_bytes), gpu.buffer("rows", row_bytes)];
        buffers.extend(outputs.clone());
        let shape = [frames, words, first_row].map(|value| value as u32);
        recorder.dispatch(&kernel, &shape, &buffers, [words, chunks, 1]);
        recorder.read(&outputs[0], 0, mask_bytes);
        recorder.read(&outputs[1], 0, row_bytes);
        let results = recorder.run().unwrap();
        let masks: Vec<u32> = results[0].chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
        let rows: Vec<[u8; 4]> = results[1].chunks_exact(4).map(|b| b.try_into().unwrap()).collect();
        assert!(rows[..frames].iter().all(|row| *row == [0; 4]));
        let mut seen = [0; 7];
        for chunk in 0..chunks {
            for t in 0..32 * words {
                let row = chunk * frames + t;
                let score = |class: usize| {
                    let products = (0..128)
                        .map(|k| f64::from(x[row * 128 + k]) * f64::from(weight[(k / 4 * 8 + class) * 4 + k % 4]));
                    products.sum::<f64>() + f64::from(bias[class])
                };
                let bit = |speaker: usize| masks[(chunk * 3 + speaker) * words + t / 32] >> (t % 32) & 1;
                let found = bit(0) | bit(1) << 1 | bit(2) << 2;
                if chunk == 1 || t >= frames {
                    assert_eq!(found, 0, "chunk {chunk}, frame {t}");
                    assert!(t >= frames || rows[frames + row] == [0; 4]);
                    continue;
                }
                let scores: Vec<f64> = (0..7).map(score).collect();
                let best = (0..7).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
                assert_eq!(found, [0, 1, 2, 4, 3, 5, 6][best], "chunk {chunk}, frame {t}: {scores:?}");
                seen[best] += 1;
                let total: f64 = scores.iter().map(|score| score.exp()).sum();
                let share = |classes: [usize; 3]| classes.map(|class| scores[class].exp()).iter().sum::<f64>() / total;
                let shares = [[1, 4, 5], [2, 4, 6], [3, 5, 6], [4, 5, 6]].map(share);
                for (found, share) in rows[frames + row].iter().zip(shares) {
                    assert!((f64::from(*found) - 255.0 * share).abs() < 0.502, "{found} {share}");
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }
}

#[test]
fn scores_that_are_not_numbers() {
    const NAN: f32 = f32::NAN;
    const MAX: f32 = f32::INFINITY;
    const MIN: f32 = f32::NEG_INFINITY;
    let Some(gpu) = common::gpu() else { return };
    let cases = [
        ([NAN; 7], 0, [0, 0, 0, 0]),
        ([MIN; 7], 0, [0, 0, 0, 0]),
        ([MIN, NAN, MIN, MIN, NAN, MIN, MIN], 0, [0, 0, 0, 0]),
        ([NAN, NAN, 3.0, NAN, NAN, NAN, NAN], 2, [0, 255, 0, 0]),
        ([0.0, MAX, 1.0, 2.0, 3.0, 3.0, 3.0], 1, [255, 0, 0, 0]),
        ([MIN, MIN, MIN, MIN, MAX, MIN, MAX], 3, [128, 255, 128, 255]),
        ([f32::MIN, f32::MAX, 0.0, 0.0, 0.0, NAN, 0.0], 1, [255, 0, 0, 0]),
        ([0.0, 0.1, 0.7, 0.2, 0.3, 0.7, 0.6], 2, [108, 126, 123, 126]),
    ];
    let source = source("classify", include_str!("../src/kernels/classify.wgsl"), SINGLE, &[], None);
    let kernel = gpu.kernel(&source);
    for (scores, set, shares) in cases {
        let bias = [&scores[..], &[0.0]].concat();
        let mut recorder = diarist_gpu::Recorder::new(&gpu);
        let inputs = [bytes(&[0.0; 128]), bytes(&[0.0; 1024]), bytes(&bias), bytes(&[0.0, 1.0])];
        let mut buffers: Vec<_> = inputs.iter().map(|bytes| recorder.upload("input", bytes)).collect();
        let outputs = [gpu.buffer("masks", 16), gpu.buffer("rows", 16)];
        buffers.extend(outputs.clone());
        recorder.dispatch(&kernel, &[1, 1, 0], &buffers, [1, 1, 1]);
        outputs.iter().for_each(|output| recorder.read(output, 0, 12));
        let results = recorder.run().unwrap();
        let found = results[0][0] | results[0][4] << 1 | results[0][8] << 2;
        assert_eq!(found, set, "{scores:?}");
        for (found, share) in results[1].iter().zip(shares) {
            assert!(found.abs_diff(share) <= 1, "{scores:?}: {:?}", &results[1][..4]);
        }
    }
}
