//! Knowledge of a listener about identities.

use crate::error::{Error, Result};

/// Pairs of moments, in seconds of the recording, at which one person speaks alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// The same person speaks at both: their speakers become one.
    pub must_link: Vec<(f64, f64)>,
    /// Different people speak: if they were one speaker, that speaker is parted.
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
    /// [`crate::ErrorKind::InvalidOption`] for a negative number of seconds, or none.
    pub(crate) fn validate(&self) -> Result<()> {
        let mut moments = self.must_link.iter().chain(&self.cannot_link).flat_map(|&(a, b)| [a, b]);
        match moments.find(|moment| !(moment.is_finite() && *moment >= 0.0)) {
            None => Ok(()),
            Some(bad) => Err(Error::invalid_option(format!("{bad} s is not a moment of a recording"))),
        }
    }
}
