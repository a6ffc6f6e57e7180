//! Products and convolutions of 8-bit integers on every instruction set of this machine, equal to
//! `naive` bit for bit.

use crate::common::{Random, STORES, inside, isas, plane};
use diarist_kernels::{
    Conv2dShape, Isa, PackedConv2d, PackedMatrix, Rows, RowsMut, Store, gemm, naive, quantize_weights,
};

const CARRY: f32 = 0.71;

/// Integers of the whole range; every third is the largest, so that sums of pairs come close to the
/// limit of 16 bits.
fn integers(random: &mut Random, len: usize) -> Vec<u8> {
    (0..len).map(|i| if i % 3 == 0 { 255 } else { random.bits() as u8 }).collect()
}

/// Weights with many large neighbours of the same sign.
fn weights(random: &mut Random, len: usize) -> Vec<f32> {
    random.values(len).into_iter().map(|value| value.signum() * value.abs().sqrt()).collect()
}

fn widen(values: &[u8]) -> Vec<f32> {
    values.iter().map(|value| f32::from(*value)).collect()
}

/// The result for a sum: each operation is rounded on its own, on every instruction set.
fn result(sum: f64, scale: f32, bias: f32, before: f32, store: Store) -> f32 {
    let mut value = sum as f32 * scale + bias;
    if store.accumulate {
        value += before;
    }
    if store.relu { value.max(0.0) } else { value }
}

fn round(value: f32) -> u8 {
    value.round_ties_even() as u8
}

/// The columns of `b`, `[k, n]`, quantized; and their scales.
fn quantize(b: &[f32], k: usize, n: usize) -> (Vec<f32>, Vec<f32>) {
    let mut integers = vec![0.0; k * n];
    let scales = (0..n).map(|column| {
        let values: Vec<f32> = (0..k).map(|row| b[row * n + column]).collect();
        let (column_integers, scale) = quantize_weights(&values);
        (0..k).for_each(|row| integers[row * n + column] = f32::from(column_integers[row]));
        scale
    });
    let scales = scales.collect();
    (integers, scales)
}

#[test]
fn gemm_agrees() {
    let edges_m = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 29];
    let edges_n = [0, 1, 7, 8, 9, 16, 17, 31, 32, 33, 65];
    for isa in isas() {
        for (case, &m) in edges_m.iter().enumerate() {
            for &n in &edges_n {
                for k in [0, 1, 2, 3, 4, 5, 37, 64] {
                    check_gemm(isa, (m, n, k), STORES[(case + n + k) % STORES.len()]);
                }
            }
        }
        // Sums beyond 2^24, which are not exact in f32.
        check_gemm(isa, (3, 33, 5000), Store::default());
    }
}

fn check_gemm(isa: Isa, (m, n, k): (usize, usize, usize), store: Store) {
    let what = (isa, m, n, k, store);
    let mut random = Random::new(m * 10_007 + n * 101 + k);
    let (a_stride, out_stride) = (k + 3, n + 2);
    let rows_len = |stride: usize, len: usize| if m == 0 { 0 } else { (m - 1) * stride + len };
    let a = integers(&mut random, rows_len(a_stride, k));
    let b = weights(&mut random, k * n);
    let bias: Vec<f32> = random.values(n).iter().map(|value| value * 100.0).collect();
    let before = integers(&mut random, rows_len(out_stride, n));
    let packed = PackedMatrix::<u8>::new(isa, &b, k, n).with_bias(&bias).with_carry(CARRY);
    let rows = Rows { data: &a, stride: a_stride };
    let mut real = widen(&before);
    gemm(m, rows, &packed, store, RowsMut { data: &mut real, stride: out_stride });
    let mut narrow = before.clone();
    gemm(m, rows, &packed, store, RowsMut { data: &mut narrow, stride: out_stride });

    let (integers, scales) = quantize(&b, k, n);
    let sums = naive::gemm(m, &widen(&a), a_stride, &integers, &vec![0.0; n]);
    let (mut expected_real, mut expected_narrow) = (widen(&before), before.clone());
    for (i, sum) in sums.into_iter().enumerate() {
        let (row, column) = (i / n, i % n);
        let at = row * out_stride + column;
        let old = f32::from(before[at]);
        expected_real[at] = result(sum, scales[column], bias[column], old, store);
        expected_narrow[at] = round(result(sum, scales[column], bias[column], old * CARRY, store));
    }
    assert_eq!(real, expected_real, "{what:?}: f32 results");
    assert_eq!(narrow, expected_narrow, "{what:?}: u8 results");
}

