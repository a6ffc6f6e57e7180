//! The time steps of an LSTM, for several sequences at once.
//!
//! A step is a product of the sequences' hidden states with the recurrent weights, then the gates.
//! One call runs many steps with no other work between them, so that the weights, which every step
//! reads, stay in the second-level cache.

use crate::arch::Vector;
use crate::bf16::Bf16;
use crate::dot::Dot;
use crate::gemm::PackedMatrix;
use crate::operand::{Kernel, Operand, Output};
use crate::tile::{block_columns, extent};
use crate::vecmath::{sigmoid_ratio, tanh_ratio};

/// The number of hidden units is a multiple of this, so that their gates fill the column blocks of
/// every tile.
pub(crate) const HIDDEN_MULTIPLE: usize = 32;

/// Types of hidden states and recurrent weights: `f32` and [`Bf16`].
pub trait Recurrent: Operand + Output {}

impl Recurrent for f32 {}
impl Recurrent for Bf16 {}

/// Some steps of one direction of a layer.
#[derive(Debug)]
pub(crate) struct Steps<'a, T: Recurrent> {
    /// `[hidden, 4 * hidden]`
    pub(crate) recurrent: &'a PackedMatrix<T>,
    /// Contribution of input and bias to the gates, `[frames, sequences, 4 * hidden]`; afterwards
    /// with that of the hidden states.
    pub(crate) gates: &'a mut [f32],
    /// `[sequences, hidden]`
    pub(crate) cells: &'a mut [f32],
    /// Hidden states of all frames of the layer: frame `t`, sequence `s` at
    /// `(t * sequences + s) * h_stride`.
    pub(crate) h: &'a mut [T],
    pub(crate) h_stride: usize,
    pub(crate) num_sequences: usize,
    /// The frame of `h` that `gates` begins with.
    pub(crate) first_frame: usize,
    /// Frames of `gates`.
    pub(crate) num_frames: usize,
    /// True to step from the last frame to the first.
    pub(crate) backward: bool,
    /// True if the first of these steps is the first of the layer: the hidden states before it are
    /// zero.
    pub(crate) starts: bool,
}

impl<T: Recurrent> Steps<'_, T> {
    /// Runs the steps.
    ///
    /// # Panics
    ///
    /// If a length does not fit.
    pub(crate) fn run(self) {
        let hidden = self.recurrent.k();
        assert!(hidden.is_multiple_of(HIDDEN_MULTIPLE) && self.recurrent.n() == 4 * hidden);
        assert!(self.num_sequences > 0 && self.h_stride >= hidden);
        assert_eq!(self.gates.len(), self.num_frames * self.num_sequences * 4 * hidden, "gates");
        assert_eq!(self.cells.len(), self.num_sequences * hidden, "cells");
        let neighbour = usize::from(!self.starts);
        let (before, after) = if self.backward { (0, neighbour) } else { (neighbour, 0) };
        assert!(self.first_frame >= before, "the frame before the first");
        let num_rows = (self.first_frame + self.num_frames + after) * self.num_sequences;
        assert!(self.h.len() >= extent(num_rows, self.h_stride, hidden), "hidden states");
        // SAFETY: the lengths were asserted above.
        unsafe { T::dispatch(self.recurrent.isa(), self) }
    }
}

/// True with 32 registers, which decides the shape of a tile. A tile holds the sums of some
/// sequences in some column blocks of two registers. With few sequences, many columns keep the
/// multipliers busy; nearly square tiles load least per multiplication. With 32 registers, 8
/// sequences take 4 % less time in two tiles of 4 x 4 registers than in one of 8 x 2.
const fn has_32_registers<D: Dot>() -> bool {
    D::TILE_ROWS >= 10
}

