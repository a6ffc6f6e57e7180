//! The micro-kernel under every dense layer.
//!
//! A *strip* is `num_rows` consecutive output rows (pixels, frames) times one block of output columns (channels):
//!
//! `out[r][c] = bias[c] + sum over runs i, positions k of x[r * x_stride + i * run_pitch + k] * w[i][k][c]`
//!
//! with an optional addition of what `out` held and an optional ReLU. A GEMM is one run per row; a 3x3 convolution over a plane
//! with channels last is three runs of `3 * channels` neighbouring values, and its rows overlap. What is multiplied is an
//! [`Operand`] and its weights, what is stored an [`Output`].
//!
//! The strip is cut into tiles of up to `MR` rows whose sums live in registers. Each output value is one chain of multiply-adds
//! that starts at the bias and goes through runs and positions in order, whatever tile the row falls into: a result does not
//! depend on the rows around it.

#[cfg(target_arch = "x86_64")]
use crate::arch::x86_dot;
use crate::arch::{Vector, portable::F32x4};
use crate::bf16::Bf16;
use crate::dot::{Bytes, Dot, Plain, WidenedBf16};
use crate::element::Element;
use crate::isa::{Isa, Level};
use crate::quantize;

/// Widest column block of any instruction set.
pub(crate) const MAX_BLOCK_COLUMNS: usize = 32;
/// Tallest tile of any instruction set.
pub(crate) const MAX_TILE_ROWS: usize = 14;

/// Columns per block for packed weights of `isa`: two registers of 32-bit sums, so that a broadcast word serves two steps.
pub(crate) fn block_columns(isa: Isa) -> usize {
    match isa.level() {
        Level::Portable | Level::Neon => 8,
        Level::Avx2 => 16,
        Level::Avx512 => 32,
    }
}

/// Rows of the tallest tile of `isa` with sums of [`Vector`]s.
pub(crate) fn tile_rows(isa: Isa) -> usize {
    match isa.level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => std::arch::x86_64::__m512::TILE_ROWS,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => std::arch::x86_64::__m256::TILE_ROWS,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => std::arch::aarch64::float32x4_t::TILE_ROWS,
        _ => F32x4::TILE_ROWS,
    }
}

/// One strip of left-hand values `T`; see the module text for the formula.
#[derive(Debug)]
pub struct Strip<'a, T: Operand, O> {
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
    /// Packed weights of the column block, `[num_runs][words of a run][block_columns][values of a word]`: a run is filled up
    /// to whole words with zeros.
    pub(crate) weights: &'a [T::Weight],
    /// Value of a sum of 1 of integers in each column of the block, `[block_columns]`; other operands have no scale.
    pub(crate) scale: &'a [f32],
    /// Bias of the column block, `[block_columns]`.
    pub(crate) bias: &'a [f32],
    /// Output, from the first value of the first row on.
    pub(crate) out: &'a mut [O],
    /// Distance between the starts of neighbouring output rows.
    pub(crate) out_stride: usize,
    /// Columns of the block that exist (at most `block_columns`).
    pub(crate) num_columns: usize,
    /// Add to what `out` holds?
    pub(crate) accumulate: bool,
    /// What integers in `out` are multiplied with before that.
    pub(crate) carry: f32,
    /// Replace negative results by zero?
    pub(crate) relu: bool,
}

/// Left-hand values that the micro-kernel multiplies: `f32`, [`Bf16`], or `u8`, which meets signed weights of 8 bits.
pub trait Operand: Element {
    /// What they are multiplied with.
    type Weight: Element;
    /// Values per word: weights are packed in words (the private module `dot`).
    #[doc(hidden)]
    const GROUP: usize = 4 / size_of::<Self>();
    /// What 1 stands for in the weights of a column, which are given in the order of `k`.
    #[doc(hidden)]
    fn column_scale(column: &[f32]) -> f32;
    /// The nearest weight.
    #[doc(hidden)]
    fn weight(value: f32) -> Self::Weight;
    /// # Safety
    ///
    /// - The processor has `isa`.
    /// - The slices of `strip` have the lengths that `Strip::run` asserts.
    #[doc(hidden)]
    unsafe fn run_strip<O: Output>(strip: Strip<'_, Self, O>, isa: Isa);
}

/// What the micro-kernel stores: `f32`, [`Bf16`], or `u8`, rounded to the nearest integer within its range.
pub trait Output: Element {
    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - A register of values is readable at `p`.
    #[doc(hidden)]
    unsafe fn load<D: Dot>(p: *const Self, carry: f32) -> D::Vector;
    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - A register of values is writable at `p`.
    #[doc(hidden)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut Self);
}

/// Number of values that `count` stretches of `len` values touch if one starts every `stride` values.
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
        unsafe { T::run_strip(self, isa) }
    }
}

