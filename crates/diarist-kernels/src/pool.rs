//! Statistics over time.

use crate::gemm::Rows;

/// Mean and standard deviation over the frames for which `active` yields true, value by value.
///
/// `frames` holds one row of `mean.len()` values per frame. With n active frames:
/// `mean = sum x / n`, `std = sqrt(sum (x - mean)^2 / (n - 1))`, in two passes. One active frame gives `std = 0`, none gives
/// `mean = std = 0`. This is the weighted pooling of pyannote.audio (`StatsPool`: `v1 = sum w + 1e-8`, divisor
/// `v1 - sum w^2 / v1 + 1e-8`) for weights 0 and 1, where its small constants vanish in f32 or meet a zero numerator.
///
/// # Panics
///
/// If `frames` is too short for `active`, or `mean` and `std` differ in length.
pub fn masked_statistics(
    frames: Rows<'_>,
    active: impl Iterator<Item = bool> + Clone,
    mean: &mut [f32],
    std: &mut [f32],
) {
    assert_eq!(mean.len(), std.len(), "mean and std differ in length");
    let width = mean.len();
    let rows =
        || active.clone().enumerate().filter(|(_, on)| *on).map(|(t, _)| &frames.data[t * frames.stride..][..width]);
    mean.fill(0.0);
    std.fill(0.0);
    let mut num_active = 0_u32;
    for row in rows() {
        num_active += 1;
        for (sum, x) in mean.iter_mut().zip(row) {
            *sum += x;
        }
    }
    if num_active == 0 {
        return;
    }
    let n = num_active as f32;
    mean.iter_mut().for_each(|value| *value /= n);
    if num_active == 1 {
        return;
    }
    for row in rows() {
        for ((sum, x), mean) in std.iter_mut().zip(row).zip(&*mean) {
            *sum += (x - mean) * (x - mean);
        }
    }
    std.iter_mut().for_each(|value| *value = (*value / (n - 1.0)).sqrt());
}
