//! The embedding network and its kernels.
#![allow(clippy::print_stdout, reason = "figures in the logs of tests")]

mod common;

use std::f64::consts::TAU;

use common::{Random, assert_work, cosine, elements, golden, golden_samples, gpu, layer, max_abs_difference};
use diarist_gpu::embedding::{
    Convolution, Cooperative, DIMENSION, Embedding, FEATURE_CHANNELS, FEATURE_FRAMES, FEATURE_ROWS, IMAGE_FRAMES,
    Images, LIST_LEN, Layers, NUM_MEL_BINS, Plane, SLOT_LEN, Sets, Weights, num_frames, packed, sources,
};
use diarist_gpu::{AdapterKind, Element, Gpu, Kernel, Part, Recorder, Scratch};
use safetensors::SafeTensors;

/// The weights of the library, with its window and filters.
fn weights() -> Weights {
    let file = diarist_weights::embedding();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let mut convolutions = vec![layer(&tensors, "resnet.conv1")];
    for (stage, num_blocks) in [3, 4, 6, 3].into_iter().enumerate() {
        for block in 0..num_blocks {
            let name = format!("resnet.layer{}.{block}", stage + 1);
            convolutions.push(layer(&tensors, &format!("{name}.conv1")));
            convolutions.push(layer(&tensors, &format!("{name}.conv2")));
            if stage > 0 && block == 0 {
                convolutions.push(layer(&tensors, &format!("{name}.shortcut.0")));
            }
        }
    }
    let linear = layer(&tensors, "resnet.seg_1");
    Weights { window: window(), mel: mel_filters(), convolutions, linear }
}

fn window() -> Vec<f32> {
    (0..400).map(|i| (0.54 - 0.46 * (TAU * f64::from(i) / 399.0).cos()) as f32).collect()
}

/// Triangles on the mel scale, 20 Hz to 8 kHz.
fn mel_filters() -> Vec<f32> {
    let mel = |hz: f64| 1127.0 * (1.0 + hz / 700.0).ln();
    let (low, high) = (mel(20.0), mel(8_000.0));
    let spacing = (high - low) / 81.0;
    let weight = |filter: usize, bin: usize| {
        let left = low + filter as f64 * spacing;
        let position = mel(bin as f64 * 31.25);
        ((position - left) / spacing).min((left + 2.0 * spacing - position) / spacing).max(0.0) as f32
    };
    (0..NUM_MEL_BINS).flat_map(|filter| (0..256).map(move |bin| weight(filter, bin))).collect()
}

/// The kernel of the network whose source has this name at its start.
fn kernel(gpu: &Gpu, element: Element, name: &str) -> Kernel {
    gpu.kernel(sources(element).iter().find(|source| source.name.starts_with(name)).unwrap())
}

/// Runs a batch that leaves `len` numbers in a buffer.
fn run(recorder: Recorder<'_>, element: Element) -> Vec<f32> {
    let bytes = recorder.run().unwrap().remove(0);
    element.values(&bytes, bytes.len() / element.num_bytes())
}

fn u32_buffer(gpu: &Gpu, values: &[u32]) -> wgpu::Buffer {
    gpu.buffer_of("numbers", bytemuck::cast_slice(values))
}

/// A convolution by its definition; `carried` is added.
fn convolved(
    c: Convolution,
    plane: Plane,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    carried: Option<&[f32]>,
) -> Vec<f32> {
    let packed = packed(weight, c.channels_in, c.num_taps);
    let out = plane.strided(c.stride);
    let num_images = x.len() / plane.num_pixels() / c.channels_in;
    let reach = c.num_taps / 9;
    let mut y = Vec::new();
    for m in 0..num_images * out.num_pixels() {
        let (image, row, column) = (m / out.num_pixels(), m % out.num_pixels() / out.width, m % out.width);
        let mut sums: Vec<f64> = bias.iter().map(|bias| f64::from(*bias)).collect();
        for tap in 0..c.num_taps {
            let (Some(row), Some(column)) =
                ((row * c.stride + tap / 3).checked_sub(reach), (column * c.stride + tap % 3).checked_sub(reach))
            else {
                continue;
            };
            if row >= plane.height || column >= plane.width {
                continue;
            }
            let pixel = (image * plane.height + row) * plane.width + column;
            let rows = packed[tap * c.channels_in * c.channels_out..].chunks_exact(c.channels_out);
            for (value, weights) in x[pixel * c.channels_in..][..c.channels_in].iter().zip(rows) {
                sums.iter_mut().zip(weights).for_each(|(sum, w)| *sum += f64::from(*value) * f64::from(*w));
            }
        }
        for (channel, sum) in sums.into_iter().enumerate() {
            let sum = sum + carried.map_or(0.0, |carried| f64::from(carried[m * c.channels_out + channel]));
            y.push(if c.rectifies { sum.max(0.0) } else { sum } as f32);
        }
    }
    y
}

