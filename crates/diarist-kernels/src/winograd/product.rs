//! Second stage: at each of the 36 positions a matrix product, tiles x input channels by input channels x output channels.

use super::layout::Layout;
use super::transform::{BIAS_POSITION, POSITIONS};
use crate::arch::{Vector, dispatch};
use crate::isa::Isa;
use crate::tile::MAX_BLOCK_COLUMNS;

/// Multiplies the first `num_tiles` tiles with `num_blocks` column blocks.
#[derive(Debug)]
pub(crate) struct ProductStage<'a> {
    pub(crate) layout: Layout,
    pub(crate) num_tiles: usize,
    pub(crate) num_blocks: usize,
    /// Transformed inputs, see [`Layout`].
    pub(crate) inputs: &'a [f32],
    /// Transformed weights of the column blocks, `[36 positions][num_blocks][channel groups * lanes][block_columns]`.
    pub(crate) weights: &'a [f32],
    /// Bias of the column blocks, `[num_blocks][block_columns]`.
    pub(crate) bias: &'a [f32],
    /// Products, see [`Layout`].
    pub(crate) out: &'a mut [f32],
}

impl ProductStage<'_> {
    /// Runs the stage.
    ///
    /// # Panics
    ///
    /// If a slice is too short for the layout.
    pub(crate) fn run(self, isa: Isa) {
        let Layout { channel_groups, lanes, block_columns, .. } = self.layout;
        assert_eq!(lanes, crate::tile::block_columns(isa) / 2, "layout of another instruction set");
        assert!(self.num_tiles <= self.layout.num_tiles, "more tiles than the layout has");
        assert!(self.num_blocks <= self.layout.num_blocks, "more column blocks than the layout has");
        assert!(self.inputs.len() >= self.layout.input_len(), "transformed inputs");
        assert_eq!(
            self.weights.len(),
            POSITIONS * self.num_blocks * channel_groups * lanes * block_columns,
            "transformed weights"
        );
        assert_eq!(self.bias.len(), self.num_blocks * block_columns, "bias");
        assert!(self.out.len() >= self.layout.product_len(), "products");
        // SAFETY: asserted above; an `Isa` of a level exists only if the processor has it.
        unsafe { dispatch!(isa, multiply(self): ProductStage<'_>) }
    }
}

/// # Safety
///
/// - The processor has the instruction set of `V`, for which the layout was made.
/// - The slices of `stage` have the lengths that [`ProductStage::run`] asserts.
#[inline(always)]
unsafe fn multiply<V: Vector>(stage: ProductStage<'_>) {
    let ProductStage { layout, num_tiles, num_blocks, inputs, weights, bias, out } = stage;
    let zeros = [0.0_f32; MAX_BLOCK_COLUMNS];
    let block_len = layout.channel_groups * V::LANES * layout.block_columns;
    for position in 0..POSITIONS {
        for block in 0..num_blocks {
            // SAFETY: positions, panels and blocks are within the lengths that were asserted.
            unsafe {
                let weights = weights.as_ptr().add((position * num_blocks + block) * block_len);
                let bias = match position {
                    BIAS_POSITION => bias.as_ptr().add(block * layout.block_columns),
                    _ => zeros.as_ptr(),
                };
                let inputs = inputs.as_ptr().add(position * layout.input_pitch());
                let out = out
                    .as_mut_ptr()
                    .add(position * layout.product_pitch() + block * layout.num_tiles * layout.block_columns);
                for first in (0..num_tiles).step_by(V::TILE_ROWS) {
                    let panel = Panel {
                        inputs: inputs.add(first / V::TILE_ROWS * layout.panel()),
                        channel_groups: layout.channel_groups,
                        weights,
                        bias,
                        out: out.add(first * layout.block_columns),
                    };
                    panel.multiply_rows::<V>(V::TILE_ROWS.min(num_tiles - first));
                }
            }
        }
    }
}

/// One tile of the product.
#[derive(Clone, Copy)]
struct Panel {
    inputs: *const f32,
    channel_groups: usize,
    weights: *const f32,
    bias: *const f32,
    out: *mut f32,
}

/// Calls `multiply::<V, rows>` for the number of rows, of those that `V` has registers for.
macro_rules! for_rows {
    ($panel:ident, $vector:ty, $num_rows:ident, [$($rows:literal)*]) => {
        match $num_rows {
            $($rows if $rows <= <$vector>::TILE_ROWS => $panel.multiply::<$vector, $rows>(),)*
            _ => unreachable!("a panel has 1 to {} rows", <$vector>::TILE_ROWS),
        }
    };
}

impl Panel {
    /// # Safety
    ///
    /// As for [`Panel::multiply`] with `MR = num_rows`, which is not 0.
    #[inline(always)]
    unsafe fn multiply_rows<V: Vector>(self, num_rows: usize) {
        // SAFETY: the caller's guarantee.
        unsafe { for_rows!(self, V, num_rows, [14 13 12 11 10 9 8 7 6 5 4 3 2 1]) }
    }

    /// `out[r][c] = bias[c] + sum over k of inputs[r][k] * weights[k][c]`, the sum in order of k.
    ///
    /// # Safety
    ///
    /// - The processor has the instruction set of `V`.
    /// - `inputs` is readable for `channel_groups * V::TILE_ROWS * V::LANES` values, `weights` for `channel_groups * V::LANES`
    ///   rows of two registers, `bias` for two registers, and `out` is writable for `MR` rows of two registers;
    ///   `MR <= V::TILE_ROWS`.
    #[inline(always)]
    unsafe fn multiply<V: Vector, const MR: usize>(self) {
        let Self { mut inputs, channel_groups, mut weights, bias, out } = self;
        // SAFETY: the caller's guarantee.
        unsafe {
            let mut sums = [[V::load(bias), V::load(bias.add(V::LANES))]; MR];
            for _ in 0..channel_groups {
                for k in 0..V::LANES {
                    let w0 = V::load(weights);
                    let w1 = V::load(weights.add(V::LANES));
                    weights = weights.add(2 * V::LANES);
                    for (r, row) in sums.iter_mut().enumerate() {
                        let value = V::splat(*inputs.add(r * V::LANES + k));
                        row[0] = value.mul_add(w0, row[0]);
                        row[1] = value.mul_add(w1, row[1]);
                    }
                }
                inputs = inputs.add(V::TILE_ROWS * V::LANES);
            }
            for (r, row) in sums.iter().enumerate() {
                row[0].store(out.add(2 * r * V::LANES));
                row[1].store(out.add((2 * r + 1) * V::LANES));
            }
        }
    }
}
