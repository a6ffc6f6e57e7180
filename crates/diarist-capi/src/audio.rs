//! What a call listens to.

use std::sync::atomic::{AtomicBool, Ordering};

use diarist::audio::{AudioSource, Resampler, SourceTimes};
use diarist::{Error, Result};

/// Frames read at a time.
const BLOCK_FRAMES: usize = 16_384;

/// Interleaved samples in the caller's memory.
pub(crate) struct Samples<'a> {
    interleaved: &'a [f32],
    num_channels: usize,
    sample_rate: u32,
    /// Frames read so far.
    position: usize,
    resampler: Option<Resampler>,
}

impl<'a> Samples<'a> {
    /// `interleaved` holds whole frames of `num_channels` samples in [-1, 1] at `sample_rate` Hz.
    pub(crate) fn new(interleaved: &'a [f32], num_channels: u16, sample_rate: u32) -> Result<Self> {
        if num_channels == 0 {
            return Err(Error::invalid_option("num_channels is 0, but must be at least 1"));
        }
        let resampler = Some(Resampler::new(sample_rate)?);
        Ok(Self { interleaved, num_channels: usize::from(num_channels), sample_rate, position: 0, resampler })
    }
}

impl AudioSource for Samples<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let num_frames = self.interleaved.len() / self.num_channels;
        let end = (self.position + BLOCK_FRAMES).min(num_frames);
        if self.position == end {
            let Some(mut resampler) = self.resampler.take() else { return Ok(false) };
            let before = out.len();
            resampler.finish(out);
            return Ok(out.len() > before);
        }
        let frames = &self.interleaved[self.position * self.num_channels..end * self.num_channels];
        if let Some(bad) = frames.iter().position(|sample| !sample.is_finite()) {
            let bad = self.position * self.num_channels + bad;
            return Err(Error::input(format!("sample {bad} is not a finite number"))
                .hint("check how the samples were made, or put silence in their place"));
        }
        let mono: Vec<f32> = frames
            .chunks_exact(self.num_channels)
            .map(|frame| frame.iter().sum::<f32>() / self.num_channels as f32)
            .collect();
        self.position = end;
        if let Some(resampler) = &mut self.resampler {
            resampler.push(&mono, out);
        }
        Ok(true)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        Some((self.interleaved.len() / self.num_channels) as f64 / f64::from(self.sample_rate))
    }
}

/// A source that ends with an error once it is cancelled.
pub(crate) struct Cancellable<'a> {
    pub(crate) source: &'a mut dyn AudioSource,
    pub(crate) cancelled: &'a AtomicBool,
}

impl AudioSource for Cancellable<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::input("cancelled"));
        }
        self.source.read(out)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        self.source.duration_hint_s()
    }

    fn times(&self) -> SourceTimes {
        self.source.times()
    }
}
