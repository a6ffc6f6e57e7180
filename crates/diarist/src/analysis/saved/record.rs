//! Records: a kind, a length, a payload, and a checksum over the file so far.

use std::io::{self, Read};

use crate::error::{Error, Result};

/// Longest payload: that of a full block, plus what compression may add to it.
pub(super) const MAX_PAYLOAD_BYTES: u32 = 1 << 20;

/// CRC-32 of all bytes so far but the checksums themselves (with them, it would forget what came before).
#[derive(Debug, Clone, Default)]
pub(super) struct Checksum(crc32fast::Hasher);

impl Checksum {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn value(&self) -> u32 {
        self.0.clone().finalize()
    }

    /// Takes `bytes` in and appends the checksum to them.
    pub(super) fn close(&mut self, bytes: &mut Vec<u8>) {
        self.update(bytes);
        bytes.extend_from_slice(&self.value().to_le_bytes());
    }
}

/// How much of the recording was read when what stands before was written, and what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioMark {
    /// Samples (16 kHz) read.
    pub num_samples: u64,
    /// Did the recording end there?
    pub is_end: bool,
    /// SHA-256 of these samples as little-endian 32-bit floats.
    pub sha256: [u8; 32],
}

/// What kinds of records there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Chunks = 1,
    Mark = 2,
    End = 3,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Chunks, Self::Mark, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The bytes of a record; `checksum` goes on.
pub(super) fn encode(kind: Kind, payload: &[u8], checksum: &mut Checksum) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 9);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(payload);
    checksum.close(&mut bytes);
    bytes
}

/// The next record; `None` where the file is cut or damaged. `checksum` goes on only past a good one.
pub(super) fn decode(input: &mut impl Read, checksum: &mut Checksum) -> Result<Option<(Kind, Vec<u8>)>> {
    let mut start = [0; 5];
    if !read_exactly(input, &mut start)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes([start[1], start[2], start[3], start[4]]);
    let Some(kind) = Kind::of(start[0]).filter(|_| length <= MAX_PAYLOAD_BYTES) else { return Ok(None) };
    // Grows with what is there, whatever a damaged length says.
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

/// Fills `buffer`; `false` if the file ends before.
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
