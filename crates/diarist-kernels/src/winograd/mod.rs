//! 3x3 convolution with stride 1 by the minimal filtering algorithm F(4x4, 3x3): 36 multiplications
//! for 16 outputs, where the definition has 144.
//!
//! Source: S. Winograd, "Arithmetic Complexity of Computations" (1980); A. Lavin and S. Gray, "Fast
//! Algorithms for Convolutional Neural Networks" (2015).
//!
//! The plane is cut into tiles of 4x4 outputs, which need 6x6 inputs. Blocks of tiles go through
//! three stages, whose intermediate values stay in the cache: [`input`] transforms the inputs,
//! [`product`] multiplies at each of the 36 positions with the transformed weights, [`output`]
//! transforms back, adds and stores. The tile grid is fixed to the plane, and the order of
//! additions for an output depends only on the layer: it is the same for any other tiles computed
//! with it.

mod activation;
mod input;
mod layout;
mod output;
mod pack;
mod product;
mod tiles;
mod transform;

pub use activation::{Activation, quantize_transformed_weights};

use std::marker::PhantomData;
use std::ops::Range;

use crate::buffer::AlignedBuffer;
use crate::columns::Columns;
use crate::gemm::Store;
use crate::isa::Isa;
use crate::operand::{Operand, Output};
use crate::plane::Plane;
use crate::tile::block_columns;
use input::InputStage;
use layout::Layout;
use output::OutputStage;
use pack::Pack;
use product::ProductStage;
use tiles::TileCursor;
use transform::{OUT, POSITIONS};

/// Buffers of [`PackedWinogradConv2d::run`], reused from call to call: the transformed values of
/// one block of tiles.
#[derive(Debug, Clone)]
pub struct WinogradWorkspace<T: Activation = f32> {
    inputs: AlignedBuffer<T::Transformed>,
    products: AlignedBuffer,
    tile_columns: Columns,
}

impl<T: Activation> Default for WinogradWorkspace<T> {
    fn default() -> Self {
        Self { inputs: AlignedBuffer::default(), products: AlignedBuffer::default(), tile_columns: Columns::default() }
    }
}

/// Transformed weights of a 3x3 convolution with stride 1, packed for one instruction set and for
/// planes of type `T`.
///
/// With `f32` everything is `f32`. With [`F16`](crate::F16) only the planes have 16 bits. With
/// [`Bf16`](crate::Bf16) transformed inputs and weights are rounded to bfloat16; sums and
/// transforms are `f32`. With `u8` transformed inputs are exact, transformed weights have 16 bits
/// or fewer, so that their exact sums fit in 32 bits, and results are the same, bit for bit, on
/// every instruction set.
#[derive(Debug, Clone)]
pub struct PackedWinogradConv2d<T: Activation = f32> {
    isa: Isa,
    in_channels: usize,
    out_channels: usize,
    layout: Layout,
    /// Chunks of up to `num_blocks` column blocks, each
    /// `[36 positions][column blocks][words of input channels][block_columns][channels of a word]`.
    /// Channels are padded to whole registers with zeros.
    weights: AlignedBuffer<<T::Transformed as Operand>::Weight>,
    /// Value of an integer weight of 1,
    /// `[chunks][36 positions][column blocks of the chunk][block_columns]`.
    scale: AlignedBuffer,
    /// `[column blocks][block_columns]`
    bias: AlignedBuffer,
    carry: f32,
}

