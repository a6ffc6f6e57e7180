//! Statistics over time.

/// Mean and standard deviation over `rows` of `mean.len()` values, value by value.
///
/// With n rows: `mean = sum x / n`, `std = sqrt(sum (x - mean)^2 / (n - 1))`, in two passes. One
/// row gives `std = 0`, none gives `mean = std = 0`. This is the weighted pooling of pyannote.audio
/// (`StatsPool`: `v1 = sum w + 1e-8`, divisor `v1 - sum w^2 / v1 + 1e-8`) for weights 0 and 1,
/// where its small constants vanish in f32 or meet a zero numerator.
///
/// # Panics
///
/// If `mean` and `std` differ in length.
pub fn statistics<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, mean: &mut [f32], std: &mut [f32]) {
    assert_eq!(mean.len(), std.len(), "mean and std differ in length");
    mean.fill(0.0);
    std.fill(0.0);
    let mut num_rows = 0_u32;
    for row in rows.clone() {
        num_rows += 1;
        for (sum, x) in mean.iter_mut().zip(row) {
            *sum += x;
        }
    }
    if num_rows == 0 {
        return;
    }
    let n = num_rows as f32;
    mean.iter_mut().for_each(|value| *value /= n);
    if num_rows == 1 {
        return;
    }
    for row in rows {
        for ((sum, x), mean) in std.iter_mut().zip(row).zip(&*mean) {
            *sum += (x - mean) * (x - mean);
        }
    }
    std.iter_mut().for_each(|value| *value = (*value / (n - 1.0)).sqrt());
}
