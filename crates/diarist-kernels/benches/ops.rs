//! Speed of every dense layer of the two networks, beside the peak of the core's arithmetic units
//! in the same run.
//!
//! `cargo bench -p diarist-kernels --bench ops [-- avx512]` measures all (or one) instruction sets.
//! Operations are those of the definition, so that a fast algorithm can exceed the peak. Compare
//! only figures of one run. Under `cargo test --benches` each shape runs once.

#![expect(clippy::print_stdout, reason = "a benchmark reports on stdout")]

mod common;

use std::time::Duration;

use common::{Arithmetic, Peak, Sample};
use diarist_kernels::{
    Activation, AlignedBuffer, Bf16, Conv2dShape, Element, Isa, LeftHand, LstmWeights, LstmWorkspace, Operand,
    PackedBiLstm, PackedConv1d, PackedConv2d, PackedFilterBank, PackedMatrix, PackedWinogradConv2d, Plane, Recurrent,
    Rows, RowsMut, Store, WinogradWorkspace, gemm,
};

/// Output frames of the segmentation network's convolutions for one chunk.
const FRAMES: usize = 589;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let mode = match (has("--record"), has("--bench")) {
        (true, _) => Mode::Record,
        // Cargo passes --bench only from `cargo bench`.
        (false, true) => Mode::Report,
        (false, false) => Mode::RunOnce,
    };
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let is_wanted = |isa: &Isa| match wanted {
        Some(name) => name == isa.name(),
        // The portable level takes longer than all others together, and tells about the compiler.
        None => mode != Mode::Record || *isa != Isa::PORTABLE,
    };
    let isas: Vec<Isa> = Isa::available().into_iter().filter(is_wanted).collect();
    assert!(!isas.is_empty(), "this machine does not have the instruction set {wanted:?}");
    for isa in isas {
        if mode != Mode::Record {
            println!("{}", isa.name());
        }
        let bench = Bench { isa, mode };
        bench.resnet34();
        bench.pyannet();
    }
}

/// The work for each shape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One run, without a measurement.
    RunOnce,
    /// A measurement, printed for a reader.
    Report,
    /// A short measurement, printed as instruction set, name and least processor time in ms between
    /// tabs: one round of `tools/bench/kernel_record.py`.
    Record,
}

const RELU: Store = Store { accumulate: false, relu: true };

