//! Products and convolutions of f32, and pooling.

use diarist_kernels::{
    AlignedBuffer, Conv2dShape, Isa, PackedConv1d, PackedConv2d, PackedMatrix, Rows, RowsMut, Store, gemm, naive,
    statistics,
};

use crate::common::{Random, STORES, apply, assert_close, inside, isas, plane, tolerance};

#[test]
fn gemm_agrees() {
    let edges_m = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 27, 28, 29, 43];
    let edges_n = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65];
    let edges_k = [0, 1, 2, 5, 16, 37];
    for isa in isas() {
        for (case, &m) in edges_m.iter().enumerate() {
            for &n in &edges_n {
                for &k in &edges_k {
                    let store = STORES[(case + n + k) % STORES.len()];
                    check_gemm(isa, (m, n, k), (k + 3, n + 2), store);
                }
            }
        }
    }
}

#[test]
fn gemm_agrees_beyond_one_row_block() {
    // 256 KiB of rows of 2000 values are 32 rows, rounded up to 84.
    for isa in isas() {
        for m in [83, 84, 85, 171] {
            check_gemm(isa, (m, 33, 2000), (2000, 33), Store::default());
        }
    }
}

fn check_gemm(isa: Isa, (m, n, k): (usize, usize, usize), (a_stride, out_stride): (usize, usize), store: Store) {
    let what = (isa, m, n, k, store);
    let mut random = Random::new(m * 10_007 + n * 101 + k);
    // Exactly the values that may be read, so that the address sanitizer reports a read of one
    // more.
    let a = random.values(if m == 0 { 0 } else { (m - 1) * a_stride + k });
    let b = random.values(k * n);
    let bias = random.values(n);
    let before = random.values(if m == 0 { 0 } else { (m - 1) * out_stride + n });
    let packed = PackedMatrix::<f32>::new(isa, &b, k, n).with_bias(&bias);
    let mut out = before.clone();
    gemm(m, Rows { data: &a, stride: a_stride }, &packed, store, RowsMut { data: &mut out, stride: out_stride });

    let expected = naive::gemm(m, &a, a_stride, &b, &bias);
    for row in 0..m {
        let range = row * out_stride..row * out_stride + n;
        let mut expected = expected[row * n..][..n].to_vec();
        apply(&mut expected, &before[range.clone()], store);
        assert_close(&out[range], &expected, tolerance(k), &what);
        let gap = row * out_stride + n..((row + 1) * out_stride).min(out.len());
        assert_eq!(out[gap.clone()], before[gap], "{what:?}: values between rows changed");
    }

    let transposed: Vec<f32> = (0..n * k).map(|i| b[i % k * n + i / k]).collect();
    let packed = PackedMatrix::<f32>::from_transposed(isa, &transposed, k, n).with_bias(&bias);
    let mut again = before;
    gemm(m, Rows { data: &a, stride: a_stride }, &packed, store, RowsMut { data: &mut again, stride: out_stride });
    assert_eq!(out, again, "{what:?}: from_transposed differs");
}

