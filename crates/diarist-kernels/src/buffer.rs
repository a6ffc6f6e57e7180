//! A growable f32 buffer on cache-line boundaries.

use std::fmt;
use std::ops::{Deref, DerefMut};

const LINE_FLOATS: usize = 16;

/// One cache line, which is also one AVX-512 register.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE_FLOATS]);

/// f32 values that start on a 64-byte boundary, so that vector loads do not cross cache lines. Used as a slice.
#[derive(Clone, Default)]
pub struct AlignedBuffer {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedBuffer {
    /// A buffer of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::default();
        buffer.resize(len);
        buffer
    }

    /// Changes the length; new memory is zero, kept memory keeps its values. Allocates only beyond the largest length so far.
    pub fn resize(&mut self, len: usize) {
        let num_lines = len.div_ceil(LINE_FLOATS);
        if num_lines > self.lines.len() {
            self.lines.resize(num_lines, Line([0.0; LINE_FLOATS]));
        }
        self.len = len;
    }
}

impl Deref for AlignedBuffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        // SAFETY: `lines` holds at least `len` initialised f32 back to back (Line is repr(C) and its size is 16 floats, so
        // there is no padding), `resize` keeps that true, and the slice borrows `self`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for AlignedBuffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the slice borrows `self` exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuffer({} f32)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_aligned_and_keeps_values_when_it_grows() {
        let mut buffer = AlignedBuffer::zeros(3);
        buffer.copy_from_slice(&[1.0, 2.0, 3.0]);
        buffer.resize(1000);
        assert_eq!(buffer.as_ptr() as usize % 64, 0);
        assert_eq!(&buffer[..4], [1.0, 2.0, 3.0, 0.0]);
        assert_eq!(buffer.len(), 1000);
        buffer.resize(0);
        assert!(buffer.is_empty());
        assert!(AlignedBuffer::default().is_empty());
    }
}
