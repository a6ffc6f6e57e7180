//! Third stage: products back into pixels, with addition and ReLU.

use super::layout::Layout;
use super::tiles::TileCursor;
use super::transform::{IN, OUT, output_half, output_line};
use crate::arch::Vector;
use crate::dot::Dot;
use crate::gemm::Store;
use crate::isa::Isa;
use crate::operand::{Kernel, Operand, Output};
use crate::plane::Plane;
use std::hint::black_box;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Transforms the products of one column block for the first `num_tiles` tiles of `tiles`.
#[derive(Debug)]
pub(crate) struct OutputStage<'a, T, O: Output> {
    pub(crate) layout: Layout,
    /// Products, see [`Layout`].
    pub(crate) products: &'a [f32],
    /// Index of the column block in the products.
    pub(crate) block: usize,
    pub(crate) tiles: TileCursor<'a>,
    pub(crate) num_tiles: usize,
    /// First output channel of the column block.
    pub(crate) first_channel: usize,
    pub(crate) store: Store,
    /// Factor on the integers in the plane before the addition.
    pub(crate) carry: f32,
    pub(crate) plane: &'a mut Plane<O>,
    /// Type of the left-hand values of the products.
    pub(crate) operand: PhantomData<T>,
}

impl<T: Operand, O: Output> OutputStage<'_, T, O> {
    /// Runs the stage.
    ///
    /// # Panics
    ///
    /// If the tiles are not within the plane and the slice.
    pub(crate) fn run(self, isa: Isa) {
        let (rows, columns) = self.tiles.bounds();
        assert!(rows <= self.plane.height().div_ceil(OUT), "tiles below the plane");
        assert!(columns <= self.plane.width().div_ceil(OUT), "tiles beside the plane");
        assert!(self.first_channel <= self.plane.channels(), "channels");
        assert_eq!(self.layout.block_columns, crate::tile::block_columns(isa), "layout of another instruction set");
        assert!(self.num_tiles <= self.layout.num_tiles, "more tiles than the layout has");
        assert!(self.block < self.layout.num_blocks, "column block");
        assert!(self.products.len() >= self.layout.product_len(), "products");
        // SAFETY: asserted above.
        unsafe { T::dispatch(isa, self) }
    }
}

/// Most lanes of any instruction set.
const MAX_LANES: usize = 16;

impl<T: Operand, O: Output> Kernel<T> for OutputStage<'_, T, O> {
    type Output = ();

    /// # Safety
    ///
    /// The processor has the instruction set of `D`, the layout is for it, and the conditions hold
    /// that [`OutputStage::run`] asserts.
    #[inline(always)]
    unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(self) {
        // SAFETY: the caller's guarantee.
        unsafe {
            match self.store.accumulate {
                false => self.transform_tiles::<D, false>(),
                true => self.transform_tiles::<D, true>(),
            }
        }
    }
}

impl<T: Operand, O: Output> OutputStage<'_, T, O> {
    /// # Safety
    ///
    /// As for [`Kernel::run`] of this type; `ACCUMULATE` is that of `store`.
    #[inline(always)]
    unsafe fn transform_tiles<D: Dot, const ACCUMULATE: bool>(self) {
        let Self { layout, products, block, tiles, num_tiles, first_channel, store, plane, carry, .. } = self;
        let floor = if store.relu { 0.0 } else { f32::NEG_INFINITY };
        let lanes = D::Vector::LANES;
        let (row_pitch, channels) = (plane.row_pitch(), plane.channels());
        let (height, width) = (plane.height(), plane.width());
        let mut tiles = tiles;
        let mut next = tiles.next().unwrap_or((0, 0));
        for index in 0..num_tiles {
            let (row, column) = next;
            next = tiles.next().unwrap_or(next);
            let (num_rows, num_columns) = (OUT.min(height - row * OUT), OUT.min(width - column * OUT));
            for register in 0..2 {
                let channel = first_channel + register * lanes;
                let num_channels = lanes.min(channels.saturating_sub(channel));
                if num_channels == 0 {
                    break;
                }
                // SAFETY: the tile has num_rows x num_columns pixels of num_channels values in the
                // plane, and the products of a tile below `layout.num_tiles` are within the slice
                // at all positions, as was checked.
                unsafe {
                    let m = products.as_ptr().add(layout.product_offset(block, index) + register * lanes);
                    let place =
                        |(row, column): (usize, usize)| plane.offset(row * OUT) + column * OUT * channels + channel;
                    let (place, next_place) = (place((row, column)), place(next));
                    let out = plane.data_mut().as_mut_ptr();
                    prefetch_tile::<D, O>(out.add(next_place), row_pitch, channels);
                    let out = out.add(place);
                    let mut target = Target { out, row_pitch, pixel_pitch: channels, carry, floor };
                    // A tile that is not whole goes through a buffer, so that only its pixels are
                    // read and written.
                    let is_whole = (num_rows, num_columns, num_channels) == (OUT, OUT, lanes);
                    let pixels = (0..num_rows).flat_map(|y| (0..num_columns).map(move |x| (y, x)));
                    let mut buffer = MaybeUninit::<[O; OUT * OUT * MAX_LANES]>::uninit();
                    if !is_whole {
                        let buffer = buffer.write([O::default(); OUT * OUT * MAX_LANES]).as_mut_ptr();
                        target = Target { out: buffer, row_pitch: OUT * lanes, pixel_pitch: lanes, ..target };
                        for (y, x) in pixels.clone().filter(|_| ACCUMULATE) {
                            let pixel = buffer.add((y * OUT + x) * lanes);
                            std::ptr::copy_nonoverlapping(out.add(y * row_pitch + x * channels), pixel, num_channels);
                        }
                    }
                    transform_tile::<D, O, ACCUMULATE>(m, target);
                    for (y, x) in pixels.filter(|_| !is_whole) {
                        let pixel = target.out.add((y * OUT + x) * lanes);
                        std::ptr::copy_nonoverlapping(pixel, out.add(y * row_pitch + x * channels), num_channels);
                    }
                }
            }
        }
    }
}

