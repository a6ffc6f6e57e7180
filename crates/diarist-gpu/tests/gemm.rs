//! The matrix product against a plain loop.

#![expect(clippy::print_stdout, reason = "a log tells how close the results are")]

mod common;

use diarist_gpu::Element;

#[test]
fn products_equal_a_plain_loop() {
    let Some(gpu) = common::gpu() else { return };
    for element in common::elements(&gpu) {
        for (rows, k, n, leaky, stored) in [
            (1, 4, 4, 0, Element::F32),
            (64, 16, 64, 1, Element::F32),
            (67, 60, 132, 0, element),
            (130, 256, 36, 1, element),
        ] {
            let (x, weight) = (common::numbers(element, rows * k, 1), common::numbers(element, k * n, 2));
            let bias = common::numbers(Element::F32, n, 3);
            let constants = [("K", k as u32), ("N", n as u32), ("LEAKY", leaky)];
            let text = include_str!("../src/kernels/gemm.wgsl");
            let source = common::source("gemm", text, element, &constants, Some(("Output", stored)));
            let inputs = [element.bytes(&x), element.bytes(&weight), Element::F32.bytes(&bias)];
            let groups = [n.div_ceil(64), rows.div_ceil(64), 1];
            let bytes = common::run(&gpu, &source, &[rows], &inputs, rows * n * stored.num_bytes(), groups);
            let expected: Vec<f64> = (0..rows * n)
                .map(|i| {
                    let (row, column) = (i / n, i % n);
                    let products = (0..k).map(|k_| f64::from(x[row * k + k_]) * f64::from(weight[k_ * n + column]));
                    let sum = products.sum::<f64>() + f64::from(bias[column]);
                    if leaky == 1 { sum.max(0.01 * sum) } else { sum }
                })
                .collect();
            let worst = common::worst(&stored.values(&bytes, rows * n), &expected);
            println!("{element:?} {rows}x{k}x{n} stored as {stored:?}: {worst:e}");
            // Sums of up to 256 products of at most 1, and rounding to 11 bits of sums below 32.
            assert!(worst < if stored == Element::F32 { 1e-5 } else { 8e-3 });
        }
    }
}
