//! Second stage: at each of the 36 positions a matrix product, tiles x input channels by input
//! channels x output channels.

use super::layout::{Layout, register_lanes};
use super::transform::{BIAS_POSITION, POSITIONS};
use crate::arch::Vector;
use crate::dot::{Dot, LeftRow};
use crate::isa::Isa;
use crate::operand::{Kernel, Operand};
use crate::tile::{MAX_BLOCK_COLUMNS, for_rows};

/// Multiplies the first `num_tiles` tiles with `num_blocks` column blocks.
#[derive(Debug)]
pub(crate) struct ProductStage<'a, T: Operand> {
    pub(crate) layout: Layout,
    pub(crate) num_tiles: usize,
    pub(crate) num_blocks: usize,
    /// Transformed inputs, see [`Layout`].
    pub(crate) inputs: &'a [T],
    /// Transformed weights of the column blocks,
    /// `[36 positions][num_blocks][words of a group][block_columns][values of a word]`.
    pub(crate) weights: &'a [T::Weight],
    /// Value of an integer weight of 1, `[36 positions][num_blocks][block_columns]`; unused for
    /// other weights.
    pub(crate) scale: &'a [f32],
    /// Bias of the column blocks, `[num_blocks][block_columns]`.
    pub(crate) bias: &'a [f32],
    /// Products, see [`Layout`].
    pub(crate) out: &'a mut [f32],
}

impl<T: Operand> ProductStage<'_, T> {
    /// Runs the stage.
    ///
    /// # Panics
    ///
    /// If a slice is too short for the layout.
    pub(crate) fn run(self, isa: Isa) {
        let Layout { channel_groups, lanes, block_columns, .. } = self.layout;
        assert_eq!(lanes, register_lanes::<T>(isa), "layout of another instruction set");
        assert!(self.num_tiles <= self.layout.num_tiles, "more tiles than the layout has");
        assert!(self.num_blocks <= self.layout.num_blocks, "more column blocks than the layout has");
        assert!(self.inputs.len() >= self.layout.input_len(), "transformed inputs");
        let num_columns = self.num_blocks * block_columns;
        assert_eq!(self.weights.len(), POSITIONS * num_columns * channel_groups * lanes, "transformed weights");
        assert_eq!(self.scale.len(), POSITIONS * num_columns, "scale");
        assert_eq!(self.bias.len(), num_columns, "bias");
        assert!(self.out.len() >= self.layout.product_len(), "products");
        // SAFETY: asserted above.
        unsafe { T::dispatch(isa, self) }
    }
}

impl<T: Operand> Kernel<T> for ProductStage<'_, T> {
    type Output = ();

    /// # Safety
    ///
    /// The processor has the instruction set of `D`, the layout is for it, and the conditions hold
    /// that [`ProductStage::run`] asserts.
    #[inline(always)]
    unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(self) {
        let Self { layout, num_tiles, num_blocks, inputs, weights, scale, bias, out } = self;
        let zeros = [0.0_f32; MAX_BLOCK_COLUMNS];
        let block_len = layout.channel_groups * layout.lanes * layout.block_columns;
        // Words of a row, each of which is a step of the kernel.
        let num_steps = layout.channel_groups * D::Vector::LANES;
        for position in 0..POSITIONS {
            for block in 0..num_blocks {
                // SAFETY: positions, panels and blocks are within the lengths that were asserted.
                unsafe {
                    let index = position * num_blocks + block;
                    let weights = weights.as_ptr().add(index * block_len);
                    let scale = scale.as_ptr().add(index * layout.block_columns);
                    let bias = match position {
                        BIAS_POSITION => bias.as_ptr().add(block * layout.block_columns),
                        _ => zeros.as_ptr(),
                    };
                    for first in (0..num_tiles).step_by(D::TILE_ROWS) {
                        // The first panels prefetch the weights that follow; the others prefetch
                        // weights that are already in the cache.
                        let step = first / D::TILE_ROWS * num_steps;
                        let ahead = if step * LINE < size_of::<D::Right>() * block_len { block_len } else { 0 };
                        let panel = Panel::<D> {
                            inputs: inputs
                                .as_ptr()
                                .add(layout.input_offset(first, 0) + position * D::TILE_ROWS * layout.lanes),
                            channel_groups: layout.channel_groups,
                            weights,
                            ahead: weights.wrapping_add(ahead).cast::<u8>().wrapping_add(step * LINE),
                            scale,
                            bias,
                            out: out.as_mut_ptr().add(
                                layout.product_offset(block, first) + position * D::TILE_ROWS * layout.block_columns,
                            ),
                        };
                        for_rows!(
                            panel_height(num_tiles - first, D::TILE_ROWS),
                            |rows| rows == D::TILE_ROWS || rows % 4 == 0 && rows < D::TILE_ROWS,
                            [14 12 11 10 8 6 5 4 3 2],
                            |ROWS| panel.multiply::<ROWS>()
                        );
                    }
                }
            }
        }
    }
}

