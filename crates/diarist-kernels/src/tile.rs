//! The micro-kernel under every dense layer.
//!
//! A *strip* is `num_rows` consecutive output rows (pixels, frames) times one block of output columns (channels):
//!
//! `out[r][c] = bias[c] + sum over runs i, positions k of x[r * x_stride + i * run_pitch + k] * w[i][k][c]`
//!
//! with an optional addition of what `out` held and an optional ReLU. A GEMM is one run per row; a 3x3 convolution over a plane
//! with channels last is three runs of `3 * channels` neighbouring values, and its rows overlap.
//!
//! The strip is cut into tiles of up to `MR` rows whose sums live in registers. Each output value is one chain of multiply-adds
//! that starts at the bias and goes through runs and positions in order, whatever tile the row falls into: a result does not
//! depend on the rows around it.

use crate::arch::{Vector, portable::F32x4};
use crate::isa::{Isa, Level};

/// Widest column block of any instruction set.
pub(crate) const MAX_BLOCK_COLUMNS: usize = 32;
/// Tallest tile of any instruction set.
pub(crate) const MAX_TILE_ROWS: usize = 14;

/// Columns per block for packed weights of `isa`.
pub(crate) fn block_columns(isa: Isa) -> usize {
    match isa.level() {
        Level::Portable | Level::Neon => 8,
        Level::Avx2 => 16,
        Level::Avx512 => 32,
    }
}

/// One strip; see the module text for the formula.
#[derive(Debug)]
pub(crate) struct Strip<'a> {
    /// Input, from the first value of the first row on.
    pub(crate) x: &'a [f32],
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
    /// Packed weights of the column block, `[num_runs][run_len][block_columns]`.
    pub(crate) weights: &'a [f32],
    /// Bias of the column block, `[block_columns]`.
    pub(crate) bias: &'a [f32],
    /// Output, from the first value of the first row on.
    pub(crate) out: &'a mut [f32],
    /// Distance between the starts of neighbouring output rows.
    pub(crate) out_stride: usize,
    /// Columns of the block that exist (at most `block_columns`).
    pub(crate) num_columns: usize,
    /// Add to what `out` holds?
    pub(crate) accumulate: bool,
    /// Replace negative results by zero?
    pub(crate) relu: bool,
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

impl Strip<'_> {
    /// Computes the strip.
    ///
    /// # Panics
    ///
    /// If a slice is too short for the shape.
    pub(crate) fn run(self, isa: Isa) {
        let block = block_columns(isa);
        let row_extent = extent(self.num_runs, self.run_pitch, self.run_len);
        let num_weights = self.num_runs.checked_mul(self.run_len).and_then(|k| k.checked_mul(block));
        assert!(self.num_columns <= block);
        assert_eq!(self.bias.len(), block, "bias of the column block");
        assert_eq!(Some(self.weights.len()), num_weights, "weights of the column block");
        assert!(self.x.len() >= extent(self.num_rows, self.x_stride, row_extent), "input too short");
        assert!(self.out.len() >= extent(self.num_rows, self.out_stride, self.num_columns), "output too short");
        assert!(self.out_stride >= self.num_columns || self.num_rows <= 1, "output rows overlap");
        match isa.level() {
            // SAFETY: the lengths were asserted above for `block_columns(isa)` = 2 registers of 4 lanes.
            Level::Portable => unsafe { portable(self) },
            // SAFETY: as above for 2 registers of 4 lanes; an `Isa` of this level exists only if the processor has it.
            #[cfg(target_arch = "aarch64")]
            Level::Neon => unsafe { neon(self) },
            // SAFETY: as above for 2 registers of 8 lanes; an `Isa` of this level exists only if the processor has it.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2(self) },
            // SAFETY: as above for 2 registers of 16 lanes; an `Isa` of this level exists only if the processor has it.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512(self) },
            _ => unreachable!("this target has no such Isa"),
        }
    }
}

/// Cuts the strip into tiles of nearly equal height (a last tile of one row would leave the multipliers idle) and runs
/// `$tile::<V, rows>` on each.
macro_rules! tiles {
    ($vector:ty, $strip:ident, $max:literal, [$($rows:literal)*]) => {{
        let mut first = 0;
        while first < $strip.num_rows {
            let remaining = $strip.num_rows - first;
            let height = remaining.div_ceil(remaining.div_ceil($max));
            // SAFETY: `height` rows from `first` on are within the strip; the rest is the caller's guarantee.
            unsafe {
                match height {
                    $($rows => tile::<$vector, $rows>(&mut $strip, first),)*
                    _ => unreachable!("a tile has 1 to {} rows", $max),
                }
            }
            first += height;
        }
    }};
}

/// # Safety
///
/// The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of 8 columns.
unsafe fn portable(mut strip: Strip<'_>) {
    tiles!(F32x4, strip, 4, [1 2 3 4]);
}