/// Every convolution of the network in another shape, with edges on all sides of the tiles.
fn convolutions() -> Vec<(Convolution, usize, Plane)> {
    let conv = |channels_in, channels_out, num_taps, stride, adds, rectifies| Convolution {
        channels_in,
        channels_out,
        num_taps,
        stride,
        adds,
        rectifies,
    };
    let plane = |height, width| Plane { height, width };
    vec![
        (conv(32, 32, 9, 1, false, true), 2, plane(5, 37)),
        (conv(32, 32, 9, 1, true, true), 1, plane(3, 129)),
        (conv(32, 64, 9, 2, false, true), 3, plane(7, 13)),
        (conv(32, 64, 1, 2, false, false), 2, plane(7, 13)),
        (conv(64, 64, 9, 1, false, true), 1, plane(1, 1)),
        (conv(64, 64, 9, 1, true, true), 2, plane(11, 12)),
        (conv(64, 128, 9, 2, false, true), 1, plane(8, 17)),
        (conv(64, 128, 1, 2, false, false), 1, plane(8, 17)),
        (conv(128, 128, 9, 1, false, true), 1, plane(5, 9)),
        (conv(128, 128, 9, 1, true, true), 2, plane(3, 3)),
        (conv(128, 256, 9, 2, false, true), 1, plane(9, 5)),
        (conv(128, 256, 1, 2, false, false), 1, plane(9, 5)),
        (conv(256, 256, 9, 1, false, true), 1, plane(2, 33)),
        (conv(256, 256, 9, 1, true, true), 1, plane(4, 7)),
    ]
}

#[test]
fn convolutions_follow_their_definition() {
    let Some(gpu) = gpu() else { return };
    for element in elements(&gpu) {
        check_convolutions(&gpu, element, None, &convolutions());
    }
}

#[test]
fn convolutions_by_cooperative_matrices_follow_their_definition() {
    let Some(gpu) = gpu() else { return };
    let Some(cooperative) = Cooperative::of(&gpu) else {
        println!("no cooperative matrices: skipped");
        return;
    };
    println!("{cooperative:?}");
    check_convolutions(&gpu, Element::F16, Some(cooperative), &convolutions());
    let cooperative = Cooperative { loads_vectors: false, ..cooperative };
    check_convolutions(&gpu, Element::F16, Some(cooperative), &convolutions()[1..4]);
}

fn check_convolutions(
    gpu: &Gpu,
    element: Element,
    cooperative: Option<Cooperative>,
    cases: &[(Convolution, usize, Plane)],
) {
    let mut random = Random(1);
    for &(c, num_images, plane) in cases {
        let out_len = num_images * plane.strided(c.stride).num_pixels() * c.channels_out;
        let x = random.values(element, num_images * plane.num_pixels() * c.channels_in);
        let weight = random.values(element, c.channels_in * c.channels_out * c.num_taps);
        let bias = random.values(Element::F32, c.channels_out);
        let carried = random.values(element, out_len);
        let expected = convolved(c, plane, &x, &weight, &bias, c.adds.then_some(&carried));

        let packed = gpu.weights("weight", element, &packed(&weight, c.channels_in, c.num_taps));
        let bias = gpu.weights("bias", Element::F32, &bias);
        // Numbers after the last one show whether the kernel writes too far.
        let y = gpu.weights("y", element, &[carried, vec![3.0; 4096]].concat());
        let (from, to) = (Part::from(&gpu.weights("x", element, &x)), Part::from(&y));
        let mut recorder = Recorder::new(gpu);
        let layers = Layers { num_images, plane, from: &from, to: &to, cooperative };
        c.record(&mut recorder, &gpu.kernel(&c.source(element, cooperative)), [&packed, &bias], layers);
        recorder.read(&y, 0, (out_len + 4096) * element.num_bytes());
        let found = run(recorder, element);
        let (found, rest) = found.split_at(out_len);
        assert!(rest.iter().all(|value| *value == 3.0), "{c:?}");
        let difference = max_abs_difference(found, &expected);
        let largest = expected.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
        println!("{element:?} {c:?}: {difference:e} of {largest}");
        // Rounding of sums of up to 2304 products, and of the stored result.
        let tolerance = if element == Element::F32 { 3e-6 } else { 1e-3 };
        assert!(difference <= tolerance * largest, "{element:?} {c:?}: {difference} of {largest}");
    }
}

