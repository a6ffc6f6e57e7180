//! Vector operations of each instruction set: the building blocks of the generic kernels.

#[cfg(target_arch = "aarch64")]
pub(crate) mod arm_dot;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;
#[cfg(target_feature = "simd128")]
pub(crate) mod simd128;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86_dot;

use crate::bf16::Bf16;
use crate::f16::F16;

/// Runs `$kernel::<V>($argument)` with the [`Vector`] of the level of `$isa`, compiled for that
/// level's instructions.
///
/// `$kernel` is an `#[inline(always)] unsafe fn`. It needs the instruction set and the guarantees
/// that the caller of the macro gives in its own SAFETY comment.
macro_rules! dispatch {
    ($isa:expr, $kernel:ident($argument:expr): $type:ty) => {{
        #[cfg(target_arch = "x86_64")]
        $crate::isa::features!(compile avx2,
            unsafe fn avx2(argument: $type) {
                // SAFETY: the guarantee of the macro's caller; this function has the features of
                // the vector.
                unsafe { $kernel::<std::arch::x86_64::__m256>(argument) }
            }
        );
        #[cfg(target_arch = "x86_64")]
        $crate::isa::features!(compile avx512,
            unsafe fn avx512(argument: $type) {
                // SAFETY: as above.
                unsafe { $kernel::<std::arch::x86_64::__m512>(argument) }
            }
        );
        #[cfg(target_arch = "aarch64")]
        $crate::isa::features!(compile neon,
            unsafe fn neon(argument: $type) {
                // SAFETY: as above.
                unsafe { $kernel::<std::arch::aarch64::float32x4_t>(argument) }
            }
        );
        match $isa.level() {
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Level::Avx2 => avx2($argument),
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Level::Avx512 => avx512($argument),
            #[cfg(target_arch = "aarch64")]
            $crate::isa::Level::Neon => neon($argument),
            #[cfg(target_feature = "simd128")]
            $crate::isa::Level::Simd128 => $kernel::<$crate::arch::simd128::F32x4>($argument),
            _ => $kernel::<$crate::arch::portable::F32x4>($argument),
        }
    }};
}
pub(crate) use dispatch;

/// A vector register of f32 lanes.
///
/// # Safety
///
/// Every function may be called only
/// - on a processor that has the instruction set of the implementation, and
/// - inlined into a function with the matching `#[target_feature]` (for speed, not for soundness).
///
/// `load` reads and `store` writes [`Vector::LANES`] values at `p`, which needs no alignment.
pub trait Vector: Copy {
    /// A register of 16-bit integers of the same size.
    type Shorts: ShortVector;
    /// f32 values per register.
    const LANES: usize;
    /// Rows of the tallest tile of a matrix product, two registers wide, whose sums stay in
    /// registers.
    const TILE_ROWS: usize;
    /// All lanes equal to `value`.
    unsafe fn splat(value: f32) -> Self;
    /// Even lanes equal to `p[0]`, odd lanes equal to `p[1]`; `p` needs no alignment.
    unsafe fn splat_pair(p: *const f32) -> Self;
    /// Reads a register.
    unsafe fn load(p: *const f32) -> Self;
    /// Prefetches the cache line at `p`. Any address is allowed.
    unsafe fn prefetch<T>(p: *const T);
    /// Writes a register.
    unsafe fn store(self, p: *mut f32);
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;
    /// `self * other`.
    unsafe fn mul(self, other: Self) -> Self;
    /// `self / other`, correctly rounded.
    unsafe fn div(self, other: Self) -> Self;
    /// The smaller of each pair of lanes; `other` if either is NaN; which of two zeros is
    /// unspecified.
    unsafe fn min(self, other: Self) -> Self;
    /// The larger of each pair of lanes; `other` if either is NaN; which of two zeros is
    /// unspecified.
    unsafe fn max(self, other: Self) -> Self;
    /// `self * factor + addend`; rounded once where the processor can, else twice.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Reads a register of bfloat16 numbers.
    unsafe fn load_bf16(p: *const Bf16) -> Self;
    /// Reads [`Vector::LANES`] pairs of bfloat16 numbers: returns the first number of each pair,
    /// then the second.
    unsafe fn load_bf16_pairs(p: *const Bf16) -> [Self; 2];
    /// Writes a register, rounded as [`Bf16::from_f32`] does.
    unsafe fn store_bf16(self, p: *mut Bf16);
    /// Reads one 16-bit float into every lane; `p` is aligned for it.
    unsafe fn splat_f16(p: *const F16) -> Self;
    /// Reads a register of 16-bit floats.
    unsafe fn load_f16(p: *const F16) -> Self;
    /// Writes a register, rounded as [`F16::from_f32`] does.
    unsafe fn store_f16(self, p: *mut F16);
    /// Reads [`Vector::LANES`] 8-bit integers.
    unsafe fn load_u8(p: *const u8) -> Self;
    /// Writes a register as 8-bit integers, rounded to nearest, ties to even. Values below 0 and
    /// NaN become 0, values above 255 become 255.
    unsafe fn store_u8(self, p: *mut u8);
    /// `2^n` for lanes that hold [`ROUND_TO_INTEGER`]` + n` with an integer n in -126..=127;
    /// unspecified for others.
    unsafe fn exp2_of_rounded(self) -> Self;
}

/// Register operations of a linear transform with small integer coefficients.
///
/// # Safety
///
/// As for [`Vector`].
pub trait Linear: Copy {
    /// `self + other`.
    unsafe fn plus(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn minus(self, other: Self) -> Self;
    /// `self * FACTOR + addend`.
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self;
}

impl<V: Vector> Linear for V {
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: the caller's guarantee.
        unsafe { self.add(other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: the caller's guarantee.
        unsafe { self.sub(other) }
    }

    #[inline(always)]
    unsafe fn times_plus<const FACTOR: i16>(self, addend: Self) -> Self {
        // SAFETY: the caller's guarantee.
        unsafe { self.mul_add(V::splat(f32::from(FACTOR)), addend) }
    }
}

/// A register of 16-bit integers, whose arithmetic wraps around.
///
/// # Safety
///
/// As for [`Vector`].
pub trait ShortVector: Linear {
    /// Reads a register of 8-bit integers, widened to 16 bits.
    unsafe fn load_u8(p: *const u8) -> Self;
    /// Writes a register.
    unsafe fn store(self, p: *mut i16);
}

/// Adding this to a small value leaves the nearest integer in the low bits of the sum (1.5 * 2^23).
pub(crate) const ROUND_TO_INTEGER: f32 = 12_582_912.0;
