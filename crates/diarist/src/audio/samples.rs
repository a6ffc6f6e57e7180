//! Refuses samples that are not finite.

use crate::error::{Error, Result};

/// Refuses a sample that is not finite; `first` is the index in the recording of the first of
/// `samples`.
pub(super) fn check_finite(samples: &[f32], first: u64, sample_rate: u32) -> Result<()> {
    match samples.iter().position(|sample| !sample.is_finite()) {
        None => Ok(()),
        Some(bad) => {
            let index = first + bad as u64;
            let time_s = index as f64 / f64::from(sample_rate);
            Err(Error::input(format!("sample {index} (at {time_s:.3} s) is not a finite number"))
                .hint("the recording is damaged; export it again from its source"))
        }
    }
}
