//! Elementary functions and the LSTM on every instruction set of this machine, against `std` and
//! `naive` in f64.

use diarist_kernels::{Bf16, Isa, LeftHand, LstmWeights, LstmWorkspace, PackedBiLstm, Recurrent, naive, vecmath};

use crate::common::Random;

fn values(seed: u64, len: usize) -> Vec<f32> {
    Random::new(seed as usize).values(len)
}

/// Arguments of both signs: a geometric ladder from the smallest to the largest float, a fine
/// linear one over the range in use, and the points where the integer part of the expansion
/// changes.
fn arguments() -> Vec<f32> {
    let ladder = (0..2000).map(|i| 1e-38_f32 * 1.09_f32.powi(i)).filter(|x| x.is_finite());
    let linear = (0..40_000).map(|i| i as f32 / 400.0);
    let edges = (0..60).flat_map(|i| {
        let edge = (f64::from(i) + 0.5) * std::f64::consts::LN_2 / 2.0;
        [edge as f32, (edge as f32).next_up(), (edge as f32).next_down()]
    });
    let positive: Vec<f32> = ladder.chain(linear).chain(edges).chain([0.0, f32::MAX, f32::INFINITY]).collect();
    positive.iter().flat_map(|&x| [x, -x]).collect()
}

type Function = fn(Isa, &mut [f32]);

#[test]
fn elementary_functions_agree() {
    struct Case {
        name: &'static str,
        function: Function,
        exact: fn(f64) -> f64,
        /// Arguments with a checked relative error.
        domain: std::ops::RangeInclusive<f32>,
        range: std::ops::RangeInclusive<f32>,
        /// Rounding of the last two or three operations (6e-8 each) and of the polynomial's smaller
        /// terms.
        relative_error: f64,
    }
    let everything = f32::NEG_INFINITY..=f32::INFINITY;
    let cases = [
        Case {
            name: "exp",
            function: vecmath::exp,
            exact: f64::exp,
            domain: -87.0..=88.0,
            range: f32::MIN_POSITIVE..=f32::MAX,
            relative_error: 2e-7,
        },
        Case {
            name: "sigmoid",
            function: vecmath::sigmoid,
            exact: |x| 1.0 / (1.0 + (-x).exp()),
            domain: -87.0..=f32::INFINITY,
            range: 0.0..=1.0,
            relative_error: 3e-7,
        },
        Case {
            name: "leaky ReLU",
            function: |isa, values| vecmath::leaky_relu(isa, values, 0.25),
            exact: |x| if x > 0.0 { x } else { 0.25 * x },
            domain: everything.clone(),
            range: f32::NEG_INFINITY..=f32::INFINITY,
            relative_error: 0.0,
        },
        Case {
            name: "tanh",
            function: vecmath::tanh,
            exact: f64::tanh,
            domain: everything,
            range: -1.0..=1.0,
            relative_error: 4e-7,
        },
    ];
    let x = arguments();
    for isa in Isa::available() {
        for case in &cases {
            let mut y = x.clone();
            (case.function)(isa, &mut y);
            let mut worst = (0.0, 0.0);
            for (&x, &y) in x.iter().zip(&y) {
                assert!(case.range.contains(&y), "{isa:?} {}({x:e}) = {y:e} is out of range", case.name);
                let exact = (case.exact)(f64::from(x));
                // Below the smallest normal number the relative precision is not defined.
                if case.domain.contains(&x) && exact.abs() >= f64::from(f32::MIN_POSITIVE) {
                    let error = ((f64::from(y) - exact) / exact).abs();
                    if error > worst.0 {
                        worst = (error, x);
                    }
                }
            }
            println!("{isa:?} {}: relative error {:.1e} at {:e}", case.name, worst.0, worst.1);
            assert!(worst.0 <= case.relative_error, "{isa:?} {}: {worst:?}", case.name);
        }
    }
}

