//! Records: a kind, a length, a payload, and a checksum over the file so far.

use std::io::{self, Read};

use crate::error::{Error, Result};

/// Length in bytes of the longest payload: that of a full block, plus the overhead of compression.
pub(super) const MAX_PAYLOAD_BYTES: u32 = 1 << 20;

/// CRC-32 of all bytes so far except the checksums. A CRC over its own value would lose all
/// information about the bytes before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Checksum(crc32fast::Hasher);

impl Checksum {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn value(&self) -> u32 {
        self.0.clone().finalize()
    }

    /// Adds `bytes` to the checksum and appends the checksum to them.
    pub(super) fn close(&mut self, bytes: &mut Vec<u8>) {
        self.update(bytes);
        bytes.extend_from_slice(&self.value().to_le_bytes());
    }
}

/// The part of the recording that the chunks before the mark were made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioMark {
    /// Number of samples (16 kHz) read.
    pub num_samples: u64,
    /// Whether the recording ended there.
    pub is_end: bool,
    /// SHA-256 of these samples as little-endian 32-bit floats.
    pub sha256: [u8; 32],
}

/// The kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Chunks = 1,
    Mark = 2,
    End = 3,
    Corrections = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Chunks, Self::Mark, Self::End, Self::Corrections].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The bytes of a record. Updates `checksum`.
pub(super) fn encode(kind: Kind, payload: &[u8], checksum: &mut Checksum) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 9);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(payload);
    checksum.close(&mut bytes);
    bytes
}

/// The next record; `None` where the file is cut or damaged. Updates `checksum` only after a good
/// record.
pub(super) fn decode(input: &mut impl Read, checksum: &mut Checksum) -> Result<Option<(Kind, Vec<u8>)>> {
    let mut start = [0; 5];
    if !read_exactly(input, &mut start)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes([start[1], start[2], start[3], start[4]]);
    let Some(kind) = Kind::of(start[0]).filter(|_| length <= MAX_PAYLOAD_BYTES) else { return Ok(None) };
    // The buffer grows with the data, so a damaged length cannot make it too large.
    let mut payload = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut payload).map_err(unreadable)?;
    let mut found = [0; 4];
    if payload.len() != length as usize || !read_exactly(input, &mut found)? {
        return Ok(None);
    }
    let mut after = checksum.clone();
    after.update(&start);
    after.update(&payload);
    if after.value() != u32::from_le_bytes(found) {
        return Ok(None);
    }
    *checksum = after;
    Ok(Some((kind, payload)))
}

/// Fills `buffer`. Returns `false` if the file ends before it is full.
pub(super) fn read_exactly(input: &mut impl Read, buffer: &mut [u8]) -> Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(unreadable(error)),
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::input("cannot be read").caused_by(error)
}
