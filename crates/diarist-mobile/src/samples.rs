//! Samples as bytes. Lists of numbers would be boxed one by one in Kotlin.

use diarist::{Error, Result};

/// The samples that `bytes` hold: 32-bit floats, the lowest byte first.
///
/// # Errors
/// [`diarist::ErrorKind::InvalidOption`] if the last sample is not whole.
pub(crate) fn samples(bytes: &[u8]) -> Result<Vec<f32>> {
    let (samples, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        let message = format!("{} bytes are not a whole number of samples of 4 bytes", bytes.len());
        return Err(Error::invalid_option(message).hint("give samples as 32-bit floats"));
    }
    Ok(samples.iter().copied().map(f32::from_le_bytes).collect())
}
