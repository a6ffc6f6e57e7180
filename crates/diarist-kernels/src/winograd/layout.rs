//! Where transformed values lie: sizes shared by the three stages.

use super::transform::POSITIONS;
use crate::isa::Isa;
use crate::operand::Operand;
use crate::tile::{block_columns, tile_rows};

/// Bytes in a cache line: between positions there is an odd number of lines, so that the 36 values that a transform reads
/// or writes together fall into different cache sets.
const LINE: usize = 64;

/// Shape of one block of tiles in the transformed domain.
///
/// - Inputs: `[36 positions][tile panels][channel groups][tile_rows][lanes]`: a panel is what one tile of the product
///   multiplies, and its rows are at constant distances, whatever the number of channels.
/// - Products: `[36 positions][column blocks][tiles][block_columns]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Tiles per panel.
    pub(crate) tile_rows: usize,
    /// Transformed inputs per register.
    pub(crate) lanes: usize,
    /// Bytes of a transformed input.
    input_size: usize,
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
            input_size: size_of::<T>(),
            channel_groups: in_channels.div_ceil(lanes),
            block_columns,
            num_blocks,
            num_tiles: num_tiles.next_multiple_of(tile_rows::<T>(isa)),
        }
    }

    /// Transformed input values of a panel at one position.
    pub(crate) fn panel(&self) -> usize {
        self.channel_groups * self.tile_rows * self.lanes
    }

    /// Distance between the transformed inputs of neighbouring positions.
    pub(crate) fn input_pitch(&self) -> usize {
        odd_lines(self.num_tiles / self.tile_rows * self.panel(), self.input_size)
    }

    /// Distance between the products of neighbouring positions.
    pub(crate) fn product_pitch(&self) -> usize {
        odd_lines(self.num_blocks * self.num_tiles * self.block_columns, size_of::<f32>())
    }

    pub(crate) fn input_len(&self) -> usize {
        POSITIONS * self.input_pitch()
    }

    pub(crate) fn product_len(&self) -> usize {
        POSITIONS * self.product_pitch()
    }

    /// Where the transformed input of tile `tile` and channel `channel` is at position 0.
    #[inline]
    pub(crate) fn input_offset(&self, tile: usize, channel: usize) -> usize {
        let row = channel / self.lanes * self.tile_rows + tile % self.tile_rows;
        tile / self.tile_rows * self.panel() + row * self.lanes + channel % self.lanes
    }
}

/// `values` of `size` bytes, rounded up to an odd number of cache lines.
fn odd_lines(values: usize, size: usize) -> usize {
    ((values * size).div_ceil(LINE) | 1) * LINE / size
}

/// Values in a register of `isa`.
pub(crate) fn register_lanes<T: Operand>(isa: Isa) -> usize {
    block_columns(isa) / 2 * T::GROUP
}
