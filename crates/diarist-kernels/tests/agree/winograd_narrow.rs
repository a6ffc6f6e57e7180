//! The Winograd convolution of bfloat16 and 8-bit planes, against the same algorithm in f64 on the
//! same rounded factors.

use diarist_kernels::{
    Bf16, Isa, PackedWinogradConv2d, Plane, Store, WinogradWorkspace, naive, quantize_transformed_weights,
};

use crate::common::{Random, STORES, apply, assert_close, inside, isas, plane};

const CARRY: f32 = 0.71;
const CHANNELS: [(usize, usize); 6] = [(2, 1), (3, 7), (8, 16), (16, 32), (17, 33), (33, 5)];

/// Sizes around a tile with small numbers of channels, then beyond one block of tiles and of
/// channels.
fn cases() -> impl Iterator<Item = ((usize, usize), (usize, usize), Store)> {
    let sizes = [0, 1, 3, 4, 5, 8, 9].into_iter().flat_map(|height| [0, 1, 4, 5, 7, 8].map(|width| (height, width)));
    let small = sizes.flat_map(|size| CHANNELS.map(|channels| (size, channels)));
    let large = [((1, 170), (32, 70)), ((13, 61), (40, 32)), ((4, 168), (64, 64)), ((29, 24), (65, 33))];
    small.chain(large).enumerate().map(|(i, (size, channels))| (size, channels, STORES[i % STORES.len()]))
}

#[test]
fn bf16_agrees() {
    for isa in isas() {
        for (size, channels, store) in cases() {
            check_bf16(isa, size, channels, store);
        }
    }
}

fn check_bf16(isa: Isa, (height, width): (usize, usize), (in_channels, out_channels): (usize, usize), store: Store) {
    let what = (isa, height, width, in_channels, out_channels, store);
    let mut random = Random::new(height * 1009 + width * 31 + in_channels);
    // Multiples of 1/128 below 1 have transforms that are exact in f32, so there is one way to
    // round them.
    let x: Vec<f32> = (0..height * width * in_channels).map(|_| (random.bits() as u8 as f32 - 128.0) / 128.0).collect();
    let weight = random.values(out_channels * in_channels * 9);
    let bias = random.values(out_channels);
    let before: Vec<f32> = (0..height * width * out_channels).map(|_| f32::from(random.bits() as u8)).collect();
    let narrow = |values: &[f32]| -> Vec<Bf16> { values.iter().map(|value| Bf16::from_f32(*value)).collect() };

    let conv = PackedWinogradConv2d::<Bf16>::new(isa, in_channels, &weight, &bias);
    let input = plane((height, width, in_channels), &narrow(&x));
    let mut workspace = WinogradWorkspace::default();
    let mut real = plane((height, width, out_channels), &before);
    conv.run(&input, store, &mut real, &mut workspace);
    let mut rounded = plane((height, width, out_channels), &narrow(&before));
    conv.run(&input, store, &mut rounded, &mut workspace);

    let round = |value: f64| f64::from(Bf16::from_f32(value as f32).to_f32());
    let weights = |_, column: &[f32]| column.iter().map(|weight| round(f64::from(*weight))).collect();
    let mut expected = naive::winograd(&x, (height, width), &weight, &bias, round, weights);
    apply(&mut expected, &before, store);
    // Roundings of f32 sums as for f32 planes, and of the addition of up to 255.
    let tolerance = 2e-5 * (9.0 * in_channels as f64).sqrt() + 3e-5;
    assert_close(&inside(&real), &expected, tolerance, &what);
    assert_eq!(inside(&rounded), narrow(&inside(&real)), "{what:?}: bf16 results");
}

#[test]
fn u8_agrees() {
    for isa in isas() {
        for (size, channels, store) in cases() {
            check_u8(isa, size, channels, store);
        }
    }
}

