//! First stage: tiles of a plane into the transformed domain.

use super::activation::{Activation, InputKind};
use super::layout::{Layout, register_lanes};
use super::tiles::TileCursor;
use super::transform::{IN, OUT, input_half, input_line};
use crate::arch::Vector;
use crate::dot::Dot;
use crate::isa::Isa;
use crate::operand::{Kernel, Operand};
use crate::plane::Plane;
use std::hint::black_box;
use std::mem::MaybeUninit;

/// Transforms the first `num_tiles` tiles of `tiles`.
#[derive(Debug)]
pub(crate) struct InputStage<'a, T: Activation> {
    pub(crate) plane: &'a Plane<T>,
    pub(crate) tiles: TileCursor<'a>,
    pub(crate) num_tiles: usize,
    pub(crate) layout: Layout,
    /// Transformed inputs, see [`Layout`].
    pub(crate) out: &'a mut [T::Transformed],
}

impl<T: Activation> InputStage<'_, T> {
    /// Runs the stage.
    ///
    /// # Panics
    ///
    /// If the tiles are not within the plane and the slice, or the layout is for another number of
    /// channels.
    pub(crate) fn run(self, isa: Isa) {
        let (rows, columns) = self.tiles.bounds();
        let (height, width) = self.plane.bordered_size();
        assert!(rows * OUT + 2 <= height || rows == 0, "tiles below the plane");
        assert!(columns * OUT + 2 <= width || columns == 0, "tiles beside the plane");
        assert_eq!(self.layout.channel_groups, self.plane.channels().div_ceil(self.layout.lanes), "channels");
        assert_eq!(self.layout.lanes, register_lanes::<T::Transformed>(isa), "layout of another instruction set");
        assert!(self.num_tiles <= self.layout.num_tiles, "more tiles than the layout has");
        assert!(self.out.len() >= self.layout.input_len(), "transformed inputs");
        // SAFETY: asserted above.
        unsafe { T::Transformed::dispatch(isa, self) }
    }
}

/// Most values in a register of any instruction set.
const MAX_LANES: usize = 32;

impl<T: Activation> Kernel<T::Transformed> for InputStage<'_, T> {
    type Output = ();

    /// # Safety
    ///
    /// The processor has the instruction set of `D`, the layout is for it, and the conditions hold
    /// that [`InputStage::run`] asserts.
    #[inline(always)]
    unsafe fn run<D>(self)
    where
        D: Dot<Left = T::Transformed, Right = <T::Transformed as Operand>::Weight>,
    {
        let Self { plane, tiles, num_tiles, layout, out } = self;
        let (row_pitch, channels) = (plane.row_pitch(), plane.channels());
        let lanes = <T::Input<D> as InputKind>::LANES;
        let mut places = tiles.map(|(row, column)| row * OUT * row_pitch + column * OUT * channels);
        let mut next_place = places.next().unwrap_or(0);
        for index in 0..num_tiles {
            let place = next_place;
            next_place = places.next().unwrap_or(place);
            for channel in (0..layout.channel_groups * layout.lanes).step_by(lanes) {
                // SAFETY: the 6 x 6 pixels of a tile are in the bordered plane, and the place of a
                // tile below `layout.num_tiles` is within the transformed inputs at all positions,
                // as was checked. A layout's register is one or more of the transform, so a
                // register of channels below its number is within one.
                unsafe {
                    let x = plane.data().as_ptr();
                    let out = out.as_mut_ptr().add(layout.input_offset(index, channel));
                    let is_whole = channel + lanes <= channels;
                    let mut source = (x.wrapping_add(place + channel), row_pitch, channels);
                    // The last channels go through a buffer, so that no value beyond the plane is
                    // read; missing channels are zero.
                    let mut buffer = MaybeUninit::<[T; IN * IN * MAX_LANES]>::uninit();
                    if is_whole {
                        prefetch_tile::<D, T>(x.wrapping_add(channel + next_place), row_pitch, channels);
                    } else {
                        let buffer = buffer.write([T::default(); IN * IN * MAX_LANES]).as_mut_ptr();
                        for i in (0..IN * IN).filter(|_| channel < channels) {
                            let pixel = x.add(place + i / IN * row_pitch + i % IN * channels + channel);
                            std::ptr::copy_nonoverlapping(pixel, buffer.add(i * lanes), channels - channel);
                        }
                        source = (buffer, IN * lanes, lanes);
                    }
                    let (x, row_pitch, pixel_pitch) = source;
                    transform_tile::<D, T::Input<D>>(x, row_pitch, pixel_pitch, out);
                }
            }
        }
    }
}

/// Prefetches the pixels of a tile that are in no tile above it or left of it.
///
/// # Safety
///
/// The processor has the instruction set of `D`.
#[inline(always)]
unsafe fn prefetch_tile<D: Dot, T>(x: *const T, row_pitch: usize, pixel_pitch: usize) {
    for i in IN - OUT..IN {
        for j in IN - OUT..IN {
            // SAFETY: the caller's guarantee; any address can be prefetched.
            unsafe { D::Vector::prefetch(x.wrapping_add(i * row_pitch + j * pixel_pitch)) };
        }
    }
}

/// Transforms one tile of one register of channels.
///
/// # Safety
///
/// - The processor has the instruction set of `D`, and `K` is for its registers.
/// - `x` is readable for `LANES` values at `i * row_pitch + j * pixel_pitch` for i and j below 6,
///   and `out` writable for as many at each of the 36 positions, see [`Layout`].
#[inline(always)]
unsafe fn transform_tile<D: Dot, K: InputKind>(
    x: *const K::Plane,
    row_pitch: usize,
    pixel_pitch: usize,
    out: *mut K::Transformed,
) {
    // Hides the origin of the address from the compiler, which would otherwise compute each of the
    // 36 addresses from its parts.
    let x = black_box(x);
    // SAFETY: the caller's guarantee.
    unsafe {
        transform_half::<D, K, 0>(x, row_pitch, pixel_pitch, out);
        transform_half::<D, K, 1>(x, row_pitch, pixel_pitch, out);
    }
}

/// Computes rows `3 * HALF..3 * HALF + 3` of the transformed tile.
///
/// # Safety
///
/// As for [`transform_tile`].
#[inline(always)]
unsafe fn transform_half<D: Dot, K: InputKind, const HALF: usize>(
    x: *const K::Plane,
    row_pitch: usize,
    pixel_pitch: usize,
    out: *mut K::Transformed,
) {
    let out_pitch = D::TILE_ROWS * D::Vector::LANES * D::GROUP;
    // SAFETY: the caller's guarantee.
    unsafe {
        let half = |j: usize| {
            let x = x.add(j * pixel_pitch);
            input_half::<_, HALF>(|i| K::load(x.add(i * row_pitch)))
        };
        let [a, b, c, d, e, f] = [half(0), half(1), half(2), half(3), half(4), half(5)];
        for row in 0..3 {
            let out = out.add((3 * HALF + row) * IN * out_pitch);
            let line = [a[row], b[row], c[row], d[row], e[row], f[row]];
            for (j, lanes) in input_line(line).iter().enumerate() {
                K::store(*lanes, out.add(j * out_pitch));
            }
        }
    }
}
