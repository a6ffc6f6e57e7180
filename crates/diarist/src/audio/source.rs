//! Audio as a stream of samples.

use std::time::Duration;

use super::samples::check_finite;
use crate::error::Result;
use crate::segmentation::SAMPLE_RATE;

/// A recording as a stream of 16 kHz mono samples in [-1, 1].
pub trait AudioSource: Send {
    /// Appends the next block of samples to `out` (some thousands at a time). Returns `Ok(false)`
    /// at the end of the stream and then leaves `out` unchanged.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the stream cannot be read or holds a sample that is not
    /// finite.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool>;

    /// The source that this one reads from, if it passes another source on. The methods below then
    /// give the answers of that source.
    fn inner(&self) -> Option<&dyn AudioSource> {
        None
    }

    /// Length in seconds if the container states it (for progress and estimates only).
    fn duration_hint_s(&self) -> Option<f64> {
        self.inner()?.duration_hint_s()
    }

    /// Time spent on the recording so far, as far as the source measures it.
    fn times(&self) -> SourceTimes {
        self.inner().map_or_else(SourceTimes::default, |inner| inner.times())
    }

    /// Descriptions of the parts that were lost or changed, one line each; complete once
    /// [`Self::read`] has returned `false`.
    fn warnings(&self) -> &[String] {
        self.inner().map_or(&[], |inner| inner.warnings())
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

impl<S: AudioSource + ?Sized> AudioSource for Box<S> {
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

/// Time that an [`AudioSource`] spent, by task. The rest of [`AudioSource::read`] is reading and
/// decoding.
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
        check_finite(block, self.position as u64, SAMPLE_RATE)?;
        self.position += block.len();
        out.extend_from_slice(block);
        Ok(!block.is_empty())
    }

    fn duration_hint_s(&self) -> Option<f64> {
        Some(self.samples.len() as f64 / f64::from(SAMPLE_RATE))
    }
}
