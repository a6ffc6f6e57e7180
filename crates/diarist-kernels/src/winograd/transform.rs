//! The one-dimensional transforms of F(4, 3) at the points 0, 1, -1, 2, -2 and infinity, over
//! vectors of channels.
//!
//! Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015),
//! section 4.3. Two-dimensional transforms apply them to columns and then to rows. A tile of 6 x 6
//! vectors does not fit in the registers, so the first pass makes half of its rows at a time, and
//! the second pass finishes them.

use crate::arch::{Linear, Vector};

/// Side of a tile of outputs.
pub(crate) const OUT: usize = 4;
/// Side of a tile of inputs, and of the transformed tile.
pub(crate) const IN: usize = 6;
/// Values of a transformed tile.
pub(crate) const POSITIONS: usize = IN * IN;

/// Kernel transform: row i of the transformed kernel is `sum over k of KERNEL[i][k] * kernel[k]`.
pub(crate) const KERNEL: [[f64; 3]; IN] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// Input transform, as the coefficients of [`input_line`].
const INPUT: [[f64; IN]; IN] = [
    [4.0, 0.0, -5.0, 0.0, 1.0, 0.0],
    [0.0, -4.0, -4.0, 1.0, 1.0, 0.0],
    [0.0, 4.0, -4.0, -1.0, 1.0, 0.0],
    [0.0, -2.0, -1.0, 2.0, 1.0, 0.0],
    [0.0, 2.0, -1.0, -2.0, 1.0, 0.0],
    [0.0, 4.0, 0.0, -5.0, 0.0, 1.0],
];

/// Largest magnitude of a transformed value at `position` if all inputs are in 0..=1: the sum of
/// the positive coefficients, or of the negative ones.
pub(crate) fn largest_input(position: usize) -> f64 {
    let (row, column) = (INPUT[position / IN], INPUT[position % IN]);
    let coefficients = row.iter().flat_map(|a| column.iter().map(move |b| a * b));
    let (above, below) =
        coefficients.fold((0.0, 0.0), |(above, below), c: f64| (above + c.max(0.0), below - c.min(0.0)));
    f64::max(above, below)
}

/// The position of a transformed tile whose product is added to every output with weight 1: the
/// place of the bias.
pub(crate) const BIAS_POSITION: usize = IN + 1;

/// Values `3 * HALF..3 * HALF + 3` of the transform of six inputs.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn input_half<V: Linear, const HALF: usize>(x: impl Fn(usize) -> V) -> [V; 3] {
    // SAFETY: the caller's guarantee.
    unsafe {
        if HALF == 0 {
            let x2 = x(2);
            let even = x2.times_plus::<-4>(x(4));
            let odd = x(1).times_plus::<-4>(x(3));
            [x(0).times_plus::<4>(even.minus(x2)), even.plus(odd), even.minus(odd)]
        } else {
            let x3 = x(3);
            let even = x(4).minus(x(2));
            let odd = x3.minus(x(1));
            [odd.times_plus::<2>(even), odd.times_plus::<-2>(even), odd.times_plus::<-4>(x(5).minus(x3))]
        }
    }
}

/// The transform of six inputs.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn input_line<V: Linear>(x: [V; IN]) -> [V; IN] {
    // SAFETY: the caller's guarantee.
    unsafe {
        let [v0, v1, v2] = input_half::<V, 0>(|i| x[i]);
        let [v3, v4, v5] = input_half::<V, 1>(|i| x[i]);
        [v0, v1, v2, v3, v4, v5]
    }
}

/// Outputs `FIRST` and `FIRST + 2` of six products, which share their subexpressions.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn output_half<V: Vector, const FIRST: usize>(m: impl Fn(usize) -> V) -> [V; 2] {
    // SAFETY: the caller's guarantee.
    unsafe {
        if FIRST == 0 {
            let near = m(1).add(m(2));
            let far = m(3).add(m(4));
            [near.add(far).add(m(0)), far.mul_add(V::splat(4.0), near)]
        } else {
            let near = m(1).sub(m(2));
            let far = m(3).sub(m(4));
            [far.mul_add(V::splat(2.0), near), far.mul_add(V::splat(8.0), near).add(m(5))]
        }
    }
}

/// The four outputs of six products.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn output_line<V: Vector>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: the caller's guarantee.
    unsafe {
        let [y0, y2] = output_half::<V, 0>(|i| m[i]);
        let [y1, y3] = output_half::<V, 1>(|i| m[i]);
        [y0, y1, y2, y3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::portable::F32x4;

    #[test]
    fn coefficients_are_those_of_the_transform() {
        for (i, row) in INPUT.iter().enumerate() {
            for (k, coefficient) in row.iter().enumerate() {
                let unit: [f32; IN] = std::array::from_fn(|j| f32::from(u8::from(j == k)));
                let mut out = [0.0_f32; 4];
                // SAFETY: every processor has the portable vector; `out` has its 4 lanes.
                unsafe { input_line(unit.map(|value| F32x4::splat(value)))[i].store(out.as_mut_ptr()) };
                assert_eq!(f64::from(out[0]), *coefficient, "row {i}, input {k}");
            }
        }
    }

    #[test]
    fn transformed_bytes_fit_in_sixteen_bits() {
        let largest = (0..POSITIONS).map(largest_input).fold(0.0, f64::max);
        assert_eq!(largest, 68.0);
        assert!(255.0 * largest <= f64::from(i16::MAX));
    }
}
