//! The micro-kernel under every dense layer.
//!
//! A *strip* is `num_rows` consecutive output rows (pixels, frames) times one block of output
//! columns (channels):
//!
//! ```text
//! out[r][c] = bias[c]
//!     + sum over runs i, positions k of x[r * x_stride + i * run_pitch + k] * w[i][k][c]
//! ```
//!
//! with an optional addition of the previous value of `out` and an optional ReLU. A GEMM is one run
//! per row; a 3x3 convolution over a plane with channels last is three runs of `3 * channels`
//! neighbouring values, and its rows overlap. Factors are an [`Operand`] and its weights, results
//! are an [`Output`].
//!
//! The strip is cut into tiles of up to `MR` rows whose sums live in registers. Each output value
//! is one chain of multiply-adds that starts at the bias and goes through runs and positions in
//! order, in any tile that holds the row: a result does not depend on the rows around it.

use std::mem::MaybeUninit;

use crate::arch::Vector;
use crate::dot::{Dot, LeftRow};
use crate::isa::{Isa, Level};
use crate::operand::{Kernel, Operand, Output};

/// Widest column block of any instruction set.
pub(crate) const MAX_BLOCK_COLUMNS: usize = 32;
/// Tallest tile of any instruction set.
pub(crate) const MAX_TILE_ROWS: usize = 14;

/// Columns per block for packed weights of `isa`: two registers of 32-bit sums, so that a broadcast
/// word serves two steps.
pub(crate) fn block_columns(isa: Isa) -> usize {
    match isa.level() {
        Level::Portable | Level::Simd128 | Level::Neon => 8,
        Level::Avx2 => 16,
        Level::Avx512 => 32,
    }
}

/// Rows of the tallest tile of `isa` for left-hand values `T`.
pub(crate) fn tile_rows<T: Operand>(isa: Isa) -> usize {
    struct TileRows;
    impl<T: Operand> Kernel<T> for TileRows {
        type Output = usize;

        #[inline(always)]
        unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(self) -> usize {
            D::TILE_ROWS
        }
    }
    // SAFETY: the kernel has no requirement.
    unsafe { T::dispatch(isa, TileRows) }
}

/// One strip of left-hand values `T`; see the module text for the formula.
#[derive(Debug)]
pub(crate) struct Strip<'a, T: Operand, O> {
    /// Input, from the first value of the first row on.
    pub(crate) x: &'a [T],
    /// Distance between the starts of neighbouring rows.
    pub(crate) x_stride: usize,
    /// Runs per row.
    pub(crate) num_runs: usize,
    /// Values per run.
    pub(crate) run_len: usize,
    /// Distance between the starts of neighbouring runs of a row.
    pub(crate) run_pitch: usize,
    /// Output rows.
    pub(crate) num_rows: usize,
    /// Packed weights of the column block,
    /// `[num_runs][words of a run][block_columns][values of a word]`: a run is padded to whole
    /// words with zeros.
    pub(crate) weights: &'a [T::Weight],
    /// Value of an integer sum of 1 in each column of the block, `[block_columns]`; unused for
    /// other operands.
    pub(crate) scale: &'a [f32],
    /// Bias of the column block, `[block_columns]`.
    pub(crate) bias: &'a [f32],
    /// Output, from the first value of the first row on.
    pub(crate) out: &'a mut [O],
    /// Distance between the starts of neighbouring output rows.
    pub(crate) out_stride: usize,
    /// Columns of the block that exist (at most `block_columns`).
    pub(crate) num_columns: usize,
    /// True to add to the values in `out`.
    pub(crate) accumulate: bool,
    /// Factor on the integers in `out` before the addition.
    pub(crate) carry: f32,
    /// True to replace negative results by zero.
    pub(crate) relu: bool,
}

/// Number of values that `count` stretches of `len` values touch if one starts every `stride`
/// values.
///
/// # Panics
///
/// If the number does not fit in a usize.
pub(crate) fn extent(count: usize, stride: usize, len: usize) -> usize {
    match count {
        0 => 0,
        _ => (count - 1).checked_mul(stride).and_then(|start| start.checked_add(len)).expect("extent overflows"),
    }
}

/// Rows of the next tile, if `remaining` rows are left: the tallest tile, or about half of it. The
/// program has code for these heights only, because each makes it larger, in every arithmetic. A
/// last tile of one row would leave the multipliers idle, so the rest is cut into equal parts.
#[inline(always)]
const fn tile_height(remaining: usize, tallest: usize) -> usize {
    let half = tallest / 2 + 1;
    match remaining {
        _ if remaining == tallest || remaining > 2 * half => tallest,
        _ => remaining.div_ceil(remaining.div_ceil(half)),
    }
}

