//! The types of numbers in products and outputs, and their implementation on each instruction set.

use crate::arch::Vector;
#[cfg(target_arch = "aarch64")]
use crate::arch::arm_dot;
use crate::arch::portable::F32x4;
#[cfg(target_feature = "simd128")]
use crate::arch::simd128;
#[cfg(target_arch = "x86_64")]
use crate::arch::x86_dot::{DotBf16, DotBytes, DotShorts};
use crate::bf16::Bf16;
use crate::dot::{Bytes, Dot, Plain, Shorts, WidenedBf16, WidenedF16};
use crate::element::Element;
use crate::f16::F16;
use crate::isa::Isa;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
use crate::isa::Level;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::isa::features;
use crate::quantize::{self, Magnitudes};
#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::float32x4_t;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};

/// Left-hand values of products: `f32`, [`Bf16`], [`F16`], `u8`, which meets signed weights of 8
/// bits, and `i16`.
pub trait Operand: Element {
    /// Type of the weights that multiply them.
    type Weight: Element;
    /// Values per word: weights are packed in words (the private module `dot`).
    #[doc(hidden)]
    const GROUP: usize = 4 / size_of::<Self>();
    /// Value of an integer weight of 1 in a column of weights, given in the order of `k`; 1 for
    /// weights that are real numbers.
    #[doc(hidden)]
    fn column_scale(column: &[f32]) -> f32;
    /// The nearest weight.
    #[doc(hidden)]
    fn weight(value: f32) -> Self::Weight;
    /// Runs `kernel` with the [`Dot`] of these values on `isa`, compiled for the instructions it
    /// needs.
    ///
    /// # Safety
    ///
    /// The requirements of [`Kernel::run`] of this kernel hold, apart from the instruction set: an
    /// `Isa` exists only if the processor has it.
    #[doc(hidden)]
    unsafe fn dispatch<K: Kernel<Self>>(isa: Isa, kernel: K) -> K::Output;
}

/// Code that is generic over the instruction set.
pub trait Kernel<T: Operand> {
    /// The result.
    type Output;
    /// Runs the code. Implementations are `#[inline(always)]`.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set of `D`; the implementation says what else it needs.
    unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(self) -> Self::Output;
}

/// Calls `$kernel.run::<$dot>()`, compiled for the instruction set `$isa` (a name that [`features`]
/// knows) or, without one, for the target's baseline.
macro_rules! on {
    ($kernel:ident, $dot:ty) => {
        // SAFETY: the guarantee of `dispatch`'s caller; every processor has the baseline.
        unsafe { $kernel.run::<$dot>() }
    };
    ($kernel:ident, $dot:ty, $isa:ident) => {{
        features!(compile $isa,
            unsafe fn run<K: Kernel<<$dot as Dot>::Left>>(kernel: K) -> K::Output {
                // SAFETY: the guarantee of `dispatch`'s caller.
                unsafe { kernel.run::<$dot>() }
            }
        );
        // SAFETY: the arm is for an `Isa` with these features, and one exists only if the processor
        // has it.
        unsafe { run($kernel) }
    }};
}

impl Operand for f32 {
    type Weight = f32;

    fn column_scale(_column: &[f32]) -> f32 {
        1.0
    }

    #[inline(always)]
    fn weight(value: f32) -> f32 {
        value
    }

    #[inline]
    unsafe fn dispatch<K: Kernel<f32>>(isa: Isa, kernel: K) -> K::Output {
        match isa.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => on!(kernel, Plain<__m512>, avx512),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => on!(kernel, Plain<__m256>, avx2),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => on!(kernel, Plain<float32x4_t>, neon),
            #[cfg(target_feature = "simd128")]
            Level::Simd128 => on!(kernel, Plain<simd128::F32x4>),
            _ => on!(kernel, Plain<F32x4>),
        }
    }
}

impl Operand for F16 {
    type Weight = F16;
    const GROUP: usize = 1;

    fn column_scale(_column: &[f32]) -> f32 {
        1.0
    }

    #[inline(always)]
    fn weight(value: f32) -> F16 {
        F16::from_f32(value)
    }

    #[inline]
    unsafe fn dispatch<K: Kernel<F16>>(isa: Isa, kernel: K) -> K::Output {
        match isa.level() {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => on!(kernel, WidenedF16<__m512>, avx512),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => on!(kernel, WidenedF16<__m256>, avx2),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => on!(kernel, WidenedF16<float32x4_t>, neon),
            #[cfg(target_feature = "simd128")]
            Level::Simd128 => on!(kernel, WidenedF16<simd128::F32x4>),
            _ => on!(kernel, WidenedF16<F32x4>),
        }
    }
}

