//! The types of stored values.

use std::fmt;

use crate::bf16::Bf16;
use crate::f16::F16;

/// A type of values in buffers, planes and rows: `f32`, [`Bf16`], [`F16`], `u8`, and the integers
/// of packed weights.
///
/// # Safety
///
/// Every bit pattern is a value, all bits zero is the default value, there is no padding, and the
/// alignment divides 64.
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
// SAFETY: as above.
unsafe impl Element for F16 {}