/// Evaluates `$call` with the number of rows in `$constant`, for every height of the list that is
/// also one of `$dot`.
macro_rules! for_rows {
    ($num_rows:expr, $is_height:expr, [$($rows:literal)*], |$constant:ident| $call:expr) => {
        match $num_rows {
            $($rows if $is_height($rows) => {
                const $constant: usize = $rows;
                $call
            })*
            rows => unreachable!("no tile has {rows} rows"),
        }
    };
}
pub(crate) use for_rows;

impl<T: Operand, O: Output> Strip<'_, T, O> {
    /// Computes the strip.
    ///
    /// # Panics
    ///
    /// If a slice is too short for the shape.
    pub(crate) fn run(self, isa: Isa) {
        let block = block_columns(isa);
        let row_extent = extent(self.num_runs, self.run_pitch, self.run_len);
        let run_weights = self.run_len.next_multiple_of(T::GROUP).checked_mul(block);
        let num_weights = run_weights.and_then(|len| len.checked_mul(self.num_runs));
        assert!(self.num_columns <= block);
        assert_eq!(self.scale.len(), block, "scale of the column block");
        assert_eq!(self.bias.len(), block, "bias of the column block");
        assert_eq!(Some(self.weights.len()), num_weights, "weights of the column block");
        assert!(self.x.len() >= extent(self.num_rows, self.x_stride, row_extent), "input too short");
        assert!(self.out.len() >= extent(self.num_rows, self.out_stride, self.num_columns), "output too short");
        assert!(self.out_stride >= self.num_columns || self.num_rows <= 1, "output rows overlap");
        // SAFETY: the lengths were asserted above; an `Isa` exists only if the processor has it.
        unsafe { T::dispatch(isa, self) }
    }
}

impl<T: Operand, O: Output> Kernel<T> for Strip<'_, T, O> {
    type Output = ();

    /// # Safety
    ///
    /// The processor has the instruction set of `D`, and the slices have the lengths that
    /// [`Strip::run`] asserts.
    #[inline(always)]
    unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(mut self) {
        let is_height = |rows| rows == D::TILE_ROWS || rows <= D::TILE_ROWS / 2 + 1;
        let mut first = 0;
        while first < self.num_rows {
            let height = tile_height(self.num_rows - first, D::TILE_ROWS);
            // SAFETY: `height` rows from `first` on are within the strip; the rest is the caller's
            // guarantee.
            unsafe {
                for_rows!(height, is_height, [14 12 11 10 8 7 6 5 4 3 2 1], |ROWS| {
                    tile::<D, T, O, ROWS>(&mut self, first)
                });
            }
            first += height;
        }
    }
}

/// Registers per row of a tile.
const REGISTERS: usize = 2;
/// Most values per word.
const MAX_GROUP: usize = 4;

