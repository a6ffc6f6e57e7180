//! bfloat16 numbers.

use std::fmt;

use crate::arch::Vector;
use crate::dot::Dot;
use crate::isa::Isa;
use crate::operand::{Kernel, Operand};

/// A bfloat16 number: the upper half of an `f32`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bf16(u16);

impl Bf16 {
    /// Rounds to the nearest number, ties to the one with an even last bit. As in the processor's
    /// conversion, magnitudes below the smallest normal number become zero, and a NaN stays a NaN.
    #[inline]
    pub fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        Self(if value.is_nan() {
            (bits >> 16) as u16 | 0x40
        } else if bits & 0x7f80_0000 == 0 {
            (bits >> 16) as u16 & 0x8000
        } else {
            ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
        })
    }

    /// The number as an `f32`, exactly.
    #[inline]
    pub fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

impl fmt::Debug for Bf16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_f32(), f)
    }
}

/// Rounds `values` as [`Bf16::from_f32`] does.
///
/// # Panics
///
/// If the lengths differ.
pub fn to_bf16(isa: Isa, values: &[f32], out: &mut [Bf16]) {
    assert_eq!(values.len(), out.len());
    // SAFETY: the kernel needs nothing but the instruction set.
    unsafe { Bf16::dispatch(isa, Round { values, out }) }
}

struct Round<'a> {
    values: &'a [f32],
    out: &'a mut [Bf16],
}

impl Kernel<Bf16> for Round<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<D: Dot<Left = Bf16, Right = Bf16>>(self) {
        let mut blocks = self.values.chunks_exact(D::Vector::LANES);
        let mut out_blocks = self.out.chunks_exact_mut(D::Vector::LANES);
        for (block, out) in (&mut blocks).zip(&mut out_blocks) {
            // SAFETY: both blocks have LANES values.
            unsafe { D::store_bf16(D::Vector::load(block.as_ptr()), out.as_mut_ptr()) };
        }
        for (value, out) in blocks.remainder().iter().zip(out_blocks.into_remainder()) {
            *out = Bf16::from_f32(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_rounds_to_nearest_even() {
        let cases = [
            (0x3f80_0000_u32, 0x3f80),
            (0x3f80_7fff, 0x3f80),
            (0x3f80_8000, 0x3f80), // a tie: 0x80 is even
            (0x3f80_8001, 0x3f81),
            (0x3f81_8000, 0x3f82), // a tie: 0x81 is odd
            (0xbf81_8000, 0xbf82),
            (0x3fff_ffff, 0x4000), // carries into the exponent
            (0x7f7f_ffff, 0x7f80), // beyond the largest: infinity
            (0x7f80_0000, 0x7f80),
            (0xff80_0000, 0xff80),
            (0x0080_0000, 0x0080),
            (0x007f_ffff, 0x0000),
            (0x8000_0001, 0x8000),
            (0x7f80_0001, 0x7fc0), // a NaN with its payload in the lower half
        ];
        for (bits, expected) in cases {
            assert_eq!(Bf16::from_f32(f32::from_bits(bits)).0, expected, "{bits:#x}");
        }
        for isa in Isa::available() {
            let values: Vec<f32> = cases.iter().cycle().take(37).map(|&(bits, _)| f32::from_bits(bits)).collect();
            let mut rounded = vec![Bf16::default(); values.len()];
            to_bf16(isa, &values, &mut rounded);
            assert!(
                rounded.iter().zip(cases.iter().cycle()).all(|(found, case)| found.0 == case.1),
                "{isa:?}: {rounded:?}"
            );
        }
        assert_eq!(Bf16::from_f32(-2.5).to_f32(), -2.5);
        assert_eq!(format!("{:?}", Bf16::from_f32(0.5)), "0.5");
    }
}
