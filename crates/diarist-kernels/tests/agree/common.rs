//! Helpers shared by the tests.

use diarist_kernels::{Element, Isa, Plane, Store};

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

/// All instruction sets of this machine. Prints them, so that a log shows the ones tested.
pub(crate) fn isas() -> Vec<Isa> {
    let isas = Isa::available();
    println!("instruction sets: {isas:?}");
    assert!(!isas.is_empty(), "no instruction set to test");
    isas
}

#[track_caller]
pub(crate) fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &dyn std::fmt::Debug) {
    assert_eq!(found.len(), expected.len(), "{what:?}: length");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*f) - e).abs();
        assert!(error <= tolerance, "{what:?}: value {i} is {f}, expected {e}");
    }
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

/// `|error| <= (k + 3) * 2^-24 * sum |terms|` bounds any order of k multiply-adds with rounding
/// after each operation, doubled for the unfused level and for processors that round the sum of a
/// pair on its own; with all values in [-1, 1] the sum is at most k + 2.
pub(crate) fn tolerance(k: usize) -> f64 {
    let k = k as f64;
    2.0 * (k + 3.0) * (k + 2.0) * 2.0_f64.powi(-24)
}

pub(crate) fn apply(expected: &mut [f64], before: &[f32], store: Store) {
    for (value, before) in expected.iter_mut().zip(before) {
        if store.accumulate {
            *value += f64::from(*before);
        }
        if store.relu {
            *value = value.max(0.0);
        }
    }
}

pub(crate) const STORES: [Store; 4] = [
    Store { accumulate: false, relu: false },
    Store { accumulate: true, relu: false },
    Store { accumulate: false, relu: true },
    Store { accumulate: true, relu: true },
];
