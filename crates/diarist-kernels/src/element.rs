//! The types of stored values.

use std::fmt;

/// A type of values in buffers, planes and rows: `f32`, [`Bf16`], `u8`, and the integers of packed weights.
///
/// # Safety
///
/// Every bit pattern is a value, all bits zero is the default value, there is no padding, and the alignment divides 64.
pub unsafe trait Element: Copy + Default + PartialEq + fmt::Debug + Send + Sync + 'static {}

// SAFETY: plain numbers of at most 4 bytes.
unsafe impl Element for f32 {}
// SAFETY: as above.
unsafe impl Element for u8 {}
// SAFETY: as above.
unsafe impl Element for i8 {}
// SAFETY: as above.
unsafe impl Element for i16 {}
// SAFETY: as above.
unsafe impl Element for i32 {}
// SAFETY: transparent over u16, and Bf16(0) is zero.
unsafe impl Element for Bf16 {}

/// A bfloat16 number: the upper half of an `f32`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bf16(u16);

impl Bf16 {
    /// The nearest number, of two equally near ones the one with an even last digit. As in the processor's conversion, values
    /// below the smallest normal number become zero, and a NaN stays one.
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

    /// The same number.
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
        assert_eq!(Bf16::from_f32(-2.5).to_f32(), -2.5);
        assert_eq!(format!("{:?}", Bf16::from_f32(0.5)), "0.5");
    }
}
