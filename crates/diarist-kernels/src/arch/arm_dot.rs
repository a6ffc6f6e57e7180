//! Products of integers on 64-bit ARM: widening multiply-adds of 16 bits by element, and the dot
//! products of bytes.

use std::arch::aarch64::*;
use std::arch::asm;

use crate::dot::{Dot, LeftRow};

/// `sums * scale + bias`, rounded twice, as everywhere, so that all processors agree.
///
/// # Safety
///
/// - The processor has NEON.
/// - `scale` and `bias` are readable for 4 values.
#[inline(always)]
unsafe fn scaled(sums: int32x4_t, scale: *const f32, bias: *const f32) -> float32x4_t {
    // SAFETY: the caller's guarantee.
    unsafe { vaddq_f32(vmulq_f32(vcvtq_f32_s32(sums), vld1q_f32(scale)), vld1q_f32(bias)) }
}

/// The 4 bytes at `p` in the first lane, zero in the second.
///
/// # Safety
///
/// The processor has NEON, and 4 bytes are readable at `p`.
#[inline(always)]
unsafe fn load_word(p: *const u8) -> uint32x2_t {
    // SAFETY: the caller's guarantee.
    unsafe { vset_lane_u32::<0>(p.cast::<u32>().read_unaligned(), vdup_n_u32(0)) }
}

/// Unsigned by signed bytes in i32, both widened to 16 bits.
#[derive(Debug)]
pub(crate) struct WidenedBytes;

impl Dot for WidenedBytes {
    type Left = u8;
    type Right = i8;
    type Vector = float32x4_t;
    type Word = int16x4_t;
    /// By place in the word, then by lane: places 0 and 1, places 2 and 3.
    type Weights = [int16x8_t; 2];
    type Sums = int32x4_t;
    // The weights need registers too, and a word fits only in one of the lower 16.
    const TILE_ROWS: usize = 10;