struct Bench {
    isa: Isa,
    mode: Mode,
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
            let name = format!("resnet34 {name}");
            for arithmetic in self.arithmetics() {
                match arithmetic {
                    Arithmetic::F32 => self.conv2d::<f32>(&name, arithmetic, shape, (height, width), |value| value),
                    Arithmetic::Bf16 => self.conv2d(&name, arithmetic, shape, (height, width), Bf16::from_f32),
                    Arithmetic::Int8 => self.conv2d(&name, arithmetic, shape, (height, width), byte),
                }
            }
        }
        self.gemm("resnet34 seg_1, 1 mask", 1, 5120, 5120, 256);
    }

    fn pyannet(&self) {
        self.filter_bank();
        for (name, in_channels, num_frames) in [("conv1", 80, 5325), ("conv2", 60, 1773)] {
            let name = format!("pyannet {name}");
            self.conv1d::<f32>(&name, Arithmetic::F32, in_channels, num_frames, |value| value);
            self.conv1d(&name, Arithmetic::Bf16, in_channels, num_frames, Bf16::from_f32);
        }
        for batch in [1, 8] {
            for (layer, in_features) in [(0, 60), (1, 256)] {
                let name = format!("pyannet lstm layer {layer}, batch {batch}");
                self.lstm::<f32>(&name, Arithmetic::F32, in_features, batch, |value| value);
                self.lstm(&name, Arithmetic::Bf16, in_features, batch, Bf16::from_f32);
            }
            self.gemm(&format!("pyannet lstm input, batch {batch}"), FRAMES * batch, 256, 256, 1024);
            self.gemm(&format!("pyannet lstm step, batch {batch}"), batch, 128, 128, 512);
            self.gemm(&format!("pyannet linear 0, batch {batch}"), FRAMES * batch, 256, 256, 128);
        }
        self.gemm("pyannet classifier", FRAMES, 128, 128, 7);
    }

    fn conv2d<T: Activation>(
        &self,
        name: &str,
        arithmetic: Arithmetic,
        shape: Conv2dShape,
        size: (usize, usize),
        value: fn(f32) -> T,
    ) {
        let Conv2dShape { in_channels, out_channels, kernel, stride } = shape;
        let [weight, bias] = [kernel * kernel * in_channels, 1].map(|n| values(n * out_channels));
        let conv = PackedConv2d::<T>::new(self.isa, shape, &weight, &bias);
        let input = plane(size, in_channels, value);
        let mut output = Plane::<T>::default();
        self.report(name, arithmetic, macs(shape, size), || conv.run(&input, RELU, &mut output));
        if (kernel, stride) == (3, 1) && in_channels > 1 {
            let conv = PackedWinogradConv2d::<T>::new(self.isa, in_channels, &weight, &bias);
            let mut workspace = WinogradWorkspace::default();
            self.report(&format!("{name}, Winograd"), arithmetic, macs(shape, size), || {
                conv.run(&input, RELU, &mut output, &mut workspace);
            });
        }
    }

    fn conv1d<T: Operand>(
        &self,
        name: &str,
        arithmetic: Arithmetic,
        in_channels: usize,
        num_frames: usize,
        value: fn(f32) -> T,
    ) {
        let conv = PackedConv1d::<T>::new(self.isa, &values(60 * in_channels * 5), &values(60), in_channels, 5);
        let input: Vec<T> = values(num_frames * in_channels).into_iter().map(value).collect();
        let mut output = vec![0.0; conv.output_frames(num_frames) * 60];
        let macs = output.len() * in_channels * 5;
        self.report(name, arithmetic, macs, || conv.run(&input, Store::default(), &mut output));
    }

    /// Times a product. Times a product. With bfloat16, left-hand rows are rounded on the way, as
    /// in the segmentation network.
    fn gemm(&self, name: &str, m: usize, stride: usize, k: usize, n: usize) {
        for arithmetic in self.arithmetics() {
            match arithmetic {
                Arithmetic::F32 => self.product::<f32>(name, arithmetic, m, stride, k, n),
                Arithmetic::Bf16 => self.product::<Bf16>(name, arithmetic, m, stride, k, n),
                Arithmetic::Int8 => {}
            }
        }
    }

    fn product<T: Operand>(&self, name: &str, arithmetic: Arithmetic, m: usize, stride: usize, k: usize, n: usize)
    where
        f32: LeftHand<T>,
    {
        let b = PackedMatrix::<T>::new(self.isa, &values(k * n), k, n).with_bias(&values(n));
        let a = values((m - 1) * stride + k);
        let mut out = vec![0.0; m * n];
        self.report(name, arithmetic, m * k * n, || {
            gemm(m, Rows { data: &a, stride }, &b, Store::default(), RowsMut { data: &mut out, stride: n });
        });
    }

    /// Counts the operations of the 251 taps of each filter.
    fn filter_bank(&self) {
        let (num_frames, reach, stride) = (15_975, 125, 10);
        let filters = values(40 * (reach + 1));
        let bank = PackedFilterBank::new(self.isa, &filters, &filters, reach, stride);
        let signal = values((num_frames - 1) * stride + 2 * reach + 1);
        let mut output = vec![0.0; num_frames * bank.num_channels()];
        let mut scratch = AlignedBuffer::default();
        self.report("pyannet sinc 251/10", Arithmetic::F32, output.len() * (2 * reach + 1), || {
            bank.run(&signal, &mut scratch, &mut output);
        });
    }

    /// One bidirectional layer of 128 units over the frames of `batch` chunks.
    fn lstm<T: Recurrent>(
        &self,
        name: &str,
        arithmetic: Arithmetic,
        in_features: usize,
        batch: usize,
        value: fn(f32) -> T,
    ) {
        let [weight_ih, weight_hh, bias] = [512 * in_features, 512 * 128, 512].map(values);
        let weights = || LstmWeights { weight_ih: &weight_ih, weight_hh: &weight_hh, bias_ih: &bias, bias_hh: &bias };
        let layer = PackedBiLstm::<T>::new(self.isa, in_features, 128, weights(), weights());
        let input: Vec<T> = values(FRAMES * batch * in_features).into_iter().map(value).collect();
        let mut output = vec![T::default(); FRAMES * batch * 256];
        let mut workspace = LstmWorkspace::default();
        self.report(name, arithmetic, FRAMES * batch * 1024 * (in_features + 128), || {
            layer.run(&input, batch, &mut workspace, &mut output);
        });
    }

    /// The arithmetic in which this instruction set differs from those below it.
    fn arithmetics(&self) -> Vec<Arithmetic> {
        match (self.isa.has_dot(), self.isa.has_bf16()) {
            (false, _) => vec![Arithmetic::F32, Arithmetic::Bf16, Arithmetic::Int8],
            (true, false) => vec![Arithmetic::Int8],
            (true, true) => vec![Arithmetic::Bf16],
        }
    }

    fn report(&self, name: &str, arithmetic: Arithmetic, macs: usize, mut run: impl FnMut()) {
        if !self.arithmetics().contains(&arithmetic) {
            return;
        }
        let name = format!("{name}, {}", arithmetic.name());
        match self.mode {
            Mode::RunOnce => run(),
            Mode::Report => {
                let peak = Peak::of(self.isa, arithmetic);
                let sample = Sample::measure(peak.as_ref(), Duration::from_millis(300), run);
                println!("{}", sample.report(&name, 1.0, 2.0 * macs as f64));
            }
            Mode::Record => {
                let milliseconds = common::least_cpu_ms(Duration::from_millis(60), run);
                println!("{}\t{name}\t{milliseconds:.6}", self.isa.name());
            }
        }
    }
}

/// Multiply-adds of a convolution by its definition.
fn macs(shape: Conv2dShape, (height, width): (usize, usize)) -> usize {
    let (out_height, out_width) = shape.output_size(height, width);
    out_height * out_width * shape.out_channels * shape.in_channels * shape.kernel * shape.kernel
}

fn plane<T: Element>((height, width): (usize, usize), channels: usize, value: fn(f32) -> T) -> Plane<T> {
    let mut plane = Plane::default();
    plane.set_shape(height, width, channels);
    for y in 0..height {
        for (out, x) in plane.row_mut(y).iter_mut().zip(values(width * channels)) {
            *out = value(x);
        }
    }
    plane
}

fn byte(value: f32) -> u8 {
    ((value + 0.5) * 255.0) as u8
}

fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919) % 1000) as f32 * 1e-3 - 0.5).collect()
}