impl Operand for Bf16 {
    type Weight = Bf16;

    fn column_scale(_column: &[f32]) -> f32 {
        1.0
    }

    #[inline(always)]
    fn weight(value: f32) -> Bf16 {
        Bf16::from_f32(value)
    }

    #[inline]
    unsafe fn dispatch<K: Kernel<Bf16>>(isa: Isa, kernel: K) -> K::Output {
        match (isa.level(), isa.has_bf16()) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, true) => on!(kernel, DotBf16, avx512_bf16),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, false) => {
                on!(kernel, WidenedBf16<__m512>, avx512)
            }
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, _) => on!(kernel, WidenedBf16<__m256>, avx2),
            #[cfg(target_arch = "aarch64")]
            (Level::Neon, _) => on!(kernel, WidenedBf16<float32x4_t>, neon),
            #[cfg(target_feature = "simd128")]
            (Level::Simd128, _) => on!(kernel, WidenedBf16<simd128::F32x4>),
            _ => on!(kernel, WidenedBf16<F32x4>),
        }
    }
}

impl Operand for u8 {
    type Weight = i8;

    fn column_scale(column: &[f32]) -> f32 {
        quantize::column_scale(column)
    }

    #[inline(always)]
    fn weight(value: f32) -> i8 {
        value.round_ties_even() as i8
    }

    #[inline]
    unsafe fn dispatch<K: Kernel<u8>>(isa: Isa, kernel: K) -> K::Output {
        match (isa.level(), isa.has_dot()) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, true) => {
                on!(kernel, DotBytes<__m512, true>, avx512_vnni)
            }
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, false) => {
                on!(kernel, DotBytes<__m512, false>, avx512)
            }
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, true) => on!(kernel, DotBytes<__m256, true>, avx2_vnni),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, false) => on!(kernel, DotBytes<__m256, false>, avx2),
            #[cfg(target_arch = "aarch64")]
            (Level::Neon, true) => on!(kernel, arm_dot::DotBytes, neon_dotprod),
            #[cfg(target_arch = "aarch64")]
            (Level::Neon, false) => on!(kernel, arm_dot::WidenedBytes, neon),
            #[cfg(target_feature = "simd128")]
            (Level::Simd128, _) => on!(kernel, simd128::WidenedBytes),
            _ => on!(kernel, Bytes),
        }
    }
}

impl Operand for i16 {
    type Weight = i16;

    fn column_scale(column: &[f32]) -> f32 {
        quantize::short_column_scale(Magnitudes::of(column), 32768.0)
    }

    #[inline(always)]
    fn weight(value: f32) -> i16 {
        value.round_ties_even() as i16
    }

    #[inline]
    unsafe fn dispatch<K: Kernel<i16>>(isa: Isa, kernel: K) -> K::Output {
        match (isa.level(), isa.has_dot()) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, true) => {
                on!(kernel, DotShorts<__m512, true>, avx512_vnni)
            }
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, false) => {
                on!(kernel, DotShorts<__m512, false>, avx512)
            }
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, true) => on!(kernel, DotShorts<__m256, true>, avx2_vnni),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, false) => on!(kernel, DotShorts<__m256, false>, avx2),
            #[cfg(target_arch = "aarch64")]
            (Level::Neon, _) => on!(kernel, arm_dot::DotShorts, neon),
            #[cfg(target_feature = "simd128")]
            (Level::Simd128, _) => on!(kernel, simd128::DotShorts),
            _ => on!(kernel, Shorts),
        }
    }
}

/// Types of stored results: `f32`, [`Bf16`], [`F16`], or `u8`, rounded to the nearest integer
/// within its range.
pub trait Output: Element {
    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - A register of values is readable at `p`.
    #[doc(hidden)]
    unsafe fn load<D: Dot>(p: *const Self, carry: f32) -> D::Vector;
    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - A register of values is writable at `p`.
    #[doc(hidden)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut Self);
}

impl Output for f32 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const f32, _carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load(p) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut f32) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store(p) }
    }
}

impl Output for Bf16 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const Bf16, _carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_bf16(p) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut Bf16) {
        // SAFETY: the caller's guarantee.
        unsafe { D::store_bf16(values, p) }
    }
}

impl Output for F16 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const F16, _carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_f16(p) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut F16) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store_f16(p) }
    }
}

impl Output for u8 {
    #[inline(always)]
    unsafe fn load<D: Dot>(p: *const u8, carry: f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_u8(p).mul(D::Vector::splat(carry)) }
    }

    #[inline(always)]
    unsafe fn store<D: Dot>(values: D::Vector, p: *mut u8) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store_u8(p) }
    }
}
