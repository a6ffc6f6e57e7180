//! Third stage: products back into pixels, with addition and ReLU.

use super::layout::Layout;
use super::tiles::TileCursor;
use super::transform::{IN, OUT, OUTPUT_PAIRS, output_line, output_pair};
use crate::arch::{Vector, dispatch};
use crate::gemm::Store;
use crate::isa::Isa;
use crate::plane::Plane;

/// A type that products are summed in.
///
/// # Safety
///
/// `load` may be called only on a processor that has the instruction set of `V`, and reads `V::LANES` values at `p`.
pub(crate) trait Product<V: Vector>: Copy {
    /// Reads a register and converts it.
    unsafe fn load(p: *const Self) -> V;
}

impl<V: Vector> Product<V> for f32 {
    #[inline(always)]
    unsafe fn load(p: *const Self) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { V::load(p) }
    }
}

/// Transforms the products of one column block for the first `num_tiles` tiles of `tiles`.
#[derive(Debug)]
pub(crate) struct OutputStage<'a, P> {
    pub(crate) layout: Layout,
    /// Products, see [`Layout`].
    pub(crate) products: &'a [P],
    /// Which column block of the products.
    pub(crate) block: usize,
    pub(crate) tiles: TileCursor<'a>,
    pub(crate) num_tiles: usize,
    /// First output channel of the column block.
    pub(crate) first_channel: usize,
    pub(crate) store: Store,
    pub(crate) plane: &'a mut Plane,
}

impl<P> OutputStage<'_, P> {
    /// # Panics
    ///
    /// If the tiles are not within the plane and the slice.
    fn check(&self, isa: Isa) {
        let (rows, columns) = self.tiles.bounds();
        assert!(rows <= self.plane.height().div_ceil(OUT), "tiles below the plane");
        assert!(columns <= self.plane.width().div_ceil(OUT), "tiles beside the plane");
        assert!(self.first_channel <= self.plane.channels(), "channels");
        assert_eq!(self.layout.block_columns, crate::tile::block_columns(isa), "layout of another instruction set");
        assert!(self.num_tiles <= self.layout.num_tiles, "more tiles than the layout has");
        assert!(self.block < self.layout.num_blocks, "column block");
        assert!(self.products.len() >= self.layout.product_len(), "products");
    }
}

