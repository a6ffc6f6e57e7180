//! Speed of the dense layers on the shapes of the two networks, next to the multiply-add peak of the core in the same run.
//!
//! `cargo bench -p diarist-kernels [-- avx512]` measures all (or one) instruction sets. Figures are the best of several rounds,
//! which is what a quiet machine gives; compare only figures of one run. Under `cargo test --benches` each shape runs once.

#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use diarist_kernels::{
    Conv2dShape, Isa, Level, PackedConv1d, PackedConv2d, PackedMatrix, Plane, Rows, RowsMut, Store, gemm,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo passes --bench only from `cargo bench`.
    let measure = arguments.iter().any(|argument| argument == "--bench");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let isas: Vec<Isa> =
        Isa::available().into_iter().filter(|isa| wanted.is_none_or(|name| name == isa.name())).collect();
    assert!(!isas.is_empty(), "no such instruction set on this machine: {wanted:?}");
    for isa in isas {
        let peak = if measure { peak_gflops(isa) } else { f64::NAN };
        println!("{}: peak {peak:.1} GFLOP/s", isa.name());
        let bench = Bench { isa, measure, peak };
        bench.resnet34();
        bench.pyannet();
    }
}

struct Bench {
    isa: Isa,
    measure: bool,
    peak: f64,
}

impl Bench {
    fn resnet34(&self) {
        let layers = [
            ("stem 3x3", 1, 32, 3, 1, 80, 998),
            ("layer1 3x3", 32, 32, 3, 1, 80, 998),
            ("layer2 3x3/2", 32, 64, 3, 2, 80, 998),
            ("layer2 1x1/2", 32, 64, 1, 2, 80, 998),
            ("layer2 3x3", 64, 64, 3, 1, 40, 499),
            ("layer3 3x3/2", 64, 128, 3, 2, 40, 499),
            ("layer3 1x1/2", 64, 128, 1, 2, 40, 499),
            ("layer3 3x3", 128, 128, 3, 1, 20, 250),
            ("layer4 3x3/2", 128, 256, 3, 2, 20, 250),
            ("layer4 1x1/2", 128, 256, 1, 2, 20, 250),
            ("layer4 3x3", 256, 256, 3, 1, 10, 125),
        ];
        for (name, in_channels, out_channels, kernel, stride, height, width) in layers {
            let shape = Conv2dShape { in_channels, out_channels, kernel, stride };
            let weight = values(out_channels * in_channels * kernel * kernel);
            let conv = PackedConv2d::new(self.isa, shape, &weight, &values(out_channels));
            let mut input = Plane::default();
            input.set_shape(height, width, in_channels);
            for y in 0..height {
                input.row_mut(y).copy_from_slice(&values(width * in_channels));
            }
            let mut output = Plane::default();
            let (out_height, out_width) = shape.output_size(height, width);
            let flops = 2 * out_height * out_width * out_channels * in_channels * kernel * kernel;
            self.report(&format!("resnet34 {name}"), flops, || {
                conv.run(&input, Store { relu: true, ..Store::default() }, &mut output);
            });
        }
        self.gemm("resnet34 seg_1, 1 mask", 1, 5120, 5120, 256);
    }

    fn pyannet(&self) {
        self.gemm("pyannet sinc 251/10", 15975, 10, 251, 80);
        for (name, in_channels, num_frames) in [("conv1", 80, 5325), ("conv2", 60, 1773)] {
            let conv = PackedConv1d::new(self.isa, &values(60 * in_channels * 5), &values(60), in_channels, 5);
            let input = values(num_frames * in_channels);
            let mut output = vec![0.0; conv.output_frames(num_frames) * 60];
            self.report(&format!("pyannet {name}"), 2 * output.len() * in_channels * 5, || {
                conv.run(&input, Store::default(), &mut output);
            });
        }
        self.gemm("pyannet lstm input, layer 0", 589, 60, 60, 1024);
        self.gemm("pyannet lstm input, layer 1", 589, 256, 256, 1024);
        self.gemm("pyannet lstm step, batch 1", 1, 128, 128, 512);
        self.gemm("pyannet lstm step, batch 8", 8, 128, 128, 512);
        self.gemm("pyannet lstm step, batch 16", 16, 128, 128, 512);
        self.gemm("pyannet linear 0", 589, 256, 256, 128);
        self.gemm("pyannet classifier", 589, 128, 128, 7);
    }

    fn gemm(&self, name: &str, m: usize, stride: usize, k: usize, n: usize) {
        let b = PackedMatrix::new(self.isa, &values(k * n), k, n).with_bias(&values(n));
        let a = values((m - 1) * stride + k);
        let mut out = vec![0.0; m * n];
        self.report(name, 2 * m * k * n, || {
            gemm(m, Rows { data: &a, stride }, &b, Store::default(), RowsMut { data: &mut out, stride: n });
        });
    }

    fn report(&self, name: &str, flops: usize, mut run: impl FnMut()) {
        run();
        if !self.measure {
            return;
        }
        let seconds = best_seconds(run);
        let gflops = flops as f64 / seconds * 1e-9;
        println!("  {name:<30} {:>9.3} ms {gflops:>7.1} GFLOP/s {:>4.0} %", seconds * 1e3, gflops / self.peak * 100.0);
    }
}

/// Shortest time of one call, over rounds of at least 1 ms (short ones escape the scheduler) within 0.3 s.
fn best_seconds(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    let calls = (0.001 / start.elapsed().as_secs_f64()).ceil().clamp(1.0, 1e6) as u32;
    let mut best = f64::INFINITY;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        let round = Instant::now();
        for _ in 0..calls {
            run();
        }
        best = best.min(round.elapsed().as_secs_f64() / f64::from(calls));
    }
    best
}

fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919) % 1000) as f32 * 1e-3 - 0.5).collect()
}

/// Multiply-adds in independent chains that stay in registers.
const CHAINS: usize = 12;
const STEPS: usize = 100_000;

fn peak_gflops(isa: Isa) -> f64 {
    let (lanes, seconds) = match isa.level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only if the processor has AVX-512 F.
        Level::Avx512 => (16, best_seconds(|| unsafe { x86::chains_avx512() })),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` of this level exists only if the processor has AVX2 and FMA.
        Level::Avx2 => (8, best_seconds(|| unsafe { x86::chains_avx2() })),
        _ => (4, best_seconds(chains_portable)),
    };
    (2 * lanes * CHAINS * STEPS) as f64 / seconds * 1e-9
}

fn chains_portable() {
    let factor = black_box([1.0_f32; 4]);
    let mut sums = black_box([[0.0_f32; 4]; CHAINS]);
    for _ in 0..STEPS {
        for sum in &mut sums {
            for (value, factor) in sum.iter_mut().zip(factor) {
                *value = *value * factor + factor;
            }
        }
    }
    black_box(sums);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    use super::{CHAINS, STEPS};

    #[target_feature(enable = "avx512f")]
    pub(super) fn chains_avx512() {
        let factor = _mm512_set1_ps(black_box(1.0));
        let mut sums = [_mm512_set1_ps(black_box(0.0)); CHAINS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn chains_avx2() {
        let factor = _mm256_set1_ps(black_box(1.0));
        let mut sums = [_mm256_set1_ps(black_box(0.0)); CHAINS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, factor);
            }
        }
        black_box(sums);
    }
}
