//! Elements of EBML, of which Matroska and WebM files consist (RFC 8794).

use std::io::{Read, Result};

/// Identifiers that several readers need (RFC 9559 section 5).
pub(super) const CLUSTER: u32 = 0x1f43_b675;
pub(super) const TRACK_ENTRY: u32 = 0xae;
pub(super) const TRACK_NUMBER: u32 = 0xd7;

/// The next element in memory, which is taken off `rest`.
pub(super) fn child<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    let mut reader = *rest;
    let (id, size) = header(&mut reader).ok()??;
    let (content, after) = reader.split_at_checked(usize::try_from(size?).ok()?)?;
    *rest = after;
    Some((id, content))
}

/// Identifier and size (`None`: unknown) of the next element; `None` if there cannot be one.
pub(super) fn header(file: &mut impl Read) -> Result<Option<(u32, Option<u64>)>> {
    let Some((id, _)) = number(file, 4)? else { return Ok(None) };
    let Some((size, num_bytes)) = number(file, 8)? else { return Ok(None) };
    let mask = (1u64 << (7 * num_bytes)) - 1;
    Ok(Some((id as u32, (size & mask != mask).then_some(size & mask))))
}

/// A number whose first bits tell its length in bytes, with these bits, and its length.
fn number(file: &mut impl Read, max_bytes: usize) -> Result<Option<(u64, usize)>> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes[..1])?;
    let num_bytes = bytes[0].leading_zeros() as usize + 1;
    if num_bytes > max_bytes {
        return Ok(None);
    }
    file.read_exact(&mut bytes[1..num_bytes])?;
    Ok(Some((bytes[..num_bytes].iter().fold(0, |value, &byte| value << 8 | u64::from(byte)), num_bytes)))
}

/// The number that an element holds.
pub(super) fn value(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