impl<T: Recurrent> Kernel<T> for Steps<'_, T> {
    type Output = ();

    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - The slices have the lengths that [`Steps::run`] asserts.
    #[inline(always)]
    unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(mut self) {
        let mut turned = false;
        let wide = has_32_registers::<D>();
        let tallest = if wide { 5 } else { D::TILE_ROWS };
        for step in 0..self.num_frames {
            let frame = if self.backward { self.num_frames - 1 - step } else { step };
            let mut first = if step == 0 && self.starts { self.num_sequences } else { 0 };
            while first < self.num_sequences {
                let remaining = self.num_sequences - first;
                let height = remaining.div_ceil(remaining.div_ceil(tallest));
                // SAFETY: `height` sequences from `first` on exist, and so does the frame before
                // (or, backward, after); the rest is the caller's guarantee.
                unsafe {
                    match (height, wide) {
                        (1, true) => product::<D, T, 1, 4>(&mut self, frame, first, turned),
                        (2, true) => product::<D, T, 2, 4>(&mut self, frame, first, turned),
                        (3, true) => product::<D, T, 3, 4>(&mut self, frame, first, turned),
                        (4, true) => product::<D, T, 4, 2>(&mut self, frame, first, turned),
                        (5, true) => product::<D, T, 5, 2>(&mut self, frame, first, turned),
                        (1, false) => product::<D, T, 1, 4>(&mut self, frame, first, turned),
                        (2, false) => product::<D, T, 2, 2>(&mut self, frame, first, turned),
                        (3, false) => product::<D, T, 3, 1>(&mut self, frame, first, turned),
                        (4, false) => product::<D, T, 4, 1>(&mut self, frame, first, turned),
                        (5, false) => product::<D, T, 5, 1>(&mut self, frame, first, turned),
                        (6, false) => product::<D, T, 6, 1>(&mut self, frame, first, turned),
                        _ => unreachable!("a tile has 1 to {tallest} sequences"),
                    }
                }
                first += height;
                turned = !turned;
            }
            // SAFETY: the caller's guarantee.
            unsafe { activate::<D, T>(&mut self, frame) };
        }
    }
}

/// Adds the contribution of the previous hidden states to the gates of `MR` sequences from `first`
/// on. Goes from the last column to the first if `turned`.
///
/// # Safety
///
/// - The processor has the instruction set of `D`, and the weights are packed for it.
/// - The slices have the lengths that [`Steps::run`] asserts, `first + MR <= num_sequences`, and
///   the step is not the first of all.
#[inline(always)]
unsafe fn product<D: Dot<Left = T, Right = T::Weight>, T: Recurrent, const MR: usize, const NB: usize>(
    steps: &mut Steps<'_, T>,
    frame: usize,
    first: usize,
    turned: bool,
) {
    let hidden = steps.recurrent.k();
    let columns = block_columns(steps.recurrent.isa());
    let frame_in_h = steps.first_frame + frame;
    let previous = if steps.backward { frame_in_h + 1 } else { frame_in_h - 1 };
    let num_groups = steps.recurrent.num_blocks() / NB;
    for group in 0..num_groups {
        // Back and forth: the weights used last are still in the first-level cache.
        let index = NB * if turned { num_groups - 1 - group } else { group };
        let block = steps.recurrent.block(index);
        // SAFETY: the rows are those of sequences that exist, at the column of a block that exists.
        let tile = unsafe {
            Tile::<D> {
                h: steps.h.as_ptr().add((previous * steps.num_sequences + first) * steps.h_stride),
                h_stride: steps.h_stride,
                num_words: hidden / D::GROUP,
                weights: block.weights.as_ptr(),
                block_len: block.weights.len(),
                scale: block.scale.as_ptr(),
                gates: steps
                    .gates
                    .as_mut_ptr()
                    .add((frame * steps.num_sequences + first) * 4 * hidden + index * columns),
                gates_stride: 4 * hidden,
            }
        };
        // SAFETY: blocks follow each other in the packed matrix, and so do their columns in the
        // gates.
        unsafe { tile.run::<MR, NB>() };
    }
}

