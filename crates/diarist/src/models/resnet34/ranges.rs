//! Codes of the 8-bit activations, from their measured ranges.

use super::trunk::{Code, Site, activation_name};
use crate::error::{Error, Result};

/// The code of the activation at `site` of block `block`.
pub(super) fn code(site: Site, block: usize) -> Result<Code> {
    let name = activation_name(site, block);
    let range = diarist_weights::embedding_ranges()
        .activations
        .get(&name)
        .ok_or_else(|| Error::weights(format!("no range for the activation {name}")))?;
    // Around zero, the middle of what 8 bits hold, or from zero.
    let zero = if site == Site::Shortcut { 128.0 } else { 0.0 };
    Ok(Code { step: range / num_steps(site), zero })
}

/// Steps from 0 to the end of the range.
pub(super) fn num_steps(site: Site) -> f32 {
    match site {
        Site::Shortcut => 127.0,
        Site::Stem | Site::Hidden | Site::Output => 255.0,
    }
}
