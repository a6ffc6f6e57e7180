//! 3x3 convolution with stride 1 by the minimal filtering algorithm F(4x4, 3x3): 36 multiplications for 16 outputs, where the
//! definition has 144.
//!
//! Source: S. Winograd, "Arithmetic Complexity of Computations" (1980); A. Lavin and S. Gray, "Fast Algorithms for
//! Convolutional Neural Networks" (2015).
//!
//! The plane is cut into tiles of 4x4 outputs, which need 6x6 inputs. Blocks of tiles go through three stages, whose
//! intermediate values stay in the cache: [`input`] transforms the inputs, [`product`] multiplies at each of the 36 positions
//! with the transformed weights, [`output`] transforms back, adds and stores. The tile grid is fixed to the plane, and the order
//! of additions for an output depends on nothing but the layer: it is the same whatever tiles are computed along with it.

mod input;
mod layout;
mod output;
mod product;
mod tiles;
mod transform;

use crate::buffer::AlignedBuffer;
use crate::gemm::Store;
use crate::isa::Isa;
use crate::plane::Plane;
use crate::tile::block_columns;
use input::InputStage;
use layout::Layout;
use output::OutputStage;
use product::ProductStage;
use tiles::TileCursor;
use transform::{IN, KERNEL, OUT, POSITIONS};

/// Buffers of [`PackedWinogradConv2d::run`], reused from call to call: the transformed values of one block of tiles.
#[derive(Debug, Clone, Default)]
pub struct WinogradWorkspace {
    inputs: AlignedBuffer,
    products: AlignedBuffer,
}

/// Transformed weights of a 3x3 convolution with stride 1, packed for one instruction set.
#[derive(Debug, Clone)]
pub struct PackedWinogradConv2d {
    isa: Isa,
    in_channels: usize,
    out_channels: usize,
    layout: Layout,
    /// `[chunks of num_blocks column blocks][36 positions][column blocks of the chunk][input channels][block_columns]`;
    /// channels in whole registers, those that do not exist are zero.
    weights: AlignedBuffer,
    /// `[column blocks][block_columns]`
    bias: AlignedBuffer,
}

impl PackedWinogradConv2d {
    /// Transforms and packs `weight` of shape `[bias.len(), in_channels, 3, 3]` and `bias`; a cross-correlation with padding 1.
    ///
    /// # Panics
    ///
    /// If a length does not fit.
    pub fn new(isa: Isa, in_channels: usize, weight: &[f32], bias: &[f32]) -> Self {
        let out_channels = bias.len();
        assert_eq!(weight.len(), out_channels * in_channels * 9, "weight [{out_channels}, {in_channels}, 3, 3]");
        let block_columns = block_columns(isa);
        let all_blocks = out_channels.div_ceil(block_columns);
        let num_blocks = CHUNK_BLOCKS;
        let layout = Layout::new(isa, in_channels, num_blocks, BLOCK_TILES);
        let rows = layout.channel_groups * layout.lanes;
        let mut weights = AlignedBuffer::zeros(POSITIONS * all_blocks * rows * block_columns);
        for out_channel in 0..out_channels {
            let (block, lane) = (out_channel / block_columns, out_channel % block_columns);
            let (chunk, block_of_chunk) = (block / num_blocks, block % num_blocks);
            let blocks_of_chunk = num_blocks.min(all_blocks - chunk * num_blocks);
            for in_channel in 0..in_channels {
                let kernel = &weight[(out_channel * in_channels + in_channel) * 9..][..9];
                for (position, value) in transform_kernel(kernel).into_iter().enumerate() {
                    let first_block = chunk * num_blocks * POSITIONS + position * blocks_of_chunk + block_of_chunk;
                    weights[(first_block * rows + in_channel) * block_columns + lane] = value;
                }
            }
        }
        let mut padded_bias = AlignedBuffer::zeros(all_blocks * block_columns);
        padded_bias[..out_channels].copy_from_slice(bias);
        Self { isa, in_channels, out_channels, layout, weights, bias: padded_bias }
    }

    /// Convolves `input` into `output`, which gets the right shape, except with `store.accumulate`: then it must have it, and
    /// the result is added to what it holds.
    ///
    /// # Panics
    ///
    /// If `input` has another number of channels, or `output` has the wrong shape with `store.accumulate`.
    pub fn run(&self, input: &Plane, store: Store, output: &mut Plane, workspace: &mut WinogradWorkspace) {
        assert_eq!(input.channels(), self.in_channels, "input channels");
        let (height, width) = (input.height(), input.width());
        if store.accumulate {
            let found = (output.height(), output.width(), output.channels());
            assert_eq!(found, (height, width, self.out_channels), "shape of the output to add to");
        } else {
            output.set_shape(height, width, self.out_channels);
        }
        let columns = 0..width.div_ceil(OUT);
        let columns = if width == 0 { &[] } else { std::slice::from_ref(&columns) };
        let layout = self.layout;
        workspace.inputs.resize(workspace.inputs.len().max(layout.input_len()));
        workspace.products.resize(workspace.products.len().max(layout.product_len()));
        let mut tiles = TileCursor::new(height.div_ceil(OUT), columns);
        let mut remaining = tiles.num_tiles();
        let block_len = layout.channel_groups * layout.lanes * layout.block_columns;
        while remaining > 0 {
            let num_tiles = remaining.min(layout.num_tiles);
            InputStage { plane: input, tiles: tiles.clone(), num_tiles, layout, out: &mut workspace.inputs[..] }
                .run(self.isa);
            let weights = self.weights.chunks(layout.num_blocks * POSITIONS * block_len);
            let bias = self.bias.chunks(layout.num_blocks * layout.block_columns);
            for (chunk, (weights, bias)) in weights.zip(bias).enumerate() {
                let num_blocks = bias.len() / layout.block_columns;
                ProductStage {
                    layout,
                    num_tiles,
                    num_blocks,
                    inputs: &workspace.inputs,
                    weights,
                    bias,
                    out: &mut workspace.products,
                }
                .run(self.isa);
                for block in 0..num_blocks {
                    OutputStage {
                        layout,
                        products: &workspace.products[..],
                        block,
                        tiles: tiles.clone(),
                        num_tiles,
                        first_channel: (chunk * layout.num_blocks + block) * layout.block_columns,
                        store,
                        plane: output,
                    }
                    .run(self.isa);
                }
            }
            remaining -= num_tiles;
            if remaining > 0 {
                tiles.nth(num_tiles - 1);
            }
        }
    }
}

/// Tiles per block, rounded up to whole panels: enough to use each panel of weights several times while it is in the
/// first-level cache, few enough for the transformed values of a block to stay in the second.
const BLOCK_TILES: usize = 42;
/// Column blocks whose products are held at a time.
const CHUNK_BLOCKS: usize = 1;

/// The transform of a 3x3 kernel, computed in f64: `KERNEL * kernel * KERNEL^T`.
fn transform_kernel(kernel: &[f32]) -> [f32; POSITIONS] {
    std::array::from_fn(|position| {
        let (row, column) = (KERNEL[position / IN], KERNEL[position % IN]);
        let taps = (0..9).map(|tap| row[tap / 3] * column[tap % 3] * f64::from(kernel[tap]));
        taps.sum::<f64>() as f32
    })
}
