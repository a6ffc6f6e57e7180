//! Frames of Matroska that a muxer packed without loss (RFC 9559 section 5.1.4.1.31): by zlib, or
//! by leaving out the bytes that all of them begin with.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::elements::{TRACK_ENTRY, TRACK_NUMBER, child, value};

/// Identifiers of elements.
const CONTENT_ENCODINGS: u32 = 0x6d80;
const CONTENT_ENCODING: u32 = 0x6240;
const ENCODING_TYPE: u32 = 0x5033;
const ENCODING_SCOPE: u32 = 0x5032;
const COMPRESSION: u32 = 0x5034;
const ALGORITHM: u32 = 0x4254;
const SETTINGS: u32 = 0x4255;

/// Longest frame that is restored, in bytes.
const MAX_FRAME_BYTES: u64 = 1 << 24;

/// The way in which the frames of a track are packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packing {
    Zlib,
    /// Frames lack these first bytes.
    Stripped(Vec<u8>),
    /// A form that is not read.
    Refused(&'static str),
}

impl Packing {
    /// The content of a frame; `None` if it is damaged.
    pub(super) fn unpack(&self, data: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Zlib => {
                let mut content = Vec::new();
                ZlibDecoder::new(data).take(MAX_FRAME_BYTES).read_to_end(&mut content).ok()?;
                Some(content)
            }
            Self::Stripped(start) => Some([start, data].concat()),
            Self::Refused(_) => None,
        }
    }
}

/// The numbers of the packed tracks, from the content of the element `Tracks`.
pub(super) fn of_tracks(mut tracks: &[u8]) -> Vec<(u32, Packing)> {
    let mut found = Vec::new();
    while let Some((id, mut entry)) = child(&mut tracks) {
        let (mut number, mut packing) = (None, None);
        while let (TRACK_ENTRY, Some((id, content))) = (id, child(&mut entry)) {
            match id {
                TRACK_NUMBER => number = u32::try_from(value(content)).ok(),
                CONTENT_ENCODINGS => packing = of_encodings(content),
                _ => {}
            }
        }
        found.extend(number.zip(packing));
    }
    found
}

fn of_encodings(mut encodings: &[u8]) -> Option<Packing> {
    let mut found = None;
    while let Some((id, mut fields)) = child(&mut encodings) {
        let (mut kind, mut scope, mut packing) = (0, 1, Packing::Zlib);
        while let (CONTENT_ENCODING, Some((id, content))) = (id, child(&mut fields)) {
            match id {
                ENCODING_TYPE => kind = value(content),
                ENCODING_SCOPE => scope = value(content),
                COMPRESSION => packing = of_compression(content),
                _ => {}
            }
        }
        let is_of_frames = scope & 1 != 0;
        found = match (id, kind) {
            (CONTENT_ENCODING, 0) if found.is_some() => Some(Packing::Refused("packed several times")),
            (CONTENT_ENCODING, 0) => Some(packing).filter(|_| is_of_frames),
            (CONTENT_ENCODING, _) => Some(Packing::Refused("encrypted")),
            _ => found,
        };
    }
    found
}

fn of_compression(mut fields: &[u8]) -> Packing {
    let (mut algorithm, mut settings) = (0, Vec::new());
    while let Some((id, content)) = child(&mut fields) {
        match id {
            ALGORITHM => algorithm = value(content),
            SETTINGS => settings = content.to_vec(),
            _ => {}
        }
    }
    match algorithm {
        0 => Packing::Zlib,
        1 => Packing::Refused("packed by bzlib"),
        2 => Packing::Refused("packed by lzo1x"),
        3 => Packing::Stripped(settings),
        _ => Packing::Refused("packed in an unknown way"),
    }
}
