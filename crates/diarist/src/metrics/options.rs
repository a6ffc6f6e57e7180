//! Options of scoring.

use crate::error::Result;
use crate::range::Range;

/// Regions that are left unscored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreOptions {
    /// Seconds on each side of every boundary of a reference turn that are not scored. Default: 0.
    pub collar_s: f64,
    /// Leaves regions unscored where two or more reference turns overlap, turns of one speaker
    /// included. Default: no.
    pub skip_overlap: bool,
}

impl ScoreOptions {
    /// Checks the collar.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if it is not from 0 to 3600 s.
    pub fn validate(&self) -> Result<()> {
        COLLAR_S.check(self.collar_s)
    }
}

/// Allowed collars in seconds.
const COLLAR_S: Range = Range::closed("the collar", 0.0, 3600.0);
