//! A bank of band-pass filters in pairs: one even and one odd filter for each band.
//!
//! An even filter has `w[-k] = w[k]`, an odd one `w[-k] = -w[k]`, so both need the samples around a
//! frame's centre `c` only as sums `x[c + k] + x[c - k]` and differences `x[c + k] - x[c - k]`.
//! These are formed once for all filters, which halves the multiply-adds. Sum and difference lie
//! side by side, and so do the columns of the two filters of a pair: a register that repeats a sum
//! and its difference serves all even and odd filters in one multiply-add. To get sums and
//! differences in that order without shuffles, the samples are stored twice: forward with every
//! sample doubled, and backward with every sample and its negative.

use crate::arch::{Vector, dispatch};
use crate::buffer::AlignedBuffer;
use crate::isa::{Isa, Level};
use crate::tile::extent;

/// Frames per block, a multiple of the tile heights 4, 5 and 6. The samples of a block stay in the
/// first-level cache.
const BLOCK_FRAMES: usize = 60;
/// Rows of the tallest tile of any instruction set.
const MAX_TILE_ROWS: usize = 6;
/// Columns of the widest tile of any instruction set.
const MAX_TILE_COLUMNS: usize = 80;
/// Lanes of the widest register of any instruction set.
const MAX_LANES: usize = 16;

/// Columns of a tile: five registers with AVX-512 and four with NEON, which have 32 registers for
/// five or six rows of sums; two registers on the other instruction sets, which have 16 or fewer.
fn tile_columns(isa: Isa) -> usize {
    match isa.level() {
        Level::Avx512 => 5 * 16,
        Level::Neon => 4 * 4,
        Level::Avx2 => 2 * 8,
        Level::Portable | Level::Simd128 => 2 * 4,
    }
}

/// A bank of filter pairs, packed for one instruction set.
#[derive(Debug, Clone)]
pub struct PackedFilterBank {
    isa: Isa,
    num_pairs: usize,
    reach: usize,
    stride: usize,
    /// `[column block][reach + 1][tile_columns]`, columns beyond the last are zero. Column `2 i` is
    /// the even filter of pair `i`, column `2 i + 1` the odd one.
    weights: AlignedBuffer,
}

impl PackedFilterBank {
    /// Packs filters that reach `reach` samples to either side of their centre and move by `stride`
    /// samples per frame.
    ///
    /// `even` and `odd` have shape `[num_pairs, reach + 1]`: the taps from the centre to the right.
    /// The left half of an even filter mirrors it, that of an odd one is its negative; the centre
    /// of an odd filter counts as zero.
    ///
    /// # Panics
    ///
    /// If the lengths differ or are not a multiple of `reach + 1`, or if the stride is 0.
    pub fn new(isa: Isa, even: &[f32], odd: &[f32], reach: usize, stride: usize) -> Self {
        assert!(stride >= 1, "stride 0");
        assert_eq!(even.len(), odd.len(), "even and odd filters");
        let num_taps = reach + 1;
        let num_pairs = even.len() / num_taps;
        assert_eq!(even.len(), num_pairs * num_taps, "filters of {num_taps} taps");
        let block = tile_columns(isa);
        let mut weights = AlignedBuffer::zeros((2 * num_pairs).div_ceil(block) * num_taps * block);
        for column in 0..2 * num_pairs {
            let filters = if column % 2 == 0 { even } else { odd };
            for (k, tap) in filters[column / 2 * num_taps..][..num_taps].iter().enumerate() {
                // At the centre the sum is twice the sample and the difference is zero.
                let tap = if k == 0 { tap / 2.0 } else { *tap };
                weights[(column / block * num_taps + k) * block + column % block] = tap;
            }
        }
        Self { isa, num_pairs, reach, stride, weights }
    }

    /// Values per output frame: the even and the odd filter of the first pair, of the second, ...
    pub fn num_channels(&self) -> usize {
        2 * self.num_pairs
    }

