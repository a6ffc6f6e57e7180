//! Raw PCM without a header, for example from a pipe.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::time::Duration;

use super::mix::Mixer;
use super::resample::Resampler;
use super::samples::check_finite;
use super::source::{AudioSource, SourceTimes};
use crate::clock::Instant;
use crate::error::{Error, Result};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// Encoding of one raw sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PcmFormat {
    /// Signed 16-bit integers, little-endian.
    S16le,
    /// 32-bit IEEE floats in [-1, 1], little-endian.
    F32le,
}

impl PcmFormat {
    fn num_bytes(self) -> usize {
        match self {
            Self::S16le => 2,
            Self::F32le => 4,
        }
    }
}

/// Raw interleaved PCM as a stream; made by [`pcm`].
pub struct PcmSource {
    reader: Box<dyn Read + Send>,
    format: PcmFormat,
    num_channels: usize,
    mixer: Mixer,
    resampler: Resampler,
    /// Bytes that were read; less than one frame of them remains between two calls.
    bytes: Vec<u8>,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    num_frames: u64,
    sample_rate: u32,
    finished: bool,
    warnings: Vec<String>,
    resampling: Duration,
}

impl fmt::Debug for PcmSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PcmSource")
            .field("format", &self.format)
            .field("num_channels", &self.num_channels)
            .field("sample_rate", &self.sample_rate)
            .field("num_frames", &self.num_frames)
            .finish_non_exhaustive()
    }
}

/// Raw interleaved PCM from `reader` with the given encoding, `sample_rate` (Hz) and number of
/// `channels`.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] if there are no channels; [`crate::ErrorKind::Input`] if the
/// sample rate is out of range.
pub fn pcm(
    reader: impl Read + Send + 'static,
    format: PcmFormat,
    sample_rate: u32,
    channels: u16,
) -> Result<PcmSource> {
    if channels == 0 {
        return Err(Error::invalid_option("raw PCM needs at least one channel"));
    }
    Ok(PcmSource {
        reader: Box::new(reader),
        format,
        num_channels: usize::from(channels),
        mixer: Mixer::default(),
        resampler: Resampler::new(sample_rate)?,
        bytes: Vec::new(),
        interleaved: Vec::new(),
        mono: Vec::new(),
        num_frames: 0,
        sample_rate,
        finished: false,
        warnings: Vec::new(),
        resampling: Duration::ZERO,
    })
}

impl PcmSource {
    /// Takes `channel` (from 1) alone in place of the mix of all.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if there is no such channel.
    pub fn with_channel(mut self, channel: usize) -> Result<Self> {
        self.mixer = Mixer::new(Some(channel))?;
        self.mixer.check(self.num_channels)?;
        Ok(self)
    }

    /// Reads more bytes; returns `false` at the end of the input.
    fn fill(&mut self) -> Result<bool> {
        let kept = self.bytes.len();
        self.bytes.resize(kept + BLOCK_BYTES, 0);
        let read = loop {
            match self.reader.read(&mut self.bytes[kept..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.bytes.truncate(kept + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(count) => Ok(count > 0),
            Err(error) => Err(Error::input("the raw audio cannot be read").caused_by(error)),
        }
    }

    /// Converts the whole frames among the bytes read and keeps the rest.
    fn convert(&mut self) {
        let sample_bytes = self.format.num_bytes();
        let frame_bytes = sample_bytes * self.num_channels;
        let whole = self.bytes.len() / frame_bytes * frame_bytes;
        self.interleaved.clear();
        match self.format {
            PcmFormat::S16le => self.interleaved.extend(
                self.bytes[..whole].chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0),
            ),
            PcmFormat::F32le => self
                .interleaved
                .extend(self.bytes[..whole].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
        }
        self.bytes.drain(..whole);
        self.mono.clear();
        self.mixer.mix(&self.interleaved, self.num_channels, self.sample_rate, &mut self.mono);
    }
}

impl AudioSource for PcmSource {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let start = out.len();
        while !self.finished && out.len() == start {
            if self.fill()? {
                self.convert();
                check_finite(&self.mono, self.num_frames, self.sample_rate)?;
                self.num_frames += self.mono.len() as u64;
                let clock = Instant::now();
                self.resampler.push(&self.mono, out);
                self.resampling += clock.elapsed();
            } else {
                self.finished = true;
                self.warnings.extend(self.mixer.warning());
                if !self.bytes.is_empty() {
                    let count = self.bytes.len();
                    self.warnings.push(format!(
                        "the raw audio ends within a sample: its last {count} bytes were left out; check its format and channels"
                    ));
                }
                self.resampler.finish(out);
            }
        }
        Ok(out.len() > start)
    }

    fn times(&self) -> SourceTimes {
        SourceTimes { opening: Duration::ZERO, resampling: self.resampling }
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
