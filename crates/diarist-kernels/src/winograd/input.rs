//! First stage: tiles of a plane into the transformed domain.

use super::activation::{Activation, InputKind};
use super::layout::{Layout, register_lanes};
use super::tiles::TileCursor;
use super::transform::{IN, INPUT_PAIRS, OUT, input_line, input_pair};
use crate::dot::Dot;
use crate::isa::Isa;
use crate::operand::{Kernel, Operand};
use crate::plane::Plane;

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
    /// If the tiles are not within the plane and the slice, or the layout is for another number of channels.
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
    /// Beside the instruction set, for which the layout was made: what [`InputStage::run`] asserts.
    #[inline(always)]
    unsafe fn run<D>(self)
    where
        D: Dot<Left = T::Transformed, Right = <T::Transformed as Operand>::Weight>,
    {
        let Self { plane, tiles, num_tiles, layout, out } = self;
        let (row_pitch, channels, pitch) = (plane.row_pitch(), plane.channels(), layout.input_pitch());
        let lanes = <T::Input<D> as InputKind>::LANES;
        for (index, (row, column)) in tiles.take(num_tiles).enumerate() {
            for channel in (0..layout.channel_groups * layout.lanes).step_by(lanes) {
                // SAFETY: the 6 x 6 pixels of a tile are in the bordered plane, and the place of a tile below
                // `layout.num_tiles` is within the transformed inputs at all positions, as was checked. A layout's register is
                // one or more of the transform, so a register of channels below its number is within one.
                unsafe {
                    let x = plane.data().as_ptr().add(row * OUT * row_pitch + column * OUT * channels);
                    let out = out.as_mut_ptr().add(layout.input_offset(index, channel));
                    if channel + lanes <= channels {
                        transform_tile::<T::Input<D>>(x.add(channel), row_pitch, channels, out, pitch);
                        continue;
                    }
                    // The last channels go through a buffer: nothing beyond the plane is read, and missing ones are zero.
                    let mut buffer = [T::default(); IN * IN * MAX_LANES];
                    for i in (0..IN * IN).filter(|_| channel < channels) {
                        let pixel = x.add(i / IN * row_pitch + i % IN * channels + channel);
                        std::ptr::copy_nonoverlapping(pixel, buffer.as_mut_ptr().add(i * lanes), channels - channel);
                    }
                    transform_tile::<T::Input<D>>(buffer.as_ptr(), IN * lanes, lanes, out, pitch);
                }
            }
        }
    }
}

/// Transforms one tile of one register of channels.
///
/// # Safety
///
/// - The processor has the instruction set of `K`.
/// - `x` is readable for `LANES` values at `i * row_pitch + j * pixel_pitch`, and `out` writable for as many at
///   `(6 * i + j) * out_pitch`, for i and j below 6.
#[inline(always)]
unsafe fn transform_tile<K: InputKind>(
    x: *const K::Plane,
    row_pitch: usize,
    pixel_pitch: usize,
    out: *mut K::Transformed,
    out_pitch: usize,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        transform_pair::<K, 0>(x, row_pitch, pixel_pitch, out, out_pitch);
        transform_pair::<K, 1>(x, row_pitch, pixel_pitch, out, out_pitch);
        transform_pair::<K, 2>(x, row_pitch, pixel_pitch, out, out_pitch);
    }
}

/// Makes the rows `INPUT_PAIRS[PAIR]` of the transformed tile.
///
/// # Safety
///
/// As for [`transform_tile`].
#[inline(always)]
unsafe fn transform_pair<K: InputKind, const PAIR: usize>(
    x: *const K::Plane,
    row_pitch: usize,
    pixel_pitch: usize,
    out: *mut K::Transformed,
    out_pitch: usize,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        let pair = |j: usize| {
            let x = x.add(j * pixel_pitch);
            input_pair(PAIR, |i| K::load(x.add(i * row_pitch)))
        };
        let [a, b, c, d, e, f] = [pair(0), pair(1), pair(2), pair(3), pair(4), pair(5)];
        for (half, row) in INPUT_PAIRS[PAIR].iter().enumerate() {
            let out = out.add(row * IN * out_pitch);
            let line = [a[half], b[half], c[half], d[half], e[half], f[half]];
            for (j, lanes) in input_line(line).iter().enumerate() {
                K::store(*lanes, out.add(j * out_pitch));
            }
        }
    }
}