#[test]
fn conv2d_agrees() {
    let sizes = [(0, 5), (5, 0), (1, 1), (2, 1), (3, 13), (2, 14), (4, 15), (5, 29)];
    let channels = [(1, 32), (3, 7), (8, 16), (32, 33)];
    for isa in isas() {
        for (case, &size) in sizes.iter().enumerate() {
            for &(in_channels, out_channels) in &channels {
                for (kernel, stride) in [(3, 1), (3, 2), (1, 1), (1, 2)] {
                    let shape = Conv2dShape { in_channels, out_channels, kernel, stride };
                    check_conv2d(isa, size, shape, STORES[(case + in_channels + stride) % STORES.len()]);
                }
            }
        }
    }
}

fn check_conv2d(isa: Isa, (height, width): (usize, usize), shape: Conv2dShape, store: Store) {
    let what = (isa, height, width, shape, store);
    let Conv2dShape { in_channels, out_channels, kernel, .. } = shape;
    let mut random = Random::new(height * 1009 + width * 31 + in_channels);
    let x = integers(&mut random, height * width * in_channels);
    let weight = weights(&mut random, out_channels * in_channels * kernel * kernel);
    let bias = random.values(out_channels);
    let (out_height, out_width) = shape.output_size(height, width);
    let before = integers(&mut random, out_height * out_width * out_channels);

    let input = plane((height, width, in_channels), &x);
    let mut output = plane((out_height, out_width, out_channels), &before);
    PackedConv2d::new(isa, shape, &weight, &bias).with_carry(CARRY).run(&input, store, &mut output);

    let (integers, scales) = quantize_kernels(&weight, shape);
    let sums = naive::conv2d(&widen(&x), (height, width), shape, &integers, &vec![0.0; out_channels]);
    let expected = sums.into_iter().zip(&before).enumerate().map(|(i, (sum, before))| {
        let channel = i % out_channels;
        round(result(sum, scales[channel], bias[channel], f32::from(*before) * CARRY, store))
    });
    assert_eq!(inside(&output), expected.collect::<Vec<_>>(), "{what:?}");
}

/// The kernels quantized, in the layout of `weight`; and their scales. A kernel is packed in the
/// order row, column, channel, and a row is padded to a multiple of 4 values: neighbours are
/// channels, or columns if there is only one channel.
fn quantize_kernels(weight: &[f32], Conv2dShape { in_channels, kernel, .. }: Conv2dShape) -> (Vec<f32>, Vec<f32>) {
    let taps = kernel * kernel;
    let run = (kernel * in_channels).next_multiple_of(4);
    let mut integers = vec![0.0; weight.len()];
    let scales = weight.chunks_exact(in_channels * taps).zip(integers.chunks_exact_mut(in_channels * taps));
    let scales = scales.map(|(weight, integers)| {
        let place = |ky: usize, i: usize| (i % in_channels) * taps + ky * kernel + i / in_channels;
        let mut column = vec![0.0; kernel * run];
        let positions = (0..kernel).flat_map(|ky| (0..kernel * in_channels).map(move |i| (ky, i)));
        positions.clone().for_each(|(ky, i)| column[ky * run + i] = weight[place(ky, i)]);
        let (column, scale) = quantize_weights(&column);
        positions.for_each(|(ky, i)| integers[place(ky, i)] = f32::from(column[ky * run + i]));
        scale
    });
    let scales = scales.collect();
    (integers, scales)
}

#[test]
fn the_largest_values_do_not_saturate() {
    // With equal weights the limit of two neighbours is reached, and all pairs of products add up.
    let (k, n) = (64, 40);
    for isa in isas() {
        for weight in [1.0, -1.0] {
            let packed = PackedMatrix::<u8>::new(isa, &vec![weight; k * n], k, n);
            let mut out = vec![0.0; n];
            let rows = Rows { data: &vec![255_u8; k], stride: k };
            gemm(1, rows, &packed, Store::default(), RowsMut { data: &mut out, stride: n });
            let (integers, scale) = quantize_weights(&vec![weight; k]);
            let expected = (255 * 64 * i32::from(integers[0])) as f32 * scale;
            assert_eq!(out, vec![expected; n], "{isa:?}");
        }
    }
}

#[test]
fn results_are_limited_to_their_range() {
    let bias = [-1e30, -1.0, 0.5, 1.5, 2.5, 254.5, 255.4, 256.0, 1e30, f32::NAN];
    for isa in isas() {
        let packed = PackedMatrix::<u8>::new(isa, &[], 0, bias.len()).with_bias(&bias);
        let mut out = [9_u8; 10];
        let rows = Rows { data: &[0_u8; 0], stride: 0 };
        gemm(1, rows, &packed, Store::default(), RowsMut { data: &mut out, stride: 10 });
        assert_eq!(out, [0, 0, 0, 2, 2, 254, 255, 255, 255, 0], "{isa:?}");
    }
}
