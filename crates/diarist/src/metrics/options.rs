//! Options of scoring.

/// Regions that are left unscored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreOptions {
    /// Seconds on each side of every boundary of a reference turn that are not scored. Default: 0.
    pub collar_s: f64,
    /// Leaves regions unscored where two or more reference turns overlap, turns of one speaker
    /// included. Default: no.
    pub skip_overlap: bool,
}
