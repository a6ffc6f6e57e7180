//! Elements of Matroska and WebM files (RFC 9559) that Symphonia reads but does not tell.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

use symphonia::core::packet::Packet;

use super::elements::{CLUSTER, TRACK_ENTRY, TRACK_NUMBER, child, header, value};
use super::packing::{self, Packing};
use super::tail;

/// Identifiers of elements (RFC 8794 section 11, RFC 9559 section 5).
const EBML: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_ae6b;
const FLAG_ENABLED: u32 = 0xb9;
const FLAG_DEFAULT: u32 = 0x88;

/// Most elements before the first cluster that are looked at; no sane file has more.
const MAX_ELEMENTS: usize = 1_000;
/// Longest description of the tracks, in bytes. It holds the codecs' headers.
const MAX_TRACKS_BYTES: u64 = 1 << 24;

/// Facts about a file from its elements; empty for a file that is not Matroska or is damaged.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    /// Whether the length was not known when the file was written, so that it ends wherever the
    /// recording ended.
    pub(super) is_open_ended: bool,
    /// Whether such a file ends within a packet.
    pub(super) is_cut: bool,
    /// Numbers of the tracks that are not meant to be played by default.
    pub(super) passed_over: Vec<u32>,
    /// Numbers of the tracks whose frames are packed, and how.
    packed: Vec<(u32, Packing)>,
}

impl Segment {
    /// Restores the content of a packet.
    pub(super) fn unpack(&self, mut packet: Packet) -> Packet {
        if let Some((_, packing)) = self.packed.iter().find(|(number, _)| *number == packet.track_id) {
            // The decoder refuses what cannot be restored.
            if let Some(data) = packing.unpack(&packet.data) {
                packet.data = data.into();
            }
        }
        packet
    }

    /// The reason why the frames of a track cannot be restored, as an adjective.
    pub(super) fn refusal(&self, number: u32) -> Option<&'static str> {
        self.packed.iter().find_map(|(packed, packing)| match packing {
            Packing::Refused(reason) if *packed == number => Some(*reason),
            _ => None,
        })
    }
}

/// Reads the elements before the first cluster; leaves the position at the start.
///
/// # Errors
/// If the file cannot be read (a file that ends too early is no error here).
pub(super) fn segment(file: &mut (impl Read + Seek)) -> Result<Segment> {
    let segment = read_segment(file).or_else(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Ok(Segment::default()),
        _ => Err(error),
    });
    file.seek(SeekFrom::Start(0))?;
    segment
}

fn read_segment(file: &mut (impl Read + Seek)) -> Result<Segment> {
    let mut segment = Segment::default();
    let Some((EBML, Some(size))) = header(file)? else { return Ok(segment) };
    skip(file, size)?;
    let Some((SEGMENT, size)) = header(file)? else { return Ok(segment) };
    segment.is_open_ended = size.is_none();
    for _ in 0..MAX_ELEMENTS {
        match header(file) {
            Ok(Some((TRACKS, Some(size)))) if size <= MAX_TRACKS_BYTES => {
                let mut tracks = Vec::new();
                file.by_ref().take(size).read_to_end(&mut tracks)?;
                segment.passed_over = passed_over(&tracks);
                segment.packed = packing::of_tracks(&tracks);
                break;
            }
            Ok(Some((id, Some(size)))) if id != CLUSTER => skip(file, size)?,
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error),
            _ => break,
        }
    }
    segment.is_cut = segment.is_open_ended && tail::is_cut(file)?;
    Ok(segment)
}

fn passed_over(mut tracks: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    while let Some((id, mut entry)) = child(&mut tracks) {
        let (mut number, mut is_played) = (None, true);
        while let (TRACK_ENTRY, Some((id, content))) = (id, child(&mut entry)) {
            let value = value(content);
            match id {
                TRACK_NUMBER => number = u32::try_from(value).ok(),
                FLAG_DEFAULT | FLAG_ENABLED => is_played &= value != 0,
                _ => {}
            }
        }
        found.extend(number.filter(|_| !is_played));
    }
    found
}

fn skip(file: &mut impl Seek, num_bytes: u64) -> Result<()> {
    let num_bytes = i64::try_from(num_bytes).map_err(|_| ErrorKind::UnexpectedEof)?;
    file.seek(SeekFrom::Current(num_bytes)).map(|_| ())
}
