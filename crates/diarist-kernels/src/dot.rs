//! The multiply-add steps under the micro-kernel, by the types of their factors and sums.

use std::marker::PhantomData;

use crate::arch::Vector;
use crate::arch::portable::{F32x4, lanes};
use crate::bf16::Bf16;
use crate::element::Element;
use crate::f16::F16;

/// One kind of multiply-add on one instruction set.
///
/// A *word* is [`Dot::GROUP`] neighbouring values of a left-hand row. A step multiplies them by as
/// many values in each lane of a register of weights: `sum[lane]` increases by
/// `word[0] * weights[lane][0] + word[1] * weights[lane][1] + ...`. A word has 32 bits, like a sum,
/// except that a word of 16-bit floats is one value.
///
/// # Safety
///
/// Every function may be called only
/// - on a processor that has the instruction set of the implementation, and
/// - inlined into a function with the matching `#[target_feature]` (for speed, not for soundness).
///
/// Pointers are aligned for their element type; no larger alignment is needed.
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
    /// Rows of the tallest tile, two registers wide, whose sums stay in registers beside the words
    /// and weights of a step.
    const TILE_ROWS: usize = Self::Vector::TILE_ROWS;

    /// The word at `p`: reads `GROUP` values.
    unsafe fn word(p: *const Self::Left) -> Self::Word;
    /// The weights at `p`: reads `LANES * GROUP` values.
    unsafe fn weights(p: *const Self::Right) -> Self::Weights;
    /// Sums before the first step: the bias, or zero if they are integers. Reads `LANES` values at
    /// `bias`.
    unsafe fn start(bias: *const f32) -> Self::Sums;
    /// Adds the products of a word and its weights.
    unsafe fn step(word: Self::Word, weights: Self::Weights, sums: Self::Sums) -> Self::Sums;
    /// Corrects the sums of a row after the last step, where the steps add more than the products.
    /// By default there is nothing to correct. Reads the values of `row`.
    #[inline(always)]
    unsafe fn end_row(sums: [Self::Sums; 2], _row: LeftRow<Self::Left>) -> [Self::Sums; 2] {
        sums
    }
    /// Results from the sums after the last step. Reads `LANES` values at `bias`, and at `scale` if
    /// sums are integers.
    unsafe fn end(sums: Self::Sums, scale: *const f32, bias: *const f32) -> Self::Vector;
    /// Rounds `values` and writes `LANES` of them.
    #[inline(always)]
    unsafe fn store_bf16(values: Self::Vector, p: *mut Bf16) {
        // SAFETY: the caller's guarantee.
        unsafe { values.store_bf16(p) }
    }
}

/// A left-hand row: `num_runs` runs of `run_len` values. The first starts at `values`, each other
/// one `run_pitch` values after the one before.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(target_arch = "aarch64"), expect(dead_code, reason = "only the dot products of ARM correct their sums"))]
pub struct LeftRow<T> {
    pub(crate) values: *const T,
    pub(crate) num_runs: usize,
    pub(crate) run_len: usize,
    pub(crate) run_pitch: usize,
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
        // SAFETY: the caller guarantees a readable, aligned value at `p`.
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
    unsafe fn end(sums: V, _scale: *const f32, _bias: *const f32) -> V {
        sums
    }
}

/// bfloat16 by bfloat16 in f32, for processors without an instruction for it. A product of two such
/// numbers is exact in f32, so the only difference is in the order and the rounding of the sums.
#[derive(Debug)]
pub(crate) struct WidenedBf16<V>(PhantomData<V>);

impl<V: Vector> Dot for WidenedBf16<V> {
    type Left = Bf16;
    type Right = Bf16;
    type Vector = V;
    type Word = [V; 2];
    type Weights = [V; 2];
    type Sums = V;
    // Words and weights take twice the registers.
    const TILE_ROWS: usize = V::TILE_ROWS - 2;

    #[inline(always)]
    unsafe fn word(p: *const Bf16) -> [V; 2] {
        // SAFETY: the caller guarantees two readable, aligned values at `p`.
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
    unsafe fn end(sums: V, _scale: *const f32, _bias: *const f32) -> V {
        sums
    }
}

/// 16-bit floats by 16-bit floats in f32. A product of two such numbers is exact in f32. A word
/// holds one value, because every value read must be converted and more values would need more
/// registers.
#[derive(Debug)]
pub(crate) struct WidenedF16<V>(PhantomData<V>);

impl<V: Vector> Dot for WidenedF16<V> {
    type Left = F16;
    type Right = F16;
    type Vector = V;
    type Word = V;
    type Weights = V;
    type Sums = V;
    const GROUP: usize = 1;

