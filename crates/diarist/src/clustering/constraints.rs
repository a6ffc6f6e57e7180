//! Constraints: what a caller knows about the identities of speakers.

use crate::error::{Error, Result};

/// Pairs of moments, in seconds of the recording. One person must speak alone at each moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// Pairs with the same person at both moments: their speakers become one.
    pub must_link: Vec<(f64, f64)>,
    /// Pairs with different people: if both were one speaker, that speaker is split.
    pub cannot_link: Vec<(f64, f64)>,
}

impl Constraints {
    /// Whether there is no constraint.
    pub fn is_empty(&self) -> bool {
        self.must_link.is_empty() && self.cannot_link.is_empty()
    }

    /// Checks every moment.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for a negative number of seconds, or one that is not
    /// finite.
    pub(crate) fn validate(&self) -> Result<()> {
        let mut moments = self.must_link.iter().chain(&self.cannot_link).flat_map(|&(a, b)| [a, b]);
        match moments.find(|moment| !(moment.is_finite() && *moment >= 0.0)) {
            None => Ok(()),
            Some(bad) => Err(Error::invalid_option(format!("{bad} s is not a moment of a recording"))),
        }
    }
}
