//! Samples in memory, of any rate and number of channels.

use std::time::Duration;

use super::mix::Mixer;
use super::resample::Resampler;
use super::samples::check_finite;
use super::source::{AudioSource, SourceTimes};
use crate::clock::Instant;
use crate::error::{Error, Result};

/// Frames converted at a time.
const BLOCK_FRAMES: usize = 16_384;

/// Interleaved samples in memory, of any rate and number of channels. For 16 kHz mono,
/// [`SliceSource`](super::SliceSource) does without a conversion.
///
/// ```
/// use diarist::Recording;
/// use diarist::parts::audio::SamplesSource;
///
/// let stereo = [0.25, -0.25, 0.5, -0.5];
/// let recording = Recording::from_source("talk", SamplesSource::new(&stereo, 2, 44_100)?);
/// # Ok::<(), diarist::Error>(())
/// ```
pub struct SamplesSource<'a> {
    interleaved: &'a [f32],
    num_channels: usize,
    sample_rate: u32,
    /// Frames read so far.
    position: usize,
    /// `None` once its last samples were read.
    resampler: Option<Resampler>,
    mixer: Mixer,
    warnings: Vec<String>,
    mono: Vec<f32>,
    resampling: Duration,
}

impl std::fmt::Debug for SamplesSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SamplesSource")
            .field("num_channels", &self.num_channels)
            .field("sample_rate", &self.sample_rate)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl<'a> SamplesSource<'a> {
    /// A source over `interleaved`, of shape `[frame, channel]`: samples in [-1, 1] at
    /// `sample_rate` Hz. Channels are mixed by their mean; those of opposite phase are inverted
    /// first.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if there are no channels or the last frame is not whole;
    /// [`crate::ErrorKind::Input`] if the sample rate is out of range.
    pub fn new(interleaved: &'a [f32], num_channels: u16, sample_rate: u32) -> Result<Self> {
        let num_samples = interleaved.len();
        let num_channels = usize::from(num_channels);
        if num_channels == 0 {
            return Err(Error::invalid_option("the number of channels is 0, but must be at least 1"));
        }
        if !num_samples.is_multiple_of(num_channels) {
            let message = format!("{num_samples} samples are not a whole number of frames of {num_channels} channels");
            return Err(Error::invalid_option(message));
        }
        let resampler = Some(Resampler::new(sample_rate)?);
        Ok(Self {
            interleaved,
            num_channels,
            sample_rate,
            position: 0,
            resampler,
            mixer: Mixer::default(),
            warnings: Vec::new(),
            mono: Vec::new(),
            resampling: Duration::ZERO,
        })
    }

    /// Takes `channel` (from 1) alone in place of the mix of all.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if there is no such channel.
    pub fn with_channel(mut self, channel: usize) -> Result<Self> {
        self.mixer = Mixer::new(Some(channel))?;
        self.mixer.check(self.num_channels)?;
        Ok(self)
    }

    fn num_frames(&self) -> usize {
        self.interleaved.len() / self.num_channels
    }
}

impl AudioSource for SamplesSource<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let before = out.len();
        let num_frames = self.num_frames();
        while out.len() == before {
            let Some(resampler) = &mut self.resampler else { break };
            let end = (self.position + BLOCK_FRAMES).min(num_frames);
            self.mono.clear();
            let block = &self.interleaved[self.position * self.num_channels..end * self.num_channels];
            self.mixer.mix(block, self.num_channels, self.sample_rate, &mut self.mono);
            check_finite(&self.mono, self.position as u64, self.sample_rate)?;
            let clock = Instant::now();
            resampler.push(&self.mono, out);
            if end == num_frames {
                resampler.finish(out);
                self.resampler = None;
                self.warnings.extend(self.mixer.warning());
            }
            self.resampling += clock.elapsed();
            self.position = end;
        }
        Ok(out.len() > before)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        Some(self.num_frames() as f64 / f64::from(self.sample_rate))
    }

    fn times(&self) -> SourceTimes {
        SourceTimes { opening: Duration::ZERO, resampling: self.resampling }
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{PcmFormat, SliceSource, pcm};
    use super::*;
    use crate::ErrorKind;

    fn all(mut source: impl AudioSource) -> Result<Vec<f32>> {
        let mut out = Vec::new();
        while source.read(&mut out)? {}
        Ok(out)
    }

    fn noise(num_samples: usize) -> Vec<f32> {
        (0..num_samples).map(|i| (i * 7919 % 1000) as f32 / 1000.0 - 0.5).collect()
    }

    #[test]
    fn samples_are_converted_as_raw_pcm_is() {
        for (num_channels, sample_rate) in [(1, 16_000), (2, 16_000), (3, 44_100), (2, 8_000)] {
            for num_frames in [0, 1, BLOCK_FRAMES, 2 * BLOCK_FRAMES + 5] {
                let samples = noise(num_frames * usize::from(num_channels));
                let source = SamplesSource::new(&samples, num_channels, sample_rate).unwrap();
                assert_eq!(source.duration_hint_s(), Some(num_frames as f64 / f64::from(sample_rate)));
                let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
                let raw = pcm(Cursor::new(bytes), PcmFormat::F32le, sample_rate, num_channels).unwrap();
                let case = (num_channels, sample_rate, num_frames);
                assert!(all(source).unwrap() == all(raw).unwrap(), "{case:?}");
            }
        }
        let samples = noise(50_000);
        let direct = all(SliceSource::new(&samples)).unwrap();
        assert!(all(SamplesSource::new(&samples, 1, 16_000).unwrap()).unwrap() == direct);
    }

    #[test]
    fn unusable_samples_are_refused() {
        let kind = |samples: &[f32], num_channels, sample_rate| {
            SamplesSource::new(samples, num_channels, sample_rate).and_then(all).unwrap_err().kind()
        };
        assert_eq!(kind(&[0.0], 0, 16_000), ErrorKind::InvalidOption);
        assert_eq!(kind(&[0.0; 3], 2, 16_000), ErrorKind::InvalidOption);
        assert_eq!(kind(&[0.0], 1, 1), ErrorKind::Input);
        assert_eq!(kind(&[0.0, f32::NAN], 1, 16_000), ErrorKind::Input);
    }
}
