//! Image-like activations with a border of zeros.

use crate::buffer::AlignedBuffer;
use crate::element::Element;

/// Height and width are rounded up to a multiple of this in memory: the tiles of a convolution are
/// whole.
const TILE: usize = 4;

/// Activations of shape `[height, width, channels]` (channels last) inside a border of zeros, so
/// that a 3x3 convolution with padding 1 needs no special case at the edges. The border is one
/// pixel on the left and on top; on the right and at the bottom it also fills the side up to a
/// multiple of 4.
#[derive(Debug, Clone, Default)]
pub struct Plane<T: Element = f32> {
    height: usize,
    width: usize,
    channels: usize,
    data: AlignedBuffer<T>,
}

impl<T: Element> Plane<T> {
    /// Sets the shape and makes the border zero. The values inside are unspecified until they are
    /// written. A plane that already has the shape does not change. Allocates only beyond the
    /// largest size of the plane so far.
    pub fn set_shape(&mut self, height: usize, width: usize, channels: usize) {
        if (self.height, self.width, self.channels) == (height, width, channels) {
            return;
        }
        (self.height, self.width, self.channels) = (height, width, channels);
        let (rows, columns) = self.bordered_size();
        self.data.resize(rows * columns * channels);
        let pitch = self.row_pitch();
        self.data[..pitch].fill(T::default());
        self.data[(height + 1) * pitch..].fill(T::default());
        for row in self.data.chunks_exact_mut(pitch.max(1)) {
            row[..channels].fill(T::default());
            row[(width + 1) * channels..].fill(T::default());
        }
    }

    /// Rows without the border.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels per row without the border.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Values per pixel.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Row `y` without the border, shape `[width, channels]`.
    ///
    /// # Panics
    ///
    /// If `y >= height`.
    pub fn row(&self, y: usize) -> &[T] {
        assert!(y < self.height);
        &self.data[self.offset(y)..][..self.width * self.channels]
    }

    /// Row `y` without the border, for writing, shape `[width, channels]`.
    ///
    /// # Panics
    ///
    /// If `y >= height`.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        assert!(y < self.height);
        let (offset, len) = (self.offset(y), self.width * self.channels);
        &mut self.data[offset..][..len]
    }

    /// Rows and columns in memory, border included.
    pub(crate) fn bordered_size(&self) -> (usize, usize) {
        (self.height.next_multiple_of(TILE) + 2, self.width.next_multiple_of(TILE) + 2)
    }

    /// All values, border included.
    pub(crate) fn data(&self) -> &[T] {
        &self.data
    }

    /// Distance between vertical neighbours.
    pub(crate) fn row_pitch(&self) -> usize {
        self.bordered_size().1 * self.channels
    }

    /// All values, border included, for writing. The caller keeps the border zero.
    pub(crate) fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Position of pixel (y, 0) in `data`.
    pub(crate) fn offset(&self, y: usize) -> usize {
        (y + 1) * self.row_pitch() + self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn border_is_zero_after_reuse_with_another_shape() {
        let mut plane = Plane::<f32>::default();
        plane.set_shape(5, 7, 3);
        plane.data.fill(1.0);
        plane.set_shape(3, 4, 2);
        for y in 0..3 {
            plane.row_mut(y).fill(1.0);
        }
        assert_eq!(plane.data().len(), 6 * 6 * 2);
        assert_eq!(plane.data().iter().sum::<f32>(), 24.0);
        assert!((0..3).all(|y| plane.row(y).iter().all(|&v| v == 1.0)));
    }
}