fn check_u8(isa: Isa, (height, width): (usize, usize), (in_channels, out_channels): (usize, usize), store: Store) {
    let what = (isa, height, width, in_channels, out_channels, store);
    let mut random = Random::new(height * 1009 + width * 31 + in_channels);
    let integers = |random: &mut Random, len: usize| -> Vec<u8> { (0..len).map(|_| random.bits() as u8).collect() };
    let x = integers(&mut random, height * width * in_channels);
    let weight = random.values(out_channels * in_channels * 9);
    let bias = random.values(out_channels);
    let before = integers(&mut random, height * width * out_channels);
    let widen = |values: &[u8]| -> Vec<f32> { values.iter().map(|value| f32::from(*value)).collect() };

    let input = plane((height, width, in_channels), &x);
    let run = |isa: Isa| {
        let conv = PackedWinogradConv2d::<u8>::new(isa, in_channels, &weight, &bias).with_carry(CARRY);
        let mut workspace = WinogradWorkspace::default();
        let mut real = plane((height, width, out_channels), &widen(&before));
        conv.run(&input, store, &mut real, &mut workspace);
        let mut rounded = plane((height, width, out_channels), &before);
        conv.run(&input, store, &mut rounded, &mut workspace);
        (inside(&real), inside(&rounded))
    };
    let found = run(isa);
    assert_eq!(found, run(Isa::PORTABLE), "{what:?}: differs from the portable level");
    let (real, rounded) = found;

    let weights = |position: usize, column: &[f32]| {
        let (integers, scale) = quantize_transformed_weights(position, column);
        integers.into_iter().map(|integer| f64::from(integer) * f64::from(scale)).collect()
    };
    let sums = naive::winograd(&widen(&x), (height, width), &weight, &bias, |value| value, weights);
    let mut expected = sums.clone();
    apply(&mut expected, &widen(&before), store);
    // As for f32 planes, with inputs up to 255 in place of 1.
    let tolerance = 255.0 * 2e-5 * (9.0 * in_channels as f64).sqrt();
    assert_close(&real, &expected, tolerance, &what);

    let carried: Vec<f32> = before.iter().map(|value| f32::from(*value) * CARRY).collect();
    let mut expected = sums;
    apply(&mut expected, &carried, store);
    for (found, expected) in rounded.into_iter().zip(expected) {
        let error = (f64::from(found) - expected.clamp(0.0, 255.0)).abs();
        assert!(error <= 0.5 + tolerance, "{what:?}: {found}, expected {expected}");
    }
}

#[test]
fn sums_of_the_largest_values_fit() {
    // Inputs and weights have the signs that make the sum at a position largest: beyond 2^31 it
    // would change its sign.
    let (in_channels, channels) = (256, 1);
    let alternating = |sign: f32| [1.0, sign, 1.0].map(|a| [1.0, sign, 1.0].map(|b| a * b)).concat();
    for isa in isas() {
        for kernel in [alternating(1.0), alternating(-1.0)] {
            for pattern in 0..64_u32 {
                let weight = kernel.repeat(in_channels * channels);
                let conv = PackedWinogradConv2d::<u8>::new(isa, in_channels, &weight, &[0.0]);
                // Rows and columns of the tile that hold 255, each chosen by a bit.
                let lit = |i: usize| pattern >> i & 1 == 1;
                let x: Vec<u8> = (0..36).flat_map(|i| [if lit(i / 6) && lit(i % 6) { 255 } else { 0 }; 256]).collect();
                let mut output = Plane::<f32>::default();
                let input = plane((6, 6, in_channels), &x);
                conv.run(&input, Store::default(), &mut output, &mut WinogradWorkspace::default());
                let shape = diarist_kernels::Conv2dShape { in_channels, out_channels: channels, kernel: 3, stride: 1 };
                let x: Vec<f32> = x.iter().map(|value| f32::from(*value)).collect();
                let expected = naive::conv2d(&x, (6, 6), shape, &weight, &[0.0]);
                // Equal weights have equal rounding errors, which add up: 1 % of the largest result
                // is allowed. A wrapped sum is off by twice the largest sum that fits, which is
                // more than 256 * 255 * 68 / 4 at the positions with the smallest weights.
                assert_close(&inside(&output), &expected, 0.01 * 9.0 * 256.0 * 255.0, &(isa, pattern));
            }
        }
    }
}