/// Rows to multiply in a panel of which `remaining` rows are tiles: a multiple of four, or all.
/// The rows up to it exist and hold old values; their products are not used.
const fn panel_height(remaining: usize, tallest: usize) -> usize {
    match remaining.next_multiple_of(4) {
        rows if rows < tallest => rows,
        _ => tallest,
    }
}

/// Bytes in a cache line.
const LINE: usize = 64;

/// One tile of the product.
struct Panel<D: Dot> {
    inputs: *const D::Left,
    channel_groups: usize,
    weights: *const D::Right,
    /// Address of the weights that are needed next: every step prefetches a cache line of them. In
    /// large layers they come from memory, because no cache keeps them until the next chunk, and
    /// the processor's own prefetch is too late.
    ahead: *const u8,
    scale: *const f32,
    bias: *const f32,
    out: *mut f32,
}

impl<D: Dot> Panel<D> {
    /// `out[r][c] = bias[c] + sum over k of inputs[r][k] * weights[k][c]`, the sum in order of k.
    ///
    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - `inputs` is readable for `MR` registers in each of `channel_groups` groups, `weights` for
    ///   as many groups of two registers for each word of a register, `scale` and `bias` for two
    ///   registers, and `out` is writable for `MR` rows of two registers; `MR <= D::TILE_ROWS`.
    #[inline(always)]
    unsafe fn multiply<const MR: usize>(self) {
        let Self { mut inputs, channel_groups, mut weights, mut ahead, scale, bias, out } = self;
        let words = D::Vector::LANES;
        let register = words * D::GROUP;
        let run_pitch = POSITIONS * D::TILE_ROWS * register;
        let rows = LeftRow { values: inputs, num_runs: channel_groups, run_len: register, run_pitch };
        // SAFETY: the caller's guarantee; any address can be prefetched.
        unsafe {
            let mut sums = [[D::start(bias), D::start(bias.add(words))]; MR];
            for _ in 0..channel_groups {
                for k in 0..words {
                    let w0 = D::weights(weights);
                    let w1 = D::weights(weights.add(register));
                    weights = weights.add(2 * register);
                    D::Vector::prefetch(ahead);
                    ahead = ahead.wrapping_add(LINE);
                    for (r, row) in sums.iter_mut().enumerate() {
                        let word = D::word(inputs.add(r * register + k * D::GROUP));
                        row[0] = D::step(word, w0, row[0]);
                        row[1] = D::step(word, w1, row[1]);
                    }
                }
                inputs = inputs.add(run_pitch);
            }
            for (r, row) in sums.iter().enumerate() {
                let row = D::end_row(*row, LeftRow { values: rows.values.add(r * register), ..rows });
                let out = out.add(2 * r * words);
                D::end(row[0], scale, bias).store(out);
                D::end(row[1], scale.add(words), bias.add(words)).store(out.add(words));
            }
        }
    }
}