/// A product of some sequences and some column blocks.
struct Tile<D: Dot> {
    h: *const D::Left,
    h_stride: usize,
    /// Words of a hidden state.
    num_words: usize,
    /// Packed weights of the first column block; the others follow.
    weights: *const D::Right,
    /// Weights of a column block.
    block_len: usize,
    scale: *const f32,
    gates: *mut f32,
    gates_stride: usize,
}

impl<D: Dot> Tile<D> {
    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - There are `MR` rows of hidden states and gates, and `NB` column blocks of weights, scale
    ///   and gates.
    #[inline(always)]
    unsafe fn run<const MR: usize, const NB: usize>(self) {
        let lanes = D::Vector::LANES;
        let register = lanes * D::GROUP;
        // SAFETY: the caller's guarantee; each block has two registers of weights per word.
        unsafe {
            let gate = |r: usize, b: usize, j: usize| self.gates.add(r * self.gates_stride + (2 * b + j) * lanes);
            let mut sums = [[[D::start(self.gates); 2]; MR]; NB];
            for (b, sums) in sums.iter_mut().enumerate() {
                for (r, sums) in sums.iter_mut().enumerate() {
                    *sums = [D::start(gate(r, b, 0)), D::start(gate(r, b, 1))];
                }
            }
            for word in 0..self.num_words {
                for (b, sums) in sums.iter_mut().enumerate() {
                    let weights = self.weights.add(b * self.block_len + 2 * word * register);
                    let (first, second) = (D::weights(weights), D::weights(weights.add(register)));
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let state = D::word(self.h.add(r * self.h_stride + word * D::GROUP));
                        sums[0] = D::step(state, first, sums[0]);
                        sums[1] = D::step(state, second, sums[1]);
                    }
                }
            }
            for (b, sums) in sums.iter().enumerate() {
                for (r, sums) in sums.iter().enumerate() {
                    for (j, sums) in sums.iter().enumerate() {
                        D::end(*sums, self.scale.add((2 * b + j) * lanes), gate(r, b, j)).store(gate(r, b, j));
                    }
                }
            }
        }
    }
}

/// `c = sigmoid(f) c + sigmoid(i) tanh(g)`, `h = sigmoid(o) tanh(c)` for all sequences of a frame,
/// with one division for c and one for h.
///
/// # Safety
///
/// - The processor has the instruction set of `D`.
/// - The slices have the lengths that [`Steps::run`] asserts.
#[inline(always)]
unsafe fn activate<D: Dot<Left = T>, T: Recurrent>(steps: &mut Steps<'_, T>, frame: usize) {
    let hidden = steps.recurrent.k();
    for sequence in 0..steps.num_sequences {
        // SAFETY: the frame and the sequence exist; hidden states and cells have `hidden` values, a
        // multiple of the lanes, and gates four times as many.
        unsafe {
            let gates = steps.gates.as_ptr().add((frame * steps.num_sequences + sequence) * 4 * hidden);
            let cells = steps.cells.as_mut_ptr().add(sequence * hidden);
            let row = (steps.first_frame + frame) * steps.num_sequences + sequence;
            let h = steps.h.as_mut_ptr().add(row * steps.h_stride);
            for unit in (0..hidden).step_by(D::Vector::LANES) {
                let gate = |index: usize| D::Vector::load(gates.add(index * hidden + unit));
                let (input, forget, candidate) = (sigmoid_ratio(gate(0)), sigmoid_ratio(gate(1)), tanh_ratio(gate(2)));
                let below = input.below.mul(candidate.below);
                let kept = forget.above.mul(D::Vector::load(cells.add(unit))).mul(below);
                let cell = input.above.mul(candidate.above).mul_add(forget.below, kept).div(forget.below.mul(below));
                cell.store(cells.add(unit));
                let (output, cell) = (sigmoid_ratio(gate(3)), tanh_ratio(cell));
                let state = output.above.mul(cell.above).div(output.below.mul(cell.below));
                T::store::<D>(state, h.add(unit));
            }
        }
    }
}
