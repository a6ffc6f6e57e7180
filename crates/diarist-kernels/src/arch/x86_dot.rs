//! Multiply-add steps of x86-64 on narrow numbers.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::Vector;
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
        // SAFETY: the caller guarantees the instruction set and 2 readable values at `p`; both
        // register types have 512 bits, and every bit pattern is a value of either.
        unsafe { std::mem::transmute(_mm512_set1_epi32(p.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const Bf16) -> __m512bh {
        // SAFETY: the caller guarantees the instruction set and 32 readable values at `p`; both
        // register types have 512 bits, and every bit pattern is a value of either.
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

/// Products of narrow integers in the register with one 32-bit sum for each f32 lane of `Self`.
///
/// # Safety
///
/// As for [`Vector`]; with `VNNI` the processor also has the VNNI instructions of this register
/// width.
pub(crate) trait IntegerProducts: Vector {
    /// [`Vector::LANES`] sums, or as many words of four bytes or two 16-bit integers.
    type Integers: Copy;
    /// Rows of the tallest tile of bytes without VNNI: the step also needs a register of ones and
    /// one of sums of pairs.
    const TILE_ROWS_IN_PAIRS: usize;
    /// Sums of zero.
    unsafe fn zero() -> Self::Integers;
    /// The word at `p` in every lane: reads 4 bytes.
    unsafe fn splat_word(p: *const u8) -> Self::Integers;
    /// A word for each lane: reads `4 * LANES` bytes.
    unsafe fn load_words(p: *const u8) -> Self::Integers;
    /// Adds to each sum the products of the four unsigned bytes of `word` and signed bytes of
    /// `weights`.
    unsafe fn add_bytes<const VNNI: bool>(
        word: Self::Integers,
        weights: Self::Integers,
        sums: Self::Integers,
    ) -> Self::Integers;
    /// Adds to each sum the products of the two signed 16-bit integers of `word` and of `weights`.
    unsafe fn add_shorts<const VNNI: bool>(
        word: Self::Integers,
        weights: Self::Integers,
        sums: Self::Integers,
    ) -> Self::Integers;
    /// The f32 nearest to each sum.
    unsafe fn from_integers(sums: Self::Integers) -> Self;
}

impl IntegerProducts for __m256 {
    type Integers = __m256i;
    const TILE_ROWS_IN_PAIRS: usize = 5;

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn splat_word(p: *const u8) -> __m256i {
        // SAFETY: the caller guarantees the instruction set and 4 readable bytes at `p`.
        unsafe { _mm256_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn load_words(p: *const u8) -> __m256i {
        // SAFETY: the caller guarantees the instruction set and 32 readable bytes at `p`.
        unsafe { _mm256_loadu_si256(p.cast()) }
    }

    #[inline(always)]
    unsafe fn add_bytes<const VNNI: bool>(word: __m256i, weights: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instruction set, with AVX-VNNI if `VNNI`.
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
    unsafe fn add_shorts<const VNNI: bool>(word: __m256i, weights: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instruction set, with AVX-VNNI if `VNNI`.
        unsafe {
            if VNNI {
                _mm256_dpwssd_avx_epi32(sums, word, weights)
            } else {
                _mm256_add_epi32(sums, _mm256_madd_epi16(word, weights))
            }
        }
    }

    #[inline(always)]
    unsafe fn from_integers(sums: __m256i) -> __m256 {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm256_cvtepi32_ps(sums) }
    }
}

impl IntegerProducts for __m512 {
    type Integers = __m512i;
    const TILE_ROWS_IN_PAIRS: usize = 12;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn splat_word(p: *const u8) -> __m512i {
        // SAFETY: the caller guarantees the instruction set and 4 readable bytes at `p`.
        unsafe { _mm512_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn load_words(p: *const u8) -> __m512i {
        // SAFETY: the caller guarantees the instruction set and 64 readable bytes at `p`.
        unsafe { _mm512_loadu_si512(p.cast()) }
    }

    #[inline(always)]
    unsafe fn add_bytes<const VNNI: bool>(word: __m512i, weights: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instruction set, with AVX-512 VNNI if `VNNI`.
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
    unsafe fn add_shorts<const VNNI: bool>(word: __m512i, weights: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instruction set, with AVX-512 VNNI if `VNNI`.
        unsafe {
            if VNNI {
                _mm512_dpwssd_epi32(sums, word, weights)
            } else {
                _mm512_add_epi32(sums, _mm512_madd_epi16(word, weights))
            }
        }
    }

    #[inline(always)]
    unsafe fn from_integers(sums: __m512i) -> __m512 {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { _mm512_cvtepi32_ps(sums) }
    }
}

/// `sums * scale + bias`, rounded twice, as everywhere, so that all processors agree.
///
/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `scale` and `bias` are readable for `LANES` values.
#[inline(always)]
unsafe fn scaled<V: IntegerProducts>(sums: V::Integers, scale: *const f32, bias: *const f32) -> V {
    // SAFETY: the caller's guarantee.
    unsafe { V::from_integers(sums).mul(V::load(scale)).add(V::load(bias)) }
}

/// Unsigned by signed bytes in i32: with AVX-VNNI (8 lanes) or AVX-512 VNNI (16 lanes), or without.
///
/// Without, pairs of products are summed in 16 bits, which hold them: packed weights are limited
/// accordingly ([`crate::quantize_weights`]).
#[derive(Debug)]
pub(crate) struct DotBytes<V, const VNNI: bool>(PhantomData<V>);

impl<V: IntegerProducts, const VNNI: bool> Dot for DotBytes<V, VNNI> {
    type Left = u8;
    type Right = i8;
    type Vector = V;
    type Word = V::Integers;
    type Weights = V::Integers;
    type Sums = V::Integers;
    const TILE_ROWS: usize = if VNNI { V::TILE_ROWS } else { V::TILE_ROWS_IN_PAIRS };

    #[inline(always)]
    unsafe fn word(p: *const u8) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set and 4 readable values (4 x 1 bytes) at
        // `p`.
        unsafe { V::splat_word(p.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set and `4 * LANES` readable values at `p`.
        unsafe { V::load_words(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { V::zero() }
    }

    #[inline(always)]
    unsafe fn step(word: V::Integers, weights: V::Integers, sums: V::Integers) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set, with VNNI if `VNNI`.
        unsafe { V::add_bytes::<VNNI>(word, weights, sums) }
    }

    #[inline(always)]
    unsafe fn end(sums: V::Integers, scale: *const f32, bias: *const f32) -> V {
        // SAFETY: the caller guarantees the instruction set and `LANES` readable values at `scale`
        // and `bias`.
        unsafe { scaled(sums, scale, bias) }
    }
}

/// Pairs of signed 16-bit integers in i32: with AVX-VNNI (8 lanes) or AVX-512 VNNI (16 lanes), or
/// without.
#[derive(Debug)]
pub(crate) struct DotShorts<V, const VNNI: bool>(PhantomData<V>);

impl<V: IntegerProducts, const VNNI: bool> Dot for DotShorts<V, VNNI> {
    type Left = i16;
    type Right = i16;
    type Vector = V;
    type Word = V::Integers;
    type Weights = V::Integers;
    type Sums = V::Integers;

    #[inline(always)]
    unsafe fn word(p: *const i16) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set and 2 readable values (2 x 2 bytes) at
        // `p`.
        unsafe { V::splat_word(p.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i16) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set and `2 * LANES` readable values at `p`.
        unsafe { V::load_words(p.cast()) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { V::zero() }
    }

    #[inline(always)]
    unsafe fn step(word: V::Integers, weights: V::Integers, sums: V::Integers) -> V::Integers {
        // SAFETY: the caller guarantees the instruction set, with VNNI if `VNNI`.
        unsafe { V::add_shorts::<VNNI>(word, weights, sums) }
    }

    #[inline(always)]
    unsafe fn end(sums: V::Integers, scale: *const f32, bias: *const f32) -> V {
        // SAFETY: the caller guarantees the instruction set and `LANES` readable values at `scale`
        // and `bias`.
        unsafe { scaled(sums, scale, bias) }
    }
}