#[test]
fn the_list_of_kernels_has_no_duplicates() {
    for element in [Element::F32, Element::F16] {
        let mut names: Vec<String> = sources(element).into_iter().map(|source| source.name).collect();
        let len = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), len);
    }
}

fn fbank(gpu: &Gpu, network: &Embedding, samples: &[f32]) -> Vec<f32> {
    let signal = gpu.weights("signal", Element::F32, samples);
    let num_bytes = num_frames(samples.len()) * NUM_MEL_BINS * 4;
    let fbank = gpu.buffer("fbank", num_bytes);
    let mut recorder = Recorder::new(gpu);
    network.record_fbank(&mut recorder, &signal, samples.len(), &fbank);
    recorder.read(&fbank, 0, num_bytes);
    run(recorder, Element::F32)
}

#[test]
fn fbank_equals_torchaudio() {
    let Some(gpu) = gpu() else { return };
    let network = Embedding::new(&gpu, Element::F32, &weights());
    // The CPU's tolerance: where a bin lies 60 dB below its neighbours, rounding in the transform
    // moves the logarithm by some 1e-4. Silence and constants are exact up to the logarithm.
    let cases =
        [("silence", 2e-6), ("offset", 2e-6), ("noise", 1e-3), ("quiet", 1e-3), ("tones", 1e-3), ("speech", 1e-3)];
    for (name, tolerance) in cases {
        let samples = golden_samples(&format!("fbank/{name}_samples"));
        let (shape, expected) = golden::<f32>(&format!("fbank/{name}_features"));
        assert_eq!(shape, [num_frames(samples.len()), NUM_MEL_BINS], "{name}");
        let difference = max_abs_difference(&fbank(&gpu, &network, &samples), &expected);
        println!("{name}: {difference:e}");
        assert!(difference <= tolerance, "{name}: {difference}");
    }
}

#[test]
fn frames_of_a_long_signal_are_those_of_its_pieces() {
    let Some(gpu) = gpu() else { return };
    let network = Embedding::new(&gpu, Element::F32, &weights());
    let mut random = Random(5);
    // More frames than one row of groups.
    let samples: Vec<f32> = (0..(32_768 + 40) * 160).map(|_| 0.3 * random.next()).collect();
    let whole = fbank(&gpu, &network, &samples);
    for first in [0, 32_750] {
        let piece = fbank(&gpu, &network, &samples[first * 160..][..30 * 160 + 400]);
        assert!(whole[first * NUM_MEL_BINS..][..piece.len()] == piece, "frame {first}");
    }
}

