//! Bidirectional LSTM layer over several sequences at once.
//!
//! Activations are time-major, `[frames, sequences, features]`: the rows of one step lie together, so that a step is one small
//! matrix product over all sequences. What the input contributes to the gates is one large product beforehand.

use crate::arch::{Vector, dispatch};
use crate::buffer::AlignedBuffer;
use crate::gemm::{PackedMatrix, Rows, RowsMut, Store, gemm};
use crate::isa::Isa;
use crate::tile::extent;
use crate::vecmath::{sigmoid_vector, tanh_vector};

/// Hidden units come in whole registers of every instruction set.
const HIDDEN_MULTIPLE: usize = 16;

/// Weights of one direction; the rows of each are the gates in the order i, f, g, o, `hidden` rows each.
#[derive(Debug, Clone, Copy)]
pub struct LstmWeights<'a> {
    /// Input weights, shape `[4 * hidden, in_features]`.
    pub weight_ih: &'a [f32],
    /// Recurrent weights, shape `[4 * hidden, hidden]`.
    pub weight_hh: &'a [f32],
    /// Bias of the input product, shape `[4 * hidden]`.
    pub bias_ih: &'a [f32],
    /// Bias of the recurrent product, shape `[4 * hidden]`; the two are added once, here.
    pub bias_hh: &'a [f32],
}

/// A bidirectional LSTM layer, packed for one instruction set.
#[derive(Debug, Clone)]
pub struct PackedBiLstm {
    in_features: usize,
    hidden: usize,
    directions: [Direction; 2],
}

#[derive(Debug, Clone)]
struct Direction {
    input: PackedMatrix,
    recurrent: PackedMatrix,
}

/// Buffers of [`PackedBiLstm::run`], reused from call to call.
#[derive(Debug, Clone, Default)]
pub struct LstmWorkspace {
    /// `[frames, sequences, 4 * hidden]`
    gates: AlignedBuffer,
    /// `[sequences, hidden]`
    cells: AlignedBuffer,
}

impl PackedBiLstm {
    /// Packs the two directions of a layer.
    ///
    /// # Panics
    ///
    /// If `hidden` is not a multiple of 16 or a length does not fit.
    pub fn new(
        isa: Isa,
        in_features: usize,
        hidden: usize,
        forward: LstmWeights<'_>,
        backward: LstmWeights<'_>,
    ) -> Self {
        assert!(hidden > 0 && hidden.is_multiple_of(HIDDEN_MULTIPLE), "{hidden} hidden units");
        let directions = [forward, backward].map(|weights| {
            assert_eq!(weights.bias_ih.len(), 4 * hidden, "input bias");
            assert_eq!(weights.bias_hh.len(), 4 * hidden, "recurrent bias");
            let bias: Vec<f32> = weights.bias_ih.iter().zip(weights.bias_hh).map(|(a, b)| a + b).collect();
            Direction {
                input: PackedMatrix::from_transposed(isa, weights.weight_ih, in_features, 4 * hidden).with_bias(&bias),
                recurrent: PackedMatrix::from_transposed(isa, weights.weight_hh, hidden, 4 * hidden),
            }
        });
        Self { in_features, hidden, directions }
    }

    /// Values per input row.
    pub fn in_features(&self) -> usize {
        self.in_features
    }

    /// Values per output row: forward h, then backward h.
    pub fn out_features(&self) -> usize {
        2 * self.hidden
    }

