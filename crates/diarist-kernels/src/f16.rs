//! 16-bit floats (IEEE 754 binary16): a form of storage, while arithmetic is in f32.

use std::fmt;

/// A 16-bit float: 5 bits of exponent, 10 of fraction; at most 65,504.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct F16(u16);

/// 2^-24, the smallest positive number.
const SMALLEST: f32 = 1.0 / (1 << 24) as f32;
/// 2^-14, the smallest normal number.
const SMALLEST_NORMAL: f32 = 1.0 / (1 << 14) as f32;

impl F16 {
    /// Rounds to the nearest number, ties to the one with an even last bit; values beyond the
    /// largest become infinity. A NaN stays a NaN.
    #[inline]
    pub fn from_f32(value: f32) -> Self {
        let sign = (value.to_bits() >> 16) as u16 & 0x8000;
        let magnitude = value.abs();
        let bits = magnitude.to_bits();
        let rounded = if magnitude.is_nan() {
            0x7e00 | (bits >> 13) as u16 & 0x3ff
        } else if magnitude < SMALLEST_NORMAL {
            // Multiples of the smallest number; 1024 of them are the smallest normal one, whose
            // bits are 1024.
            (magnitude / SMALLEST).round_ties_even() as u16
        } else {
            // The exponent's bias is 112 less than that of f32. A carry goes into the exponent, and
            // from the largest one to infinity.
            let rebased = bits - (112 << 23);
            (rebased.saturating_add(0xfff + (rebased >> 13 & 1)) >> 13).min(0x7c00) as u16
        };
        Self(sign | rounded)
    }

    /// The number as an `f32`, exactly.
    #[inline]
    pub fn to_f32(self) -> f32 {
        let (exponent, fraction) = (self.0 >> 10 & 0x1f, self.0 & 0x3ff);
        let magnitude = match exponent {
            0 => f32::from(fraction) * SMALLEST,
            0x1f => {
                let quiet = if fraction == 0 { 0 } else { 0x40_0000 };
                f32::from_bits(0x7f80_0000 | quiet | u32::from(fraction) << 13)
            }
            _ => f32::from_bits((u32::from(exponent) + 112) << 23 | u32::from(fraction) << 13),
        };
        if self.0 & 0x8000 == 0 { magnitude } else { -magnitude }
    }
}

impl fmt::Debug for F16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_f32(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Vector;
    use crate::dot::Dot;
    use crate::isa::Isa;
    use crate::operand::{Kernel, Operand, Output};

    /// Rounds and reads back one register after the other.
    struct ThereAndBack<'a> {
        values: &'a [f32],
        rounded: &'a mut [F16],
        read: &'a mut [f32],
    }

    impl Kernel<f32> for ThereAndBack<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<D: Dot<Left = f32, Right = f32>>(self) {
            for i in (0..self.values.len()).step_by(D::Vector::LANES) {
                let (value, rounded, read) = (&self.values[i..], &mut self.rounded[i..], &mut self.read[i..]);
                assert!(value.len() >= D::Vector::LANES);
                // SAFETY: a register of values is left in each of the three, which are equally
                // long.
                unsafe {
                    F16::store::<D>(D::Vector::load(value.as_ptr()), rounded.as_mut_ptr());
                    F16::load::<D>(rounded.as_ptr(), 1.0).store(read.as_mut_ptr());
                }
            }
        }
    }

    #[test]
    fn rounds_to_nearest_even() {
        let cases = [
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (65_519.996, 0x7bff),
            (65_520.0, 0x7c00), // a tie between the largest and the number that would follow
            (1e30, 0x7c00),
            (f32::NEG_INFINITY, 0xfc00),
            (1.0 + 1.0 / 2048.0, 0x3c00), // a tie: 0x3c00 is even
            (1.0 + 3.0 / 2048.0, 0x3c02), // a tie: 0x3c01 is odd
            (1.0 + 1.1 / 2048.0, 0x3c01),
            (SMALLEST_NORMAL, 0x0400),
            (SMALLEST_NORMAL - SMALLEST / 4.0, 0x0400),
            (SMALLEST, 0x0001),
            (SMALLEST / 2.0, 0x0000), // a tie: 0 is even
            (SMALLEST * 1.5, 0x0002), // a tie: 1 is odd
            (-0.0, 0x8000),
            (f32::MIN_POSITIVE, 0x0000),
        ];
        for (value, expected) in cases {
            assert_eq!(F16::from_f32(value).0, expected, "{value}");
        }
        assert!(F16::from_f32(f32::NAN).to_f32().is_nan());
        assert_eq!(format!("{:?}", F16::from_f32(-0.5)), "-0.5");
    }

    #[test]
    fn every_number_comes_back_and_every_instruction_set_agrees() {
        let all: Vec<F16> = (0..=u16::MAX).map(F16).collect();
        for number in &all {
            let value = number.to_f32();
            assert!(value.is_nan() || F16::from_f32(value) == *number, "{:#x}", number.0);
        }
        // Every number, and the values at and around the middle between it and the next.
        let mut values = Vec::new();
        for number in &all[..0x7c00] {
            let (low, high) = (number.to_f32(), F16(number.0 + 1).to_f32().min(65_536.0));
            let middle = f32::midpoint(low, high);
            values.extend([low, middle, middle.next_up(), -middle.next_down()]);
        }
        values.resize(values.len().next_multiple_of(64), f32::NAN);
        for isa in Isa::available() {
            let (mut rounded, mut read) = (vec![F16::default(); values.len()], vec![0.0; values.len()]);
            let kernel = ThereAndBack { values: &values, rounded: &mut rounded, read: &mut read };
            // SAFETY: the kernel needs nothing but the instruction set.
            unsafe { f32::dispatch(isa, kernel) };
            for ((value, rounded), read) in values.iter().zip(&rounded).zip(&read) {
                let expected = F16::from_f32(*value);
                assert!(*rounded == expected || value.is_nan(), "{isa:?}: {value:e} as {rounded:?}");
                assert!(
                    *read == expected.to_f32() || value.is_nan() && read.is_nan(),
                    "{isa:?}: {value:e} as {read:e}"
                );
            }
        }
    }
}
