//! Products and convolutions of 16-bit floats on every instruction set of this machine, against
//! `naive` on rounded inputs.

use diarist_kernels::{
    Conv2dShape, F16, Isa, PackedConv2d, PackedMatrix, PackedWinogradConv2d, Rows, RowsMut, Store, WinogradWorkspace,
    gemm, naive,
};

use crate::common::{Random, STORES, apply, assert_close, inside, isas, plane, tolerance};

fn round(values: &[f32]) -> Vec<F16> {
    values.iter().map(|value| F16::from_f32(*value)).collect()
}

fn widen(values: &[F16]) -> Vec<f32> {
    values.iter().map(|value| value.to_f32()).collect()
}

#[test]
fn gemm_agrees() {
    for isa in isas() {
        for (case, m) in [0, 1, 5, 12, 13, 14, 15, 29].into_iter().enumerate() {
            for n in [0, 1, 8, 17, 32, 33, 65] {
                for k in [0, 1, 2, 3, 37] {
                    check_gemm(isa, (m, n, k), STORES[(case + n + k) % STORES.len()]);
                }
            }
        }
    }
}

fn check_gemm(isa: Isa, (m, n, k): (usize, usize, usize), store: Store) {
    let what = (isa, m, n, k, store);
    let mut random = Random::new(m * 10_007 + n * 101 + k);
    let (a, b, bias) = (round(&random.values(m * k)), random.values(k * n), random.values(n));
    let before = random.values(m * n);
    let packed = PackedMatrix::<F16>::new(isa, &b, k, n).with_bias(&bias);
    let mut out = before.clone();
    gemm(m, Rows { data: &a, stride: k }, &packed, store, RowsMut { data: &mut out, stride: n });
    let mut expected = naive::gemm(m, &widen(&a), k, &widen(&round(&b)), &bias);
    apply(&mut expected, &before, store);
    assert_close(&out, &expected, tolerance(k), &what);
    // Narrow results are the f32 results, rounded once at the end.
    if !store.accumulate {
        let mut narrow = round(&before);
        gemm(m, Rows { data: &a, stride: k }, &packed, store, RowsMut { data: &mut narrow, stride: n });
        assert_eq!(narrow, round(&out), "{what:?}: rounded results");
    }
}

#[test]
fn conv2d_agrees() {
    for isa in isas() {
        for (case, size) in [(0, 5), (1, 1), (3, 13), (2, 14), (5, 29)].into_iter().enumerate() {
            for (in_channels, out_channels) in [(1, 32), (3, 7), (8, 16), (32, 33)] {
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
    let x = round(&random.values(height * width * in_channels));
    let weight = random.values(out_channels * in_channels * kernel * kernel);
    let bias = random.values(out_channels);
    let (out_height, out_width) = shape.output_size(height, width);
    let before = round(&random.values(out_height * out_width * out_channels));

    let input = plane((height, width, in_channels), &x);
    let mut output = plane((out_height, out_width, out_channels), &before);
    PackedConv2d::new(isa, shape, &weight, &bias).run(&input, store, &mut output);

    let mut expected = naive::conv2d(&widen(&x), (height, width), shape, &widen(&round(&weight)), &bias);
    apply(&mut expected, &widen(&before), store);
    let found = inside(&output);
    assert_eq!(found.len(), expected.len(), "{what:?}");
    for (found, expected) in found.into_iter().zip(expected) {
        // The result is rounded to 11 bits.
        let tolerance = tolerance(kernel * kernel * in_channels) + expected.abs() * 2.0_f64.powi(-11);
        assert_close(&[found.to_f32()], &[expected], tolerance, &what);
    }
}

#[test]
fn winograd_agrees() {
    let sizes = [(0, 4), (1, 1), (3, 5), (4, 8), (9, 7), (13, 61), (29, 24)];
    for isa in isas() {
        for (case, size) in sizes.into_iter().enumerate() {
            for channels in [(2, 1), (3, 7), (16, 32), (17, 33), (33, 5)] {
                check_winograd(isa, size, channels, STORES[(case + channels.0) % STORES.len()]);
            }
        }
    }
}

fn check_winograd(
    isa: Isa,
    (height, width): (usize, usize),
    (in_channels, out_channels): (usize, usize),
    store: Store,
) {
    let what = (isa, height, width, in_channels, out_channels, store);
    let mut random = Random::new(height * 1009 + width * 31 + in_channels);
    let x = round(&random.values(height * width * in_channels));
    let weight = random.values(out_channels * in_channels * 9);
    let bias = random.values(out_channels);
    let before = round(&random.values(height * width * out_channels));

    let conv = PackedWinogradConv2d::<F16>::new(isa, in_channels, &weight, &bias);
    let input = plane((height, width, in_channels), &x);
    let mut workspace = WinogradWorkspace::default();
    let mut real = plane((height, width, out_channels), &widen(&before));
    conv.run(&input, store, &mut real, &mut workspace);
    let mut rounded = plane((height, width, out_channels), &before);
    conv.run(&input, store, &mut rounded, &mut workspace);

    let shape = Conv2dShape { in_channels, out_channels, kernel: 3, stride: 1 };
    let mut expected = naive::conv2d(&widen(&x), (height, width), shape, &weight, &bias);
    apply(&mut expected, &widen(&before), store);
    // As for f32 planes.
    let tolerance = 2e-5 * (9.0 * in_channels as f64).sqrt();
    assert_close(&inside(&real), &expected, tolerance, &what);
    assert_eq!(inside(&rounded), round(&inside(&real)), "{what:?}: rounded results");
}