#[test]
fn results_do_not_depend_on_place_and_length() {
    let x: Vec<f32> = values(7, 67).iter().map(|x| x * 9.0).collect();
    for isa in Isa::available() {
        for function in [vecmath::exp, vecmath::sigmoid, vecmath::tanh] as [Function; 3] {
            let mut whole = x.clone();
            function(isa, &mut whole);
            for len in [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33] {
                let mut part = x[x.len() - len..].to_vec();
                function(isa, &mut part);
                assert_eq!(part, whole[x.len() - len..], "{isa:?} {len}");
            }
        }
    }
}

#[test]
fn values_at_zero_and_at_the_limits_are_exact() {
    for isa in Isa::available() {
        let results = |function: Function| {
            let mut values = [0.0, -0.0, 1000.0, -1000.0];
            function(isa, &mut values);
            values
        };
        assert_eq!(results(vecmath::exp)[..2], [1.0, 1.0]);
        assert_eq!(results(vecmath::sigmoid)[..3], [0.5, 0.5, 1.0]);
        assert_eq!(results(vecmath::tanh), [0.0, 0.0, 1.0, -1.0]);
        for function in [vecmath::exp, vecmath::sigmoid, vecmath::tanh] as [Function; 3] {
            let mut values = [f32::NAN, 1.0, -f32::NAN];
            function(isa, &mut values);
            assert!(values.map(f32::is_nan) == [true, false, true], "{isa:?} {values:?}");
        }
    }
}

struct Layer {
    in_features: usize,
    hidden: usize,
    /// weight_ih, weight_hh, bias_ih, bias_hh of both directions.
    tensors: [[Vec<f32>; 4]; 2],
}

impl Layer {
    fn new(in_features: usize, hidden: usize) -> Self {
        let lens = [4 * hidden * in_features, 4 * hidden * hidden, 4 * hidden, 4 * hidden];
        let tensor = |direction: usize, index: usize| values((direction * 4 + index) as u64, lens[index]);
        // Recurrent weights of a trained layer are small; large ones would make the recurrence
        // chaotic.
        let direction = |d: usize| std::array::from_fn(|i| tensor(d, i).iter().map(|x| x * 0.3).collect());
        Self { in_features, hidden, tensors: [direction(0), direction(1)] }
    }

    fn pack<T: Recurrent>(&self, isa: Isa) -> PackedBiLstm<T> {
        let [forward, backward] = [0, 1].map(|d| {
            let [weight_ih, weight_hh, bias_ih, bias_hh] = &self.tensors[d];
            LstmWeights { weight_ih, weight_hh, bias_ih, bias_hh }
        });
        PackedBiLstm::new(isa, self.in_features, self.hidden, forward, backward)
    }

    /// `[frames, 2 * hidden]` for one sequence `[frames, in_features]`.
    fn naive(&self, x: &[f32]) -> Vec<f64> {
        let num_frames = x.len() / self.in_features;
        let mut out = vec![0.0; num_frames * 2 * self.hidden];
        for (d, [weight_ih, weight_hh, bias_ih, bias_hh]) in self.tensors.iter().enumerate() {
            let mut gates = Vec::new();
            for row in x.chunks_exact(self.in_features) {
                for (gate, weights) in weight_ih.chunks_exact(self.in_features).enumerate() {
                    let sum: f64 = row.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                    gates.push((sum + f64::from(bias_ih[gate]) + f64::from(bias_hh[gate])) as f32);
                }
            }
            let h = naive::lstm(&gates, weight_hh, self.hidden, d == 1);
            for (t, h) in h.chunks_exact(self.hidden).enumerate() {
                out[(t * 2 + d) * self.hidden..][..self.hidden].copy_from_slice(h);
            }
        }
        out
    }
}

/// Interleaves sequences `[frames, features]` to `[frames, sequences, features]`.
fn time_major(sequences: &[Vec<f32>], features: usize) -> Vec<f32> {
    let num_frames = sequences[0].len() / features;
    (0..num_frames).flat_map(|t| sequences.iter().flat_map(move |x| x[t * features..][..features].to_vec())).collect()
}

