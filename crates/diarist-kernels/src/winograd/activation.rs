//! Types of planes that can be convolved, and their differences.

use std::marker::PhantomData;

use crate::arch::{Linear, ShortVector, Vector};
use crate::bf16::Bf16;
use crate::dot::Dot;
use crate::element::Element;
use crate::f16::F16;
use crate::operand::{Operand, Output};
use crate::quantize::{self, Magnitudes};

use super::transform::largest_input;

/// Values of planes that [`PackedWinogradConv2d`](super::PackedWinogradConv2d) convolves: `f32`,
/// [`Bf16`], [`F16`] or `u8`.
pub trait Activation: Operand + Output {
    /// Values in the transformed domain. For `u8` they are exact in 16 bits, for [`Bf16`] rounded
    /// to bfloat16, for `f32` and [`F16`] they are `f32`.
    type Transformed: Operand;
    /// Loads and stores of the input transform.
    #[doc(hidden)]
    type Input<D: Dot<Left = Self::Transformed>>: InputKind<Plane = Self, Transformed = Self::Transformed>;
    /// Value of an integer weight of 1 in the transformed weights of an output channel at
    /// `position`, whose magnitudes are given; 1 for weights that are real numbers.
    #[doc(hidden)]
    fn transformed_scale(position: usize, column: Magnitudes) -> f32;
}

/// Loads and stores of the first stage, from a plane to the transformed domain.
///
/// # Safety
///
/// As for [`Dot`].
pub trait InputKind {
    /// Values of the plane.
    type Plane: Element;
    /// Transformed values.
    type Transformed: Element;
    /// A register of the transform.
    type Lanes: Linear;
    /// Values per register.
    const LANES: usize;
    /// Reads a register.
    unsafe fn load(p: *const Self::Plane) -> Self::Lanes;
    /// Writes a register.
    unsafe fn store(lanes: Self::Lanes, p: *mut Self::Transformed);
}

impl Activation for f32 {
    type Transformed = f32;
    type Input<D: Dot<Left = f32>> = Real<D>;

    #[inline(always)]
    fn transformed_scale(_position: usize, _column: Magnitudes) -> f32 {
        1.0
    }
}

impl Activation for Bf16 {
    type Transformed = Bf16;
    type Input<D: Dot<Left = Bf16>> = Rounded<D>;

    #[inline(always)]
    fn transformed_scale(_position: usize, _column: Magnitudes) -> f32 {
        1.0
    }
}

impl Activation for F16 {
    type Transformed = f32;
    type Input<D: Dot<Left = f32>> = Widened<D>;

    #[inline(always)]
    fn transformed_scale(_position: usize, _column: Magnitudes) -> f32 {
        1.0
    }
}

impl Activation for u8 {
    type Transformed = i16;
    type Input<D: Dot<Left = i16>> = Integers<D>;

    #[inline(always)]
    fn transformed_scale(position: usize, column: Magnitudes) -> f32 {
        quantize::short_column_scale(column, 255.0 * largest_input(position))
    }
}

/// Quantizes the transformed weights of one output channel at `position` (0..36) for planes of
/// `u8`: returns the integers and their scale. The integers have 16 bits or fewer, so that any sum
/// of products with transformed inputs fits in 32 bits.
pub fn quantize_transformed_weights(position: usize, column: &[f32]) -> (Vec<i16>, f32) {
    let scale = u8::transformed_scale(position, Magnitudes::of(column));
    (column.iter().map(|weight| i16::weight(weight / scale)).collect(), scale)
}

/// f32 throughout.
#[derive(Debug)]
pub struct Real<D>(PhantomData<D>);

impl<D: Dot<Left = f32>> InputKind for Real<D> {
    type Plane = f32;
    type Transformed = f32;
    type Lanes = D::Vector;
    const LANES: usize = D::Vector::LANES;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load(p) }
    }

    #[inline(always)]
    unsafe fn store(lanes: D::Vector, p: *mut f32) {
        // SAFETY: the caller's guarantee.
        unsafe { lanes.store(p) }
    }
}

/// bfloat16, transformed in f32.
#[derive(Debug)]
pub struct Rounded<D>(PhantomData<D>);

impl<D: Dot<Left = Bf16>> InputKind for Rounded<D> {
    type Plane = Bf16;
    type Transformed = Bf16;
    type Lanes = D::Vector;
    const LANES: usize = D::Vector::LANES;

    #[inline(always)]
    unsafe fn load(p: *const Bf16) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_bf16(p) }
    }

    #[inline(always)]
    unsafe fn store(lanes: D::Vector, p: *mut Bf16) {
        // SAFETY: the caller's guarantee.
        unsafe { D::store_bf16(lanes, p) }
    }
}

/// 16-bit floats, transformed in f32.
#[derive(Debug)]
pub struct Widened<D>(PhantomData<D>);

impl<D: Dot<Left = f32>> InputKind for Widened<D> {
    type Plane = F16;
    type Transformed = f32;
    type Lanes = D::Vector;
    const LANES: usize = D::Vector::LANES;

    #[inline(always)]
    unsafe fn load(p: *const F16) -> D::Vector {
        // SAFETY: the caller's guarantee.
        unsafe { D::Vector::load_f16(p) }
    }

    #[inline(always)]
    unsafe fn store(lanes: D::Vector, p: *mut f32) {
        // SAFETY: the caller's guarantee.
        unsafe { lanes.store(p) }
    }
}

/// Unsigned 8-bit integers, transformed exactly in 16 bits.
#[derive(Debug)]
pub struct Integers<D>(PhantomData<D>);

impl<D: Dot<Left = i16>> InputKind for Integers<D> {
    type Plane = u8;
    type Transformed = i16;
    type Lanes = <D::Vector as Vector>::Shorts;
    const LANES: usize = 2 * D::Vector::LANES;

    #[inline(always)]
    unsafe fn load(p: *const u8) -> Self::Lanes {
        // SAFETY: the caller's guarantee.
        unsafe { Self::Lanes::load_u8(p) }
    }

    #[inline(always)]
    unsafe fn store(lanes: Self::Lanes, p: *mut i16) {
        // SAFETY: the caller's guarantee.
        unsafe { lanes.store(p) }
    }
}
