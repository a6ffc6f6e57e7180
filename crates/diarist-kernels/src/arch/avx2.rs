//! AVX2, FMA and F16C: 8 lanes.

use std::arch::x86_64::*;

use super::{Linear, ShortVector, Vector};
use crate::bf16::Bf16;
use crate::f16::F16;

impl Vector for __m256 {
    type Shorts = __m256i;
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn splat_pair(p: *const f32) -> Self {
        // SAFETY: the caller guarantees the instruction set and two readable values at `p`.
        unsafe { _mm256_castpd_ps(_mm256_set1_pd(p.cast::<f64>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe { _mm256_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn prefetch<T>(p: *const T) {
        // SAFETY: a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller guarantees the instruction set and 8 writable values at `p`.
        unsafe { _mm256_storeu_ps(p, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_div_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_min_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn exp2_of_rounded(self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(self));
            _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3f80_0000)))
        }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_max_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_fmadd_ps(self, factor, addend) }
    }

    #[inline(always)]
    unsafe fn load_bf16(p: *const Bf16) -> Self {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe {
            let upper_halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(upper_halves))
        }
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(p: *const Bf16) -> [Self; 2] {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe {
            let pairs = _mm256_loadu_si256(p.cast());
            let second = _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff_0000_u32 as i32));
            [_mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs)), _mm256_castsi256_ps(second)]
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut Bf16) {
        // SAFETY: the caller guarantees the instruction set and 8 writable values at `p`.
        unsafe {
            let bits = _mm256_castps_si256(self);
            let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self);
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
            let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x40_0000));
            let sign = _mm256_and_ps(self, _mm256_set1_ps(-0.0));
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self, self);
            let tiny = _mm256_cmp_ps::<_CMP_LT_OQ>(magnitude, _mm256_set1_ps(f32::MIN_POSITIVE));
            let values = _mm256_blendv_ps(_mm256_castsi256_ps(rounded), _mm256_castsi256_ps(quiet), nan);
            let values = _mm256_castps_si256(_mm256_blendv_ps(values, sign, tiny));
            let values = _mm256_srli_epi32::<16>(values);
            let (low, high) = (_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
            _mm_storeu_si128(p.cast(), _mm_packus_epi32(low, high));
        }
    }

    #[inline(always)]
    unsafe fn splat_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees the instruction set and a readable, aligned value at `p`.
        unsafe { _mm256_cvtph_ps(_mm_set1_epi16(p.cast::<i16>().read())) }
    }

    #[inline(always)]
    unsafe fn load_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(p.cast())) }
    }

    #[inline(always)]
    unsafe fn store_f16(self, p: *mut F16) {
        // SAFETY: the caller guarantees the instruction set and 8 writable values at `p`.
        unsafe { _mm_storeu_si128(p.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self)) }
    }

    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(p.cast()))) }
    }

    #[inline(always)]
    unsafe fn store_u8(self, p: *mut u8) {
        // SAFETY: the caller guarantees the instruction set and 8 writable values at `p`.
        unsafe {
            // Limited first, because a value outside i32 would convert to a negative number. `max`
            // returns its second operand, 0, for a NaN.
            let limited = _mm256_min_ps(_mm256_max_ps(self, _mm256_setzero_ps()), _mm256_set1_ps(255.0));
            let integers = _mm256_cvtps_epi32(limited);
            let (low, high) = (_mm256_castsi256_si128(integers), _mm256_extracti128_si256::<1>(integers));
            let words = _mm_packs_epi32(low, high);
            _mm_storel_epi64(p.cast(), _mm_packus_epi16(words, words));
        }
    }
}

impl Linear for __m256i {
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_add_epi16(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_sub_epi16(self, other) }
    }

    #[inline(always)]
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_add_epi16(_mm256_mullo_epi16(self, _mm256_set1_epi16(FACTOR)), addend) }
    }
}

impl ShortVector for __m256i {
    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe { _mm256_cvtepu8_epi16(_mm_loadu_si128(p.cast())) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut i16) {
        // SAFETY: the caller guarantees the instruction set and 16 writable values at `p`.
        unsafe { _mm256_storeu_si256(p.cast(), self) }
    }
}
