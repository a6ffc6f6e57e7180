//! The embedding network against its definition in f64: the cost of fast convolution and of
//! rounding on speech.

use diarist::parts::features::fbank::{NUM_MEL_BINS, chunk_mean};
use diarist::parts::models::resnet34::{EMBEDDING_DIMENSION, ResNet34, Workspace};
use diarist::parts::models::{Precision, Tensors};
use diarist::parts::segmentation::FRAMES_PER_CHUNK;
use diarist::parts::segmentation::masks::FrameMask;
use diarist_kernels::Isa;

use super::golden;

/// Fbank frames of the recording in use: 2 s.
const NUM_FRAMES: usize = 200;

/// Shape `[height, width, channels]`.
struct Map {
    height: usize,
    width: usize,
    channels: usize,
    values: Vec<f64>,
}

/// A convolution by its definition, padded to keep the size (before the stride).
fn conv(tensors: &Tensors<'_>, name: &str, x: &Map, out_channels: usize, kernel: usize, stride: usize) -> Map {
    let shape = [out_channels, x.channels, kernel, kernel];
    let weight = tensors.f32(&format!("resnet.{name}.weight"), &shape).unwrap();
    let bias = tensors.f32(&format!("resnet.{name}.bias"), &[out_channels]).unwrap();
    // [tap][in channel][out channel], so that the innermost loop is over neighbours.
    let taps = kernel * kernel;
    let mut packed = vec![0.0; weight.len()];
    for (index, value) in weight.iter().enumerate() {
        let (out, input, tap) = (index / (x.channels * taps), index / taps % x.channels, index % taps);
        packed[(tap * x.channels + input) * out_channels + out] = f64::from(*value);
    }
    let (height, width) = (x.height.div_ceil(stride), x.width.div_ceil(stride));
    let mut values = Vec::with_capacity(height * width * out_channels);
    for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
        let mut sums: Vec<f64> = bias.iter().map(|bias| f64::from(*bias)).collect();
        for tap in 0..taps {
            let (y, x0) = (row * stride + tap / kernel, column * stride + tap % kernel);
            let (Some(y), Some(x0)) = (y.checked_sub(kernel / 2), x0.checked_sub(kernel / 2)) else { continue };
            if y >= x.height || x0 >= x.width {
                continue;
            }
            let pixel = &x.values[(y * x.width + x0) * x.channels..][..x.channels];
            let weights = packed[tap * x.channels * out_channels..].chunks_exact(out_channels);
            for (value, weights) in pixel.iter().zip(weights) {
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
        }
        values.extend(sums);
    }
    Map { height, width, channels: out_channels, values }
}

fn relu(mut x: Map) -> Map {
    x.values.iter_mut().for_each(|value| *value = value.max(0.0));
    x
}

fn trunk(tensors: &Tensors<'_>, input: Map) -> Map {
    let mut x = relu(conv(tensors, "conv1", &input, 32, 3, 1));
    for (stage, num_blocks) in [3, 4, 6, 3].into_iter().enumerate() {
        for block in 0..num_blocks {
            let (name, channels) = (format!("layer{}.{block}", stage + 1), 32 << stage);
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let hidden = relu(conv(tensors, &format!("{name}.conv1"), &x, channels, 3, stride));
            let mut sum = conv(tensors, &format!("{name}.conv2"), &hidden, channels, 3, 1);
            if stride == 2 {
                x = conv(tensors, &format!("{name}.shortcut.0"), &x, channels, 1, 2);
            }
            sum.values.iter_mut().zip(&x.values).for_each(|(sum, carried)| *sum += carried);
            x = relu(sum);
        }
    }
    x
}

/// Mean and standard deviation over time, then the last layer.
fn embedding(tensors: &Tensors<'_>, features: &Map) -> Vec<f64> {
    let Map { height, width, channels, values } = features;
    let mut statistics = vec![0.0; 2 * height * channels];
    for (channel, row) in (0..*channels).flat_map(|channel| (0..*height).map(move |row| (channel, row))) {
        let over_time = || (0..*width).map(|column| values[(row * width + column) * channels + channel]);
        let mean = over_time().sum::<f64>() / *width as f64;
        let variance = over_time().map(|value| (value - mean).powi(2)).sum::<f64>() / (*width - 1) as f64;
        statistics[channel * height + row] = mean;
        statistics[(channels + channel) * height + row] = variance.sqrt();
    }
    let weight = tensors.f32("resnet.seg_1.weight", &[EMBEDDING_DIMENSION, statistics.len()]).unwrap();
    let bias = tensors.f32("resnet.seg_1.bias", &[EMBEDDING_DIMENSION]).unwrap();
    let rows = weight.chunks_exact(statistics.len()).zip(bias);
    rows.map(|(row, bias)| {
        let products = row.iter().zip(&statistics).map(|(weight, value)| f64::from(*weight) * value);
        f64::from(bias) + products.sum::<f64>()
    })
    .collect()
}

#[test]
fn direction_is_that_of_the_definition_in_f64() {
    let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding").unwrap().into_owned();
    let (_, values) = golden::load::<i16>("resnet34/chunk_fbank");
    let fbank: Vec<f32> = values[..NUM_FRAMES * NUM_MEL_BINS].iter().map(|value| f32::from(*value) / 256.0).collect();
    let mean = chunk_mean(&fbank);
    let centred = |bin: usize, frame: usize| f64::from(fbank[frame * NUM_MEL_BINS + bin]) - f64::from(mean[bin]);
    let values = (0..NUM_MEL_BINS).flat_map(|bin| (0..NUM_FRAMES).map(move |frame| (bin, frame)));
    let values = values.map(|(bin, frame)| centred(bin, frame)).collect();
    let input = Map { height: NUM_MEL_BINS, width: NUM_FRAMES, channels: 1, values };
    let expected = embedding(&tensors, &trunk(&tensors, input));

    let mut mask = FrameMask::default();
    (0..FRAMES_PER_CHUNK).for_each(|t| mask.insert(t));
    for isa in Isa::available() {
        // f32 differs by rounding alone, 1e-11 from 1. The other floors are three times as far from
        // 1 as the measured cosines.
        for (precision, floor) in [(Precision::F32, 1.0 - 1e-9), (Precision::Bf16, 0.995), (Precision::Int8, 0.99)] {
            let network = ResNet34::with_precision(&tensors, isa, precision).unwrap();
            let mut workspace = Workspace::default();
            network.trunk(&fbank, &mean, &mut workspace);
            let mut found = [0.0; EMBEDDING_DIMENSION];
            network.embed(&workspace, &mask, &mut found);
            let products = |a: &dyn Fn(usize) -> f64, b: &dyn Fn(usize) -> f64| -> f64 {
                (0..EMBEDDING_DIMENSION).map(|i| a(i) * b(i)).sum()
            };
            let (a, b) = (|i: usize| f64::from(found[i]), |i: usize| expected[i]);
            let cosine = products(&a, &b) / (products(&a, &a) * products(&b, &b)).sqrt();
            println!("{isa:?} {precision}: 1 - cosine {:.1e}", 1.0 - cosine);
            assert!(cosine >= floor, "{isa:?} {precision}: {cosine}");
        }
    }
}
