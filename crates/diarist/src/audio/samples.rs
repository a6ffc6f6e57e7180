//! Refuses samples that are no sound.

use crate::error::{Error, Result};

/// Largest magnitude of a sample. Full scale is 1, or 2^31 where integers were stored as floats. A
/// sum of channels or of neighbouring samples beyond it may leave the range of 32-bit floats.
const MAX_MAGNITUDE: f32 = 1e36;

/// Refuses a sample that is not finite, or far too large; `first` is the index in the recording of
/// the first of `samples`.
pub(super) fn check_finite(samples: &[f32], first: u64, sample_rate: u32) -> Result<()> {
    // NaN is not in any range.
    let is_sound = |sample: &f32| (-MAX_MAGNITUDE..=MAX_MAGNITUDE).contains(sample);
    match samples.iter().position(|sample| !is_sound(sample)) {
        None => Ok(()),
        Some(bad) => {
            let index = first + bad as u64;
            let time_s = index as f64 / f64::from(sample_rate);
            let fault = match samples[bad] {
                sample if sample.is_finite() => format!("is {sample:e}, far beyond full scale, which is 1"),
                _ => "is not a finite number".to_owned(),
            };
            Err(Error::input(format!("sample {index} (at {time_s:.3} s) {fault}"))
                .hint("the recording is damaged; export it again from its source"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sound_is_refused_with_its_time() {
        check_finite(&[0.0, -1e10, 2_147_483_648.0], 0, 16_000).unwrap();
        let message = |samples: &[f32]| check_finite(samples, 16_000, 16_000).unwrap_err().to_string();
        assert!(message(&[0.0, f32::NAN]).starts_with("sample 16001 (at 1.000 s) is not a finite number"));
        assert!(message(&[f32::INFINITY]).contains("not a finite number"));
        let large = message(&[-3.39e38]);
        assert!(large.contains("is -3.39e38, far beyond full scale"), "{large}");
    }
}