impl<T: Activation> PackedWinogradConv2d<T> {
    /// Transforms and packs `weight` of shape `[bias.len(), in_channels, 3, 3]` and `bias`; a
    /// cross-correlation with padding 1.
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
        let is_large = POSITIONS * in_channels * out_channels >= LARGE_WEIGHTS;
        let num_tiles = if is_large { LARGE_BLOCK_TILES } else { BLOCK_TILES };
        let layout = Layout::new::<T::Transformed>(isa, in_channels, num_blocks, num_tiles);
        let rows = layout.channel_groups * layout.lanes;
        let mut weights = AlignedBuffer::zeros(POSITIONS * all_blocks * rows * block_columns);
        let mut scale = AlignedBuffer::zeros(POSITIONS * all_blocks * block_columns);
        let kernels = weight.chunks((block_columns * in_channels * 9).max(1));
        let blocks = weights.chunks_exact_mut(POSITIONS * rows * block_columns);
        let scales = scale.chunks_exact_mut(POSITIONS * block_columns);
        for ((kernels, weights), scale) in kernels.zip(blocks).zip(scales) {
            Pack::<T> { kernels, in_channels, block_columns, weights, scale }.run(isa);
        }
        let mut padded_bias = AlignedBuffer::zeros(all_blocks * block_columns);
        padded_bias[..out_channels].copy_from_slice(bias);
        Self { isa, in_channels, out_channels, layout, weights, scale, bias: padded_bias, carry: 1.0 }
    }

    /// Scales the `u8` values already in the output by `carry` before the result is added
    /// ([`Store::accumulate`]). Default: 1.
    #[must_use]
    pub fn with_carry(mut self, carry: f32) -> Self {
        self.carry = carry;
        self
    }

    /// Convolves `input` into `output` and sets the shape of `output`. With `store.accumulate`,
    /// `output` must already have that shape, and the result is added to its values.
    ///
    /// # Panics
    ///
    /// If `input` has another number of channels, or `output` has the wrong shape with
    /// `store.accumulate`.
    pub fn run<O: Output>(
        &self,
        input: &Plane<T>,
        store: Store,
        output: &mut Plane<O>,
        workspace: &mut WinogradWorkspace<T>,
    ) {
        self.run_ranges(input, std::slice::from_ref(&(0..input.width())), store, output, workspace);
    }

    /// As [`Self::run`] for some columns of the output. The other columns are unspecified
    /// afterwards. Each value is the same, bit for bit, as if all columns were computed.
    ///
    /// Reads only the columns of `input` that [`Self::input_columns`] reports.
    ///
    /// # Panics
    ///
    /// As [`Self::run`], and if a column is not in the output.
    pub fn run_columns<O: Output>(
        &self,
        input: &Plane<T>,
        columns: &Columns,
        store: Store,
        output: &mut Plane<O>,
        workspace: &mut WinogradWorkspace<T>,
    ) {
        self.run_ranges(input, columns.ranges(), store, output, workspace);
    }

    /// Sets `input` to the columns of an input of `width` columns that `columns` of the output
    /// depend on. These are the columns of whole tiles, because every value of a tile affects the
    /// rounding of the others.
    pub fn input_columns(&self, columns: &Columns, width: usize, input: &mut Columns) {
        input.set(columns.ranges().iter().map(|range| {
            let tiles = tiles_over(range);
            (tiles.start * OUT).saturating_sub(1)..(tiles.end * OUT + 1).min(width)
        }));
    }

    /// Number of output columns, from the first on and in whole tiles, that need only the first
    /// `num_columns` of an input of `width` columns.
    pub fn ready_columns(&self, num_columns: usize, width: usize) -> usize {
        if num_columns >= width { width } else { num_columns.saturating_sub(1) / OUT * OUT }
    }

    fn run_ranges<O: Output>(
        &self,
        input: &Plane<T>,
        columns: &[Range<usize>],
        store: Store,
        output: &mut Plane<O>,
        workspace: &mut WinogradWorkspace<T>,
    ) {
        assert_eq!(input.channels(), self.in_channels, "input channels");
        let (height, width) = (input.height(), input.width());
        if store.accumulate {
            let found = (output.height(), output.width(), output.channels());
            assert_eq!(found, (height, width, self.out_channels), "shape of the output to add to");
        } else {
            output.set_shape(height, width, self.out_channels);
        }
        assert!(columns.iter().all(|range| range.end <= width), "columns of the output");
        let layout = self.layout;
        workspace.tile_columns.set(columns.iter().map(tiles_over));
        workspace.inputs.resize(workspace.inputs.len().max(layout.input_len()));
        workspace.products.resize(workspace.products.len().max(layout.product_len()));
        let mut tiles = TileCursor::new(height.div_ceil(OUT), workspace.tile_columns.ranges());
        let mut remaining = tiles.num_tiles();
        let block_len = layout.channel_groups * layout.lanes * layout.block_columns;
        while remaining > 0 {
            let num_tiles = remaining.min(layout.num_tiles);
            InputStage { plane: input, tiles: tiles.clone(), num_tiles, layout, out: &mut workspace.inputs[..] }
                .run(self.isa);
            let weights = self.weights.chunks(layout.num_blocks * POSITIONS * block_len);
            let scale = self.scale.chunks(layout.num_blocks * POSITIONS * layout.block_columns);
            let bias = self.bias.chunks(layout.num_blocks * layout.block_columns);
            for (chunk, ((weights, scale), bias)) in weights.zip(scale).zip(bias).enumerate() {
                let num_blocks = bias.len() / layout.block_columns;
                ProductStage {
                    layout,
                    num_tiles,
                    num_blocks,
                    inputs: &workspace.inputs[..],
                    weights,
                    scale,
                    bias,
                    out: &mut workspace.products,
                }
                .run(self.isa);
                for block in 0..num_blocks {
                    OutputStage::<T::Transformed, O> {
                        layout,
                        products: &workspace.products[..],
                        block,
                        tiles: tiles.clone(),
                        num_tiles,
                        first_channel: (chunk * layout.num_blocks + block) * layout.block_columns,
                        store,
                        carry: self.carry,
                        plane: output,
                        operand: PhantomData,
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

/// The tile columns that cover a range of columns.
fn tiles_over(range: &Range<usize>) -> Range<usize> {
    range.start / OUT..range.end.div_ceil(OUT)
}

/// Tiles per block, rounded up to whole panels: enough to use each panel of weights several times
/// while it is in the first-level cache, few enough for the transformed values of a block to stay
/// in the second.
const BLOCK_TILES: usize = 42;
/// The same for layers with weights too large for the cache: reading the weights once more costs
/// more than reading the transformed values from the third-level cache.
const LARGE_BLOCK_TILES: usize = 98;
/// Number of weights from which a layer is large.
const LARGE_WEIGHTS: usize = 1 << 21;
/// Column blocks per chunk, whose products are held at the same time.
const CHUNK_BLOCKS: usize = 1;
const _: () = assert!(CHUNK_BLOCKS == 1, "weights are packed block by block");