/// Runs a strip with tiles of the given heights on one [`Dot`], compiled for the features it needs: cuts the strip into tiles
/// of nearly equal height, because a last tile of one row would leave the multipliers idle.
macro_rules! tiles {
    ($strip:expr, $dot:ty, $(features $features:literal,)? rows [$($rows:literal)*] $max:literal) => {{
        $(#[target_feature(enable = $features)])?
        unsafe fn run<O: Output>(mut strip: Strip<'_, <$dot as Dot>::Left, O>) {
            let mut first = 0;
            while first < strip.num_rows {
                let remaining = strip.num_rows - first;
                let height = remaining.div_ceil(remaining.div_ceil($max));
                // SAFETY: `height` rows from `first` on are within the strip; the rest is the guarantee of `run_strip`'s caller.
                unsafe {
                    match height {
                        $($rows => tile::<$dot, O, $rows>(&mut strip, first),)*
                        _ => unreachable!("a tile has 1 to {} rows", $max),
                    }
                }
                first += height;
            }
        }
        // SAFETY: the arm is for an instruction set with these features, and the caller guarantees the processor and the lengths.
        unsafe { run($strip) }
    }};
}

// The heights leave registers for the words and weights of a step beside two registers of sums per row.
impl Operand for f32 {
    type Weight = f32;

    fn column_scale(_column: &[f32]) -> f32 {
        1.0
    }

    fn weight(value: f32) -> f32 {
        value
    }

    unsafe fn run_strip<O: Output>(strip: Strip<'_, Self, O>, isa: Isa) {
        match isa.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => tiles!(strip, Plain<std::arch::x86_64::__m512>,
                features "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma", rows [1 2 3 4 5 6 7 8 9 10 11 12 13 14] 14),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                tiles!(strip, Plain<std::arch::x86_64::__m256>, features "avx2,fma", rows [1 2 3 4 5 6] 6)
            }
            #[cfg(target_arch = "aarch64")]
            Level::Neon => tiles!(strip, Plain<std::arch::aarch64::float32x4_t>,
                features "neon", rows [1 2 3 4 5 6 7 8 9 10 11 12] 12),
            _ => tiles!(strip, Plain<F32x4>, rows [1 2 3 4] 4),
        }
    }
}

impl Operand for Bf16 {
    type Weight = Bf16;

    fn column_scale(_column: &[f32]) -> f32 {
        1.0
    }

    fn weight(value: f32) -> Bf16 {
        Bf16::from_f32(value)
    }

    unsafe fn run_strip<O: Output>(strip: Strip<'_, Self, O>, isa: Isa) {
        match isa.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 if isa.has_bf16() => tiles!(strip, x86_dot::DotBf16,
                features "avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma",
                rows [1 2 3 4 5 6 7 8 9 10 11 12 13 14] 14),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => tiles!(strip, WidenedBf16<std::arch::x86_64::__m512>,
                features "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma", rows [1 2 3 4 5 6 7 8 9 10 11 12] 12),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                tiles!(strip, WidenedBf16<std::arch::x86_64::__m256>, features "avx2,fma", rows [1 2 3 4] 4)
            }
            #[cfg(target_arch = "aarch64")]
            Level::Neon => tiles!(strip, WidenedBf16<std::arch::aarch64::float32x4_t>,
                features "neon", rows [1 2 3 4 5 6 7 8 9 10 11 12] 12),
            _ => tiles!(strip, WidenedBf16<F32x4>, rows [1 2] 2),
        }
    }
}

impl Operand for u8 {
    type Weight = i8;

    fn column_scale(column: &[f32]) -> f32 {
        quantize::column_scale(column)
    }

    fn weight(value: f32) -> i8 {
        value.round_ties_even() as i8
    }

