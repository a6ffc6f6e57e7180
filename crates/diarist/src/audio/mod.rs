//! Converts any audio to 16 kHz mono `f32`, as a stream.
//!
//! [`open`] decodes a file through Symphonia (WAV, AIFF, CAF, FLAC, MP3, AAC, ALAC, Vorbis, Opus in
//! their usual containers), and [`open_bytes`] a file that is in memory. [`pcm`] reads raw samples
//! from a stream, [`SamplesSource`] takes them from memory, and [`SliceSource`] those at 16 kHz.
//! Channels are mixed by their mean, and [`Resampler`] converts the result to 16 kHz. No part holds
//! more than a block of the recording.

mod decode;
mod file;
mod identify;
mod memory;
mod mp4;
mod opus;
mod pcm;
mod repeated;
mod resample;
mod samples;
mod source;
mod wav;

pub use file::{AudioFile, AudioInfo, open, open_bytes};
pub use memory::SamplesSource;
pub use pcm::{PcmFormat, PcmSource, pcm};
pub use repeated::Repeated;
pub use resample::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler};
pub use source::{AudioSource, SliceSource, SourceTimes};

#[cfg(test)]
mod tests;