#[test]
fn mean_and_stem_follow_their_definition() {
    let Some(gpu) = gpu() else { return };
    let mut random = Random(2);
    let (starts, num_frames) = ([7_u32, 0, 20], 37);
    let fbank: Vec<f32> = (0..60 * NUM_MEL_BINS).map(|_| 15.0 + 3.0 * random.next()).collect();
    let value = |image: usize, frame: usize, bin: usize| {
        f64::from(fbank[(starts[image] as usize + frame) * NUM_MEL_BINS + bin])
    };
    let mean = |image: usize, bin: usize| {
        (0..num_frames).map(|frame| value(image, frame, bin)).sum::<f64>() / num_frames as f64
    };
    let means: Vec<f32> = (0..3).flat_map(|i| (0..NUM_MEL_BINS).map(move |bin| mean(i, bin) as f32)).collect();
    let pixels = (0..3).flat_map(|i| {
        (0..NUM_MEL_BINS).flat_map(move |bin| (0..num_frames).map(move |t| (value(i, t, bin) - mean(i, bin)) as f32))
    });
    let pixels: Vec<f32> = pixels.collect();
    let c = Convolution { channels_in: 1, channels_out: 32, num_taps: 9, stride: 1, adds: false, rectifies: true };
    for element in elements(&gpu) {
        let weight = random.values(element, 9 * 32);
        let bias = random.values(Element::F32, 32);
        let plane = Plane { height: NUM_MEL_BINS, width: num_frames };
        let expected = convolved(c, plane, &pixels, &weight, &bias, None);

        let fbank = gpu.weights("fbank", Element::F32, &fbank);
        let starts = u32_buffer(&gpu, &starts);
        let found_means = gpu.buffer("means", 3 * NUM_MEL_BINS * 4);
        let y = gpu.buffer("y", expected.len() * element.num_bytes());
        let weight = gpu.weights("weight", element, &packed(&weight, 1, 9));
        let bias = gpu.weights("bias", Element::F32, &bias);
        let mut recorder = Recorder::new(&gpu);
        let (frames, groups) = ([num_frames as u32], [5, 3, 1]);
        recorder.dispatch(&kernel(&gpu, element, "image_mean"), &frames, [&fbank, &starts, &found_means], groups);
        let buffers = [&fbank, &starts, &found_means, &weight, &bias, &y];
        recorder.dispatch(&kernel(&gpu, element, "stem"), &frames, buffers, [3, 3, 1]);
        recorder.read(&found_means, 0, 3 * NUM_MEL_BINS * 4);
        recorder.read(&y, 0, expected.len() * element.num_bytes());
        let results = recorder.run().unwrap();
        let difference = max_abs_difference(&Element::F32.values(&results[0], means.len()), &means);
        println!("{element:?}: means {difference:e}");
        assert!(difference <= 2e-6, "{difference}"); // of 15: the last bit
        let difference = max_abs_difference(&element.values(&results[1], expected.len()), &expected);
        println!("{element:?}: stem {difference:e}");
        assert!(difference <= if element == Element::F32 { 2e-5 } else { 2e-2 }, "{difference}");
    }
}

/// Lists of frames of slots, as the kernels read them.
fn lists(sets: &[Vec<u32>]) -> (Vec<u32>, Vec<u32>) {
    let padded = |set: &Vec<u32>| set.iter().copied().chain([u32::MAX; LIST_LEN]).take(LIST_LEN).collect::<Vec<u32>>();
    (sets.iter().flat_map(padded).collect(), sets.iter().map(|set| set.len() as u32).collect())
}

fn embeddings(
    gpu: &Gpu,
    network: &Embedding,
    features: &wgpu::Buffer,
    sets: &[Vec<u32>],
    row_frames: usize,
) -> Vec<f32> {
    let (lists, counts) = lists(sets);
    let num_bytes = sets.len() * DIMENSION * 4;
    let found = gpu.buffer("embeddings", num_bytes);
    let (lists, counts) = (u32_buffer(gpu, &lists), u32_buffer(gpu, &counts));
    let mut recorder = Recorder::new(gpu);
    let sets = Sets { lists: &lists, counts: &counts, num_sets: sets.len(), row_frames };
    network.record_sets(&mut recorder, &mut Scratch::default(), features, sets, &found);
    recorder.read(&found, 0, num_bytes);
    run(recorder, Element::F32)
}