    unsafe fn run_strip<O: Output>(strip: Strip<'_, Self, O>, isa: Isa) {
        match (isa.level(), isa.has_dot()) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, true) => tiles!(strip, x86_dot::DotBytes512<true>,
                features "avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma",
                rows [1 2 3 4 5 6 7 8 9 10 11 12 13 14] 14),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, false) => tiles!(strip, x86_dot::DotBytes512<false>,
                features "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma", rows [1 2 3 4 5 6 7 8 9 10 11 12] 12),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, true) => tiles!(strip, x86_dot::DotBytes256<true>,
                features "avxvnni,avx2,fma", rows [1 2 3 4 5 6] 6),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, false) => tiles!(strip, x86_dot::DotBytes256<false>,
                features "avx2,fma", rows [1 2 3 4 5] 5),
            _ => tiles!(strip, Bytes, rows [1 2] 2),
        }
    }
}

impl Output for f32 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const f32, _carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load(p) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut f32) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store(p) }
    }
}

impl Output for Bf16 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const Bf16, _carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_bf16(p) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut Bf16) {
        // SAFETY: the caller's guarantee.
        unsafe { D::store_bf16(values, p) }
    }
}

impl Output for u8 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const u8, carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_u8(p).mul(D::Vector::splat(carry)) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut u8) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store_u8(p) }
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
/// - The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of `2 * LANES` columns.
/// - `first + MR <= strip.num_rows`.
#[inline(always)]
unsafe fn tile<D: Dot, O: Output, const MR: usize>(strip: &mut Strip<'_, D::Left, O>, first: usize)
where
    D::Left: Operand<Weight = D::Right>,
{
    let lanes = D::Vector::LANES;
    let block = REGISTERS * lanes;
    // SAFETY: row `first` is within the strip, so its start is within (or, for empty rows, just past) the slices.
    let (x, out) =
        unsafe { (strip.x.as_ptr().add(first * strip.x_stride), strip.out.as_mut_ptr().add(first * strip.out_stride)) };
    // SAFETY: all reads of `x` are at row * x_stride + run * run_pitch + position with row < MR, inside the asserted extent: a
    // word that is not whole is read value by value. Weights and bias are read front to back, `block` words per step, as many
    // as were asserted.
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
        sums
    };
    if strip.num_columns == block {
        // SAFETY: each of the MR rows has `block` = `num_columns` values in `out`.
        unsafe { finish::<D, O, MR>(sums, strip, out, strip.out_stride) };
    } else {
        // A partial block goes through a buffer, so that no column beyond the last is read or written.
        let mut buffer = [O::default(); MAX_TILE_ROWS * MAX_BLOCK_COLUMNS];
        let num_columns = strip.num_columns;
        for r in 0..MR {
            // SAFETY: each row has `num_columns` values in `out` and, as num_columns < block, in the buffer.
            unsafe {
                let row = buffer.as_mut_ptr().add(r * block);
                std::ptr::copy_nonoverlapping(out.add(r * strip.out_stride), row, num_columns);
            }
        }
        // SAFETY: the buffer holds MR rows of `block` values (MR <= MAX_TILE_ROWS, block <= MAX_BLOCK_COLUMNS).
        unsafe { finish::<D, O, MR>(sums, strip, buffer.as_mut_ptr(), block) };
        for r in 0..MR {
            // SAFETY: as for the copy into the buffer.
            unsafe {
                let row = buffer.as_ptr().add(r * block);
                std::ptr::copy_nonoverlapping(row, out.add(r * strip.out_stride), num_columns);
            }
        }
    }
}

/// One word of every row times `block` words of weights at `w`, which moves on.
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
/// - `out` is readable and writable for `2 * LANES` values at each of `MR` rows that start every `stride` values.
#[inline(always)]
unsafe fn finish<D: Dot, O: Output, const MR: usize>(
    sums: [[D::Sums; REGISTERS]; MR],
    strip: &Strip<'_, D::Left, O>,
    out: *mut O,
    stride: usize,
) where
    D::Left: Operand<Weight = D::Right>,
{
    let lanes = D::Vector::LANES;
    // SAFETY: the caller's guarantee.
    unsafe {
        for (r, row) in sums.into_iter().enumerate() {
            for (j, sums) in row.into_iter().enumerate() {
                let p = out.add(r * stride + j * lanes);
                let mut values = D::end(sums, strip.scale.as_ptr().add(j * lanes), strip.bias.as_ptr().add(j * lanes));
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
