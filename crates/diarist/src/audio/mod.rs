//! Any audio to 16 kHz mono `f32`, as a stream.
//!
//! [`open`] decodes a file through Symphonia (WAV, AIFF, CAF, FLAC, MP3, AAC, ALAC, Vorbis, Opus in their usual containers), [`open_bytes`] one that is in
//! memory, [`pcm`] takes raw samples, [`SliceSource`] what is in memory already. Channels become one by their mean, [`Resampler`] brings the result
//! to 16 kHz; nothing holds more than a block of the recording.

mod decode;
mod file;
mod identify;
mod mp4;
mod opus;
mod pcm;
mod resample;
mod wav;

pub use file::{AudioFile, AudioInfo, open, open_bytes};
pub use pcm::{PcmFormat, PcmSource, pcm};
pub use resample::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler};

use std::time::Duration;

use crate::error::{Error, Result};

/// A recording as a stream of 16 kHz mono samples in [-1, 1].
pub trait AudioSource: Send {
    /// Appends the next block of samples to `out` (some thousands at a time); `Ok(false)` at the end of the stream,
    /// after which `out` is unchanged.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the stream cannot be read or holds a sample that is not finite.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool>;

    /// Length in seconds if the container tells it (for progress and estimates only).
    fn duration_hint_s(&self) -> Option<f64>;

    /// Time spent on the recording so far, as far as the source tells what for.
    fn times(&self) -> SourceTimes {
        SourceTimes::default()
    }

    /// Parts of the recording that were lost or changed so far, one sentence each.
    fn warnings(&self) -> &[String] {
        &[]
    }
}

impl<S: AudioSource + ?Sized> AudioSource for &mut S {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        (**self).read(out)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        (**self).duration_hint_s()
    }

    fn times(&self) -> SourceTimes {
        (**self).times()
    }

    fn warnings(&self) -> &[String] {
        (**self).warnings()
    }
}

/// What an [`AudioSource`] spent time on. The rest of [`AudioSource::read`] is reading and decoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceTimes {
    /// Opening the recording, before the first [`AudioSource::read`].
    pub opening: Duration,
    /// Resampling inside [`AudioSource::read`].
    pub resampling: Duration,
}

/// Samples that are already in memory at 16 kHz mono.
#[derive(Debug)]
pub struct SliceSource<'a> {
    samples: &'a [f32],
    position: usize,
}

impl<'a> SliceSource<'a> {
    /// A source over `samples`, 16 kHz mono in [-1, 1].
    pub fn new(samples: &'a [f32]) -> Self {
        Self { samples, position: 0 }
    }
}

impl AudioSource for SliceSource<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        const BLOCK: usize = 16_384;
        let block = &self.samples[self.position..(self.position + BLOCK).min(self.samples.len())];
        check_finite(block, self.position as u64, crate::segmentation::SAMPLE_RATE)?;
        self.position += block.len();
        out.extend_from_slice(block);
        Ok(!block.is_empty())
    }

    fn duration_hint_s(&self) -> Option<f64> {
        Some(self.samples.len() as f64 / f64::from(crate::segmentation::SAMPLE_RATE))
    }
}

/// Appends the mean over the channels of each frame of `interleaved`.
fn downmix(interleaved: &[f32], num_channels: usize, mono: &mut Vec<f32>) {
    if num_channels == 1 {
        mono.extend_from_slice(interleaved);
    } else {
        let scale = num_channels as f32;
        mono.extend(interleaved.chunks_exact(num_channels).map(|frame| frame.iter().sum::<f32>() / scale));
    }
}

/// Refuses a sample that is not finite; `first` is the index in the recording of the first of `samples`.
fn check_finite(samples: &[f32], first: u64, sample_rate: u32) -> Result<()> {
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

#[cfg(test)]
mod tests;