#[test]
fn bidirectional_lstm_agrees() {
    let sizes = [
        (1, 1),
        (2, 3),
        (6, 2),
        (7, 4),
        (5, 5),
        (4, 6),
        (23, 8),
        (9, 15), // around the sequences of a tile
        (300, 1),
        (127, 2),
        (2, 260), // beyond the rows of a block
    ];
    for (in_features, hidden) in [(60, 128), (5, 32), (1, 96)] {
        let layer = Layer::new(in_features, hidden);
        for (num_frames, num_sequences) in sizes {
            let sequences: Vec<Vec<f32>> =
                (0..num_sequences).map(|s| values(100 + s as u64, num_frames * in_features)).collect();
            let expected: Vec<Vec<f64>> = sequences.iter().map(|x| layer.naive(x)).collect();
            for isa in Isa::available() {
                let what = (isa, in_features, hidden, num_frames, num_sequences);
                let found = run(&layer.pack::<f32>(isa), &sequences, &mut LstmWorkspace::default());
                // The gates' sums of some 200 products of 0.3 are off by up to 1e-5; the state
                // carries the error on.
                let error = largest_error(&found, &expected, 2 * hidden);
                assert!(error <= 3e-5, "{what:?}: {error}");
                let found = run(&layer.pack::<Bf16>(isa), &sequences, &mut LstmWorkspace::default());
                let found: Vec<f32> = found.into_iter().map(Bf16::to_f32).collect();
                // The two factors of each product are off by up to 2^-9, and so are the outputs;
                // the state carries the error on.
                let error = largest_error(&found, &expected, 2 * hidden);
                println!("{what:?}: bfloat16 is off by {error:.4}");
                assert!(error <= 0.02, "{what:?}: {error}");
            }
        }
    }
}

/// Output of one call, `[frames, sequences, 2 * hidden]`, for sequences of shape
/// `[frames, features]`.
fn run<T: Recurrent>(packed: &PackedBiLstm<T>, sequences: &[Vec<f32>], workspace: &mut LstmWorkspace) -> Vec<T>
where
    f32: LeftHand<T>,
{
    let input = time_major(sequences, packed.in_features());
    let mut out = vec![T::default(); input.len() / packed.in_features() * packed.out_features()];
    packed.run(&input, sequences.len(), workspace, &mut out);
    out
}

/// Largest difference between `found`, `[frames, sequences, width]`, and `expected`,
/// `[frames, width]` for each sequence; infinite for a NaN.
fn largest_error(found: &[f32], expected: &[Vec<f64>], width: usize) -> f64 {
    let error = |(row, found): (usize, &[f32])| {
        let expected = &expected[row % expected.len()][row / expected.len() * width..][..width];
        let errors = found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).abs());
        errors.map(|error| if error.is_nan() { f64::INFINITY } else { error }).fold(0.0, f64::max)
    };
    found.chunks_exact(width).enumerate().map(error).fold(0.0, f64::max)
}

#[test]
fn a_sequence_does_not_depend_on_the_others() {
    independent::<f32>();
    independent::<Bf16>();
}

fn independent<T: Recurrent>()
where
    f32: LeftHand<T>,
{
    let layer = Layer::new(60, 128);
    let sequences: Vec<Vec<f32>> = (0..17).map(|s| values(s, 40 * 60)).collect();
    for isa in Isa::available() {
        let packed = layer.pack::<T>(isa);
        // One workspace throughout, larger than needed most of the time: stale values must not
        // show.
        let mut workspace = LstmWorkspace::default();
        let all = run(&packed, &sequences, &mut workspace);
        for num_together in [1, 2, 3, 5] {
            for (first, sequences) in sequences.chunks(num_together).enumerate() {
                let some = run(&packed, sequences, &mut workspace);
                for (row, found) in some.chunks_exact(256).enumerate() {
                    let (t, s) = (row / sequences.len(), first * num_together + row % sequences.len());
                    assert!(
                        found == &all[(t * 17 + s) * 256..][..256],
                        "{isa:?} sequence {s} frame {t} of {num_together}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_empty_input_gives_an_empty_output() {
    Layer::new(5, 32).pack::<f32>(Isa::detect()).run::<f32>(&[], 3, &mut LstmWorkspace::default(), &mut []);
}
