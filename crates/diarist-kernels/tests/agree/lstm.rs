//! Elementary functions and the LSTM on every instruction set of this machine, against `std` and `naive` in f64.

use diarist_kernels::{Isa, LstmWeights, LstmWorkspace, PackedBiLstm, naive, vecmath};

/// Uniform values in [-1, 1) from a 64-bit xorshift generator.
fn values(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed * 2 + 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Both signs of: a geometric ladder from the smallest to the largest float, a fine linear one over the range in use, and the
/// points where the expansion changes its integer part.
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
        /// Where the relative error is checked.
        domain: std::ops::RangeInclusive<f32>,
        range: std::ops::RangeInclusive<f32>,
        /// Rounding of the last two or three operations (6e-8 each) and of the polynomial's smaller terms.
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
                // Below the smallest normal number there is no relative precision to ask for.
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
fn fixed_points() {
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
        // Recurrent weights of a trained layer are small; large ones would make the recurrence chaotic.
        let direction = |d: usize| std::array::from_fn(|i| tensor(d, i).iter().map(|x| x * 0.3).collect());
        Self { in_features, hidden, tensors: [direction(0), direction(1)] }
    }

    fn pack(&self, isa: Isa) -> PackedBiLstm {
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
    for (in_features, hidden) in [(60, 128), (256, 128), (5, 16), (1, 48)] {
        let layer = Layer::new(in_features, hidden);
        for (num_frames, num_sequences) in [(1, 1), (2, 3), (40, 1), (23, 8), (9, 15)] {
            let sequences: Vec<Vec<f32>> =
                (0..num_sequences).map(|s| values(100 + s as u64, num_frames * in_features)).collect();
            let expected: Vec<Vec<f64>> = sequences.iter().map(|x| layer.naive(x)).collect();
            for isa in Isa::available() {
                let packed = layer.pack(isa);
                let what = (isa, in_features, hidden, num_frames, num_sequences);
                let mut out = vec![f32::NAN; num_frames * num_sequences * 2 * hidden];
                let mut workspace = LstmWorkspace::default();
                packed.run(&time_major(&sequences, in_features), num_sequences, &mut workspace, &mut out);
                for (s, expected) in expected.iter().enumerate() {
                    for (t, expected) in expected.chunks_exact(2 * hidden).enumerate() {
                        let found = &out[(t * num_sequences + s) * 2 * hidden..][..2 * hidden];
                        for (j, (found, expected)) in found.iter().zip(expected).enumerate() {
                            let error = (f64::from(*found) - expected).abs();
                            // The gates' sums of some 400 products of 0.3 are off by up to 1e-5; the state carries it on.
                            assert!(error <= 3e-5, "{what:?} frame {t} sequence {s} unit {j}: {found} {expected}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_sequence_does_not_depend_on_the_others() {
    let layer = Layer::new(60, 128);
    let sequences: Vec<Vec<f32>> = (0..17).map(|s| values(s, 12 * 60)).collect();
    for isa in Isa::available() {
        let packed = layer.pack(isa);
        // One workspace throughout, larger than needed most of the time: stale values must not show.
        let mut workspace = LstmWorkspace::default();
        let mut run = |sequences: &[Vec<f32>]| {
            let mut out = vec![f32::NAN; sequences.len() * 12 * 256];
            packed.run(&time_major(sequences, 60), sequences.len(), &mut workspace, &mut out);
            out
        };
        let all = run(&sequences);
        for (s, sequence) in sequences.iter().enumerate() {
            let alone = run(std::slice::from_ref(sequence));
            for (t, row) in alone.chunks_exact(256).enumerate() {
                assert!(row == &all[(t * 17 + s) * 256..][..256], "{isa:?} sequence {s} frame {t}");
            }
        }
    }
}

#[test]
fn no_frames_is_no_work() {
    Layer::new(5, 16).pack(Isa::detect()).run(&[], 3, &mut LstmWorkspace::default(), &mut []);
}
