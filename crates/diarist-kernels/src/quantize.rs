//! Quantization of real weights to small integers.

/// Quantizes one column of weights, in the order of `k`, for products with `u8` values: returns the
/// integers and their scale, with `weight = integer * scale` up to half a step.
///
/// The integers are at most 127, and two neighbours of the same sign (0 and 1, 2 and 3, ...) at
/// most 128 together. The second limit is for instruction sets that sum pairs of products in 16
/// bits (`vpmaddubsw`): 255 * 128 = 32640 fits, so no sum saturates anywhere, and all instruction
/// sets give the same integers. It makes the steps only slightly coarser, because a column's
/// largest weight seldom has a neighbour of the same sign and nearly the same size.
pub fn quantize_weights(column: &[f32]) -> (Vec<i8>, f32) {
    let scale = column_scale(column);
    (column.iter().map(|weight| (weight / scale).round_ties_even() as i8).collect(), scale)
}

/// The smallest scale that keeps both limits of [`quantize_weights`], rounding included: half a
/// step for each of two weights.
pub(crate) fn column_scale(column: &[f32]) -> f32 {
    let largest =
        column.chunks(2).fold(0.0_f32, |largest, pair| {
            let (above, below) = pair.iter().fold((0.0, 0.0), |(above, below), weight| {
                if *weight > 0.0 { (above + weight, below) } else { (above, below - weight) }
            });
            largest.max(above).max(below)
        });
    if largest > 0.0 { largest / 127.0 } else { 1.0 }
}

/// The magnitudes of a column of weights.
#[derive(Debug, Clone, Copy)]
pub struct Magnitudes {
    /// Number of weights.
    pub(crate) count: usize,
    /// Their sum, added in the order of `k`.
    pub(crate) sum: f64,
    /// The largest.
    pub(crate) peak: f32,
}

impl Magnitudes {
    pub(crate) fn of(column: &[f32]) -> Self {
        let sum = column.iter().map(|weight| f64::from(weight.abs())).sum();
        let peak = column.iter().fold(0.0_f32, |peak, weight| peak.max(weight.abs()));
        Self { count: column.len(), sum, peak }
    }
}

/// The smallest scale of a column of 16-bit weights whose sums of products with values of up to
/// `largest` (in magnitude) fit in 32 bits, rounding of the weights included.
///
/// # Panics
///
/// If a sum of values alone, with weights of half a step, does not fit.
pub(crate) fn short_column_scale(column: Magnitudes, largest: f64) -> f32 {
    let Magnitudes { count, sum, peak } = column;
    // Sum of the magnitudes of the integers, before each is rounded by up to half a step.
    let integers = f64::from(i32::MAX) / largest - count as f64 / 2.0;
    assert!(integers >= 1.0, "{count} products of 16-bit integers");
    // One part in a million for the rounding of the scale and of the divisions by it.
    let scale = (sum / integers).max(f64::from(peak) / 32767.0) * (1.0 + 1e-6);
    if scale > 0.0 { (scale as f32).max(f32::MIN_POSITIVE) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_stay_within_sixteen_bits() {
        let columns: [&[f32]; 7] = [
            &[],
            &[0.0, -0.0],
            &[1e-30],
            &[1.0, 1.0, -1.0, -1.0],
            &[3.0, -3.0, 0.1, 2.9, -2.9],
            &[-0.77, -0.76, 0.5, 0.03, 0.78],
            &[f32::MAX / 4.0, 1.0, f32::MIN_POSITIVE],
        ];
        let long: Vec<f32> = (0..1000).map(|i| ((i * 7919 + 13) % 1009) as f32 / 504.5 - 1.0).collect();
        for column in columns.into_iter().chain([&long[..]]) {
            let (integers, scale) = quantize_weights(column);
            assert!(scale > 0.0);
            for (weight, integer) in column.iter().zip(&integers) {
                // Half a step, and the rounding of the division.
                assert!((weight / scale - f32::from(*integer)).abs() < 0.5001, "{weight} by {scale} is {integer}");
            }
            for pair in integers.chunks(2) {
                let sum =
                    |positive: bool| pair.iter().filter(|w| (**w > 0) == positive).map(|w| i32::from(*w).abs()).sum();
                let largest: i32 = std::cmp::max(sum(true), sum(false));
                assert!(largest <= 128, "{pair:?} of {column:?}");
            }
            if column.iter().any(|weight| *weight != 0.0) {
                let largest = integers.chunks(2).map(|pair| pair.iter().map(|w| i32::from(*w).abs()).sum::<i32>());
                assert!(largest.max() >= Some(126), "{integers:?} do not use their range");
            }
        }
    }
}
