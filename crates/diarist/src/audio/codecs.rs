//! The decoders of coded audio, made only where the header asks for what a real file has.

use std::sync::LazyLock;

use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known,
};
use symphonia::core::codecs::registry::CodecRegistry;

use super::aac::{self, OtherAac, Plan};
use super::contain::contain;
use super::identify::codec_name;
use super::opus::OpusDecoder;

/// Every codec of Symphonia, and Opus.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<OpusDecoder>();
    registry
});

/// Hint for audio that diarist does not read.
pub(super) const CONVERT: &str = "convert it first, for example with: ffmpeg -i INPUT -vn -ac 1 -ar 16000 OUTPUT.wav";

/// Most frames in one packet, and most samples (frames times channels). Decoders reserve memory for
/// what the header promises; the longest packets of real files (FLAC) have 65,535 frames.
const MAX_PACKET_FRAMES: u64 = 1 << 18;
const MAX_PACKET_SAMPLES: u64 = 1 << 22;

/// A decoder for a track; otherwise the reason why there is none, as a sentence's end after the
/// name of the file.
pub(super) fn decoder(params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, String> {
    let mut params = params.clone();
    if is_pcm(&params) {
        // The decoder then reserves what the packets really need.
        params.max_frames_per_packet = None;
    }
    if !is_plausible(&params) {
        return Err("its header asks for packets of an impossible length".to_owned());
    }
    if params.codec == well_known::CODEC_ID_AAC {
        let config = match params.extra_data.as_deref() {
            Some(config) => Some(config.to_vec()),
            None => aac::adts_config(&params).map(Vec::from),
        };
        match config.as_deref().map(|config| (config, aac::plan(config))) {
            Some((_, Some(Plan::Plain(plain)))) => params.extra_data = Some(plain.into()),
            Some((config, Some(Plan::Other))) => {
                return match contain(|| OtherAac::new(&params, config)).unwrap_or_else(Err) {
                    Ok(decoder) => Ok(Box::new(decoder)),
                    Err(reason) => {
                        Err(format!("its audio is coded as AAC in a form that diarist cannot decode ({reason})"))
                    }
                };
            }
            Some((_, Some(Plan::Usac))) => {
                return Err("its audio is coded as xHE-AAC (USAC), which diarist cannot decode".to_owned());
            }
            Some((_, None)) | None => {}
        }
    }
    // MPEG audio is cut by the `PacketDecoder`: the container's reader cuts at an end that it only
    // estimates.
    let options = AudioDecoderOptions::default().gapless(!is_mpeg_audio(&params));
    match contain(|| CODECS.make_audio_decoder(&params, &options)) {
        Ok(Ok(decoder)) => Ok(decoder),
        Ok(Err(error)) => Err(match codec_name(params.codec) {
            Some(codec) => format!("its audio is coded as {codec}, which diarist cannot decode"),
            None => format!("its audio codec is unknown or encrypted ({error})"),
        }),
        Err(reason) => Err(format!("its header is damaged ({reason})")),
    }
}

/// The codec of the same samples in big-endian order.
pub(super) fn big_endian(codec: AudioCodecId) -> AudioCodecId {
    match codec {
        well_known::CODEC_ID_PCM_S24LE => well_known::CODEC_ID_PCM_S24BE,
        well_known::CODEC_ID_PCM_S32LE => well_known::CODEC_ID_PCM_S32BE,
        well_known::CODEC_ID_PCM_F32LE => well_known::CODEC_ID_PCM_F32BE,
        well_known::CODEC_ID_PCM_F64LE => well_known::CODEC_ID_PCM_F64BE,
        other => other,
    }
}

/// Whether the codec is MPEG-1 or MPEG-2 audio of any layer.
pub(super) fn is_mpeg_audio(params: &AudioCodecParameters) -> bool {
    matches!(params.codec, well_known::CODEC_ID_MP1 | well_known::CODEC_ID_MP2 | well_known::CODEC_ID_MP3)
}

/// The codec of a frame of MPEG audio, by its header.
pub(super) fn layer(frame: &[u8]) -> Option<AudioCodecId> {
    match *frame {
        [0xff, kind, ..] if kind & 0xe0 == 0xe0 => match kind >> 1 & 3 {
            3 => Some(well_known::CODEC_ID_MP1),
            2 => Some(well_known::CODEC_ID_MP2),
            1 => Some(well_known::CODEC_ID_MP3),
            _ => None,
        },
        _ => None,
    }
}

fn is_pcm(params: &AudioCodecParameters) -> bool {
    [
        well_known::CODEC_ID_PCM_S32LE,
        well_known::CODEC_ID_PCM_S32BE,
        well_known::CODEC_ID_PCM_S24LE,
        well_known::CODEC_ID_PCM_S24BE,
        well_known::CODEC_ID_PCM_S16LE,
        well_known::CODEC_ID_PCM_S16BE,
        well_known::CODEC_ID_PCM_S8,
        well_known::CODEC_ID_PCM_U8,
        well_known::CODEC_ID_PCM_F32LE,
        well_known::CODEC_ID_PCM_F32BE,
        well_known::CODEC_ID_PCM_F64LE,
        well_known::CODEC_ID_PCM_F64BE,
        well_known::CODEC_ID_PCM_ALAW,
        well_known::CODEC_ID_PCM_MULAW,
    ]
    .contains(&params.codec)
}

/// Whether packets have a length that real files have.
fn is_plausible(params: &AudioCodecParameters) -> bool {
    let channels = params.channels.as_ref().map_or(1, |channels| channels.count()) as u64;
    let cookie_frames = match params.codec {
        well_known::CODEC_ID_ALAC => params.extra_data.as_deref().and_then(alac_frames),
        _ => None,
    };
    let frames = [params.max_frames_per_packet, params.frames_per_block, cookie_frames];
    frames
        .into_iter()
        .flatten()
        .all(|frames| frames <= MAX_PACKET_FRAMES && frames.saturating_mul(channels) <= MAX_PACKET_SAMPLES)
}

/// Frames in a packet of ALAC, from its configuration, which may lie inside two boxes.
fn alac_frames(mut cookie: &[u8]) -> Option<u64> {
    for kind in [b"frma", b"alac"] {
        if cookie.get(4..8) == Some(kind) {
            cookie = cookie.get(12..)?;
        }
    }
    let field = cookie.first_chunk::<4>()?;
    Some(u64::from(u32::from_be_bytes(*field)))
}
