//! AAC in ADTS (ISO/IEC 13818-7 section 6.2), where the rate and the channels may change.
//!
//! The reader of Symphonia keeps to the first header. Files that were joined, and radio, have
//! others later on; this reader tells where, so that a new decoder can be made.

use std::io::{ErrorKind, Read};

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, well_known};
use symphonia::core::errors::{Error, Result, SeekErrorKind, seek_error, unsupported_error};
use symphonia::core::formats::{FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::{Metadata, MetadataLog};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::aac::RATES;

/// Bytes of a header that are looked at.
const HEADER_BYTES: usize = 7;
/// Bytes that are read at a time.
const BLOCK_BYTES: u64 = 16_384;
/// Samples of a frame.
const FRAME: u64 = 1_024;

/// Fields of a header that a decoder depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    object_type: u8,
    rate_index: u8,
    /// 0 if the channels are described within the frames.
    channels: u8,
}

/// The start of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    kind: Kind,
    header_bytes: usize,
    frame_bytes: usize,
    has_one_block: bool,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let &[0xff, sync, kind, channels, length, rest, blocks] = bytes.first_chunk::<HEADER_BYTES>()? else {
            return None;
        };
        let header_bytes = if sync & 1 == 0 { HEADER_BYTES + 2 } else { HEADER_BYTES };
        let frame_bytes = usize::from(channels & 3) << 11 | usize::from(length) << 3 | usize::from(rest) >> 5;
        let kind =
            Kind { object_type: kind >> 6, rate_index: kind >> 2 & 0xf, channels: (kind & 1) << 2 | channels >> 6 };
        let is_valid = sync & 0xf6 == 0xf0 && usize::from(kind.rate_index) < RATES.len() && frame_bytes >= header_bytes;
        is_valid.then_some(Self { kind, header_bytes, frame_bytes, has_one_block: blocks & 3 == 0 })
    }
}

/// A reader of ADTS.
pub(super) struct AdtsReader {
    stream: MediaSourceStream<'static>,
    info: FormatInfo,
    media_info: MediaInfo,
    metadata: MetadataLog,
    tracks: Vec<Track>,
    /// `None` before the first frame.
    kind: Option<Kind>,
    /// Bytes that were read, and how many of them were used.
    bytes: Vec<u8>,
    used: usize,
    time: Timestamp,
}

impl AdtsReader {
    /// Takes the place of Symphonia's reader, which has not read a packet yet.
    pub(super) fn instead_of(format: Box<dyn FormatReader>) -> Self {
        let (info, media_info) = (*format.format_info(), *format.media_info());
        Self {
            tracks: format.tracks().to_vec(),
            stream: format.into_inner(),
            info,
            media_info,
            metadata: MetadataLog::default(),
            kind: None,
            bytes: Vec::new(),
            used: 0,
            time: Timestamp::new(0),
        }
    }

    /// Reads ahead; returns `false` if fewer than `count` bytes are left.
    fn fill(&mut self, count: usize) -> Result<bool> {
        if self.bytes.len() - self.used < count {
            self.bytes.drain(..self.used);
            self.used = 0;
            let wanted = BLOCK_BYTES.max(count as u64);
            (&mut self.stream).take(wanted).read_to_end(&mut self.bytes)?;
        }
        Ok(self.bytes.len() - self.used >= count)
    }

    /// Whether a frame of another kind is followed by one like it or by the end, so that it cannot
    /// be an accident.
    fn is_confirmed(&mut self, header: Header) -> Result<bool> {
        if !self.fill(header.frame_bytes + HEADER_BYTES)? {
            return Ok(self.bytes.len() - self.used == header.frame_bytes);
        }
        let next = Header::parse(&self.bytes[self.used + header.frame_bytes..]);
        Ok(next.is_some_and(|next| next.kind == header.kind))
    }
}

/// The description of a track of frames of this kind.
fn track(kind: Kind) -> Track {
    let mut params = AudioCodecParameters::new();
    params.for_codec(well_known::CODEC_ID_AAC).with_sample_rate(RATES[usize::from(kind.rate_index)]);
    let count = if kind.channels == 7 { 8 } else { u32::from(kind.channels) };
    if let Some(positions) = Position::from_count(count).filter(|_| count > 0) {
        params.with_channels(Channels::Positioned(positions));
    }
    let mut track = Track::new(0);
    track.with_codec_params(CodecParameters::Audio(params));
    track
}

impl FormatReader for AdtsReader {
    fn format_info(&self) -> &FormatInfo {
        &self.info
    }

    fn media_info(&self) -> &MediaInfo {
        &self.media_info
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.metadata.metadata()
    }

    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        seek_error(SeekErrorKind::Unseekable)
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        loop {
            if !self.fill(HEADER_BYTES)? {
                return Ok(None);
            }
            let Some(header) = Header::parse(&self.bytes[self.used..]) else {
                self.used += 1;
                continue;
            };
            let is_other = self.kind.is_some_and(|kind| kind != header.kind);
            if is_other && !self.is_confirmed(header)? {
                self.used += 1;
                continue;
            }
            self.kind = Some(header.kind);
            if is_other {
                self.tracks = vec![track(header.kind)];
                return Err(Error::ResetRequired);
            }
            if !self.fill(header.frame_bytes)? {
                return Err(Error::IoError(ErrorKind::UnexpectedEof.into()));
            }
            let frame = self.used..self.used + header.frame_bytes;
            self.used = frame.end;
            if !header.has_one_block {
                return unsupported_error("adts: several blocks in one frame");
            }
            let time = self.time;
            self.time = time.saturating_add(Duration::new(FRAME));
            let data = self.bytes[frame.start + header.header_bytes..frame.end].to_vec();
            return Ok(Some(Packet::new(0, time, Duration::new(FRAME), data)));
        }
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.stream
    }
}