/// 24 of the 32 registers hold sums.
///
/// # Safety
///
/// - The processor has NEON.
/// - The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of 8 columns.
#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn neon(mut strip: Strip<'_>) {
    tiles!(std::arch::aarch64::float32x4_t, strip, 12, [1 2 3 4 5 6 7 8 9 10 11 12]);
}

/// # Safety
///
/// - The processor has AVX2 and FMA.
/// - The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of 16 columns.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(mut strip: Strip<'_>) {
    tiles!(std::arch::x86_64::__m256, strip, 6, [1 2 3 4 5 6]);
}

/// # Safety
///
/// - The processor has AVX-512 F, BW, DQ and VL.
/// - The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of 32 columns.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512(mut strip: Strip<'_>) {
    tiles!(std::arch::x86_64::__m512, strip, 14, [1 2 3 4 5 6 7 8 9 10 11 12 13 14]);
}

/// Registers per row of a tile: two, so that a broadcast input value serves two multiply-adds.
const REGISTERS: usize = 2;

/// Computes rows `first..first + MR` of the strip.
///
/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - The slices of `strip` have the lengths that [`Strip::run`] asserts for a block of `2 * V::LANES` columns.
/// - `first + MR <= strip.num_rows`.
#[inline(always)]
unsafe fn tile<V: Vector, const MR: usize>(strip: &mut Strip<'_>, first: usize) {
    let block = REGISTERS * V::LANES;
    // SAFETY: row `first` is within the strip, so its start is within (or, for empty rows, just past) the slices.
    let (x, out) =
        unsafe { (strip.x.as_ptr().add(first * strip.x_stride), strip.out.as_mut_ptr().add(first * strip.out_stride)) };
    // SAFETY: all reads of `x` are at row * x_stride + run * run_pitch + position with row < MR, inside the asserted extent;
    // weights and bias are read front to back, `block` values per step, as many as were asserted.
    let sums = unsafe {
        let mut sums = [[V::splat(0.0); REGISTERS]; MR];
        for row in &mut sums {
            for (j, sum) in row.iter_mut().enumerate() {
                *sum = V::load(strip.bias.as_ptr().add(j * V::LANES));
            }
        }
        let mut w = strip.weights.as_ptr();
        for run in 0..strip.num_runs {
            let x = x.add(run * strip.run_pitch);
            for k in 0..strip.run_len {
                let w0 = V::load(w);
                let w1 = V::load(w.add(V::LANES));
                w = w.add(block);
                for (r, row) in sums.iter_mut().enumerate() {
                    let value = V::splat(*x.add(r * strip.x_stride + k));
                    row[0] = value.mul_add(w0, row[0]);
                    row[1] = value.mul_add(w1, row[1]);
                }
            }
        }
        sums
    };
    if strip.num_columns == block {
        // SAFETY: each of the MR rows has `block` = `num_columns` values in `out`.
        unsafe { finish::<V, MR>(sums, out, strip.out_stride, strip.accumulate, strip.relu) };
    } else {
        // A partial block goes through a buffer, so that no column beyond the last is read or written.
        let mut buffer = [0.0_f32; MAX_TILE_ROWS * MAX_BLOCK_COLUMNS];
        for r in 0..MR {
            // SAFETY: each row has `num_columns` values in `out` and, as num_columns < block, in the buffer.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    out.add(r * strip.out_stride),
                    buffer.as_mut_ptr().add(r * block),
                    strip.num_columns,
                );
            }
        }
        // SAFETY: the buffer holds MR rows of `block` values (MR <= MAX_TILE_ROWS, block <= MAX_BLOCK_COLUMNS).
        unsafe { finish::<V, MR>(sums, buffer.as_mut_ptr(), block, strip.accumulate, strip.relu) };
        for r in 0..MR {
            // SAFETY: as for the copy into the buffer.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    buffer.as_ptr().add(r * block),
                    out.add(r * strip.out_stride),
                    strip.num_columns,
                );
            }
        }
    }
}

/// Stores the sums of a tile, after the optional addition and ReLU.
///
/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `out` is readable and writable for `2 * V::LANES` values at each of `MR` rows that start every `stride` values.
#[inline(always)]
unsafe fn finish<V: Vector, const MR: usize>(
    sums: [[V; REGISTERS]; MR],
    out: *mut f32,
    stride: usize,
    accumulate: bool,
    relu: bool,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        for (r, row) in sums.into_iter().enumerate() {
            for (j, mut sum) in row.into_iter().enumerate() {
                let p = out.add(r * stride + j * V::LANES);
                if accumulate {
                    sum = sum.add(V::load(p));
                }
                if relu {
                    sum = sum.max(V::splat(0.0));
                }
                sum.store(p);
            }
        }
    }
}
