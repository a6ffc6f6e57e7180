//! Opus for Symphonia, which reads the packets but has no decoder of its own.
//!
//! The crate `ropus`, a Rust port of libopus' fixed-point decoder, does the decoding (the choice is
//! explained in `docs/adr/0004-opus-and-resampler.md`). This module has the identification header
//! (RFC 7845 section 5.1; in MP4 the same fields in big-endian order, "Encapsulation of Opus in ISO
//! Base Media File Format" section 4.3.2) and the mapping of streams to channels.

use std::fmt;

use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Opus always decodes at 48 kHz, for any rate before encoding.
const SAMPLE_RATE: u32 = 48_000;
/// Samples per channel of the longest packet, 120 ms (RFC 6716 section 3.2).
const MAX_PACKET_SAMPLES: usize = 5_760;

/// The identification header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpusHead {
    /// Samples at 48 kHz to drop from the start.
    pub(super) pre_skip: u16,
    num_channels: u8,
    /// Gain in dB, Q7.8.
    gain: i16,
    /// Coded streams, how many of them are stereo, and the coded channel of each output channel
    /// (255: silent).
    num_streams: u8,
    num_coupled: u8,
    mapping: Vec<u8>,
}

impl OpusHead {
    /// Reads the header; `None` if it is too short, contradicts itself or has an unknown version.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let fields = data.strip_prefix(b"OpusHead")?;
        let bytes = |at: usize| Some([*fields.get(at)?, *fields.get(at + 1)?]);
        let num_channels = *fields.get(1)?;
        let (pre_skip, gain) = match fields[0] {
            0 => (u16::from_be_bytes(bytes(2)?), i16::from_be_bytes(bytes(8)?)),
            1..=15 => (u16::from_le_bytes(bytes(2)?), i16::from_le_bytes(bytes(8)?)),
            _ => return None,
        };
        let (num_streams, num_coupled, mapping) = if *fields.get(10)? == 0 {
            (1, num_channels.checked_sub(1)?, vec![0, 1])
        } else {
            let mapping = fields.get(13..13 + usize::from(num_channels))?.to_vec();
            (*fields.get(11)?, *fields.get(12)?, mapping)
        };
        let num_coded = u16::from(num_streams) + u16::from(num_coupled);
        let consistent = num_channels > 0
            && num_coupled <= num_streams
            && mapping.len() >= usize::from(num_channels)
            && mapping.iter().all(|&coded| coded == 255 || u16::from(coded) < num_coded.max(2));
        consistent.then_some(Self { pre_skip, num_channels, gain, num_streams, num_coupled, mapping })
    }
}

/// Opus decoder in Symphonia's interface; 16-bit samples at 48 kHz.
pub(super) struct OpusDecoder {
    params: AudioCodecParameters,
    decoder: ropus::OpusMSDecoder,
    num_channels: usize,
    interleaved: Vec<i16>,
    buffer: AudioBuffer<i16>,
}

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpusDecoder").field("num_channels", &self.num_channels).finish_non_exhaustive()
    }
}

impl OpusDecoder {
    fn new(params: &AudioCodecParameters) -> Result<Self> {
        let head = match params.extra_data.as_deref() {
            Some(data) => OpusHead::parse(data),
            // Without a header the stream is mono or stereo (RFC 6716).
            None => {
                params.channels.as_ref().map(Channels::count).filter(|count| (1..=2).contains(count)).map(|count| {
                    OpusHead {
                        pre_skip: 0,
                        num_channels: count as u8,
                        gain: 0,
                        num_streams: 1,
                        num_coupled: count as u8 - 1,
                        mapping: vec![0, 1],
                    }
                })
            }
        };
        let Some(head) = head else { return unsupported_error("opus: invalid identification header") };
        let num_channels = usize::from(head.num_channels);
        let decoder = ropus::OpusMSDecoder::new(
            SAMPLE_RATE as i32,
            i32::from(head.num_channels),
            i32::from(head.num_streams),
            i32::from(head.num_coupled),
            &head.mapping[..num_channels],
        );
        let Ok(mut decoder) = decoder else { return unsupported_error("opus: invalid channel mapping") };
        decoder.set_gain(i32::from(head.gain));
        let channels = params.channels.clone().filter(|channels| channels.count() == num_channels);
        let channels = channels.unwrap_or(Channels::Discrete(u16::from(head.num_channels)));
        Ok(Self {
            params: params.clone(),
            decoder,
            num_channels,
            interleaved: vec![0; MAX_PACKET_SAMPLES * num_channels],
            buffer: AudioBuffer::new(AudioSpec::new(SAMPLE_RATE, channels), MAX_PACKET_SAMPLES),
        })
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        self.decoder.reset();
    }

    fn codec_info(&self) -> &CodecInfo {
        &Self::supported_codecs()[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        let Ok(length) = i32::try_from(packet.data.len()) else { return decode_error("opus: packet too long") };
        if length == 0 {
            return decode_error("opus: empty packet");
        }
        let frame_size = MAX_PACKET_SAMPLES as i32;
        match self.decoder.decode(Some(packet.data), length, &mut self.interleaved, frame_size, false) {
            Ok(num_samples) => {
                let num_samples = num_samples as usize;
                self.buffer.render_uninit(Some(num_samples));
                self.buffer.copy_from_slice_interleaved(&&self.interleaved[..num_samples * self.num_channels]);
                self.buffer.trim(packet.trim_start.get() as usize, packet.trim_end.get() as usize);
                Ok(self.buffer.as_generic_audio_buffer_ref())
            }
            Err(_) => decode_error("opus: damaged packet"),
        }
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(params: &AudioCodecParameters, _: &AudioDecoderOptions) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::new(params)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        &[SupportedAudioCodec {
            id: CODEC_ID_OPUS,
            info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] },
        }]
    }
}
