//! Reads the bytes of payloads.

use std::io::Read;

use crate::error::{Error, Result};

/// Fills `raw` from a compressed payload.
pub(super) fn fill(input: &mut impl Read, raw: &mut [u8]) -> Result<()> {
    input.read_exact(raw).map_err(|error| wrong("data that cannot be decompressed").caused_by(error))
}

/// The error for a payload with a good checksum that no writer makes.
pub(super) fn wrong(what: &str) -> Error {
    Error::input(format!("a block holds {what}")).hint("analyze the recording again")
}
