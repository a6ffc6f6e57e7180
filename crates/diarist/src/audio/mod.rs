//! Converts any audio to 16 kHz mono `f32`, as a stream.
//!
//! [`open`] decodes a file through Symphonia (WAV, AIFF, CAF, FLAC, MP3, AAC, ALAC, Vorbis, Opus in
//! their usual containers), [`open_bytes`] a file that is in memory, and [`open_stream`] one that
//! comes through a pipe. [`pcm`] reads raw samples from a stream, [`SamplesSource`] takes them from
//! memory, and [`SliceSource`] those at 16 kHz. Channels are mixed by their mean (those of opposite
//! phase are inverted first), and [`Resampler`] converts the result to 16 kHz. No part holds more
//! than a block of the recording.

mod aac;
mod adts;
mod bytes;
mod caf;
mod chunks;
mod codecs;
mod contain;
mod container;
mod decode;
mod elements;
mod entries;
mod faults;
mod file;
mod fragments;
mod header;
mod identify;
mod matroska;
mod memory;
mod mix;
mod more;
mod mp4;
mod open;
mod opus;
mod packing;
mod pcm;
mod quicktime;
mod repeated;
mod resample;
mod samples;
mod source;
mod stream;
mod tail;
mod timeline;
mod tracks;
mod walker;
mod wav;

pub use file::{AudioFile, AudioInfo};
pub use memory::SamplesSource;
pub use open::{open, open_bytes, open_bytes_selected, open_selected};
pub use pcm::{PcmFormat, PcmSource, pcm};
pub use repeated::Repeated;
pub use resample::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler};
pub use source::{AudioSource, SliceSource, SourceTimes};
pub use stream::{RawPcm, open_stream};
pub use tracks::Selection;

#[cfg(test)]
mod tests;