    #[inline(always)]
    unsafe fn word(p: *const u8) -> int16x4_t {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { vget_low_s16(vreinterpretq_s16_u16(vmovl_u8(vreinterpret_u8_u32(load_word(p))))) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> [int16x8_t; 2] {
        const BY_PLACE: [u8; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe {
            let weights = vqtbl1q_s8(vld1q_s8(p), vld1q_u8(BY_PLACE.as_ptr()));
            [vmovl_s8(vget_low_s8(weights)), vmovl_high_s8(weights)]
        }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> int32x4_t {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn step(word: int16x4_t, [first, last]: [int16x8_t; 2], sums: int32x4_t) -> int32x4_t {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            let sums = vmlal_lane_s16::<0>(sums, vget_low_s16(first), word);
            let sums = vmlal_high_lane_s16::<1>(sums, first, word);
            let sums = vmlal_lane_s16::<2>(sums, vget_low_s16(last), word);
            vmlal_high_lane_s16::<3>(sums, last, word)
        }
    }

    #[inline(always)]
    unsafe fn end(sums: int32x4_t, scale: *const f32, bias: *const f32) -> float32x4_t {
        // SAFETY: the caller's guarantee.
        unsafe { scaled(sums, scale, bias) }
    }
}

/// Unsigned by signed bytes in i32, with the dot-product instructions.
///
/// The instructions multiply bytes of equal signedness. A weight w is therefore used as the
/// unsigned byte w + 128, and 128 times the sum of the row's values is subtracted in the end.
/// Arithmetic is modulo 2^32; the final sum fits.
#[derive(Debug)]
pub(crate) struct DotBytes;

/// `sums[lane] += a[lane] . b[lane]` over four unsigned bytes.
///
/// # Safety
///
/// The processor has the dot-product instructions.
#[inline(always)]
unsafe fn dot(sums: uint32x4_t, a: uint8x16_t, b: uint8x16_t) -> uint32x4_t {
    let mut result = sums;
    // SAFETY: arithmetic between registers; the caller guarantees that the processor has the
    // instruction.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "udot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inout(vreg) result,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    result
}

impl Dot for DotBytes {
    type Left = u8;
    type Right = i8;
    type Vector = float32x4_t;
    type Word = uint32x2_t;
    type Weights = uint8x16_t;
    type Sums = uint32x4_t;

    #[inline(always)]
    unsafe fn word(p: *const u8) -> uint32x2_t {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { load_word(p) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> uint8x16_t {
        // SAFETY: the caller guarantees the instruction set and 16 readable values at `p`.
        unsafe { veorq_u8(vld1q_u8(p.cast()), vdupq_n_u8(0x80)) }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> uint32x4_t {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vdupq_n_u32(0) }
    }

    #[inline(always)]
    unsafe fn step(word: uint32x2_t, weights: uint8x16_t, sums: uint32x4_t) -> uint32x4_t {
        let mut result = sums;
        // SAFETY: arithmetic between registers; the caller guarantees that the processor has the
        // instruction.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "udot {sums:v}.4s, {weights:v}.16b, {word:v}.4b[0]",
                sums = inout(vreg) result,
                weights = in(vreg) weights,
                word = in(vreg) word,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        result
    }

    #[inline(always)]
    unsafe fn end_row(sums: [uint32x4_t; 2], row: LeftRow<u8>) -> [uint32x4_t; 2] {
        // SAFETY: the caller guarantees the instruction set and the values of the row.
        unsafe {
            let (mut totals, mut total) = (vdupq_n_u32(0), 0_u32);
            for run in 0..row.num_runs {
                let values = row.values.add(run * row.run_pitch);
                let mut k = 0;
                while k + 16 <= row.run_len {
                    totals = dot(totals, vld1q_u8(values.add(k)), vdupq_n_u8(1));
                    k += 16;
                }
                for k in k..row.run_len {
                    total += u32::from(*values.add(k));
                }
            }
            let excess = vdupq_n_u32(total.wrapping_add(vaddvq_u32(totals)) << 7);
            [vsubq_u32(sums[0], excess), vsubq_u32(sums[1], excess)]
        }
    }

    #[inline(always)]
    unsafe fn end(sums: uint32x4_t, scale: *const f32, bias: *const f32) -> float32x4_t {
        // SAFETY: the caller's guarantee.
        unsafe { scaled(vreinterpretq_s32_u32(sums), scale, bias) }
    }
}

/// Pairs of signed 16-bit integers in i32.
#[derive(Debug)]
pub(crate) struct DotShorts;

impl Dot for DotShorts {
    type Left = i16;
    type Right = i16;
    type Vector = float32x4_t;
    type Word = int16x4_t;
    /// Weights of the first and of the second value of a word.
    type Weights = [int16x4_t; 2];
    type Sums = int32x4_t;
    // A word fits only in one of the lower 16 registers.
    const TILE_ROWS: usize = 11;

    #[inline(always)]
    unsafe fn word(p: *const i16) -> int16x4_t {
        // SAFETY: the caller guarantees the instruction set and 2 readable values at `p`.
        unsafe { vreinterpret_s16_u32(load_word(p.cast())) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i16) -> [int16x4_t; 2] {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe {
            let weights = vld1q_s16(p);
            [vget_low_s16(vuzp1q_s16(weights, weights)), vget_low_s16(vuzp2q_s16(weights, weights))]
        }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> int32x4_t {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn step(word: int16x4_t, weights: [int16x4_t; 2], sums: int32x4_t) -> int32x4_t {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vmlal_lane_s16::<1>(vmlal_lane_s16::<0>(sums, weights[0], word), weights[1], word) }
    }

    #[inline(always)]
    unsafe fn end(sums: int32x4_t, scale: *const f32, bias: *const f32) -> float32x4_t {
        // SAFETY: the caller's guarantee.
        unsafe { scaled(sums, scale, bias) }
    }
}