    /// Filters `signal` for the frames whose first sample is `0, stride, 2 stride, ...`, as many as
    /// `output` has room for; `output` has shape `[frames, num_channels]`. `scratch` is memory that
    /// is reused from call to call.
    ///
    /// A frame's values are the same, bit for bit, for any other frames in the call.
    ///
    /// # Panics
    ///
    /// If `output` is not a whole number of frames, or the signal ends before the last one does.
    pub fn run(&self, signal: &[f32], scratch: &mut AlignedBuffer, output: &mut [f32]) {
        let num_channels = self.num_channels();
        let num_frames = output.len().checked_div(num_channels).unwrap_or(0);
        assert_eq!(output.len(), num_frames * num_channels, "output is not a whole number of frames");
        assert!(signal.len() >= extent(num_frames, self.stride, 2 * self.reach + 1), "signal too short");
        let paired_len = 2 * self.block_samples() + MAX_LANES;
        scratch.resize(2 * paired_len + MAX_TILE_ROWS * self.folded_row());
        let (forward, rest) = scratch.split_at_mut(paired_len);
        let (backward, folded) = rest.split_at_mut(paired_len);
        for (index, output) in output.chunks_mut((BLOCK_FRAMES * num_channels).max(1)).enumerate() {
            let num_frames = output.len() / num_channels;
            let num_samples = extent(num_frames, self.stride, 2 * self.reach + 1);
            let samples = &signal[index * BLOCK_FRAMES * self.stride..][..num_samples];
            let block = Block { bank: self, samples, forward, backward, folded, output, num_frames };
            // SAFETY: an `Isa` exists only if the processor has it.
            unsafe { dispatch!(self.isa, run(block): Block<'_>) }
        }
    }

    /// Number of samples from the start of a block's first frame to the end of its last.
    fn block_samples(&self) -> usize {
        extent(BLOCK_FRAMES, self.stride, 2 * self.reach + 1)
    }

    /// Number of sums and differences of a frame, padded to whole registers of every instruction
    /// set.
    fn folded_row(&self) -> usize {
        (2 * (self.reach + 1)).next_multiple_of(MAX_LANES)
    }
}

/// A block of frames of one call, with its scratch memory.
struct Block<'a> {
    bank: &'a PackedFilterBank,
    /// Samples from the start of the first frame to the end of the last one.
    samples: &'a [f32],
    /// `2 * block_samples + MAX_LANES`: every sample twice.
    forward: &'a mut [f32],
    /// The same length: every sample and its negative, from the last sample of a whole block to the
    /// first.
    backward: &'a mut [f32],
    /// `[MAX_TILE_ROWS][folded_row]`
    folded: &'a mut [f32],
    /// `[num_frames][num_channels]`
    output: &'a mut [f32],
    num_frames: usize,
}

/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn run<V: Vector>(block: Block<'_>) {
    let (forward, _) = block.forward.as_chunks_mut::<2>();
    for (pair, sample) in forward.iter_mut().zip(block.samples) {
        *pair = [*sample, *sample];
    }
    let missing = block.bank.block_samples() - block.samples.len();
    let (backward, _) = block.backward[2 * missing..].as_chunks_mut::<2>();
    for (pair, sample) in backward.iter_mut().zip(block.samples.iter().rev()) {
        *pair = [*sample, -*sample];
    }
    // SAFETY: the caller's guarantee, and the tiles are as wide as `tile_columns` says.
    unsafe {
        match tile_columns(block.bank.isa) / V::LANES {
            5 => tiles::<V, 5, 5, false>(block),
            4 => tiles::<V, 6, 4, true>(block),
            2 if V::LANES == 8 => tiles::<V, 6, 2, true>(block),
            _ => tiles::<V, 4, 2, true>(block),
        }
    }
}

/// Tiles of `MR` rows and `NR` registers. With `FOLD`, sums and differences are stored once per row
/// for all column blocks. Without, every tile computes them again: a wide tile gains more from the
/// first-level cache that this leaves to its weights.
///
/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `NR * V::LANES` are the [`tile_columns`] of the bank, and `MR` is at most [`MAX_TILE_ROWS`].
#[inline(always)]
unsafe fn tiles<V: Vector, const MR: usize, const NR: usize, const FOLD: bool>(block: Block<'_>) {
    let Block { bank, forward, backward, folded, output, num_frames, .. } = block;
    let PackedFilterBank { reach, stride, ref weights, .. } = *bank;
    let (num_channels, num_columns, folded_row) = (bank.num_channels(), NR * V::LANES, bank.folded_row());
    let block_samples = bank.block_samples();
    assert!(MR <= MAX_TILE_ROWS && BLOCK_FRAMES.is_multiple_of(MR) && folded_row.is_multiple_of(V::LANES));
    assert!(folded.len() >= MAX_TILE_ROWS * folded_row && num_frames <= BLOCK_FRAMES);
    assert!(forward.len() >= 2 * block_samples + V::LANES && backward.len() >= 2 * block_samples + V::LANES);
    for first in (0..num_frames).step_by(MR) {
        let centre = first * stride + reach;
        // SAFETY: as MR divides BLOCK_FRAMES, all MR frames from `first` on lie in a whole block,
        // whose samples both buffers hold (the samples beyond `num_frames` are stale, and sums of
        // them are not stored): from the centre of each there are `reach` samples to either side,
        // so `right` and `left` have 2 * (reach + 1) values, and folded_row - 2 * (reach + 1) <
        // LANES more are within the buffers.
        let (right, left) =
            unsafe { (forward.as_ptr().add(2 * centre), backward.as_ptr().add(2 * (block_samples - 1 - centre))) };
        if FOLD {
            for (r, folded) in folded.chunks_exact_mut(folded_row).take(MR).enumerate() {
                for k in (0..folded_row).step_by(V::LANES) {
                    // SAFETY: `right` and `left` as above; `folded` has whole registers.
                    unsafe {
                        let (right, left) = (right.add(2 * r * stride + k), left.sub(2 * r * stride).add(k));
                        V::load(right).add(V::load(left)).store(folded.as_mut_ptr().add(k));
                    }
                }
            }
        }
        let folded = folded.as_ptr();
        for (index, weights) in weights.chunks_exact((reach + 1) * num_columns).enumerate() {
            // SAFETY: `weights` has reach + 1 rows of `num_columns` values, and both ways of
            // reading a pair stay within the ranges given above.
            let sums = unsafe {
                tile::<V, MR, NR>(reach + 1, weights.as_ptr(), |r, k| {
                    if FOLD {
                        V::splat_pair(folded.add(r * folded_row + 2 * k))
                    } else {
                        V::splat_pair(right.add(2 * r * stride + 2 * k))
                            .add(V::splat_pair(left.sub(2 * r * stride).add(2 * k)))
                    }
                })
            };
            let first_column = index * num_columns;
            let output = &mut output[first * num_channels + first_column..];
            // SAFETY: the caller's guarantee.
            unsafe {
                store(
                    sums,
                    output,
                    num_channels,
                    MR.min(num_frames - first),
                    num_columns.min(num_channels - first_column),
                )
            };
        }
    }
}

/// Sums over `k < len` of `pair(r, k) * weights[k][c]`; the value of even columns is the first of
/// the pair.
///
/// # Safety
///
/// - The processor has the instruction set of `V`, and `pair` may be called with `r < MR` and
///   `k < len`.
/// - `weights` is readable for `len` rows of `NR * V::LANES` values.
#[inline(always)]
unsafe fn tile<V: Vector, const MR: usize, const NR: usize>(
    len: usize,
    weights: *const f32,
    pair: impl Fn(usize, usize) -> V,
) -> [[V; NR]; MR] {
    // SAFETY: the caller's guarantee.
    unsafe {
        let mut sums = [[V::splat(0.0); NR]; MR];
        for k in 0..len {
            let mut columns = [V::splat(0.0); NR];
            for (j, column) in columns.iter_mut().enumerate() {
                *column = V::load(weights.add((k * NR + j) * V::LANES));
            }
            for (r, row) in sums.iter_mut().enumerate() {
                let pair = pair(r, k);
                for (sum, column) in row.iter_mut().zip(columns) {
                    *sum = pair.mul_add(column, *sum);
                }
            }
        }
        sums
    }
}

/// Writes the first `num_columns` sums of the first `num_rows` rows to rows of `output` that start
/// every `stride` values.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn store<V: Vector, const MR: usize, const NR: usize>(
    sums: [[V; NR]; MR],
    output: &mut [f32],
    stride: usize,
    num_rows: usize,
    num_columns: usize,
) {
    let width = NR * V::LANES;
    if num_rows == MR && num_columns == width {
        assert!(output.len() >= extent(MR, stride, width));
        // SAFETY: the caller's guarantee, and the length was just asserted.
        unsafe { store_whole(sums, output.as_mut_ptr(), stride) };
    } else {
        let mut buffer = [0.0; MAX_TILE_ROWS * MAX_TILE_COLUMNS];
        assert!(buffer.len() >= MR * width);
        // SAFETY: as above.
        unsafe { store_whole(sums, buffer.as_mut_ptr(), width) };
        for (row, output) in buffer.chunks_exact(width).zip(output.chunks_mut(stride)).take(num_rows) {
            output[..num_columns].copy_from_slice(&row[..num_columns]);
        }
    }
}

/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `output` is writable for `NR * V::LANES` values at each of `MR` rows that start every `stride`
///   values.
#[inline(always)]
unsafe fn store_whole<V: Vector, const MR: usize, const NR: usize>(
    sums: [[V; NR]; MR],
    output: *mut f32,
    stride: usize,
) {
    for (r, row) in sums.iter().enumerate() {
        for (j, sum) in row.iter().enumerate() {
            // SAFETY: the caller's guarantee.
            unsafe { sum.store(output.add(r * stride + j * V::LANES)) };
        }
    }
}
