//! AAC, by two decoders.
//!
//! Symphonia decodes AAC-LC with one or two channels, 1024 samples per frame: nearly every file.
//! HE-AAC is AAC-LC at half the rate, with a description of the upper half of the spectrum in parts
//! that an LC decoder skips. The half rate is at least 16 kHz in practice, which is all that is
//! needed, so the configuration (ISO/IEC 14496-3 section 1.6) is rewritten to plain AAC-LC. HE-AAC
//! v2 codes mono in the same way, with a description of the stereo image beside it.
//!
//! The crate `rusty_aac` decodes the rest: more channels, other frame lengths and object types.

use std::fmt;

use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::{Result as MediaResult, decode_error};
use symphonia::core::packet::PacketRef;

/// Object types (table 1.17).
const AAC_LC: u32 = 2;
const SBR: u32 = 5;
const PS: u32 = 29;
const USAC: u32 = 42;

/// Rates by their index (table 1.18).
pub(super) const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Longest frame, in samples: 1024, twice as many with SBR.
const MAX_FRAME: usize = 2_048;

/// How a stream is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// By Symphonia, with this configuration.
    Plain([u8; 2]),
    /// By `rusty_aac`, with its own configuration.
    Other,
    /// xHE-AAC, which no decoder here knows.
    Usac,
}

/// Chooses the decoder; `None` for a configuration that is too short.
pub(super) fn plan(config: &[u8]) -> Option<Plan> {
    let mut bits = Bits { bytes: config, position: 0 };
    let mut object_type = bits.object_type()?;
    let rate = bits.rate_index()?;
    let channels = bits.read(4)?;
    if matches!(object_type, SBR | PS) {
        bits.rate_index()?;
        object_type = bits.object_type()?;
    }
    let has_long_frames = bits.read(1)? == 0;
    Some(match (object_type, rate, channels) {
        (USAC, ..) => Plan::Usac,
        (AAC_LC, Some(rate), 1 | 2) if has_long_frames => {
            let plain = AAC_LC << 11 | rate << 7 | channels << 3;
            Plan::Plain([(plain >> 8) as u8, plain as u8])
        }
        _ => Plan::Other,
    })
}

/// The configuration of AAC-LC in ADTS; `None` for one or two channels, or an odd rate.
pub(super) fn adts_config(params: &AudioCodecParameters) -> Option<[u8; 2]> {
    let rate = RATES.iter().position(|&rate| Some(rate) == params.sample_rate)? as u32;
    let channels = match params.channels.as_ref()?.count() as u32 {
        channels @ 3..=6 => channels,
        8 => 7,
        _ => return None,
    };
    let config = AAC_LC << 11 | rate << 7 | channels << 3;
    Some([(config >> 8) as u8, config as u8])
}

/// Bits of a configuration, highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn read(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.position / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.position % 8) & 1);
            self.position += 1;
        }
        Some(value)
    }

    fn object_type(&mut self) -> Option<u32> {
        match self.read(5)? {
            31 => Some(32 + self.read(6)?),
            object_type => Some(object_type),
        }
    }

    /// The index of the rate; `Some(None)` for a rate without an index.
    fn rate_index(&mut self) -> Option<Option<u32>> {
        match self.read(4)? {
            15 => self.read(24).map(|_| None),
            index => Some(Some(index)),
        }
    }
}

/// The decoder of `rusty_aac` in Symphonia's interface.
pub(super) struct OtherAac {
    params: AudioCodecParameters,
    config: Vec<u8>,
    decoder: rusty_aac::AacDecoder,
    buffer: AudioBuffer<f32>,
}

impl OtherAac {
    /// A decoder, or the reason why there is none.
    pub(super) fn new(params: &AudioCodecParameters, config: &[u8]) -> Result<Self, String> {
        let decoder = rusty_aac::AacDecoder::with_config_bytes(config).map_err(|error| error.to_string())?;
        let buffer =
            AudioBuffer::new(AudioSpec::new(params.sample_rate.unwrap_or(0), Channels::Discrete(1)), MAX_FRAME);
        Ok(Self { params: params.clone(), config: config.to_vec(), decoder, buffer })
    }
}

impl fmt::Debug for OtherAac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherAac").field("config", &self.config).finish_non_exhaustive()
    }
}

impl AudioDecoder for OtherAac {
    fn reset(&mut self) {
        if let Ok(decoder) = rusty_aac::AacDecoder::with_config_bytes(&self.config) {
            self.decoder = decoder;
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        &CodecInfo { short_name: "aac", long_name: "Advanced Audio Coding", profiles: &[] }
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> MediaResult<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        let Ok(frame) = self.decoder.decode(packet.data, None) else { return decode_error("aac: damaged packet") };
        let spec = AudioSpec::new(frame.sample_rate, Channels::Discrete(frame.channels));
        if *self.buffer.spec() != spec {
            self.buffer = AudioBuffer::new(spec, MAX_FRAME);
        }
        let num_frames = frame.frames();
        if num_frames > self.buffer.capacity() {
            return decode_error("aac: frame too long");
        }
        self.buffer.render_uninit(Some(num_frames));
        self.buffer.copy_from_slice_interleaved(&&frame.samples[..num_frames * usize::from(frame.channels)]);
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_efficiency_is_reduced_to_its_core() {
        // AAC-LC at 24 kHz, mono: plain, and with each way to announce SBR and PS.
        let plain = [0x13, 0x08];
        assert_eq!(plan(&plain), Some(Plan::Plain(plain)));
        assert_eq!(plan(&[0x13, 0x08, 0x56, 0xe5, 0x98]), Some(Plan::Plain(plain)), "compatible signalling");
        assert_eq!(plan(&[0x2b, 0x09, 0x88, 0x00]), Some(Plan::Plain(plain)), "SBR");
        assert_eq!(plan(&[0xeb, 0x09, 0x88, 0x00]), Some(Plan::Plain(plain)), "SBR and PS");
        assert_eq!(plan(&[0x13]), None);
        assert_eq!(plan(&[0x13, 0x30]), Some(Plan::Other), "six channels");
        assert_eq!(plan(&[0x0b, 0x08]), Some(Plan::Other), "AAC Main");
        assert_eq!(plan(&[0x13, 0x0c]), Some(Plan::Other), "960 samples");
        assert_eq!(plan(&[0x13, 0x00]), Some(Plan::Other), "a layout of its own");
        assert_eq!(plan(&[0xf9, 0x46, 0x40, 0, 0]), Some(Plan::Usac));
    }
}