#[test]
fn pooling_follows_its_definition() {
    let Some(gpu) = gpu() else { return };
    let weights = weights();
    let mut random = Random(3);
    for element in elements(&gpu) {
        let network = Embedding::new(&gpu, element, &weights);
        let features: Vec<f32> = random.values(element, 3 * SLOT_LEN).iter().map(|value| value.max(0.0)).collect();
        let slot = (FEATURE_ROWS * FEATURE_FRAMES) as u32;
        let mut sets: Vec<Vec<u32>> = vec![
            vec![],
            vec![5],
            vec![0, 2 * slot + 124],
            (0..125).map(|t| slot + t).collect(),
            (0..125).step_by(3).collect(),
            (0..128).map(|i| i % 3 * slot + i * 7 % 125).collect(),
        ];
        let buffer = gpu.weights("features", element, &features);
        let found = embeddings(&gpu, &network, &buffer, &sets, FEATURE_FRAMES);
        let linear = element.values(&element.bytes(&weights.linear.weight), weights.linear.weight.len());
        for (index, (set, found)) in sets.iter().zip(found.chunks_exact(DIMENSION)).enumerate() {
            let expected = pooled(&features, set, &linear, &weights.linear.bias);
            let difference = max_abs_difference(found, &expected);
            println!("{element:?}, {} frames: {difference:e}", set.len());
            assert!(difference <= 2e-6, "{element:?}, set {index}: {difference}");
        }
        assert!(found[..DIMENSION] == weights.linear.bias, "the embedding of no frame is the bias");
        // Each alone, to the same bits.
        for (set, together) in sets.drain(..).zip(found.chunks_exact(DIMENSION)) {
            assert!(embeddings(&gpu, &network, &buffer, &[set], FEATURE_FRAMES) == together);
        }
    }
}

