//! WebAssembly's 128-bit vectors: 4 lanes.
//!
//! There is no fused multiply-add, so all results have the bits of the portable level.

use std::arch::wasm32::*;

use super::{Linear, ShortVector, Vector};
use crate::bf16::Bf16;
use crate::dot::Dot;
use crate::f16::F16;

/// Four f32 lanes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct F32x4(v128);

/// Eight 16-bit integers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct I16x8(v128);

impl Vector for F32x4 {
    type Shorts = I16x8;
    const LANES: usize = 4;
    // Engines on x86-64 have 16 registers, of which they keep one or two for themselves.
    const TILE_ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
    }

    #[inline(always)]
    unsafe fn splat_pair(p: *const f32) -> Self {
        // SAFETY: the caller guarantees two readable values at `p`.
        Self(unsafe { v128_load64_splat(p.cast()) })
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        Self(unsafe { v128_load(p.cast()) })
    }

    #[inline(always)]
    unsafe fn prefetch<T>(_p: *const T) {}

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller guarantees 4 writable values at `p`.
        unsafe { v128_store(p.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(f32x4_div(self.0, other.0))
    }

    // `pmin(a, b)` is `b < a ? b : a`; `f32x4_min` would give NaN if either operand is one.
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(f32x4_pmin(other.0, self.0))
    }

    #[inline(always)]
    unsafe fn exp2_of_rounded(self) -> Self {
        Self(i32x4_add(i32x4_shl(self.0, 23), i32x4_splat(0x3f80_0000)))
    }

    // `pmax(a, b)` is `a < b ? b : a`.
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(f32x4_pmax(other.0, self.0))
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(f32x4_add(f32x4_mul(self.0, factor.0), addend.0))
    }

    #[inline(always)]
    unsafe fn load_bf16(p: *const Bf16) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        Self(i32x4_shl(unsafe { u32x4_load_extend_u16x4(p.cast()) }, 16))
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(p: *const Bf16) -> [Self; 2] {
        // SAFETY: the caller guarantees 8 readable values at `p`.
        let pairs = unsafe { v128_load(p.cast()) };
        [Self(i32x4_shl(pairs, 16)), Self(v128_and(pairs, u32x4_splat(0xffff_0000)))]
    }

    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut Bf16) {
        let bits = self.0;
        let odd = v128_and(u32x4_shr(bits, 16), u32x4_splat(1));
        let rounded = u32x4_add(bits, u32x4_add(odd, u32x4_splat(0x7fff)));
        let sign = v128_and(bits, u32x4_splat(0x8000_0000));
        let tiny = f32x4_lt(f32x4_abs(bits), f32x4_splat(f32::MIN_POSITIVE));
        let quiet = v128_or(bits, u32x4_splat(0x40_0000));
        // A NaN is not equal to itself.
        let values = v128_bitselect(rounded, quiet, f32x4_eq(bits, bits));
        let halves = u32x4_shr(v128_bitselect(sign, values, tiny), 16);
        // SAFETY: the caller guarantees 4 writable values at `p`.
        unsafe { v128_store64_lane::<0>(u16x8_narrow_i32x4(halves, halves), p.cast()) }
    }

    #[inline(always)]
    unsafe fn splat_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees a readable value at `p`.
        Self(widen_f16(v128_and(unsafe { v128_load16_splat(p.cast()) }, u32x4_splat(0xffff))))
    }

    #[inline(always)]
    unsafe fn load_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        Self(widen_f16(unsafe { u32x4_load_extend_u16x4(p.cast()) }))
    }

    #[inline(always)]
    unsafe fn store_f16(self, p: *mut F16) {
        let halves = narrow_f16(self.0);
        // SAFETY: the caller guarantees 4 writable values at `p`.
        unsafe { v128_store64_lane::<0>(u16x8_narrow_i32x4(halves, halves), p.cast()) }
    }

    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        let bytes = unsafe { v128_load32_zero(p.cast()) };
        Self(f32x4_convert_i32x4(u32x4_extend_low_u16x8(u16x8_extend_low_u8x16(bytes))))
    }

    #[inline(always)]
    unsafe fn store_u8(self, p: *mut u8) {
        // Rounds ties to even. Both conversions saturate, and a NaN becomes 0.
        let integers = i32x4_trunc_sat_f32x4(f32x4_nearest(self.0));
        let shorts = i16x8_narrow_i32x4(integers, integers);
        // SAFETY: the caller guarantees 4 writable values at `p`.
        unsafe { v128_store32_lane::<0>(u8x16_narrow_i16x8(shorts, shorts), p.cast()) }
    }
}

/// 16-bit floats, one in each 32-bit lane, as f32.
#[inline(always)]
fn widen_f16(halves: v128) -> v128 {
    let sign = i32x4_shl(v128_and(halves, u32x4_splat(0x8000)), 16);
    let magnitude = i32x4_shl(v128_and(halves, u32x4_splat(0x7fff)), 13);
    // The exponent's bias is 112 less than that of f32.
    let normal = u32x4_add(magnitude, u32x4_splat(112 << 23));
    // Below the smallest normal number: with the exponent of 2^-14, the fraction counts from there.
    let subnormal = f32x4_sub(u32x4_add(magnitude, u32x4_splat(113 << 23)), u32x4_splat(113 << 23));
    // Infinity stays, and a NaN becomes quiet.
    let quiet = v128_and(u32x4_gt(magnitude, u32x4_splat(0x1f << 23)), u32x4_splat(0x40_0000));
    let largest = v128_or(v128_or(magnitude, u32x4_splat(0xff << 23)), quiet);
    let finite = v128_bitselect(subnormal, normal, u32x4_lt(magnitude, u32x4_splat(1 << 23)));
    v128_or(sign, v128_bitselect(finite, largest, u32x4_lt(magnitude, u32x4_splat(0x1f << 23))))
}