    /// Runs the layer over `num_sequences` sequences of equal length from zero states.
    ///
    /// `input` has shape `[frames, num_sequences, in_features]`, `output` has shape `[frames, num_sequences, 2 * hidden]`.
    /// A sequence's result is the same, bit for bit, whatever the other sequences are. Allocates only if `workspace` was never
    /// this large before.
    ///
    /// # Panics
    ///
    /// If a length does not fit.
    pub fn run(&self, input: &[f32], num_sequences: usize, workspace: &mut LstmWorkspace, output: &mut [f32]) {
        let (rows, gates_len, out_len) = (input.len() / self.in_features.max(1), 4 * self.hidden, 2 * self.hidden);
        assert_eq!(input.len(), rows * self.in_features, "input is not a whole number of rows");
        assert_eq!(output.len(), rows * out_len, "output");
        if rows == 0 {
            return;
        }
        assert!(num_sequences > 0 && rows.is_multiple_of(num_sequences), "{rows} rows, {num_sequences} sequences");
        let num_frames = rows / num_sequences;
        let LstmWorkspace { gates, cells } = workspace;
        gates.resize(rows * gates_len);
        cells.resize(num_sequences * self.hidden);
        for (index, direction) in self.directions.iter().enumerate() {
            let offset = index * self.hidden;
            let isa = direction.input.isa();
            let rows_in = Rows { data: input, stride: self.in_features };
            let rows_out = RowsMut { data: gates, stride: gates_len };
            gemm(rows, rows_in, &direction.input, Store::default(), rows_out);
            cells.fill(0.0);
            let mut previous = None;
            for step in 0..num_frames {
                let t = if index == 0 { step } else { num_frames - 1 - step };
                let gates = &mut gates[t * num_sequences * gates_len..][..num_sequences * gates_len];
                if let Some(previous) = previous {
                    let h = Rows { data: &output[previous * num_sequences * out_len + offset..], stride: out_len };
                    let store = Store { accumulate: true, relu: false };
                    gemm(num_sequences, h, &direction.recurrent, store, RowsMut { data: gates, stride: gates_len });
                }
                let h = &mut output[t * num_sequences * out_len + offset..];
                let step = Step { gates, cells, h, h_stride: out_len, hidden: self.hidden };
                step.run(isa, num_sequences);
                previous = Some(t);
            }
        }
    }
}

/// The element-wise part of one time step: `c = sigmoid(f) c + sigmoid(i) tanh(g)`, `h = sigmoid(o) tanh(c)`.
struct Step<'a> {
    /// `[sequences, 4 * hidden]`
    gates: &'a [f32],
    /// `[sequences, hidden]`
    cells: &'a mut [f32],
    /// Row `s` of `hidden` values starts at `s * h_stride`.
    h: &'a mut [f32],
    h_stride: usize,
    hidden: usize,
}

impl Step<'_> {
    fn run(self, isa: Isa, num_sequences: usize) {
        assert!(self.hidden.is_multiple_of(HIDDEN_MULTIPLE) && self.h_stride >= self.hidden);
        assert_eq!(self.gates.len(), num_sequences * 4 * self.hidden);
        assert_eq!(self.cells.len(), num_sequences * self.hidden);
        assert!(self.h.len() >= extent(num_sequences, self.h_stride, self.hidden), "rows of h");
        // SAFETY: an `Isa` exists only if the processor has it, and the lengths were asserted above.
        unsafe { dispatch!(isa, step(self): Step<'_>) }
    }
}

/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - The lengths are those that [`Step::run`] asserts; `hidden` is a multiple of `V::LANES`.
#[inline(always)]
unsafe fn step<V: Vector>(arguments: Step<'_>) {
    let Step { gates, cells, h, h_stride, hidden } = arguments;
    let sequences = gates.chunks_exact(4 * hidden).zip(cells.chunks_exact_mut(hidden));
    for ((gates, cells), h) in sequences.zip(h.chunks_mut(h_stride)) {
        let h = &mut h[..hidden];
        for j in (0..hidden).step_by(V::LANES) {
            // SAFETY: j + V::LANES <= hidden, and `gates` has 4 * hidden values, `cells` and `h` have `hidden`.
            unsafe {
                let gate = |index: usize| V::load(gates.as_ptr().add(index * hidden + j));
                let candidate = sigmoid_vector(gate(0)).mul(tanh_vector(gate(2)));
                let cell = sigmoid_vector(gate(1)).mul_add(V::load(cells.as_ptr().add(j)), candidate);
                cell.store(cells.as_mut_ptr().add(j));
                sigmoid_vector(gate(3)).mul(tanh_vector(cell)).store(h.as_mut_ptr().add(j));
            }
        }
    }
}
