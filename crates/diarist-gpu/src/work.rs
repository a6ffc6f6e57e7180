//! The work of a dispatch, for its rates in reports.
//!
//! Bytes are those that a perfect kernel would move: each input, weight and output once. Arithmetic
//! is that of the algorithm, a multiplication and an addition counted apart.

use crate::element::Element;

/// Operations of a matrix product: rows, inner dimension, columns.
pub(crate) fn product(sizes: [usize; 3]) -> u64 {
    2 * sizes.map(|size| size as u64).iter().product::<u64>()
}

/// Operations of a kernel with `each` of them for each of `len` numbers.
pub(crate) fn per_number(each: u64, len: usize) -> u64 {
    each * len as u64
}

/// Bytes of `stored` numbers in the form of `element` and of `singles` in f32.
pub(crate) fn bytes(element: Element, stored: usize, singles: usize) -> u64 {
    (stored * element.num_bytes()) as u64 + (singles * Element::F32.num_bytes()) as u64
}