/// Computes rows `first..first + MR` of the strip.
///
/// # Safety
///
/// - The processor has the instruction set of `D`.
/// - The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of `2 * LANES`
///   columns.
/// - `first + MR <= strip.num_rows`.
#[inline(always)]
unsafe fn tile<D, T, O, const MR: usize>(strip: &mut Strip<'_, T, O>, first: usize)
where
    D: Dot<Left = T, Right = T::Weight>,
    T: Operand,
    O: Output,
{
    let lanes = D::Vector::LANES;
    let block = REGISTERS * lanes;
    // SAFETY: row `first` is within the strip, so its start is within (or, for empty rows, just
    // past) the slices.
    let (x, out) =
        unsafe { (strip.x.as_ptr().add(first * strip.x_stride), strip.out.as_mut_ptr().add(first * strip.out_stride)) };
    // SAFETY: all reads of `x` are at row * x_stride + run * run_pitch + position with row < MR,
    // inside the asserted extent: a word that is not whole is read value by value. Weights and bias
    // are read front to back, `block` words per step, as many as were asserted.
    let sums = unsafe {
        let mut sums = [[D::start(strip.bias.as_ptr()), D::start(strip.bias.as_ptr().add(lanes))]; MR];
        let mut w = strip.weights.as_ptr();
        for run in 0..strip.num_runs {
            let x = x.add(run * strip.run_pitch);
            let mut k = 0;
            while k + D::GROUP <= strip.run_len {
                step::<D, MR>(&mut sums, |r| x.add(r * strip.x_stride + k), &mut w);
                k += D::GROUP;
            }
            if k < strip.run_len {
                let mut words = [[D::Left::default(); MAX_GROUP]; MR];
                for (r, word) in words.iter_mut().enumerate() {
                    let rest = x.add(r * strip.x_stride + k);
                    std::ptr::copy_nonoverlapping(rest, word.as_mut_ptr(), strip.run_len - k);
                }
                step::<D, MR>(&mut sums, |r| words[r].as_ptr(), &mut w);
            }
        }
        let Strip { num_runs, run_len, run_pitch, .. } = *strip;
        // A copy, so that the sums themselves, which no loop indexes, stay in registers.
        let mut ended = sums;
        for (r, row) in ended.iter_mut().enumerate() {
            let values = x.add(r * strip.x_stride);
            *row = D::end_row(*row, LeftRow { values, num_runs, run_len, run_pitch });
        }
        ended
    };
    // A partial block goes through a buffer, so that no column beyond the last is read or written.
    let num_columns = strip.num_columns;
    let is_partial = num_columns < block;
    let mut buffer = MaybeUninit::<[O; MAX_TILE_ROWS * MAX_BLOCK_COLUMNS]>::uninit();
    let (mut target, mut stride) = (out, strip.out_stride);
    if is_partial {
        target = buffer.write([O::default(); MAX_TILE_ROWS * MAX_BLOCK_COLUMNS]).as_mut_ptr();
        stride = block;
        // SAFETY: each row has `num_columns` values in `out` and, as num_columns < block, in the
        // buffer.
        unsafe { copy_rows(MR, num_columns, (out, strip.out_stride), (target, stride)) };
    }
    // SAFETY: each of the MR rows has `block` values in the target: those of `out`, if the block is
    // whole, or of the buffer, which holds MR rows of `block` values (MR <= MAX_TILE_ROWS, block <=
    // MAX_BLOCK_COLUMNS).
    unsafe { finish::<D, T, O, MR>(sums, strip, target, stride) };
    if is_partial {
        // SAFETY: as for the copy into the buffer.
        unsafe { copy_rows(MR, num_columns, (target, stride), (out, strip.out_stride)) };
    }
}

/// Copies the first `len` values of each row. `from` and `to` are the first row and the distance
/// between rows.
///
/// # Safety
///
/// The first `len` values of `num_rows` rows are readable at `from` and writable at `to`, and do
/// not overlap.
#[inline(never)]
unsafe fn copy_rows<O: Copy>(num_rows: usize, len: usize, from: (*const O, usize), to: (*mut O, usize)) {
    for r in 0..num_rows {
        // SAFETY: the caller's guarantee.
        unsafe { std::ptr::copy_nonoverlapping(from.0.add(r * from.1), to.0.add(r * to.1), len) };
    }
}

/// Adds the products of one word of every row with the weights at `w`, and moves `w` past those
/// weights.
///
/// # Safety
///
/// - The processor has the instruction set of `D`.
/// - `x(r)` points at `GROUP` values for every r < MR, and `w` at `2 * LANES * GROUP` weights.
#[inline(always)]
unsafe fn step<D: Dot, const MR: usize>(
    sums: &mut [[D::Sums; REGISTERS]; MR],
    x: impl Fn(usize) -> *const D::Left,
    w: &mut *const D::Right,
) {
    let register = D::Vector::LANES * D::GROUP;
    // SAFETY: the caller's guarantee.
    unsafe {
        let (w0, w1) = (D::weights(*w), D::weights(w.add(register)));
        *w = w.add(REGISTERS * register);
        for (r, row) in sums.iter_mut().enumerate() {
            let word = D::word(x(r));
            row[0] = D::step(word, w0, row[0]);
            row[1] = D::step(word, w1, row[1]);
        }
    }
}

/// Stores the sums of a tile, after the optional addition and ReLU.
///
/// # Safety
///
/// - The processor has the instruction set of `D`.
/// - `out` is readable and writable for `2 * LANES` values at each of `MR` rows that start every
///   `stride` values.
#[inline(always)]
unsafe fn finish<D, T, O, const MR: usize>(
    sums: [[D::Sums; REGISTERS]; MR],
    strip: &Strip<'_, T, O>,
    out: *mut O,
    stride: usize,
) where
    D: Dot<Left = T, Right = T::Weight>,
    T: Operand,
    O: Output,
{
    let lanes = D::Vector::LANES;
    // SAFETY: the caller's guarantee.
    unsafe {
        for (r, row) in sums.iter().enumerate() {
            for (j, sums) in row.iter().enumerate() {
                let p = out.add(r * stride + j * lanes);
                let mut values = D::end(*sums, strip.scale.as_ptr().add(j * lanes), strip.bias.as_ptr().add(j * lanes));
                if strip.accumulate {
                    values = values.add(O::load::<D>(p, strip.carry));
                }
                if strip.relu {
                    values = values.max(D::Vector::splat(0.0));
                }
                O::store::<D>(values, p);
            }
        }
    }
}
