//! NEON of 64-bit ARM: 4 lanes.

use std::arch::aarch64::*;
use std::arch::asm;

use super::{Linear, ShortVector, Vector};
use crate::bf16::Bf16;
use crate::f16::F16;

impl Vector for float32x4_t {
    type Shorts = int16x8_t;
    const LANES: usize = 4;
    const TILE_ROWS: usize = 12;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn splat_pair(p: *const f32) -> Self {
        // SAFETY: the caller guarantees the instruction set and two readable values at `p`.
        unsafe { vreinterpretq_f32_f64(vdupq_n_f64(p.cast::<f64>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { vld1q_f32(p) }
    }

    #[inline(always)]
    unsafe fn prefetch<T>(p: *const T) {
        // SAFETY: a prefetch never faults and changes neither registers nor memory.
        unsafe { asm!("prfm pldl1keep, [{}]", in(reg) p, options(nostack, preserves_flags, readonly)) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller guarantees the instruction set and 4 writable values at `p`.
        unsafe { vst1q_f32(p, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vsubq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vmulq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vdivq_f32(self, other) }
    }

    // A comparison and a selection: FMIN and FMAX give NaN if either operand is one.
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vbslq_f32(vcltq_f32(self, other), self, other) }
    }

    #[inline(always)]
    unsafe fn exp2_of_rounded(self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe {
            let exponent = vshlq_n_u32::<23>(vreinterpretq_u32_f32(self));
            vreinterpretq_f32_u32(vaddq_u32(exponent, vdupq_n_u32(0x3f80_0000)))
        }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vbslq_f32(vcgtq_f32(self, other), self, other) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vfmaq_f32(addend, self, factor) }
    }

    #[inline(always)]
    unsafe fn load_bf16(p: *const Bf16) -> Self {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { vreinterpretq_f32_u32(vshll_n_u16::<16>(vld1_u16(p.cast()))) }
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(p: *const Bf16) -> [Self; 2] {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe {
            let pairs = vreinterpretq_u32_u16(vld1q_u16(p.cast()));
            let second = vandq_u32(pairs, vdupq_n_u32(0xffff_0000));
            [vreinterpretq_f32_u32(vshlq_n_u32::<16>(pairs)), vreinterpretq_f32_u32(second)]
        }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut Bf16) {
        // SAFETY: the caller guarantees the instruction set and 4 writable values at `p`.
        unsafe {
            let bits = vreinterpretq_u32_f32(self);
            let odd = vandq_u32(vshrq_n_u32::<16>(bits), vdupq_n_u32(1));
            let rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
            let sign = vandq_u32(bits, vdupq_n_u32(0x8000_0000));
            let tiny = vcltq_f32(vabsq_f32(self), vdupq_n_f32(f32::MIN_POSITIVE));
            let quiet = vorrq_u32(bits, vdupq_n_u32(0x40_0000));
            // A NaN is not equal to itself.
            let values = vbslq_u32(tiny, sign, vbslq_u32(vceqq_f32(self, self), rounded, quiet));
            vst1_u16(p.cast(), vshrn_n_u32::<16>(values));
        }
    }

    #[inline(always)]
    unsafe fn splat_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees the instruction set and a readable, aligned value at `p`.
        unsafe { widen_f16(vdup_n_u16(p.cast::<u16>().read())) }
    }

    #[inline(always)]
    unsafe fn load_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe { widen_f16(vld1_u16(p.cast())) }
    }

    #[inline(always)]
    unsafe fn store_f16(self, p: *mut F16) {
        let halves: uint16x4_t;
        // SAFETY: the caller guarantees the instruction set and 4 writable values at `p`; the
        // instruction changes one register.
        unsafe {
            asm!("fcvtn {0:v}.4h, {1:v}.4s", lateout(vreg) halves, in(vreg) self, options(pure, nomem, nostack));
            vst1_u16(p.cast(), halves);
        }
    }

    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees the instruction set and 4 readable values at `p`.
        unsafe {
            let values = vcreate_u8(u64::from(p.cast::<u32>().read_unaligned()));
            vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(values))))
        }
    }

    #[inline(always)]
    unsafe fn store_u8(self, p: *mut u8) {
        // SAFETY: the caller guarantees the instruction set and 4 writable values at `p`.
        unsafe {
            // The conversion rounds ties to even, and saturates; a NaN becomes 0.
            let words = vqmovn_u32(vcvtnq_u32_f32(self));
            let bytes = vqmovn_u16(vcombine_u16(words, words));
            p.cast::<u32>().write_unaligned(vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)));
        }
    }
}

/// 16-bit floats as f32.
///
/// # Safety
///
/// The processor has NEON.
#[inline(always)]
unsafe fn widen_f16(halves: uint16x4_t) -> float32x4_t {
    let values: float32x4_t;
    // SAFETY: the caller's guarantee; the instruction changes one register.
    unsafe { asm!("fcvtl {0:v}.4s, {1:v}.4h", lateout(vreg) values, in(vreg) halves, options(pure, nomem, nostack)) };
    values
}

impl Linear for int16x8_t {
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vaddq_s16(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vsubq_s16(self, other) }
    }

    #[inline(always)]
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instruction set.
        unsafe { vmlaq_n_s16(addend, self, FACTOR) }
    }
}

impl ShortVector for int16x8_t {
    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees the instruction set and 8 readable values at `p`.
        unsafe { vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p))) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut i16) {
        // SAFETY: the caller guarantees the instruction set and 8 writable values at `p`.
        unsafe { vst1q_s16(p, self) }
    }
}
