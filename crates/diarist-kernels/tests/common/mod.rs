//! What the tests share.

use diarist_kernels::{Element, Isa, Plane};

/// Uniform values from a 64-bit xorshift generator.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: usize) -> Self {
        Self(seed as u64 * 2 + 0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 40
    }

    /// Values in [-1, 1).
    pub(crate) fn values(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.bits() as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

/// All instruction sets, printed, so that a log shows what was tested.
pub(crate) fn isas() -> Vec<Isa> {
    let isas = Isa::available();
    println!("instruction sets: {isas:?}");
    assert!(!isas.is_empty(), "no instruction set to test");
    isas
}

/// A plane with the values of `[height, width, channels]`.
pub(crate) fn plane<T: Element>((height, width, channels): (usize, usize, usize), values: &[T]) -> Plane<T> {
    let mut plane = Plane::default();
    plane.set_shape(height, width, channels);
    for y in 0..height {
        plane.row_mut(y).copy_from_slice(&values[y * width * channels..][..width * channels]);
    }
    plane
}

/// The values of a plane without its border.
pub(crate) fn inside<T: Element>(plane: &Plane<T>) -> Vec<T> {
    (0..plane.height()).flat_map(|y| plane.row(y).to_vec()).collect()
}