/// The embedding of a set of frames by its definition.
fn pooled(features: &[f32], set: &[u32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let half = FEATURE_ROWS * FEATURE_CHANNELS;
    let mut statistics = vec![0.0_f64; 2 * half];
    for (row, channel) in (0..FEATURE_ROWS).flat_map(|row| (0..FEATURE_CHANNELS).map(move |channel| (row, channel))) {
        let value =
            |pixel: &u32| f64::from(features[(*pixel as usize + row * FEATURE_FRAMES) * FEATURE_CHANNELS + channel]);
        let n = set.len() as f64;
        let mean = set.iter().map(value).sum::<f64>() / n.max(1.0);
        let squares: f64 = set.iter().map(|pixel| (value(pixel) - mean).powi(2)).sum();
        statistics[channel * FEATURE_ROWS + row] = mean;
        statistics[half + channel * FEATURE_ROWS + row] = (squares / (n - 1.0).max(1.0)).sqrt();
    }
    let rows = weight.chunks_exact(2 * half).zip(bias);
    rows.map(|(row, bias)| {
        let products = row.iter().zip(&statistics).map(|(weight, value)| f64::from(*weight) * value);
        (f64::from(*bias) + products.sum::<f64>()) as f32
    })
    .collect()
}

/// Sets of feature frames for the golden masks of 589 frames.
fn golden_sets(num_features: usize) -> Vec<Vec<u32>> {
    let (shape, values) = golden::<u8>("resnet34/masks");
    let ratio = shape[1] as f32 / num_features as f32;
    let is_active = |mask: &[u8], t: usize| mask[((t as f32 * ratio) as usize).min(shape[1] - 1)] == 1;
    let set = |mask: &[u8]| (0..num_features).filter(|t| is_active(mask, *t)).map(|t| t as u32).collect();
    values.chunks_exact(shape[1]).map(set).collect()
}

#[test]
#[cfg_attr(debug_assertions, ignore = "runs a whole network, which needs --release")]
fn network_equals_pyannote_audio() {
    let Some(gpu) = gpu() else { return };
    let weights = weights();
    let mut failures = Vec::new();
    for element in elements(&gpu) {
        let network = Embedding::new(&gpu, element, &weights);
        for name in ["tiny", "short", "chunk"] {
            if name == "chunk" && !tries_long_images(&gpu) {
                println!("a software adapter: skipped");
                continue;
            }
            let (shape, values) = golden::<i16>(&format!("resnet34/{name}_fbank"));
            let values: Vec<f32> = values.into_iter().map(|value| f32::from(value) / 256.0).collect();
            let (num_frames, num_features) = (shape[0], shape[0].div_ceil(8));
            let slot_bytes = FEATURE_ROWS * num_features * FEATURE_CHANNELS * element.num_bytes();
            let features = gpu.buffer("features", slot_bytes);
            let fbank = gpu.weights("fbank", Element::F32, &values);
            let mut recorder = Recorder::new(&gpu);
            let images = Images { starts: &[0], num_frames };
            network.record_images(&mut recorder, &mut Scratch::default(), &fbank, images, &features, 0);
            recorder.read(&features, 0, slot_bytes);
            let (results, timings) = recorder.run_timed().unwrap();
            assert_work(&gpu, &timings);
            let all = element.values(&results[0], slot_bytes / element.num_bytes());
            let (shape, expected) = golden::<f32>(&format!("resnet34/{name}_trunk"));
            assert_eq!(shape, [num_features.div_ceil(16), FEATURE_ROWS, 16]);
            let sample = (0..num_features).step_by(16).flat_map(|t| (0..FEATURE_ROWS).map(move |row| (t, row)));
            let sample = sample.flat_map(|(t, row)| {
                let all = &all;
                (0..FEATURE_CHANNELS)
                    .step_by(16)
                    .map(move |channel| all[(row * num_features + t) * FEATURE_CHANNELS + channel])
            });
            let trunk = max_abs_difference(&sample.collect::<Vec<f32>>(), &expected);

            let (_, expected) = golden::<f32>(&format!("resnet34/{name}_embeddings"));
            let found = embeddings(&gpu, &network, &features, &golden_sets(num_features), num_features);
            let difference = max_abs_difference(&found, &expected);
            let pairs = found.chunks_exact(DIMENSION).zip(expected.chunks_exact(DIMENSION));
            let lowest = pairs.map(|(found, expected)| cosine(found, expected)).fold(1.0, f64::min);
            println!("{element:?} {name}: trunk {trunk:e}, embeddings {difference:e}, 1 - cosine {:.1e}", 1.0 - lowest);
            // Features are up to 1, embeddings up to 0.2. The tolerance of f32 is that of the CPU.
            let (tolerance, floor) = if element == Element::F32 { (1e-5, 0.99999) } else { (8e-3, 0.999) };
            if !(trunk <= tolerance && difference <= tolerance && lowest >= floor) {
                failures.push(format!("{element:?} {name}: {trunk}, {difference}, {lowest}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "runs a whole network, which needs --release")]
fn images_do_not_depend_on_each_other() {
    let Some(gpu) = gpu() else { return };
    let weights = weights();
    let num_frames = 13_usize;
    let mut random = Random(4);
    let fbank: Vec<f32> = (0..60 * NUM_MEL_BINS).map(|_| 15.0 + 4.0 * random.next()).collect();
    let fbank = gpu.weights("fbank", Element::F32, &fbank);
    for element in elements(&gpu) {
        let network = Embedding::new(&gpu, element, &weights);
        let slot_len = FEATURE_ROWS * num_frames.div_ceil(8) * FEATURE_CHANNELS;
        let run_from = |first_slot: usize, starts: &[u32]| {
            let num_bytes = (first_slot + starts.len()) * slot_len * element.num_bytes();
            let features = gpu.buffer("features", num_bytes);
            let mut recorder = Recorder::new(&gpu);
            let images = Images { starts, num_frames };
            network.record_images(&mut recorder, &mut Scratch::default(), &fbank, images, &features, first_slot);
            recorder.read(&features, 0, num_bytes);
            let found = run(recorder, element);
            let (before, images) = found.split_at(first_slot * slot_len);
            assert!(before.iter().all(|value| *value == 0.0), "slots before the first are left alone");
            images.to_vec()
        };
        let starts = [33, 0, 7];
        let together = run_from(2, &starts);
        for (start, together) in starts.into_iter().zip(together.chunks_exact(slot_len)) {
            assert!(run_from(0, &[start]) == together, "{element:?}, image at {start}");
        }
    }
}

/// Whether images of 10 s are tried. They take a minute each on a CPU.
fn tries_long_images(gpu: &Gpu) -> bool {
    gpu.summary().kind != AdapterKind::Software || std::env::var_os("DIARIST_GPU_LONG").is_some()
}

#[test]
fn features_of_a_signal_are_those_of_its_frames() {
    let Some(gpu) = gpu() else { return };
    let network = Embedding::new(&gpu, Element::F32, &weights());
    let (num_samples, starts, first_slot) = ((IMAGE_FRAMES + 9) * 160 + 500, [10], 1);
    let samples = Random(6).values(Element::F32, num_samples);
    let frames = gpu.weights("fbank", Element::F32, &fbank(&gpu, &network, &samples));
    let signal = gpu.weights("signal", Element::F32, &samples);
    let slot_bytes = SLOT_LEN * 4;
    let both = [gpu.buffer("features", 2 * slot_bytes), gpu.buffer("features", 2 * slot_bytes)];
    let mut scratch = Scratch::default();
    let mut recorder = Recorder::new(&gpu);
    network.record_features(&mut recorder, &mut scratch, &signal, num_samples, &starts, &both[0], first_slot);
    let (total, largest) = Embedding::scratch_bytes(Element::F32, num_samples, starts.len(), 0);
    assert_eq!(scratch.num_bytes(), total as u64);
    assert_eq!(largest, 80 * IMAGE_FRAMES * 32 * 4);
    if !tries_long_images(&gpu) {
        println!("a software adapter: skipped");
        return;
    }
    let images = Images { starts: &starts, num_frames: IMAGE_FRAMES };
    network.record_images(&mut recorder, &mut scratch, &frames, images, &both[1], first_slot);
    both.iter().for_each(|features| recorder.read(features, 0, 2 * slot_bytes));
    let found = recorder.run().unwrap();
    assert!(found[0] == found[1]);
    assert!(found[0][slot_bytes..].iter().any(|byte| *byte != 0));
}

#[test]
#[should_panic(expected = "an image ends at frame 998 of 997")]
fn images_end_within_the_signal() {
    let Some(gpu) = gpu() else { panic!("an image ends at frame 998 of 997, but there is no adapter") };
    let network = Embedding::new(&gpu, Element::F32, &weights());
    let buffer = gpu.buffer("any", 16);
    let (mut recorder, mut scratch) = (Recorder::new(&gpu), Scratch::default());
    network.record_features(&mut recorder, &mut scratch, &buffer, 159_839, &[0], &buffer, 0);
}

/// Times of the kernels, for a look by hand: of `IMAGES` images of `FRAMES` frames.
#[test]
#[ignore = "prints times"]
fn times() {
    let Some(gpu) = gpu() else { return };
    let weights = weights();
    let number = |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let (num_images, num_frames) = (number("IMAGES", 1), number("FRAMES", IMAGE_FRAMES));
    for element in elements(&gpu) {
        let network = Embedding::new(&gpu, element, &weights);
        let fbank = Random(1).values(Element::F32, num_frames * NUM_MEL_BINS);
        let fbank = gpu.weights("fbank", Element::F32, &fbank);
        let slot_len = FEATURE_ROWS * num_frames.div_ceil(8) * FEATURE_CHANNELS;
        let features = gpu.buffer("features", num_images * slot_len * element.num_bytes());
        let mut scratch = Scratch::default();
        for _ in 0..2 {
            let mut recorder = Recorder::new(&gpu);
            let images = Images { starts: &vec![0; num_images], num_frames };
            network.record_images(&mut recorder, &mut scratch, &fbank, images, &features, 0);
            let start = std::time::Instant::now();
            let (_, timings) = recorder.run_timed().unwrap();
            println!("{element:?}: {:.1} ms for each image", start.elapsed().as_secs_f64() * 1e3 / num_images as f64);
            let mut kernels: Vec<(String, f64, usize)> = Vec::new();
            for timing in timings {
                match kernels.iter_mut().find(|(name, ..)| *name == timing.kernel) {
                    Some((_, seconds, count)) => (*seconds, *count) = (*seconds + timing.seconds, *count + 1),
                    None => kernels.push((timing.kernel, timing.seconds, 1)),
                }
            }
            for (name, seconds, count) in kernels {
                println!("  {:9.3} ms of each of {count}: {name}", seconds * 1e3 / count as f64);
            }
        }
    }
}
