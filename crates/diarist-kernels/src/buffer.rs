//! A growable buffer on cache-line boundaries.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::element::Element;

const LINE_BYTES: usize = 64;

/// One cache line, which is also one AVX-512 register.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE_BYTES]);

/// Values that start on a 64-byte boundary, so that vector loads do not cross cache lines. Used as
/// a slice.
#[derive(Clone)]
pub struct AlignedBuffer<T: Element = f32> {
    lines: Vec<Line>,
    len: usize,
    values: PhantomData<T>,
}

impl<T: Element> Default for AlignedBuffer<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), len: 0, values: PhantomData }
    }
}

impl<T: Element> AlignedBuffer<T> {
    /// A buffer of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::default();
        buffer.resize(len);
        buffer
    }

    /// Changes the length; new memory is zero, kept memory keeps its values. Allocates only beyond
    /// the largest length so far.
    pub fn resize(&mut self, len: usize) {
        let num_lines = len.div_ceil(LINE_BYTES / size_of::<T>());
        if num_lines > self.lines.len() {
            self.lines.resize(num_lines, Line([0; LINE_BYTES]));
        }
        self.len = len;
    }
}

impl<T: Element> Deref for AlignedBuffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: `lines` holds at least `len` values back to back (Line is repr(C) and as large as
        // its array, whose size is a multiple of that of T, so there is no padding), `resize` keeps
        // that true, their alignment divides that of Line, their bytes are initialised and every
        // bit pattern is a T (both by `Element`), and the slice borrows `self`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Element> DerefMut for AlignedBuffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the slice borrows `self` exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl<T: Element> fmt::Debug for AlignedBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuffer({} {})", self.len, std::any::type_name::<T>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_aligned_and_keeps_values_when_it_grows() {
        let mut buffer = AlignedBuffer::zeros(3);
        buffer.copy_from_slice(&[1.0_f32, 2.0, 3.0]);
        buffer.resize(1000);
        assert_eq!(buffer.as_ptr() as usize % 64, 0);
        assert_eq!(&buffer[..4], [1.0, 2.0, 3.0, 0.0]);
        assert_eq!(buffer.len(), 1000);
        buffer.resize(0);
        assert!(buffer.is_empty());
        assert!(AlignedBuffer::<f32>::default().is_empty());
    }

    #[test]
    fn narrow_values_lie_back_to_back() {
        let mut buffer = AlignedBuffer::<u8>::zeros(65);
        buffer[64] = 7;
        assert_eq!((buffer.lines.len(), buffer.lines[1].0[0]), (2, 7));
        assert_eq!(AlignedBuffer::<i16>::zeros(33).lines.len(), 2);
    }
}
