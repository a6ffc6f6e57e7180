//! Layers between the convolutions over time: maximum of three neighbouring frames, instance norm
//! and leaky ReLU.
//!
//! Frames lie row after row, `[frames, channels]`. Rows have at least [`MIN_CHANNELS`] channels, so
//! that the last register of a row can overlap the one before it and needs no special case.

use crate::arch::{Vector, dispatch};
use crate::dot::Dot;
use crate::gemm::{Rows, RowsMut};
use crate::isa::Isa;
use crate::operand::{Kernel, Operand, Output};
use crate::tile::extent;

/// Fewest channels of the operations of this module: one register of every instruction set.
const MIN_CHANNELS: usize = 16;
/// Input frames per output frame.
const POOL: usize = 3;
/// Partial sums of a column, so that additions do not wait for each other.
const PARTIAL_SUMS: usize = 4;

/// Largest value of every three neighbouring frames; one or two frames left over at the end are
/// dropped.
///
/// `input` has shape `[frames, num_channels]`, `output` has shape `[frames / 3, num_channels]`.
///
/// # Panics
///
/// If a length does not fit or there are fewer than 16 channels.
pub fn max_pool(isa: Isa, input: &[f32], num_channels: usize, output: &mut [f32]) {
    let call = Pool { input, num_channels, output };
    call.check();
    // SAFETY: an `Isa` exists only if the processor has it, and the lengths were checked.
    unsafe { dispatch!(isa, pool(call): Pool<'_>) }
}

/// As [`max_pool`] for the values `|x * scale + shift[channel]|`.
///
/// # Panics
///
/// As [`max_pool`] for `shift.len()` channels.
pub fn max_pool_magnitudes(isa: Isa, input: &[f32], scale: f32, shift: &[f32], output: &mut [f32]) {
    let call = Pool { input, num_channels: shift.len(), output };
    call.check();
    // SAFETY: as above; `shift` has one value per channel.
    unsafe { dispatch!(isa, pool_magnitudes((call, scale, shift)): (Pool<'_>, f32, &[f32])) }
}

struct Pool<'a> {
    input: &'a [f32],
    num_channels: usize,
    output: &'a mut [f32],
}

impl Pool<'_> {
    fn check(&self) {
        assert!(self.num_channels >= MIN_CHANNELS, "{} channels are too few", self.num_channels);
        let num_frames = self.input.len() / self.num_channels;
        assert_eq!(self.input.len(), num_frames * self.num_channels, "input is not a whole number of frames");
        assert_eq!(self.output.len(), num_frames / POOL * self.num_channels, "output");
    }
}

/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - The call was checked.
#[inline(always)]
unsafe fn pool<V: Vector>(call: Pool<'_>) {
    // SAFETY: the caller's guarantee.
    unsafe { pool_map::<V>(call, |x, _| x) }
}

/// # Safety
///
/// As for [`pool`]; `shift` has one value per channel.
#[inline(always)]
unsafe fn pool_magnitudes<V: Vector>((call, scale, shift): (Pool<'_>, f32, &[f32])) {
    // SAFETY: the caller's guarantee; the column is that of a register within the channels.
    unsafe {
        let scale = V::splat(scale);
        pool_map::<V>(call, |x, column| {
            let value = x.mul_add(scale, V::load(shift.as_ptr().add(column)));
            value.max(V::splat(0.0).sub(value))
        });
    }
}

/// Largest of the mapped values of three frames; Largest of the mapped values of three frames;
/// `map` gets a register and its first column.
///
/// # Safety
///
/// As for [`pool`].
#[inline(always)]
unsafe fn pool_map<V: Vector>(call: Pool<'_>, map: impl Fn(V, usize) -> V) {
    let Pool { input, num_channels, output } = call;
    for (frames, output) in input.chunks_exact(POOL * num_channels).zip(output.chunks_exact_mut(num_channels)) {
        for column in columns::<V>(num_channels) {
            // SAFETY: the register at `column` is within each of the three frames and within the
            // output frame.
            unsafe {
                let value = |frame: usize| map(V::load(frames.as_ptr().add(frame * num_channels + column)), column);
                value(0).max(value(1)).max(value(2)).store(output.as_mut_ptr().add(column));
            }
        }
    }
}

/// First columns of the registers that cover `num_channels >= V::LANES` columns; the last may
/// overlap the one before.
#[inline(always)]
fn columns<V: Vector>(num_channels: usize) -> impl Iterator<Item = usize> {
    (0..num_channels.div_ceil(V::LANES)).map(move |index| (index * V::LANES).min(num_channels - V::LANES))
}

/// Mean and variance of each channel over time, gathered stretch by stretch.
///
/// Each stretch is summed in f32 around its own mean, and stretches are joined in f64 (Chan, Golub
/// and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
/// A channel that has the same value `v` in all frames has exactly mean `v` and variance 0.
#[derive(Debug, Clone, Default)]
pub struct ChannelMoments {
    num_frames: f64,
    mean: Vec<f64>,
    /// Sum of squared distances from the mean.
    squares: Vec<f64>,
    /// Mean of the current stretch.
    stretch_mean: Vec<f32>,
    /// Sum of squared distances from the mean of the current stretch.
    stretch_squares: Vec<f32>,
}

impl ChannelMoments {
    /// Removes all frames. Allocates only beyond the largest number of channels so far.
    ///
    /// # Panics
    ///
    /// If there are fewer than 16 channels.
    pub fn reset(&mut self, num_channels: usize) {
        assert!(num_channels >= MIN_CHANNELS, "{num_channels} channels are too few");
        self.num_frames = 0.0;
        for values in [&mut self.mean, &mut self.squares] {
            values.clear();
            values.resize(num_channels, 0.0);
        }
        for values in [&mut self.stretch_mean, &mut self.stretch_squares] {
            values.clear();
            values.resize(num_channels, 0.0);
        }
    }

    /// Adds a stretch of frames, `[frames, num_channels]`. A stretch is best a few dozen frames,
    /// because its sums are in f32. A different cut into stretches changes the last bits of the
    /// result.
    ///
    /// # Panics
    ///
    /// If `frames` is not a whole number of frames, or before the first [`Self::reset`].
    pub fn add(&mut self, isa: Isa, frames: &[f32]) {
        let num_channels = self.mean.len();
        let num_frames = frames.len() / num_channels;
        assert_eq!(frames.len(), num_frames * num_channels, "not a whole number of frames");
        if num_frames > 0 {
            // SAFETY: an `Isa` exists only if the processor has it, and the length was checked.
            unsafe { dispatch!(isa, add((self, frames)): (&mut ChannelMoments, &[f32])) }
        }
    }

    /// Mean of each channel; 0 without frames.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Variance of each channel: the mean squared distance from the mean (the biased estimate).
    pub fn variance(&self) -> impl Iterator<Item = f64> {
        self.squares.iter().map(|squares| squares / self.num_frames)
    }
}

/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `frames` is one or more frames of as many channels as the moments have, at least
///   [`MIN_CHANNELS`].
#[inline(always)]
unsafe fn add<V: Vector>((moments, frames): (&mut ChannelMoments, &[f32])) {
    let num_channels = moments.mean.len();
    let num_frames = frames.len() / num_channels;
    assert!(moments.stretch_mean.len() == num_channels && moments.stretch_squares.len() == num_channels);
    for column in columns::<V>(num_channels) {
        // SAFETY: the register at `column` is within every frame and within the two results.
        unsafe {
            let first = frames.as_ptr().add(column);
            let value = |frame: usize| V::load(first.add(frame * num_channels));
            // Distances from the first frame: equal values then have exactly their value as mean.
            let origin = value(0);
            let distance = sum_over::<V>(num_frames, |frame| value(frame).sub(origin));
            let mean = distance.mul_add(V::splat(1.0 / num_frames as f32), origin);
            let squares = sum_over::<V>(num_frames, |frame| {
                let distance = value(frame).sub(mean);
                distance.mul(distance)
            });
            mean.store(moments.stretch_mean.as_mut_ptr().add(column));
            squares.store(moments.stretch_squares.as_mut_ptr().add(column));
        }
    }
    let (before, added) = (moments.num_frames, num_frames as f64);
    moments.num_frames += added;
    let share = added / moments.num_frames;
    let stretch = moments.stretch_mean.iter().zip(&moments.stretch_squares);
    for ((mean, squares), (stretch_mean, stretch_squares)) in
        moments.mean.iter_mut().zip(&mut moments.squares).zip(stretch)
    {
        let distance = f64::from(*stretch_mean) - *mean;
        *mean += distance * share;
        *squares += f64::from(*stretch_squares) + distance * distance * before * share;
    }
}

/// # Safety
///
/// - The processor has the instruction set of `V`.
/// - `value` may be called with numbers below `count`.
#[inline(always)]
unsafe fn sum_over<V: Vector>(count: usize, value: impl Fn(usize) -> V) -> V {
    // SAFETY: the caller's guarantee.
    unsafe {
        let mut sums = [V::splat(0.0); PARTIAL_SUMS];
        let whole = count / PARTIAL_SUMS * PARTIAL_SUMS;
        for first in (0..whole).step_by(PARTIAL_SUMS) {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add(value(first + i));
            }
        }
        for index in whole..count {
            sums[0] = sums[0].add(value(index));
        }
        sums[0].add(sums[1]).add(sums[2].add(sums[3]))
    }
}

/// Instance norm of each channel, then leaky ReLU: `y = (x - mean) * scale + bias`, replaced by
/// `y * slope` if that is larger.
#[derive(Debug, Clone, Copy)]
pub struct Normalisation<'a> {
    /// Mean of each channel.
    pub mean: &'a [f32],
    /// Weight of each channel divided by its standard deviation.
    pub scale: &'a [f32],
    /// Bias of each channel.
    pub bias: &'a [f32],
    /// Slope of the leaky ReLU below zero, in [0, 1].
    pub slope: f32,
}

impl Normalisation<'_> {
    /// Normalises the first `num_frames` rows of `input` into those of `output`, rounded to their
    /// type.
    ///
    /// # Panics
    ///
    /// If a length does not fit or there are fewer than 16 channels.
    pub fn run<T: Operand + Output>(self, isa: Isa, num_frames: usize, input: Rows<'_>, output: RowsMut<'_, T>) {
        let num_channels = self.mean.len();
        assert!(num_channels >= MIN_CHANNELS, "{num_channels} channels are too few");
        assert!(self.scale.len() == num_channels && self.bias.len() == num_channels, "scale or bias");
        assert!(input.data.len() >= extent(num_frames, input.stride, num_channels), "input");
        assert!(output.data.len() >= extent(num_frames, output.stride, num_channels), "output");
        // SAFETY: the lengths were asserted above.
        unsafe { T::dispatch(isa, Normalise { norm: self, num_frames, input, output }) }
    }
}

struct Normalise<'a, T> {
    norm: Normalisation<'a>,
    num_frames: usize,
    input: Rows<'a>,
    output: RowsMut<'a, T>,
}

impl<T: Operand + Output> Kernel<T> for Normalise<'_, T> {
    type Output = ();

    /// # Safety
    ///
    /// - The processor has the instruction set of `D`.
    /// - The lengths are those that [`Normalisation::run`] asserts.
    #[inline(always)]
    unsafe fn run<D: Dot<Left = T, Right = T::Weight>>(self) {
        let Self { norm, num_frames, input, output } = self;
        for column in columns::<D::Vector>(norm.mean.len()) {
            // SAFETY: the register at `column` is within the channels, hence within the asserted
            // rows.
            unsafe {
                let parameter = |values: &[f32]| D::Vector::load(values.as_ptr().add(column));
                let (mean, scale, bias) = (parameter(norm.mean), parameter(norm.scale), parameter(norm.bias));
                let slope = D::Vector::splat(norm.slope);
                let (input_row, output_row) = (input.data.as_ptr().add(column), output.data.as_mut_ptr().add(column));
                for frame in 0..num_frames {
                    let value = D::Vector::load(input_row.add(frame * input.stride)).sub(mean).mul_add(scale, bias);
                    T::store::<D>(value.max(value.mul(slope)), output_row.add(frame * output.stride));
                }
            }
        }
    }
}
