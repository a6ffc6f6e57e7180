//! Bidirectional LSTM layer over several sequences at once.
//!
//! Activations are time-major, `[frames, sequences, features]`: the rows of one step lie together,
//! so that a step is one small matrix product over all sequences. The contribution of the input to
//! the gates is computed beforehand, as one large product for many steps.

use crate::buffer::AlignedBuffer;
use crate::gemm::{LeftHand, PackedMatrix, Rows, RowsMut, Store, gemm};
use crate::isa::Isa;
use crate::recurrence::{HIDDEN_MULTIPLE, Recurrent, Steps};

/// Rows of input (frames times sequences) per block of gates: few enough that their gates (512 KiB
/// with 128 units) stay in the second-level cache beside the recurrent weights, and many enough for
/// whole tiles.
const BLOCK_ROWS: usize = 252;

/// Weights of one direction; the rows of each are the gates in the order i, f, g, o, `hidden` rows
/// each.
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

/// A bidirectional LSTM layer, packed for one instruction set and for products of numbers of type
/// `T`, `f32` or [`Bf16`](crate::Bf16). Gates and cell states are `f32` in either case.
#[derive(Debug, Clone)]
pub struct PackedBiLstm<T: Recurrent = f32> {
    in_features: usize,
    hidden: usize,
    directions: [Direction<T>; 2],
}

#[derive(Debug, Clone)]
struct Direction<T: Recurrent> {
    input: PackedMatrix<T>,
    recurrent: PackedMatrix<T>,
}

/// Buffers of [`PackedBiLstm::run`], reused from call to call.
#[derive(Debug, Clone, Default)]
pub struct LstmWorkspace {
    /// `[frames of a block, sequences, 4 * hidden]`
    gates: AlignedBuffer,
    /// `[sequences, hidden]`
    cells: AlignedBuffer,
}

impl<T: Recurrent> PackedBiLstm<T> {
    /// Packs the two directions of a layer.
    ///
    /// # Panics
    ///
    /// If `hidden` is not a multiple of 32 or a length does not fit.
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
    /// `input` has shape `[frames, num_sequences, in_features]`, `output` has shape
    /// `[frames, num_sequences, 2 * hidden]`. A sequence's result is the same, bit for bit, for any
    /// other sequences in the call. Allocates only beyond the largest size of `workspace` so far.
    ///
    /// # Panics
    ///
    /// If a length does not fit.
    pub fn run<A: LeftHand<T>>(
        &self,
        input: &[A],
        num_sequences: usize,
        workspace: &mut LstmWorkspace,
        output: &mut [T],
    ) {
        let (rows, gates_len, out_len) = (input.len() / self.in_features.max(1), 4 * self.hidden, 2 * self.hidden);
        assert_eq!(input.len(), rows * self.in_features, "input is not a whole number of rows");
        assert_eq!(output.len(), rows * out_len, "output");
        if rows == 0 {
            return;
        }
        assert!(num_sequences > 0 && rows.is_multiple_of(num_sequences), "{rows} rows, {num_sequences} sequences");
        let num_frames = rows / num_sequences;
        let block_frames = (BLOCK_ROWS / num_sequences).max(1);
        let LstmWorkspace { gates, cells } = workspace;
        gates.resize(block_frames.min(num_frames) * num_sequences * gates_len);
        cells.resize(num_sequences * self.hidden);
        for (index, direction) in self.directions.iter().enumerate() {
            let backward = index == 1;
            cells.fill(0.0);
            for done in (0..num_frames).step_by(block_frames) {
                let frames = block_frames.min(num_frames - done);
                let first_frame = if backward { num_frames - done - frames } else { done };
                let input = &input[first_frame * num_sequences * self.in_features..];
                let gates = &mut gates[..frames * num_sequences * gates_len];
                let rows_in = Rows { data: input, stride: self.in_features };
                let rows_out = RowsMut { data: &mut *gates, stride: gates_len };
                gemm(frames * num_sequences, rows_in, &direction.input, Store::default(), rows_out);
                Steps {
                    recurrent: &direction.recurrent,
                    gates,
                    cells,
                    h: &mut output[index * self.hidden..],
                    h_stride: out_len,
                    num_sequences,
                    first_frame,
                    num_frames: frames,
                    backward,
                    starts: done == 0,
                }
                .run();
            }
        }
    }
}
