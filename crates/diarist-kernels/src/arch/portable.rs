//! Plain Rust: 4 lanes, which the compiler turns into the baseline's vectors (SSE2, NEON).

use super::{Linear, ShortVector, Vector};
use crate::bf16::Bf16;
use crate::f16::F16;

/// An array of a value for each lane. It is a loop without calls: the closures of `map` and
/// `from_fn` stay calls where the compiler copies few functions.
macro_rules! lanes {
    ($lane:ident => $value:expr) => {{
        let mut lanes = [Default::default(); _];
        for ($lane, value) in lanes.iter_mut().enumerate() {
            *value = $value;
        }
        lanes
    }};
}
pub(crate) use lanes;

/// Four f32 lanes.
#[derive(Clone, Copy)]
pub(crate) struct F32x4([f32; 4]);

impl F32x4 {
    /// The f32 nearest to each integer.
    #[inline(always)]
    pub(crate) fn from_integers(integers: [i32; 4]) -> Self {
        Self(lanes!(i => integers[i] as f32))
    }
}

impl Vector for F32x4 {
    type Shorts = I16x8;
    const LANES: usize = 4;
    const TILE_ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn splat_pair(p: *const f32) -> Self {
        // SAFETY: the caller guarantees two readable values at `p`; the read needs no alignment.
        let [a, b] = unsafe { p.cast::<[f32; 2]>().read_unaligned() };
        Self([a, b, a, b])
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`; the read needs no alignment.
        Self(unsafe { p.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn prefetch<T>(_p: *const T) {}

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller guarantees 4 writable values at `p`; the write needs no alignment.
        unsafe { p.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(lanes!(i => self.0[i] + other.0[i]))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(lanes!(i => self.0[i] - other.0[i]))
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(lanes!(i => self.0[i] * other.0[i]))
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(lanes!(i => self.0[i] / other.0[i]))
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        Self(lanes!(i => if self.0[i] < other.0[i] { self.0[i] } else { other.0[i] }))
    }

    #[inline(always)]
    unsafe fn exp2_of_rounded(self) -> Self {
        Self(lanes!(i => f32::from_bits((self.0[i].to_bits() << 23).wrapping_add(0x3f80_0000))))
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        Self(lanes!(i => if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] }))
    }

    // Two roundings: without a fused instruction in the baseline, `f32::mul_add` would be a library
    // call per value.
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(lanes!(i => self.0[i] * factor.0[i] + addend.0[i]))
    }

    #[inline(always)]
    unsafe fn load_bf16(p: *const Bf16) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`; the read needs no alignment.
        let values = unsafe { p.cast::<[Bf16; 4]>().read_unaligned() };
        Self(lanes!(i => values[i].to_f32()))
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(p: *const Bf16) -> [Self; 2] {
        // SAFETY: the caller guarantees 8 readable values at `p`; the read needs no alignment.
        let values = unsafe { p.cast::<[Bf16; 8]>().read_unaligned() };
        [Self(lanes!(i => values[2 * i].to_f32())), Self(lanes!(i => values[2 * i + 1].to_f32()))]
    }

    #[inline(always)]
    unsafe fn store_bf16(self, p: *mut Bf16) {
        // SAFETY: the caller guarantees 4 writable values at `p`; the write needs no alignment.
        unsafe { p.cast::<[Bf16; 4]>().write_unaligned(lanes!(i => Bf16::from_f32(self.0[i]))) }
    }

    #[inline(always)]
    unsafe fn splat_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees a readable, aligned value at `p`.
        Self([unsafe { p.read() }.to_f32(); 4])
    }

    #[inline(always)]
    unsafe fn load_f16(p: *const F16) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`; the read needs no alignment.
        let values = unsafe { p.cast::<[F16; 4]>().read_unaligned() };
        Self(lanes!(i => values[i].to_f32()))
    }

    #[inline(always)]
    unsafe fn store_f16(self, p: *mut F16) {
        // SAFETY: the caller guarantees 4 writable values at `p`; the write needs no alignment.
        unsafe { p.cast::<[F16; 4]>().write_unaligned(lanes!(i => F16::from_f32(self.0[i]))) }
    }

    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        let values = unsafe { p.cast::<[u8; 4]>().read() };
        Self(lanes!(i => f32::from(values[i])))
    }

    #[inline(always)]
    unsafe fn store_u8(self, p: *mut u8) {
        // The conversion of a float to an integer saturates.
        let rounded = lanes!(i => self.0[i].round_ties_even() as u8);
        // SAFETY: the caller guarantees 4 writable values at `p`.
        unsafe { p.cast::<[u8; 4]>().write(rounded) }
    }
}

/// Eight 16-bit integers.
#[derive(Clone, Copy)]
pub(crate) struct I16x8([i16; 8]);

impl Linear for I16x8 {
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        Self(lanes!(i => self.0[i].wrapping_add(other.0[i])))
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        Self(lanes!(i => self.0[i].wrapping_sub(other.0[i])))
    }

    #[inline(always)]
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self {
        Self(lanes!(i => self.0[i].wrapping_mul(FACTOR).wrapping_add(addend.0[i])))
    }
}

impl ShortVector for I16x8 {
    #[inline(always)]
    unsafe fn load_u8(p: *const u8) -> Self {
        // SAFETY: the caller guarantees 8 readable values at `p`.
        let values = unsafe { p.cast::<[u8; 8]>().read() };
        Self(lanes!(i => i16::from(values[i])))
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut i16) {
        // SAFETY: the caller guarantees 8 writable values at `p`; the write needs no alignment.
        unsafe { p.cast::<[i16; 8]>().write_unaligned(self.0) }
    }
}
