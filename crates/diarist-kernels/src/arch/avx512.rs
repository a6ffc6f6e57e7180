//! AVX-512: 16 lanes.

use std::arch::x86_64::*;

use super::{Linear, ShortVector, Vector};
use crate::bf16::Bf16;
use crate::f16::F16;

impl Vector for __m512 {
    type Shorts = __m512i;
    const LANES: usize = 16;
    const TILE_ROWS: usize = 14;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn splat_pair(p: *const f32) -> Self {
        // SAFETY: the caller guarantees the instruction set and two readable values at `p`.
        unsafe { _mm512_castpd_ps(_mm512_set1_pd(p.cast::<f64>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe { _mm512_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn prefetch<T>(p: *const T) {
        // SAFETY: a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller guarantees the instruction set and 16 writable values at `p`.
        unsafe { _mm512_storeu_ps(p, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_div_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_min_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn exp2_of_rounded(self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(self));
            _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(0x3f80_0000)))
        }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_max_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_fmadd_ps(self, factor, addend) }
    }

    #[inline(always)]
    unsafe fn load_bf16(p: *const Bf16) -> Self {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe {
            let upper_halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(upper_halves))
        }
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(p: *const Bf16) -> [Self; 2] {
        // SAFETY: the caller guarantees the instruction set and 32 readable values at `p`.
        unsafe {
            let pairs = _mm512_loadu_si512(p.cast());
            let second = _mm512_and_si512(pairs, _mm512_set1_epi32(0xffff_0000_u32 as i32));
            [_mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs)), _mm512_castsi512_ps(second)]
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut Bf16) {
        // SAFETY: the caller guarantees the instruction set and 16 writable values at `p`.
        unsafe {
            let bits = _mm512_castps_si512(self);
            let sign = _mm512_and_si512(bits, _mm512_set1_epi32(i32::MIN));
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self, self);
            let tiny = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(_mm512_abs_ps(self), _mm512_set1_ps(f32::MIN_POSITIVE));
            let values = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x40_0000));
            let values = _mm512_srli_epi32::<16>(_mm512_mask_mov_epi32(values, tiny, sign));
            _mm256_storeu_si256(p.cast(), _mm512_cvtepi32_epi16(values));
        }
    }

    #[inline(always)]
    unsafe fn splat_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees the instruction set and a readable, aligned value at `p`.
        unsafe { _mm512_cvtph_ps(_mm256_set1_epi16(p.cast::<i16>().read())) }
    }

    #[inline(always)]
    unsafe fn load_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(p.cast())) }
    }

    #[inline(always)]
    unsafe fn store_f16(self, p: *mut F16) {
        // SAFETY: the caller guarantees the instruction set and 16 writable values at `p`.
        unsafe { _mm256_storeu_si256(p.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self)) }
    }

    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(p.cast()))) }
    }

    #[inline(always)]
    unsafe fn store_u8(self, p: *mut u8) {
        // SAFETY: the caller guarantees the instruction set and 16 writable values at `p`.
        unsafe {
            // `max` returns its second operand, 0, for a NaN.
            let limited = _mm512_max_ps(self, _mm512_setzero_ps());
            // A value outside i32 converts to `i32::MIN`, whose bits are 2^31 without sign: it
            // saturates to 255.
            _mm_storeu_si128(p.cast(), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(limited)));
        }
    }
}

impl Linear for __m512i {
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_add_epi16(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_sub_epi16(self, other) }
    }

    #[inline(always)]
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_add_epi16(_mm512_mullo_epi16(self, _mm512_set1_epi16(FACTOR)), addend) }
    }
}

impl ShortVector for __m512i {
    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees the instruction set and 32 readable values at `p`.
        unsafe { _mm512_cvtepu8_epi16(_mm256_loadu_si256(p.cast())) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut i16) {
        // SAFETY: the caller guarantees the instruction set and 32 writable values at `p`.
        unsafe { _mm512_storeu_si512(p.cast(), self) }
    }
}
