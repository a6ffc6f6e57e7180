//! Multiply-add steps of x86-64 on narrow numbers.

use std::arch::x86_64::*;

use crate::bf16::Bf16;
use crate::dot::Dot;

/// bfloat16 by bfloat16 in f32, with AVX-512 BF16.
#[derive(Debug)]
pub(crate) struct DotBf16;

impl Dot for DotBf16 {
    type Left = Bf16;
    type Right = Bf16;
    type Vector = __m512;
    type Word = __m512bh;
    type Weights = __m512bh;
    type Sums = __m512;

    #[inline(always)]
    unsafe fn word(p: *const Bf16) -> __m512bh {
        // SAFETY: the caller guarantees the instruction set and two readable values at `p`; all registers have the same bits.
        unsafe { std::mem::transmute(_mm512_set1_epi32(p.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const Bf16) -> __m512bh {
        // SAFETY: the caller guarantees the instruction set and 32 readable values at `p`; all registers have the same bits.
        unsafe { std::mem::transmute(_mm512_loadu_si512(p.cast())) }
    }

    #[inline(always)]
    unsafe fn start(bias: *const f32) -> __m512 {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `bias`.
        unsafe { _mm512_loadu_ps(bias) }
    }

    #[inline(always)]
    unsafe fn step(word: __m512bh, weights: __m512bh, sums: __m512) -> __m512 {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_dpbf16_ps(sums, word, weights) }
    }

    #[inline(always)]
    unsafe fn end(sums: __m512, _scale: *const f32, _bias: *const f32) -> __m512 {
        sums
    }

    #[inline(always)]
    unsafe fn store_bf16(values: __m512, p: *mut Bf16) {
        // SAFETY: the caller guarantees the instruction set and 16 writable values at `p`.
        unsafe { p.cast::<__m256bh>().write_unaligned(_mm512_cvtneps_pbh(values)) }
    }
}

/// Unsigned by signed bytes in i32, 16 lanes; with AVX-512 VNNI or without.
///
/// Without, pairs of products are summed in 16 bits, which hold them: packed weights are limited accordingly
/// ([`crate::quantize_weights`]).
#[derive(Debug)]
pub(crate) struct DotBytes512<const VNNI: bool>;

impl<const VNNI: bool> Dot for DotBytes512<VNNI> {
    type Left = u8;
    type Right = i8;
    type Vector = __m512;
    type Word = __m512i;
    type Weights = __m512i;
    type Sums = __m512i;
    // Without VNNI a register of ones and one of pairs are needed too.
    const TILE_ROWS: usize = if VNNI { 14 } else { 12 };

    #[inline(always)]
    unsafe fn word(p: *const u8) -> __m512i {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { _mm512_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> __m512i {
        // SAFETY: the caller guarantees the instruction set and 64 readable values at `p`.
        unsafe { _mm512_loadu_si512(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> __m512i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn step(word: __m512i, weights: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            if VNNI {
                _mm512_dpbusd_epi32(sums, word, weights)
            } else {
                let pairs = _mm512_maddubs_epi16(word, weights);
                _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))
            }
        }
    }

    #[inline(always)]
    unsafe fn end(sums: __m512i, scale: *const f32, bias: *const f32) -> __m512 {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `scale` and `bias`.
        unsafe {
            // Rounded twice, as everywhere, so that all processors agree.
            _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_loadu_ps(scale)), _mm512_loadu_ps(bias))
        }
    }
}

/// As [`DotBytes512`] for 8 lanes: with AVX-VNNI or without.
#[derive(Debug)]
pub(crate) struct DotBytes256<const VNNI: bool>;

impl<const VNNI: bool> Dot for DotBytes256<VNNI> {
    type Left = u8;
    type Right = i8;
    type Vector = __m256;
    type Word = __m256i;
    type Weights = __m256i;
    type Sums = __m256i;
    const TILE_ROWS: usize = if VNNI { 6 } else { 5 };

    #[inline(always)]
    unsafe fn word(p: *const u8) -> __m256i {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { _mm256_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> __m256i {
        // SAFETY: the caller guarantees the instruction set and 32 readable values at `p`.
        unsafe { _mm256_loadu_si256(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> __m256i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn step(word: __m256i, weights: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            if VNNI {
                _mm256_dpbusd_avx_epi32(sums, word, weights)
            } else {
                let pairs = _mm256_maddubs_epi16(word, weights);
                _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
            }
        }
    }

    #[inline(always)]
    unsafe fn end(sums: __m256i, scale: *const f32, bias: *const f32) -> __m256 {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `scale` and `bias`.
        unsafe {
            // Rounded twice, as everywhere, so that all processors agree.
            _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_loadu_ps(scale)), _mm256_loadu_ps(bias))
        }
    }
}

/// Pairs of signed 16-bit integers in i32, 16 lanes; with AVX-512 VNNI or without.
#[derive(Debug)]
pub(crate) struct DotShorts512<const VNNI: bool>;

impl<const VNNI: bool> Dot for DotShorts512<VNNI> {
    type Left = i16;
    type Right = i16;
    type Vector = __m512;
    type Word = __m512i;
    type Weights = __m512i;
    type Sums = __m512i;

    #[inline(always)]
    unsafe fn word(p: *const i16) -> __m512i {
        // SAFETY: the caller guarantees the instruction set and 2 readable values at `p`.
        unsafe { _mm512_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i16) -> __m512i {
        // SAFETY: the caller guarantees the instruction set and 62 readable values at `p`.
        unsafe { _mm512_loadu_si512(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> __m512i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn step(word: __m512i, weights: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            if VNNI {
                _mm512_dpwssd_epi32(sums, word, weights)
            } else {
                _mm512_add_epi32(sums, _mm512_madd_epi16(word, weights))
            }
        }
    }

    #[inline(always)]
    unsafe fn end(sums: __m512i, scale: *const f32, bias: *const f32) -> __m512 {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `scale` and `bias`.
        unsafe {
            // Rounded twice, as everywhere, so that all processors agree.
            _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_loadu_ps(scale)), _mm512_loadu_ps(bias))
        }
    }
}

/// As [`DotShorts512`] for 8 lanes: with AVX-VNNI or without.
#[derive(Debug)]
pub(crate) struct DotShorts256<const VNNI: bool>;

impl<const VNNI: bool> Dot for DotShorts256<VNNI> {
    type Left = i16;
    type Right = i16;
    type Vector = __m256;
    type Word = __m256i;
    type Weights = __m256i;
    type Sums = __m256i;

    #[inline(always)]
    unsafe fn word(p: *const i16) -> __m256i {
        // SAFETY: the caller guarantees the instruction set and 2 readable values at `p`.
        unsafe { _mm256_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i16) -> __m256i {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe { _mm256_loadu_si256(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> __m256i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn step(word: __m256i, weights: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            if VNNI {
                _mm256_dpwssd_avx_epi32(sums, word, weights)
            } else {
                _mm256_add_epi32(sums, _mm256_madd_epi16(word, weights))
            }
        }
    }

    #[inline(always)]
    unsafe fn end(sums: __m256i, scale: *const f32, bias: *const f32) -> __m256 {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `scale` and `bias`.
        unsafe {
            // Rounded twice, as everywhere, so that all processors agree.
            _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_loadu_ps(scale)), _mm256_loadu_ps(bias))
        }
    }
}