impl OutputStage<'_, f32> {
    /// Runs the stage.
    ///
    /// # Panics
    ///
    /// If the tiles are not within the plane and the slice.
    pub(crate) fn run(self, isa: Isa) {
        self.check(isa);
        // SAFETY: `check` asserted what `transform` needs; an `Isa` of a level exists only if the processor has it.
        unsafe { dispatch!(isa, transform_f32(self): OutputStage<'_, f32>) }
    }
}

/// # Safety
///
/// As for [`transform`].
#[inline(always)]
unsafe fn transform_f32<V: Vector>(stage: OutputStage<'_, f32>) {
    // SAFETY: the caller's guarantee.
    unsafe { transform::<V, f32>(stage) }
}

/// # Safety
///
/// - The processor has the instruction set of `V`, for which the layout was made.
/// - `stage` passed [`OutputStage::check`].
#[inline(always)]
pub(crate) unsafe fn transform<V: Vector, P: Product<V>>(stage: OutputStage<'_, P>) {
    // SAFETY: the caller's guarantee.
    unsafe {
        match stage.store {
            Store { accumulate: false, relu: false } => transform_tiles::<V, P, false, false>(stage),
            Store { accumulate: false, relu: true } => transform_tiles::<V, P, false, true>(stage),
            Store { accumulate: true, relu: false } => transform_tiles::<V, P, true, false>(stage),
            Store { accumulate: true, relu: true } => transform_tiles::<V, P, true, true>(stage),
        }
    }
}

/// Most values in a register of any instruction set.
const MAX_LANES: usize = 16;

/// # Safety
///
/// As for [`transform`]; `ACCUMULATE` and `RELU` are those of `stage.store`.
#[inline(always)]
unsafe fn transform_tiles<V: Vector, P: Product<V>, const ACCUMULATE: bool, const RELU: bool>(
    stage: OutputStage<'_, P>,
) {
    let OutputStage { layout, products, block, tiles, num_tiles, first_channel, plane, .. } = stage;
    let (row_pitch, channels, pitch) = (plane.row_pitch(), plane.channels(), layout.product_pitch());
    let (height, width) = (plane.height(), plane.width());
    for (index, (row, column)) in tiles.take(num_tiles).enumerate() {
        let (num_rows, num_columns) = (OUT.min(height - row * OUT), OUT.min(width - column * OUT));
        for register in 0..2 {
            let channel = first_channel + register * V::LANES;
            let num_channels = V::LANES.min(channels.saturating_sub(channel));
            if num_channels == 0 {
                break;
            }
            // SAFETY: the tile has num_rows x num_columns pixels of num_channels values in the plane, and the products of a
            // tile below `layout.num_tiles` are within the slice at all positions, as was checked.
            unsafe {
                let m = products
                    .as_ptr()
                    .add((block * layout.num_tiles + index) * layout.block_columns + register * V::LANES);
                let offset = plane.offset(row * OUT) + column * OUT * channels + channel;
                let out = plane.data_mut().as_mut_ptr().add(offset);
                if (num_rows, num_columns, num_channels) == (OUT, OUT, V::LANES) {
                    transform_tile::<V, P, ACCUMULATE, RELU>(m, pitch, out, row_pitch, channels);
                    continue;
                }
                // A tile that is not whole goes through a buffer, so that nothing but its pixels is read or written.
                let mut buffer = [0.0_f32; OUT * OUT * MAX_LANES];
                let pixels = (0..num_rows).flat_map(|y| (0..num_columns).map(move |x| (y, x)));
                for (y, x) in pixels.clone().filter(|_| ACCUMULATE) {
                    let pixel = buffer.as_mut_ptr().add((y * OUT + x) * V::LANES);
                    std::ptr::copy_nonoverlapping(out.add(y * row_pitch + x * channels), pixel, num_channels);
                }
                transform_tile::<V, P, ACCUMULATE, RELU>(m, pitch, buffer.as_mut_ptr(), OUT * V::LANES, V::LANES);
                for (y, x) in pixels {
                    let pixel = buffer.as_ptr().add((y * OUT + x) * V::LANES);
                    std::ptr::copy_nonoverlapping(pixel, out.add(y * row_pitch + x * channels), num_channels);
                }
            }
        }
    }
}

/// Transforms one tile of one register of channels.
///
/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `m` is readable for `V::LANES` values at `(6 * i + j) * pitch` for i and j below 6, and `out` readable and writable for as
///   many at `i * row_pitch + j * pixel_pitch` for i and j below 4.
#[inline(always)]
unsafe fn transform_tile<V: Vector, P: Product<V>, const ACCUMULATE: bool, const RELU: bool>(
    m: *const P,
    pitch: usize,
    out: *mut f32,
    row_pitch: usize,
    pixel_pitch: usize,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        transform_pair::<V, P, 0, ACCUMULATE, RELU>(m, pitch, out, row_pitch, pixel_pitch);
        transform_pair::<V, P, 1, ACCUMULATE, RELU>(m, pitch, out, row_pitch, pixel_pitch);
    }
}

/// Makes the rows `OUTPUT_PAIRS[PAIR]` of the tile.
///
/// # Safety
///
/// As for [`transform_tile`].
#[inline(always)]
unsafe fn transform_pair<V: Vector, P: Product<V>, const PAIR: usize, const ACCUMULATE: bool, const RELU: bool>(
    m: *const P,
    pitch: usize,
    out: *mut f32,
    row_pitch: usize,
    pixel_pitch: usize,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        let (mut first, mut second) = ([V::splat(0.0); IN], [V::splat(0.0); IN]);
        for (j, (first, second)) in first.iter_mut().zip(&mut second).enumerate() {
            let m = m.add(j * pitch);
            [*first, *second] = output_pair(PAIR, |i| P::load(m.add(i * IN * pitch)));
        }
        for (row, line) in OUTPUT_PAIRS[PAIR].iter().zip([&first, &second]) {
            let out = out.add(row * row_pitch);
            for (j, value) in output_line(*line).iter().enumerate() {
                let p = out.add(j * pixel_pitch);
                let mut value = *value;
                if ACCUMULATE {
                    value = value.add(V::load(p));
                }
                if RELU {
                    value = value.max(V::splat(0.0));
                }
                value.store(p);
            }
        }
    }
}
