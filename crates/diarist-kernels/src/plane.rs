//! Image-like activations with a border of zeros.

use crate::buffer::AlignedBuffer;
use crate::element::Element;

/// Activations of shape `[height, width, channels]` (channels last) inside a border of one zero pixel on every side, so that
/// a 3x3 convolution with padding 1 needs no special case at the edges. Memory: `[height + 2, width + 2, channels]`.
#[derive(Debug, Clone, Default)]
pub struct Plane<T: Element = f32> {
    height: usize,
    width: usize,
    channels: usize,
    data: AlignedBuffer<T>,
}

impl<T: Element> Plane<T> {
    /// Gives the plane a shape and makes its border zero; the values inside are unspecified until they are written.
    /// Allocates only if the plane was never this large before.
    pub fn set_shape(&mut self, height: usize, width: usize, channels: usize) {
        (self.height, self.width, self.channels) = (height, width, channels);
        self.data.resize((height + 2) * (width + 2) * channels);
        let pitch = self.row_pitch();
        self.data[..pitch].fill(T::default());
        self.data[(height + 1) * pitch..].fill(T::default());
        for row in self.data.chunks_exact_mut(pitch.max(1)) {
            row[..channels].fill(T::default());
            row[pitch - channels..].fill(T::default());
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

    /// Row `y` without the border to write, shape `[width, channels]`.
    ///
    /// # Panics
    ///
    /// If `y >= height`.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        assert!(y < self.height);
        let (offset, len) = (self.offset(y), self.width * self.channels);
        &mut self.data[offset..][..len]
    }

    /// All values, border included.
    pub(crate) fn data(&self) -> &[T] {
        &self.data
    }

    /// Distance between vertical neighbours.
    pub(crate) fn row_pitch(&self) -> usize {
        (self.width + 2) * self.channels
    }

    /// Position of pixel (y, 0) in `data`.
    fn offset(&self, y: usize) -> usize {
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
        assert_eq!(plane.data().len(), 5 * 6 * 2);
        assert_eq!(plane.data().iter().sum::<f32>(), 24.0);
        assert!((0..3).all(|y| plane.row(y).iter().all(|&v| v == 1.0)));
    }
}
