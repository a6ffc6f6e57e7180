//! Repeats recordings shorter than a chunk until they fill it.

use super::source::AudioSource;
use crate::error::Result;
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};

/// A source that repeats a recording up to the length of a chunk if it is shorter, and passes
/// longer recordings on unchanged.
///
/// The pipeline pads a short recording with zeros, as pyannote.audio does. The embedding network
/// then sees speech relative to a mean that is mostly digital silence: with 3 s of speech,
/// identification is no better than chance (docs/voices.md).
pub struct Repeated<'a> {
    source: &'a mut dyn AudioSource,
    /// The beginning of the recording, at most a chunk.
    start: Vec<f32>,
    num_samples: u64,
    is_finished: bool,
}

impl std::fmt::Debug for Repeated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repeated").field("num_samples", &self.num_samples).finish_non_exhaustive()
    }
}

impl<'a> Repeated<'a> {
    /// Repeats `source` if it is shorter than a chunk.
    pub fn new(source: &'a mut dyn AudioSource) -> Self {
        Self { source, start: Vec::new(), num_samples: 0, is_finished: false }
    }

    /// Seconds of the recording itself that have been read so far.
    pub fn duration_s(&self) -> f64 {
        self.num_samples as f64 / f64::from(SAMPLE_RATE)
    }

    /// Share of the samples read that are the recording itself, within (0, 1]; 1 for an empty
    /// recording.
    pub fn share(&self) -> f64 {
        if self.num_samples == 0 { 1.0 } else { (self.num_samples as f64 / CHUNK_SAMPLES as f64).min(1.0) }
    }
}

impl AudioSource for Repeated<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        if self.is_finished {
            return Ok(false);
        }
        let before = out.len();
        if self.source.read(out)? {
            let new = &out[before..];
            self.num_samples += new.len() as u64;
            self.start.extend_from_slice(&new[..new.len().min(CHUNK_SAMPLES - self.start.len())]);
            return Ok(true);
        }
        self.is_finished = true;
        let missing = CHUNK_SAMPLES - self.start.len();
        out.extend(self.start.iter().cycle().take(missing));
        Ok(out.len() > before)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        let chunk_s = CHUNK_SAMPLES as f64 / f64::from(SAMPLE_RATE);
        self.source.duration_hint_s().map(|seconds| if seconds > 0.0 { seconds.max(chunk_s) } else { seconds })
    }

    fn inner(&self) -> Option<&dyn AudioSource> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SliceSource;

    fn read(samples: &[f32]) -> (Vec<f32>, f64, f64) {
        let mut source = SliceSource::new(samples);
        let mut repeated = Repeated::new(&mut source);
        let mut out = Vec::new();
        while repeated.read(&mut out).unwrap() {}
        assert!(!repeated.read(&mut out).unwrap());
        (out, repeated.duration_s(), repeated.share())
    }

    #[test]
    fn a_short_recording_fills_one_chunk() {
        let samples: Vec<f32> = (0..48_000).map(|i| i as f32).collect();
        let (out, duration_s, share) = read(&samples);
        assert_eq!(out.len(), CHUNK_SAMPLES);
        assert!(out.iter().enumerate().all(|(i, value)| *value == (i % 48_000) as f32));
        assert_eq!((duration_s, share), (3.0, 0.3));
    }

    #[test]
    fn empty_and_long_recordings_are_not_repeated() {
        for length in [0, CHUNK_SAMPLES, CHUNK_SAMPLES + 1] {
            let samples = vec![0.5; length];
            assert_eq!(read(&samples), (samples, length as f64 / 16_000.0, 1.0));
        }
    }
}
