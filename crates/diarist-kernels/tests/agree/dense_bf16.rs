//! Products and convolutions of bfloat16 numbers on every instruction set of this machine, against
//! `naive` on rounded inputs.

use crate::common::{Random, STORES, apply, assert_close, inside, isas, plane, tolerance};
use diarist_kernels::{Bf16, Conv2dShape, Isa, PackedConv2d, PackedMatrix, Rows, RowsMut, Store, gemm, naive};

fn round(values: &[f32]) -> Vec<Bf16> {
    values.iter().map(|value| Bf16::from_f32(*value)).collect()
}

fn widen(values: &[Bf16]) -> Vec<f32> {
    values.iter().map(|value| value.to_f32()).collect()
}

#[test]
fn gemm_agrees() {
    let edges_m = [0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 28, 29];
    let edges_n = [0, 1, 7, 8, 9, 16, 17, 31, 32, 33, 65];
    for isa in isas() {
        for (case, &m) in edges_m.iter().enumerate() {
            for &n in &edges_n {
                for k in [0, 1, 2, 3, 5, 16, 37] {
                    check_gemm(isa, (m, n, k), STORES[(case + n + k) % STORES.len()]);
                }
            }
        }
        // Beyond one block of rounded rows: 8192 / 600 = 13 rows, 8192 / 256 = 28.
        for (m, k) in [(27, 600), (57, 256), (2, 8192)] {
            check_gemm(isa, (m, 33, k), Store::default());
        }
    }
}

fn check_gemm(isa: Isa, (m, n, k): (usize, usize, usize), store: Store) {
    let what = (isa, m, n, k, store);
    let mut random = Random::new(m * 10_007 + n * 101 + k);
    let (a_stride, out_stride) = (k + 3, n + 2);
    let rows_len = |stride: usize, len: usize| if m == 0 { 0 } else { (m - 1) * stride + len };
    let a = random.values(rows_len(a_stride, k));
    let (b, bias) = (random.values(k * n), random.values(n));
    let before = random.values(rows_len(out_stride, n));
    let packed = PackedMatrix::<Bf16>::new(isa, &b, k, n).with_bias(&bias);
    let mut out = before.clone();
    gemm(m, Rows { data: &a, stride: a_stride }, &packed, store, RowsMut { data: &mut out, stride: out_stride });

    let rounded = round(&a);
    let all = naive::gemm(m, &widen(&rounded), a_stride, &widen(&round(&b)), &bias);
    for (row, expected) in all.chunks_exact(n.max(1)).enumerate() {
        let range = row * out_stride..row * out_stride + n;
        let mut expected = expected.to_vec();
        apply(&mut expected, &before[range.clone()], store);
        assert_close(&out[range], &expected, tolerance(k), &what);
        let gap = row * out_stride + n..((row + 1) * out_stride).min(out.len());
        assert_eq!(out[gap.clone()], before[gap], "{what:?}: values between rows changed");
    }

    let mut again = before.clone();
    let rows = Rows { data: &rounded, stride: a_stride };
    gemm(m, rows, &packed, store, RowsMut { data: &mut again, stride: out_stride });
    assert_eq!(out, again, "{what:?}: rows rounded beforehand give another result");

    // Narrow results are the f32 results, rounded once at the end.
    if !store.accumulate {
        let mut narrow = round(&before);
        gemm(m, rows, &packed, store, RowsMut { data: &mut narrow, stride: out_stride });
        assert_eq!(narrow, round(&out), "{what:?}: rounded results");
    }
}

#[test]
fn rows_do_not_depend_on_the_call() {
    let (m, n, k) = (100, 40, 300);
    let mut random = Random::new(1);
    let (a, b, bias) = (random.values(m * k), random.values(k * n), random.values(n));
    for isa in isas() {
        let packed = PackedMatrix::<Bf16>::new(isa, &b, k, n).with_bias(&bias);
        let product = |first: usize, rows: usize| {
            let mut out = vec![0.0; rows * n];
            let a = Rows { data: &a[first * k..], stride: k };
            gemm(rows, a, &packed, Store::default(), RowsMut { data: &mut out, stride: n });
            out
        };
        let whole = product(0, m);
        for (first, rows) in [(0, 1), (1, 1), (99, 1), (3, 5), (13, 14), (50, 29)] {
            assert_eq!(product(first, rows), whole[first * n..][..rows * n], "{isa:?}: rows {first}+{rows}");
        }
    }
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
    for (found, expected) in inside(&output).into_iter().zip(&expected) {
        // The result is rounded to 8 bits, an error far above that of the sums.
        let tolerance = tolerance(kernel * kernel * in_channels) + expected.abs() * 2.0_f64.powi(-8);
        assert_close(&[found.to_f32()], &[*expected], tolerance, &what);
    }
    assert_eq!(inside(&output).len(), expected.len(), "{what:?}");
}
