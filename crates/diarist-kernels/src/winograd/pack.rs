//! Transforms and packs the weights of a layer, once for all its uses.

use super::Activation;
use super::transform::{IN, KERNEL, POSITIONS};
use crate::dot::Dot;
use crate::isa::Isa;
use crate::operand::{Kernel, Operand};
use crate::quantize::Magnitudes;

const TAPS: usize = 9;
/// Output channels that are transformed together: column blocks of every instruction set are whole
/// numbers of these, and compilers make vector instructions of loops of this length.
const LANES: usize = 8;

/// Packs one column block at all positions.
pub(super) struct Pack<'a, T: Activation> {
    /// Kernels of the block's output channels, `[output channels][in_channels][9]`; at most
    /// `block_columns` output channels.
    pub(super) kernels: &'a [f32],
    pub(super) in_channels: usize,
    pub(super) block_columns: usize,
    /// `[36 positions][words][block_columns][channels of a word]`, zeros.
    pub(super) weights: &'a mut [<T::Transformed as Operand>::Weight],
    /// Value of an integer weight of 1, `[36 positions][block_columns]`.
    pub(super) scale: &'a mut [f32],
}

impl<T: Activation> Pack<'_, T> {
    pub(super) fn run(self, isa: Isa) {
        // SAFETY: the kernel has no requirement.
        unsafe { T::Transformed::dispatch(isa, self) }
    }
}

impl<T: Activation> Kernel<T::Transformed> for Pack<'_, T> {
    type Output = ();

    /// # Safety
    ///
    /// The processor has the instruction set of `D`.
    #[inline(always)]
    unsafe fn run<D: Dot<Left = T::Transformed, Right = <T::Transformed as Operand>::Weight>>(self) {
        let Self { kernels, in_channels, block_columns, weights, scale } = self;
        let group = <T::Transformed as Operand>::GROUP;
        // Kernels, `[in_channels][lane groups][9][LANES]`, which the transform reads in order.
        let mut taps = vec![[[0.0_f32; LANES]; TAPS]; in_channels * block_columns / LANES];
        for (column, kernels) in kernels.chunks_exact(in_channels * TAPS).enumerate() {
            for (in_channel, kernel) in kernels.chunks_exact(TAPS).enumerate() {
                let taps = &mut taps[in_channel * block_columns / LANES + column / LANES];
                taps.iter_mut().zip(kernel).for_each(|(tap, value)| tap[column % LANES] = *value);
            }
        }
        // Transformed kernels, `[in_channels, padded to words][block_columns]`.
        let mut values = vec![[0.0_f32; LANES]; in_channels.next_multiple_of(group) * block_columns / LANES];
        let weights = weights.chunks_exact_mut(weights.len() / POSITIONS);
        let scales = scale.chunks_exact_mut(block_columns);
        for (position, (weights, scale)) in weights.zip(scales).enumerate() {
            transform(position, &taps, &mut values);
            for (index, scale) in scale.chunks_exact_mut(LANES).enumerate() {
                let column = values.iter().skip(index).step_by(block_columns / LANES);
                column_scales::<T>(position, in_channels, column, scale);
            }
            let values = values.as_flattened();
            let words = weights.chunks_exact_mut(block_columns * group).zip(values.chunks_exact(block_columns * group));
            for (weights, values) in words {
                for (column, scale) in scale.iter().enumerate() {
                    for channel in 0..group {
                        weights[column * group + channel] =
                            T::Transformed::weight(values[channel * block_columns + column] / scale);
                    }
                }
            }
        }
    }
}

/// Writes one value of the transform of each kernel, `KERNEL * kernel * KERNEL^T`, computed in f64.
#[inline(always)]
fn transform(position: usize, taps: &[[[f32; LANES]; TAPS]], values: &mut [[f32; LANES]]) {
    let (row, column) = (KERNEL[position / IN], KERNEL[position % IN]);
    let coefficients: [f64; TAPS] = std::array::from_fn(|tap| row[tap / 3] * column[tap % 3]);
    for (values, taps) in values.iter_mut().zip(taps) {
        let mut sums = [0.0_f64; LANES];
        for (coefficient, tap) in coefficients.iter().zip(taps).filter(|(coefficient, _)| **coefficient != 0.0) {
            sums.iter_mut().zip(tap).for_each(|(sum, value)| *sum += coefficient * f64::from(*value));
        }
        values.iter_mut().zip(sums).for_each(|(value, sum)| *value = sum as f32);
    }
}

/// Values of an integer weight of 1 in some columns, from their transformed kernels.
#[inline(always)]
fn column_scales<'a, T: Activation>(
    position: usize,
    in_channels: usize,
    rows: impl Iterator<Item = &'a [f32; LANES]>,
    scales: &mut [f32],
) {
    let (mut sums, mut peaks) = ([0.0_f64; LANES], [0.0_f32; LANES]);
    for row in rows {
        for ((sum, peak), value) in sums.iter_mut().zip(&mut peaks).zip(row) {
            *sum += f64::from(value.abs());
            *peak = peak.max(value.abs());
        }
    }
    for (scale, (sum, peak)) in scales.iter_mut().zip(sums.into_iter().zip(peaks)) {
        *scale = T::transformed_scale(position, Magnitudes { count: in_channels, sum, peak });
    }
}
