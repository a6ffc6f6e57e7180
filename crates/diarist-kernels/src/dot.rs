//! The multiply-add steps under the micro-kernel: which numbers are multiplied, and in which sums they end.

use std::marker::PhantomData;

use crate::arch::Vector;
use crate::bf16::Bf16;
use crate::element::Element;

/// One kind of multiply-add on one instruction set.
///
/// A *word* is [`Dot::GROUP`] neighbouring values of a left-hand row, which meet as many values in each lane of a register of
/// weights: `sum[lane] += word[0] * weights[lane][0] + word[1] * weights[lane][1] + ...`. A word has 32 bits, like a sum.
///
/// # Safety
///
/// Every function may be called only
/// - on a processor that has the instruction set of the implementation, and
/// - inlined into a function with the matching `#[target_feature]` (for speed, not for soundness).
///
/// No pointer needs to be aligned.
pub trait Dot {
    /// Left-hand values.
    type Left: Element;
    /// Weights.
    type Right: Element;
    /// The register of results.
    type Vector: Vector;
    /// A word in every lane.
    type Word: Copy;
    /// A word of weights for each lane.
    type Weights: Copy;
    /// A sum for each lane.
    type Sums: Copy;
    /// Values per word.
    const GROUP: usize = 4 / size_of::<Self::Left>();

    /// The word at `p`: reads `GROUP` values.
    unsafe fn word(p: *const Self::Left) -> Self::Word;
    /// The weights at `p`: reads `LANES * GROUP` values.
    unsafe fn weights(p: *const Self::Right) -> Self::Weights;
    /// Sums before the first step. Reads `LANES` values at `bias`.
    unsafe fn start(bias: *const f32) -> Self::Sums;
    /// Adds the products of a word and its weights.
    unsafe fn step(word: Self::Word, weights: Self::Weights, sums: Self::Sums) -> Self::Sums;
    /// Sums after the last step.
    unsafe fn end(sums: Self::Sums) -> Self::Vector;
    /// Rounds `values` and writes `LANES` of them.
    #[inline(always)]
    unsafe fn store_bf16(values: Self::Vector, p: *mut Bf16) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store_bf16(p) }
    }
}

/// f32 by f32.
#[derive(Debug)]
pub(crate) struct Plain<V>(PhantomData<V>);

impl<V: Vector> Dot for Plain<V> {
    type Left = f32;
    type Right = f32;
    type Vector = V;
    type Word = V;
    type Weights = V;
    type Sums = V;

    #[inline(always)]
    unsafe fn word(p: *const f32) -> V {
        // SAFETY: the caller guarantees a value at `p`, which is aligned as any f32 behind a pointer into a slice.
        unsafe { V::splat(*p) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const f32) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { V::load(p) }
    }

    #[inline(always)]
    unsafe fn start(bias: *const f32) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { V::load(bias) }
    }

    #[inline(always)]
    unsafe fn step(word: V, weights: V, sums: V) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { word.mul_add(weights, sums) }
    }

    #[inline(always)]
    unsafe fn end(sums: V) -> V {
        sums
    }
}

/// bfloat16 by bfloat16 in f32, for processors without an instruction for it. A product of two such numbers is exact in f32, so
/// the only difference is in the order and the rounding of the sums.
#[derive(Debug)]
pub(crate) struct WidenedBf16<V>(PhantomData<V>);

impl<V: Vector> Dot for WidenedBf16<V> {
    type Left = Bf16;
    type Right = Bf16;
    type Vector = V;
    type Word = [V; 2];
    type Weights = [V; 2];
    type Sums = V;

    #[inline(always)]
    unsafe fn word(p: *const Bf16) -> [V; 2] {
        // SAFETY: the caller guarantees two values at `p`.
        unsafe { [V::splat((*p).to_f32()), V::splat((*p.add(1)).to_f32())] }
    }

    #[inline(always)]
    unsafe fn weights(p: *const Bf16) -> [V; 2] {
        // SAFETY: the caller's guarantee.
        unsafe { V::load_bf16_pairs(p) }
    }

    #[inline(always)]
    unsafe fn start(bias: *const f32) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { V::load(bias) }
    }

    #[inline(always)]
    unsafe fn step(word: [V; 2], weights: [V; 2], sums: V) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { word[1].mul_add(weights[1], word[0].mul_add(weights[0], sums)) }
    }

    #[inline(always)]
    unsafe fn end(sums: V) -> V {
        sums
    }
}
