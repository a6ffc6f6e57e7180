//! The band-pass filters of the segmentation network's first layer, from the cut-off frequencies
//! that were learnt.
//!
//! Source: asteroid-filterbanks `param_sinc_fb.py`; Ravanelli and Bengio, "Speaker recognition from
//! raw waveform with SincNet", 2018.

use super::tensors::Tensors;
use crate::error::{Error, Result};
use crate::segmentation::SAMPLE_RATE;

/// Bands, each with an even (cosine) and an odd (sine) filter.
pub(super) const SINC_BANDS: usize = 40;
/// Taps to either side of a filter's centre.
pub(super) const SINC_REACH: usize = 125;
pub(super) const SINC_TAPS: usize = 2 * SINC_REACH + 1;

/// The right halves of the filters of the first layer, from their centres on,
/// `[SINC_BANDS, SINC_REACH + 1]` each.
pub(crate) struct Filters {
    pub(crate) even: Vec<f32>,
    pub(crate) odd: Vec<f32>,
}

impl Filters {
    /// Computes the filters from the cut-off frequencies in the checkpoint.
    pub(crate) fn new(tensors: &Tensors<'_>) -> Result<Self> {
        let prefix = "sincnet.conv1d.0.filterbank";
        let low_hz = tensors.f64(&format!("{prefix}.low_hz_"), &[SINC_BANDS, 1])?;
        let band_hz = tensors.f64(&format!("{prefix}.band_hz_"), &[SINC_BANDS, 1])?;
        let mut filters = Self { even: Vec::new(), odd: Vec::new() };
        for (low_hz, band_hz) in low_hz.into_iter().zip(band_hz) {
            let (even, odd) = band_filters(low_hz, band_hz).ok_or_else(|| {
                Error::weights(format!(
                    "{prefix}.low_hz_ has a band from {low_hz} Hz, which is not below the highest frequency"
                ))
                .at(tensors.what())
                .hint("the file is damaged or for another sample rate")
            })?;
            filters.even.extend(even.map(|tap| tap as f32));
            filters.odd.extend(odd.map(|tap| tap as f32));
        }
        Ok(filters)
    }

    /// Sum of the taps of each filter; the even and the odd filter of each band alternate.
    pub(super) fn sums(&self) -> Vec<f64> {
        let bands = self.even.chunks_exact(SINC_REACH + 1);
        let even =
            bands.map(|taps| f64::from(taps[0]) + 2.0 * taps[1..].iter().map(|tap| f64::from(*tap)).sum::<f64>());
        even.flat_map(|sum| [sum, 0.0]).collect()
    }
}

/// The even and the odd band-pass filter of one band from the centre to the right; `None` if the
/// band is empty.
///
/// The learnt parameters are distances: the band begins at 50 Hz plus `|low_hz|`, and its width is
/// 50 Hz plus `|band_hz|`.
fn band_filters(low_hz: f64, band_hz: f64) -> Option<([f64; SINC_REACH + 1], [f64; SINC_REACH + 1])> {
    const MIN_LOW_HZ: f64 = 50.0;
    const MIN_BAND_HZ: f64 = 50.0;
    let nyquist_hz = f64::from(SAMPLE_RATE) / 2.0;
    let low = MIN_LOW_HZ + low_hz.abs();
    let high = (low + MIN_BAND_HZ + band_hz.abs()).clamp(MIN_LOW_HZ, nyquist_hz);
    let band = high - low;
    if band.is_nan() || band <= 0.0 {
        return None;
    }
    let mut even = [0.0; SINC_REACH + 1];
    let mut odd = [0.0; SINC_REACH + 1];
    even[0] = 1.0;
    for k in 1..=SINC_REACH {
        // Radians per Hz at the tap's distance from the centre. This value and the window are f32
        // constants of the original network, rounded in these steps. After multiplication with up
        // to 8 kHz the rounding is visible in the filters, so it is repeated here.
        let n = k as f32 / SAMPLE_RATE as f32 * std::f32::consts::TAU;
        let position = (SINC_REACH - k) as f64 / (SINC_TAPS - 1) as f64;
        let window = (0.54 - 0.46 * (std::f64::consts::TAU * position).cos()) as f32;
        let (n, window) = (f64::from(n), f64::from(window));
        let factor = window / (n / 2.0) / (2.0 * band);
        even[k] = ((high * n).sin() - (low * n).sin()) * factor;
        odd[k] = ((low * n).cos() - (high * n).cos()) * factor;
    }
    Some((even, odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_equal_asteroid() {
        let tensors = Tensors::parse(&diarist_weights::segmentation(), "segmentation").unwrap().into_owned();
        let filters = Filters::new(&tensors).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/pyannet/sinc_filters.npy");
        let expected: Vec<f32> = npyz::NpyFile::new(std::fs::File::open(path).unwrap()).unwrap().into_vec().unwrap();
        assert_eq!(expected.len(), 2 * SINC_BANDS * SINC_TAPS);
        for (index, expected) in expected.iter().enumerate() {
            let (filter, tap) = (index / SINC_TAPS, index % SINC_TAPS);
            let distance = tap.abs_diff(SINC_REACH);
            let half = |filters: &[f32]| filters[filter % SINC_BANDS * (SINC_REACH + 1) + distance];
            let found = match filter < SINC_BANDS {
                true => half(&filters.even),
                false if tap < SINC_REACH => -half(&filters.odd),
                false => half(&filters.odd),
            };
            // Tolerance: rounding to f32 of filter values of at most 1.
            assert!((found - expected).abs() <= 6e-8, "filter {filter} tap {tap}: {found} {expected}");
        }
    }

    #[test]
    fn band_above_the_highest_frequency_is_refused() {
        assert!(band_filters(7_000.0, 100.0).is_some());
        assert!(band_filters(-7_000.0, -100.0).is_some());
        assert!(band_filters(7_950.0, 100.0).is_none());
        assert!(band_filters(f64::NAN, 100.0).is_none());
    }
}