/// Addresses of the outputs of a tile: `out + i * row_pitch + j * pixel_pitch`.
#[derive(Clone, Copy)]
struct Target<O> {
    out: *mut O,
    row_pitch: usize,
    pixel_pitch: usize,
    carry: f32,
    /// Lower limit of the outputs: zero for ReLU, else negative infinity, so that one copy of the
    /// code serves both.
    floor: f32,
}

/// Prefetches the pixels of a tile.
///
/// # Safety
///
/// The processor has the instruction set of `D`.
#[inline(always)]
unsafe fn prefetch_tile<D: Dot, O>(out: *const O, row_pitch: usize, pixel_pitch: usize) {
    for i in 0..OUT {
        for j in 0..OUT {
            // SAFETY: the caller's guarantee; any address can be prefetched.
            unsafe { D::Vector::prefetch(out.wrapping_add(i * row_pitch + j * pixel_pitch)) };
        }
    }
}

/// Transforms one tile of one register of channels.
///
/// # Safety
///
/// - The processor has the instruction set of `D`.
/// - `m` is readable for a register at each of the 36 positions, see [`Layout`], and the target is
///   readable and writable for a register of channels at each i and j below 4.
#[inline(always)]
unsafe fn transform_tile<D: Dot, O: Output, const ACCUMULATE: bool>(m: *const f32, target: Target<O>) {
    // Hides the origin of the address from the compiler, which would otherwise compute each of the
    // 16 addresses from its parts.
    let target = Target { out: black_box(target.out), ..target };
    // SAFETY: the caller's guarantee.
    unsafe {
        transform_half::<D, O, 0, ACCUMULATE>(m, target);
        transform_half::<D, O, 1, ACCUMULATE>(m, target);
    }
}

/// Computes rows `FIRST` and `FIRST + 2` of the tile.
///
/// # Safety
///
/// As for [`transform_tile`].
#[inline(always)]
unsafe fn transform_half<D: Dot, O: Output, const FIRST: usize, const ACCUMULATE: bool>(
    m: *const f32,
    target: Target<O>,
) {
    let pitch = D::TILE_ROWS * 2 * D::Vector::LANES;
    // SAFETY: the caller's guarantee.
    unsafe {
        let half = |j: usize| {
            let m = m.add(j * pitch);
            output_half::<D::Vector, FIRST>(|i| D::Vector::load(m.add(i * IN * pitch)))
        };
        let [a, b, c, d, e, f] = [half(0), half(1), half(2), half(3), half(4), half(5)];
        for row in 0..2 {
            let out = target.out.add((FIRST + 2 * row) * target.row_pitch);
            let line = [a[row], b[row], c[row], d[row], e[row], f[row]];
            for (j, values) in output_line(line).iter().enumerate() {
                let p = out.add(j * target.pixel_pitch);
                let mut values = *values;
                if ACCUMULATE {
                    values = values.add(O::load::<D>(p, target.carry));
                }
                O::store::<D>(values.max(D::Vector::splat(target.floor)), p);
            }
        }
    }
}
