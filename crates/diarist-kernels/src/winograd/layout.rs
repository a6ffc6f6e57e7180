//! Layout of the transformed values, shared by the three stages.

use super::transform::POSITIONS;
use crate::isa::Isa;
use crate::operand::Operand;
use crate::tile::{block_columns, tile_rows};

/// Shape of one block of tiles in the transformed domain.
///
/// - Inputs: `[tile panels][channel groups][36 positions][tile_rows][lanes]`.
/// - Products: `[column blocks][tile panels][36 positions][tile_rows][block_columns]`.
///
/// A panel is the set of tiles that are the rows of one tile of the matrix product. The distances
/// between its rows, and between the 36 positions that a transform reads or writes together, depend
/// only on the arithmetic, so that they are constants in the code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Tiles per panel.
    pub(crate) tile_rows: usize,
    /// Transformed inputs per register.
    pub(crate) lanes: usize,
    /// Input channels in whole registers.
    pub(crate) channel_groups: usize,
    /// Output channels per column block.
    pub(crate) block_columns: usize,
    /// Column blocks that are multiplied before their products are transformed.
    pub(crate) num_blocks: usize,
    /// Most tiles in a block of tiles.
    pub(crate) num_tiles: usize,
}

impl Layout {
    pub(crate) fn new<T: Operand>(isa: Isa, in_channels: usize, num_blocks: usize, num_tiles: usize) -> Self {
        let block_columns = block_columns(isa);
        let lanes = register_lanes::<T>(isa);
        Self {
            tile_rows: tile_rows::<T>(isa),
            lanes,
            channel_groups: in_channels.div_ceil(lanes),
            block_columns,
            num_blocks,
            num_tiles: num_tiles.next_multiple_of(tile_rows::<T>(isa)),
        }
    }

    fn num_panels(&self) -> usize {
        self.num_tiles / self.tile_rows
    }

    /// Transformed inputs of a panel.
    fn input_panel(&self) -> usize {
        self.channel_groups * POSITIONS * self.tile_rows * self.lanes
    }

    /// Products of a panel in a column block.
    fn product_panel(&self) -> usize {
        POSITIONS * self.tile_rows * self.block_columns
    }

    pub(crate) fn input_len(&self) -> usize {
        self.num_panels() * self.input_panel()
    }

    pub(crate) fn product_len(&self) -> usize {
        self.num_blocks * self.num_panels() * self.product_panel()
    }

    /// Offset of the transformed input of tile `tile` and channel `channel` at position 0.
    #[inline(always)]
    pub(crate) fn input_offset(&self, tile: usize, channel: usize) -> usize {
        let row = channel / self.lanes * POSITIONS * self.tile_rows + tile % self.tile_rows;
        tile / self.tile_rows * self.input_panel() + row * self.lanes + channel % self.lanes
    }

    /// Offset of the first product of tile `tile` in column block `block` at position 0.
    #[inline(always)]
    pub(crate) fn product_offset(&self, block: usize, tile: usize) -> usize {
        let panel = block * self.num_panels() + tile / self.tile_rows;
        panel * self.product_panel() + tile % self.tile_rows * self.block_columns
    }
}

/// Values in a register of `isa`.
pub(crate) fn register_lanes<T: Operand>(isa: Isa) -> usize {
    block_columns(isa) / 2 * T::GROUP
}