/// The 16-bit floats nearest to f32 values, one in each 32-bit lane, as [`F16::from_f32`] rounds.
#[inline(always)]
fn narrow_f16(values: v128) -> v128 {
    let sign = v128_and(u32x4_shr(values, 16), u32x4_splat(0x8000));
    let magnitude = f32x4_abs(values);
    let odd = v128_and(u32x4_shr(magnitude, 13), u32x4_splat(1));
    let rebased = u32x4_sub(magnitude, u32x4_splat((112 << 23) - 0xfff));
    // A carry goes into the exponent, and from the largest one to infinity.
    let normal = u32x4_min(u32x4_shr(u32x4_add(rebased, odd), 13), u32x4_splat(0x7c00));
    // In 0.5 + x, the last bit counts 2^-24, the smallest 16-bit float.
    let subnormal = u32x4_sub(f32x4_add(magnitude, f32x4_splat(0.5)), f32x4_splat(0.5));
    let nan = v128_or(v128_and(u32x4_shr(magnitude, 13), u32x4_splat(0x3ff)), u32x4_splat(0x7e00));
    let is_subnormal = u32x4_lt(magnitude, u32x4_splat(113 << 23));
    let finite = v128_bitselect(subnormal, normal, is_subnormal);
    v128_or(sign, v128_bitselect(nan, finite, u32x4_gt(magnitude, u32x4_splat(0xff << 23))))
}

impl Linear for I16x8 {
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        Self(i16x8_add(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        Self(i16x8_sub(self.0, other.0))
    }

    #[inline(always)]
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self {
        Self(i16x8_add(i16x8_mul(self.0, i16x8_splat(FACTOR)), addend.0))
    }
}

impl ShortVector for I16x8 {
    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees 8 readable values at `p`.
        Self(unsafe { u16x8_load_extend_u8x8(p) })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut i16) {
        // SAFETY: the caller guarantees 8 writable values at `p`.
        unsafe { v128_store(p.cast(), self.0) }
    }
}

/// `sums * scale + bias`, rounded twice, as everywhere, so that all processors agree.
///
/// # Safety
///
/// `scale` and `bias` are readable for 4 values.
#[inline(always)]
unsafe fn scaled(sums: v128, scale: *const f32, bias: *const f32) -> F32x4 {
    // SAFETY: the caller's guarantee.
    unsafe { F32x4(f32x4_convert_i32x4(sums)).mul(F32x4::load(scale)).add(F32x4::load(bias)) }
}

/// Unsigned by signed bytes in i32, both widened to 16 bits.
#[derive(Debug)]
pub(crate) struct WidenedBytes;

impl Dot for WidenedBytes {
    type Left = u8;
    type Right = i8;
    type Vector = F32x4;
    /// Places 0 and 1 in every lane, places 2 and 3 in every lane.
    type Word = [v128; 2];
    /// The same for the weights of each lane.
    type Weights = [v128; 2];
    type Sums = v128;
    // Words and weights take twice the registers.
    const TILE_ROWS: usize = 3;

    #[inline(always)]
    unsafe fn word(p: *const u8) -> [v128; 2] {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        let places = u16x8_extend_low_u8x16(unsafe { v128_load32_zero(p.cast()) });
        [i32x4_shuffle::<0, 0, 0, 0>(places, places), i32x4_shuffle::<1, 1, 1, 1>(places, places)]
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> [v128; 2] {
        // SAFETY: the caller guarantees 16 readable values at `p`.
        let weights = unsafe { v128_load(p.cast()) };
        let by_place = i8x16_shuffle::<0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15>(weights, weights);
        [i16x8_extend_low_i8x16(by_place), i16x8_extend_high_i8x16(by_place)]
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    unsafe fn step(word: [v128; 2], weights: [v128; 2], sums: v128) -> v128 {
        let sums = i32x4_add(sums, i32x4_dot_i16x8(word[0], weights[0]));
        i32x4_add(sums, i32x4_dot_i16x8(word[1], weights[1]))
    }

    #[inline(always)]
    unsafe fn end(sums: v128, scale: *const f32, bias: *const f32) -> F32x4 {
        // SAFETY: the caller's guarantee.
        unsafe { scaled(sums, scale, bias) }
    }
}

/// Pairs of signed 16-bit integers in i32.
#[derive(Debug)]
pub(crate) struct DotShorts;

impl Dot for DotShorts {
    type Left = i16;
    type Right = i16;
    type Vector = F32x4;
    type Word = v128;
    type Weights = v128;
    type Sums = v128;

    #[inline(always)]
    unsafe fn word(p: *const i16) -> v128 {
        // SAFETY: the caller guarantees 2 readable values at `p`.
        unsafe { v128_load32_splat(p.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i16) -> v128 {
        // SAFETY: the caller guarantees 8 readable values at `p`.
        unsafe { v128_load(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    unsafe fn step(word: v128, weights: v128, sums: v128) -> v128 {
        i32x4_add(sums, i32x4_dot_i16x8(word, weights))
    }

    #[inline(always)]
    unsafe fn end(sums: v128, scale: *const f32, bias: *const f32) -> F32x4 {
        // SAFETY: the caller's guarantee.
        unsafe { scaled(sums, scale, bias) }
    }
}