#[test]
fn gemm_rows_do_not_depend_on_the_call() {
    let (m, n, k) = (100, 40, 300);
    let mut random = Random::new(1);
    let (a, b, bias) = (random.values(m * k), random.values(k * n), random.values(n));
    for isa in isas() {
        let packed = PackedMatrix::<f32>::new(isa, &b, k, n).with_bias(&bias);
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
    let sizes = [(0, 5), (5, 0), (1, 1), (1, 2), (2, 1), (3, 13), (2, 14), (4, 15), (3, 6), (5, 29)];
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
    let mut random = Random::new(height * 1009 + width * 31 + shape.in_channels);
    let taps = shape.kernel * shape.kernel;
    let x = random.values(height * width * shape.in_channels);
    let weight = random.values(shape.out_channels * shape.in_channels * taps);
    let bias = random.values(shape.out_channels);
    let (out_height, out_width) = shape.output_size(height, width);
    let before = random.values(out_height * out_width * shape.out_channels);

    let input = plane((height, width, shape.in_channels), &x);
    let mut output = plane((out_height, out_width, shape.out_channels), &before);
    PackedConv2d::new(isa, shape, &weight, &bias).run(&input, store, &mut output);

    let mut expected = naive::conv2d(&x, (height, width), shape, &weight, &bias);
    apply(&mut expected, &before, store);
    assert_close(&inside(&output), &expected, tolerance(taps * shape.in_channels), &what);
}

#[test]
fn conv1d_agrees() {
    for isa in isas() {
        for num_frames in [0, 1, 4, 5, 6, 17, 18, 19, 33] {
            for (in_channels, out_channels, kernel) in [(1, 1, 1), (80, 60, 5), (60, 60, 5), (2, 80, 3)] {
                let mut random = Random::new(num_frames * 100 + in_channels);
                let x = random.values(num_frames * in_channels);
                let weight = random.values(out_channels * in_channels * kernel);
                let bias = random.values(out_channels);
                let conv = PackedConv1d::new(isa, &weight, &bias, in_channels, kernel);
                let mut out = vec![0.0; conv.output_frames(num_frames) * out_channels];
                conv.run(&x, Store::default(), &mut out);
                let expected = naive::conv1d(&x, in_channels, kernel, &weight, &bias);
                let what = (isa, num_frames, in_channels, out_channels, kernel);
                assert_close(&out, &expected, tolerance(kernel * in_channels), &what);
            }
        }
    }
}

#[test]
fn statistics_of_some_frames_agree() {
    let masks: [&[u8]; 6] = [b"", b"0", b"1", b"0000000", b"0010000", b"1101101"];
    for mask in masks {
        for width in [0, 1, 7, 33] {
            let stride = width + 3;
            let mut random = Random::new(mask.len() * 50 + width);
            let frames = random.values(mask.len() * stride);
            let mut mean = vec![9.0; width];
            let mut std = vec![9.0; width];
            let active = mask.iter().map(|&on| on == b'1');
            let row = |t: usize| &frames[t * stride..][..width];
            let rows = active.clone().enumerate().filter(|(_, on)| *on).map(|(t, _)| row(t));
            statistics(rows, &mut mean, &mut std);

            let dense: Vec<f32> = frames.chunks_exact(stride).flat_map(|row| row[..width].to_vec()).collect();
            let weights: Vec<f64> = active.map(|on| f64::from(u8::from(on))).collect();
            let (expected_mean, expected_std) = naive::weighted_statistics(&dense, width, &weights);
            let what = (mask, width);
            // At most 5 additions of values below 1, each rounded to 2^-24 of a sum below 5; the
            // constants 1e-8 are below that.
            assert_close(&mean, &expected_mean, 1e-6, &what);
            assert_close(&std, &expected_std, 1e-6, &what);
        }
    }
}

#[test]
#[should_panic(expected = "left-hand rows: too few values")]
fn short_input_is_refused() {
    let packed = PackedMatrix::<f32>::new(Isa::detect(), &[1.0; 6], 3, 2);
    let mut out = [0.0; 4];
    gemm(2, Rows { data: &[1.0; 5], stride: 3 }, &packed, Store::default(), RowsMut { data: &mut out, stride: 2 });
}

#[test]
#[should_panic(expected = "output rows: too few values")]
fn short_output_is_refused() {
    let packed = PackedMatrix::<f32>::new(Isa::detect(), &[1.0; 6], 3, 2);
    let mut out = [0.0; 3];
    gemm(2, Rows { data: &[1.0; 6], stride: 3 }, &packed, Store::default(), RowsMut { data: &mut out, stride: 2 });
}

#[test]
#[should_panic(expected = "overflows")]
fn overflowing_extent_is_refused() {
    let packed = PackedMatrix::<f32>::new(Isa::detect(), &[1.0; 6], 3, 2);
    let mut out = [0.0; 3];
    let a = Rows { data: &[1.0; 6], stride: usize::MAX / 2 };
    gemm(4, a, &packed, Store::default(), RowsMut { data: &mut out, stride: 2 });
}

#[test]
fn a_product_is_added_to_an_aligned_buffer() {
    let packed = PackedMatrix::<f32>::new(Isa::detect(), &[2.0, 0.0, 0.0, 3.0], 2, 2).with_bias(&[0.5, -100.0]);
    let mut out = AlignedBuffer::zeros(2);
    out.copy_from_slice(&[10.0, 20.0]);
    let store = Store { accumulate: true, relu: true };
    gemm(1, Rows { data: &[1.0, 1.0], stride: 2 }, &packed, store, RowsMut { data: &mut out, stride: 2 });
    assert_eq!(&out[..], [12.5, 0.0]);
}
