//! Opus in Ogg, which browsers play.

use diarist::{Error, ErrorKind, Result};
use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use ropus::{Application, Bitrate, Channels, Encoder};

use crate::peaks::SAMPLE_RATE;

/// Samples per packet: 20 ms.
const FRAME: usize = 320;
/// Opus counts samples at this rate, for any rate of the recording.
const OPUS_RATE: u64 = 48_000;
/// Bits per second that one channel of speech needs to sound as recorded; 11 MB per hour, 14 in
/// Base64.
const BIT_RATE: u32 = 24_000;
/// A second of sound per page of the stream, so that a player finds a moment quickly.
const PACKETS_PER_PAGE: u64 = 50;

/// Opus in Ogg (RFC 7845), one channel.
pub(super) struct Stream {
    encoder: Encoder,
    writer: PacketWriter<'static, Vec<u8>>,
    pending: Vec<f32>,
    packet: Vec<u8>,
    /// Packets written, and samples taken.
    num_packets: u64,
    num_samples: u64,
    /// Samples at 48 kHz that the encoder puts before the sound.
    pre_skip: u64,
}

/// Number of the stream; any number works for a single stream.
const SERIAL: u32 = 1;

impl Stream {
    pub(super) fn new() -> Result<Self> {
        let builder = Encoder::builder(SAMPLE_RATE, Channels::Mono, Application::Voip);
        let bit_rate = Bitrate::try_bits(BIT_RATE).map_err(internal)?;
        let encoder = builder.bitrate(bit_rate).complexity(1).build().map_err(internal)?;
        let pre_skip = u64::from(encoder.lookahead()) * OPUS_RATE / u64::from(SAMPLE_RATE);
        let mut writer = PacketWriter::new(Vec::new());
        // Section 5.1: version, channels, samples to skip, original rate, gain, mapping.
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend((pre_skip as u16).to_le_bytes());
        head.extend(SAMPLE_RATE.to_le_bytes());
        head.extend([0, 0, 0]);
        // Section 5.2: the program, and no comments.
        let mut tags = b"OpusTags\x07\0\0\0diarist".to_vec();
        tags.extend([0; 4]);
        for header in [head, tags] {
            let end = PacketWriteEndInfo::EndPage;
            writer.write_packet(header, SERIAL, end, 0).map_err(internal)?;
        }
        let packet = vec![0; 4000];
        Ok(Self { encoder, writer, pending: Vec::new(), packet, num_packets: 0, num_samples: 0, pre_skip })
    }

    pub(super) fn push(&mut self, samples: &[f32]) -> Result<()> {
        self.num_samples += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        // `finish` writes the last packet, since it marks the end.
        let rest = self.pending.split_off(self.pending.len().saturating_sub(1) / FRAME * FRAME);
        let whole = std::mem::replace(&mut self.pending, rest);
        whole.chunks_exact(FRAME).try_for_each(|frame| self.write(frame, false))
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        let total = self.pre_skip + self.num_samples * OPUS_RATE / u64::from(SAMPLE_RATE);
        // Silence pushes out the samples that the encoder still holds.
        while (self.num_packets + 1) * FRAME as u64 * 3 < total {
            let mut frame = std::mem::take(&mut self.pending);
            let rest = frame.split_off(frame.len().min(FRAME));
            frame.resize(FRAME, 0.0);
            self.pending = rest;
            self.write(&frame, false)?;
        }
        let mut frame = std::mem::take(&mut self.pending);
        frame.resize(FRAME, 0.0);
        self.write(&frame, true)?;
        Ok(self.writer.into_inner())
    }

    fn write(&mut self, frame: &[f32], is_last: bool) -> Result<()> {
        let length = self.encoder.encode_float(frame, &mut self.packet).map_err(internal)?;
        self.num_packets += 1;
        let all = self.num_packets * FRAME as u64 * OPUS_RATE / u64::from(SAMPLE_RATE);
        // The position of the last packet marks the end of the sound in it (section 4).
        let sound = self.pre_skip + self.num_samples * OPUS_RATE / u64::from(SAMPLE_RATE);
        let (end, position) = match is_last {
            true => (PacketWriteEndInfo::EndStream, sound.min(all)),
            false if self.num_packets.is_multiple_of(PACKETS_PER_PAGE) => (PacketWriteEndInfo::EndPage, all),
            false => (PacketWriteEndInfo::NormalPacket, all),
        };
        let packet = self.packet[..length].to_vec();
        self.writer.write_packet(packet, SERIAL, end, position).map_err(internal)
    }
}

/// An encoder that refuses speech is a fault of diarist.
fn internal(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the sound cannot be encoded: {error}"))
}
