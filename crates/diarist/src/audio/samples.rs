//! Operations on blocks of samples: mixing channels, and refusing values that are not finite.

use crate::error::{Error, Result};

/// Appends the mean over the channels of each frame of `interleaved`.
pub(super) fn downmix(interleaved: &[f32], num_channels: usize, mono: &mut Vec<f32>) {
    if num_channels == 1 {
        mono.extend_from_slice(interleaved);
    } else {
        let scale = num_channels as f32;
        mono.extend(interleaved.chunks_exact(num_channels).map(|frame| frame.iter().sum::<f32>() / scale));
    }
}

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
