//! First stage: tiles of a plane into the transformed domain.

use super::layout::Layout;
use super::tiles::TileCursor;
use super::transform::{IN, INPUT_PAIRS, OUT, input_line, input_pair};
use crate::arch::{Vector, dispatch};
use crate::isa::Isa;
use crate::plane::Plane;

/// A type that transformed values are kept in between the stages.
///
/// # Safety
///
/// `store` may be called only on a processor that has the instruction set of `V`, and writes at most `V::LANES` values at `p`.
pub(crate) trait Transformed<V: Vector>: Copy {
    /// Converts a register and writes it.
    unsafe fn store(value: V, p: *mut Self);
}

impl<V: Vector> Transformed<V> for f32 {
    #[inline(always)]
    unsafe fn store(value: V, p: *mut Self) {
        // SAFETY: the caller's guarantee.
        unsafe { value.store(p) }
    }
}

/// Transforms the first `num_tiles` tiles of `tiles`.
#[derive(Debug)]
pub(crate) struct InputStage<'a, T> {
    pub(crate) plane: &'a Plane,
    pub(crate) tiles: TileCursor<'a>,
    pub(crate) num_tiles: usize,
    pub(crate) layout: Layout,
    /// Transformed inputs, see [`Layout`].
    pub(crate) out: &'a mut [T],
}

impl<T> InputStage<'_, T> {
    /// # Panics
    ///
    /// If the tiles are not within the plane and the slice, or the layout is for another number of channels.
    fn check(&self, isa: Isa) {
        let (rows, columns) = self.tiles.bounds();
        let (height, width) = self.plane.bordered_size();
        assert!(rows * OUT + 2 <= height || rows == 0, "tiles below the plane");
        assert!(columns * OUT + 2 <= width || columns == 0, "tiles beside the plane");
        assert_eq!(self.layout.channel_groups, self.plane.channels().div_ceil(self.layout.lanes), "channels");
        assert_eq!(self.layout.lanes, crate::tile::block_columns(isa) / 2, "layout of another instruction set");
        assert!(self.num_tiles <= self.layout.num_tiles, "more tiles than the layout has");
        assert!(self.out.len() >= self.layout.input_len(), "transformed inputs");
    }
}

impl InputStage<'_, f32> {
    /// Runs the stage.
    ///
    /// # Panics
    ///
    /// If the tiles are not within the plane and the slice, or the layout is for another number of channels.
    pub(crate) fn run(self, isa: Isa) {
        self.check(isa);
        // SAFETY: `check` asserted what `transform` needs; an `Isa` of a level exists only if the processor has it.
        unsafe { dispatch!(isa, transform_f32(self): InputStage<'_, f32>) }
    }
}

/// # Safety
///
/// As for [`transform`].
#[inline(always)]
unsafe fn transform_f32<V: Vector>(stage: InputStage<'_, f32>) {
    // SAFETY: the caller's guarantee.
    unsafe { transform::<V, f32>(stage) }
}

/// Most values in a register of any instruction set.
const MAX_LANES: usize = 16;

/// # Safety
///
/// - The processor has the instruction set of `V`, for which the layout was made.
/// - `stage` passed [`InputStage::check`].
#[inline(always)]
pub(crate) unsafe fn transform<V: Vector, T: Transformed<V>>(stage: InputStage<'_, T>) {
    let InputStage { plane, tiles, num_tiles, layout, out } = stage;
    let (row_pitch, channels, pitch) = (plane.row_pitch(), plane.channels(), layout.input_pitch());
    for (index, (row, column)) in tiles.take(num_tiles).enumerate() {
        // SAFETY: the 6 x 6 pixels of a tile are in the bordered plane, and the place of a tile below `layout.num_tiles` is
        // within the transformed inputs at all positions, as was checked.
        unsafe {
            let x = plane.data().as_ptr().add(row * OUT * row_pitch + column * OUT * channels);
            let out = out.as_mut_ptr().add(layout.input_offset(index));
            for group in 0..channels / V::LANES {
                let out = out.add(group * layout.tile_rows * V::LANES);
                transform_tile::<V, T>(x.add(group * V::LANES), row_pitch, channels, out, pitch);
            }
            let rest = channels % V::LANES;
            if rest > 0 {
                // The last channels go through a buffer: nothing beyond the plane is read, and missing channels are zero.
                let group = channels / V::LANES;
                let mut buffer = [0.0_f32; IN * IN * MAX_LANES];
                for i in 0..IN * IN {
                    let pixel = x.add(i / IN * row_pitch + i % IN * channels + group * V::LANES);
                    std::ptr::copy_nonoverlapping(pixel, buffer.as_mut_ptr().add(i * V::LANES), rest);
                }
                let out = out.add(group * layout.tile_rows * V::LANES);
                transform_tile::<V, T>(buffer.as_ptr(), IN * V::LANES, V::LANES, out, pitch);
            }
        }
    }
}

/// Transforms one tile of one group of channels.
///
/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `x` is readable for `V::LANES` values at `i * row_pitch + j * pixel_pitch`, and `out` writable for as many at
///   `(6 * i + j) * out_pitch`, for i and j below 6.
#[inline(always)]
unsafe fn transform_tile<V: Vector, T: Transformed<V>>(
    x: *const f32,
    row_pitch: usize,
    pixel_pitch: usize,
    out: *mut T,
    out_pitch: usize,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        transform_pair::<V, T, 0>(x, row_pitch, pixel_pitch, out, out_pitch);
        transform_pair::<V, T, 1>(x, row_pitch, pixel_pitch, out, out_pitch);
        transform_pair::<V, T, 2>(x, row_pitch, pixel_pitch, out, out_pitch);
    }
}

/// Makes the rows `INPUT_PAIRS[PAIR]` of the transformed tile.
///
/// # Safety
///
/// As for [`transform_tile`].
#[inline(always)]
unsafe fn transform_pair<V: Vector, T: Transformed<V>, const PAIR: usize>(
    x: *const f32,
    row_pitch: usize,
    pixel_pitch: usize,
    out: *mut T,
    out_pitch: usize,
) {
    // SAFETY: the caller's guarantee.
    unsafe {
        let (mut first, mut second) = ([V::splat(0.0); IN], [V::splat(0.0); IN]);
        for (j, (first, second)) in first.iter_mut().zip(&mut second).enumerate() {
            let x = x.add(j * pixel_pitch);
            [*first, *second] = input_pair(PAIR, |i| V::load(x.add(i * row_pitch)));
        }
        for (row, line) in INPUT_PAIRS[PAIR].iter().zip([&first, &second]) {
            let out = out.add(row * IN * out_pitch);
            for (j, value) in input_line(*line).iter().enumerate() {
                T::store(*value, out.add(j * out_pitch));
            }
        }
    }
}