    #[inline(always)]
    unsafe fn word(p: *const F16) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { V::splat_f16(p) }
    }

    #[inline(always)]
    unsafe fn weights(p: *const F16) -> V {
        // SAFETY: the caller's guarantee.
        unsafe { V::load_f16(p) }
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
    unsafe fn end(sums: V, _scale: *const f32, _bias: *const f32) -> V {
        sums
    }
}

/// Unsigned by signed bytes in i32, in plain Rust.
#[derive(Debug)]
pub(crate) struct Bytes;

impl Dot for Bytes {
    type Left = u8;
    type Right = i8;
    type Vector = F32x4;
    type Word = [i32; 4];
    type Weights = [[i32; 4]; 4];
    type Sums = [i32; 4];

    #[inline(always)]
    unsafe fn word(p: *const u8) -> [i32; 4] {
        // SAFETY: the caller guarantees 4 readable values at `p`.
        let values = unsafe { p.cast::<[u8; 4]>().read() };
        lanes!(place => i32::from(values[place]))
    }

    #[inline(always)]
    unsafe fn weights(p: *const i8) -> [[i32; 4]; 4] {
        // SAFETY: the caller guarantees 16 readable values at `p`.
        let weights = unsafe { p.cast::<[[i8; 4]; 4]>().read() };
        // By place in the word, then by lane.
        lanes!(place => lanes!(lane => i32::from(weights[lane][place])))
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> [i32; 4] {
        [0; 4]
    }

    #[inline(always)]
    unsafe fn step(word: [i32; 4], weights: [[i32; 4]; 4], sums: [i32; 4]) -> [i32; 4] {
        let [a, b, c, d] = word;
        lanes!(lane => {
            sums[lane] + a * weights[0][lane] + b * weights[1][lane] + c * weights[2][lane] + d * weights[3][lane]
        })
    }

    #[inline(always)]
    unsafe fn end(sums: [i32; 4], scale: *const f32, bias: *const f32) -> F32x4 {
        // SAFETY: the caller guarantees 4 readable values at `scale` and `bias`.
        unsafe { F32x4::from_integers(sums).mul(F32x4::load(scale)).add(F32x4::load(bias)) }
    }
}

/// Pairs of signed 16-bit integers in i32, in plain Rust; on x86-64 with an instruction that every
/// such processor has.
#[derive(Debug)]
pub(crate) struct Shorts;

impl Dot for Shorts {
    type Left = i16;
    type Right = i16;
    type Vector = F32x4;
    type Word = [i16; 2];
    type Weights = [[i16; 2]; 4];
    type Sums = [i32; 4];

    #[inline(always)]
    unsafe fn word(p: *const i16) -> [i16; 2] {
        // SAFETY: the caller guarantees 2 readable values at `p`; the read needs no alignment.
        unsafe { p.cast::<[i16; 2]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn weights(p: *const i16) -> [[i16; 2]; 4] {
        // SAFETY: the caller guarantees 8 readable values at `p`; the read needs no alignment.
        unsafe { p.cast::<[[i16; 2]; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn start(_bias: *const f32) -> [i32; 4] {
        [0; 4]
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn step(word: [i16; 2], weights: [[i16; 2]; 4], sums: [i32; 4]) -> [i32; 4] {
        use std::arch::x86_64::{__m128i, _mm_add_epi32, _mm_madd_epi16};
        use std::mem::transmute;
        // SAFETY: SSE2 is part of x86-64; all have 128 bits, and any bits are integers.
        unsafe {
            let words = transmute::<[[i16; 2]; 4], __m128i>([word; 4]);
            let weights = transmute::<[[i16; 2]; 4], __m128i>(weights);
            let sums = transmute::<[i32; 4], __m128i>(sums);
            transmute::<__m128i, [i32; 4]>(_mm_add_epi32(sums, _mm_madd_epi16(words, weights)))
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    unsafe fn step(word: [i16; 2], weights: [[i16; 2]; 4], sums: [i32; 4]) -> [i32; 4] {
        let [a, b] = [i32::from(word[0]), i32::from(word[1])];
        lanes!(lane => sums[lane] + a * i32::from(weights[lane][0]) + b * i32::from(weights[lane][1]))
    }

    #[inline(always)]
    unsafe fn end(sums: [i32; 4], scale: *const f32, bias: *const f32) -> F32x4 {
        // SAFETY: the caller guarantees 4 readable values at `scale` and `bias`.
        unsafe { F32x4::from_integers(sums).mul(F32x4::load(scale)).add(F32x4::load(bias)) }
    }
}
