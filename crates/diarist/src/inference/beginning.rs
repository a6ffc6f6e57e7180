//! Keeps the first chunk of a recording while the recording is read.

use crate::audio::AudioSource;
use crate::error::Result;
use crate::segmentation::CHUNK_SAMPLES;

/// Passes a recording on and keeps its first 10 s. They are needed again if the recording is
/// shorter, because the voices are then made from the repeated recording.
pub(super) struct Beginning<'a> {
    source: &'a mut dyn AudioSource,
    samples: Vec<f32>,
}

impl<'a> Beginning<'a> {
    pub(super) fn new(source: &'a mut dyn AudioSource) -> Self {
        Self { source, samples: Vec::new() }
    }

    /// All samples of a recording of `num_samples`, if it is shorter than a chunk. `None` also if a
    /// checkpoint held the analysis, so that the samples were not read.
    pub(super) fn whole(self, num_samples: u64) -> Option<Vec<f32>> {
        let is_whole = num_samples < CHUNK_SAMPLES as u64 && num_samples == self.samples.len() as u64;
        is_whole.then_some(self.samples)
    }
}

impl AudioSource for Beginning<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let before = out.len();
        let more = self.source.read(out)?;
        let new = &out[before..];
        self.samples.extend_from_slice(&new[..new.len().min(CHUNK_SAMPLES - self.samples.len())]);
        Ok(more)
    }

    fn inner(&self) -> Option<&dyn AudioSource> {
        Some(&*self.source)
    }
}
