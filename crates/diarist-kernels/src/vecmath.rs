//! Elementary functions over slices.
//!
//! All are built on one expansion: with n = round(x / ln 2) and r = x - n ln 2, |r| <= ln(2) / 2,
//! `e^x - 1 = 2^n p(r) + (2^n - 1)`, where p is the Taylor polynomial of `e^r - 1` up to r^7 / 7!
//! (its remainder is below 2^-27 of the result). As p is exact in relative terms around 0, so is
//! `e^x - 1`, and with it the hyperbolic tangent.
//!
//! A value's result does not depend on its place in the slice. A NaN gives a NaN.

use crate::arch::{ROUND_TO_INTEGER, Vector, dispatch};
use crate::isa::Isa;

/// Most lanes of any instruction set.
const MAX_LANES: usize = 16;

/// Replaces every value by its exponential.
///
/// Values are clamped to [-87, 88] first, so the result lies in [1.6e-38, 1.7e38]: finite, positive
/// and normal. Relative error at most 2e-7.
pub fn exp(isa: Isa, values: &mut [f32]) {
    apply(isa, values, Function::Exp);
}

/// Replaces every value by its logistic function `1 / (1 + e^-x)`, in [0, 1], 0.5 for 0. Relative
/// error at most 3e-7 for values above -87; below, the result stays at 1.6e-38.
pub fn sigmoid(isa: Isa, values: &mut [f32]) {
    apply(isa, values, Function::Sigmoid);
}

/// Replaces every value by its hyperbolic tangent, in [-1, 1], 0 for 0, odd up to rounding.
/// Relative error at most 4e-7.
pub fn tanh(isa: Isa, values: &mut [f32]) {
    apply(isa, values, Function::Tanh);
}

/// Multiplies negative values by `slope`, which is in [0, 1].
pub fn leaky_relu(isa: Isa, values: &mut [f32], slope: f32) {
    apply(isa, values, Function::LeakyRelu(slope));
}

#[derive(Clone, Copy)]
enum Function {
    Exp,
    Sigmoid,
    Tanh,
    LeakyRelu(f32),
}

fn apply(isa: Isa, values: &mut [f32], function: Function) {
    // SAFETY: an `Isa` exists only if the processor has it.
    unsafe { dispatch!(isa, slice((values, function)): (&mut [f32], Function)) }
}

/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn slice<V: Vector>((values, function): (&mut [f32], Function)) {
    // SAFETY: the caller's guarantee.
    unsafe {
        match function {
            Function::Exp => map::<V>(values, |x| exp_vector(x)),
            Function::Sigmoid => map::<V>(values, |x| sigmoid_vector(x)),
            Function::Tanh => map::<V>(values, |x| tanh_vector(x)),
            Function::LeakyRelu(slope) => map::<V>(values, |x| x.max(x.mul(V::splat(slope)))),
        }
    }
}

/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn map<V: Vector>(values: &mut [f32], function: impl Fn(V) -> V) {
    let mut padded = [0.0_f32; MAX_LANES];
    for block in values.chunks_mut(V::LANES) {
        let is_whole = block.len() == V::LANES;
        if !is_whole {
            padded[..block.len()].copy_from_slice(block);
        }
        // The only call of the function, so that the compiler puts its code here.
        let values = if is_whole { block.as_mut_ptr() } else { padded.as_mut_ptr() };
        // SAFETY: a whole block and the padded one have V::LANES values.
        unsafe { function(V::load(values)).store(values) };
        if !is_whole {
            block.copy_from_slice(&padded[..block.len()]);
        }
    }
}

/// `2^n` and `p(r) = e^r - 1` with `x = n ln 2 + r`, for x in [-87, 88].
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn expand<V: Vector>(x: V) -> (V, V) {
    // ln 2 in two parts; the first has nine bits, so that n times it is exact without a fused
    // multiply-add.
    const LN2_HIGH: f32 = 355.0 / 512.0;
    const LN2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;
    // 1/7!, 1/6!, ... 1/2!
    const COEFFICIENTS: [f32; 6] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5];
    // SAFETY: the caller's guarantee.
    unsafe {
        let shifted = x.mul_add(V::splat(std::f32::consts::LOG2_E), V::splat(ROUND_TO_INTEGER));
        let n = shifted.sub(V::splat(ROUND_TO_INTEGER));
        let r = n.mul_add(V::splat(-LN2_LOW), n.mul_add(V::splat(-LN2_HIGH), x));
        let mut q = V::splat(COEFFICIENTS[0]);
        for coefficient in &COEFFICIENTS[1..] {
            q = q.mul_add(r, V::splat(*coefficient));
        }
        (shifted.exp2_of_rounded(), q.mul_add(r.mul(r), r))
    }
}

/// Limits `x` to `low..=high`. A NaN stays a NaN, because it is the second operand of both
/// comparisons.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn clamp<V: Vector>(x: V, low: f32, high: f32) -> V {
    // SAFETY: the caller's guarantee.
    unsafe { V::splat(high).min(V::splat(low).max(x)) }
}

/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn exp_vector<V: Vector>(x: V) -> V {
    // SAFETY: the caller's guarantee; the clamp keeps n within -126..=127.
    unsafe {
        let (scale, p) = expand(clamp(x, -87.0, 88.0));
        scale.mul_add(p, scale)
    }
}

/// A function's value as a fraction, so that an expression of several values needs one division.
/// For the functions here both parts are at most e^20 = 5e8, and the denominator is at least 1.
pub(crate) struct Ratio<V> {
    /// Numerator.
    pub(crate) above: V,
    /// Denominator.
    pub(crate) below: V,
}

/// The logistic function.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn sigmoid_ratio<V: Vector>(x: V) -> Ratio<V> {
    // SAFETY: the caller's guarantee.
    unsafe {
        // From 18 on the result is 1 in f32, and the limit keeps both parts finite.
        let e = exp_vector(V::splat(20.0).min(x));
        Ratio { above: e, below: e.add(V::splat(1.0)) }
    }
}

/// The hyperbolic tangent.
///
/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(crate) unsafe fn tanh_ratio<V: Vector>(x: V) -> Ratio<V> {
    // SAFETY: the caller's guarantee; the clamp keeps n within -126..=127. From 2x = 20 on the
    // result is 1 in f32.
    unsafe {
        let (scale, p) = expand(clamp(x.add(x), -20.0, 20.0));
        let expm1 = scale.mul_add(p, scale.sub(V::splat(1.0)));
        Ratio { above: expm1, below: expm1.add(V::splat(2.0)) }
    }
}

/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn sigmoid_vector<V: Vector>(x: V) -> V {
    // SAFETY: the caller's guarantee.
    unsafe {
        let Ratio { above, below } = sigmoid_ratio(x);
        above.div(below)
    }
}

/// # Safety
///
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn tanh_vector<V: Vector>(x: V) -> V {
    // SAFETY: the caller's guarantee.
    unsafe {
        let Ratio { above, below } = tanh_ratio(x);
        above.div(below)
    }
}
