//! Diarization and Jaccard error rates.
//!
//! The definitions are those of pyannote.metrics 4.2 (`diarization.py`, `identification.py`, `utils.py`), to its last
//! rule; exact interval arithmetic, no frames. One name differs: [`ScoreOptions::collar_s`] is the width on *each* side
//! of a boundary, as in NIST's `md-eval`; pyannote.metrics takes the total, twice as much.

mod der;
mod jer;
mod mapping;
mod scored;

pub use der::DerComponents;
pub use jer::JerComponents;
pub use mapping::optimal_mapping;

use crate::error::{Error, Result};
use crate::timeline::{Annotation, Segment};
use scored::Scored;

/// What is left unscored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreOptions {
    /// Seconds on each side of every boundary of a reference turn that are not scored. Default: 0.
    pub collar_s: f64,
    /// Leaves regions unscored where two or more reference turns overlap, turns of one speaker included. Default: no.
    pub skip_overlap: bool,
}

/// The scores of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Components of the diarization error rate.
    pub der: DerComponents,
    /// Components of the Jaccard error rate.
    pub jer: JerComponents,
    /// Speakers in the whole reference, unscored regions included.
    pub num_reference_speakers: usize,
    /// Speakers in the whole hypothesis, unscored regions included.
    pub num_hypothesis_speakers: usize,
}

/// Scores `hypothesis` against `reference`.
///
/// `uem`: the scored regions; if `None`, the extent of both annotations together, so that false alarms before the first
/// and after the last reference turn count: give the recording's real extent where it is known. Turns of at most a
/// microsecond count as nothing.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] if the collar is negative or not finite; [`crate::ErrorKind::Internal`] if times
/// are so large that their sums overflow.
pub fn score(
    reference: &Annotation,
    hypothesis: &Annotation,
    uem: Option<&[Segment]>,
    options: &ScoreOptions,
) -> Result<Scores> {
    if !options.collar_s.is_finite() || options.collar_s < 0.0 {
        return Err(Error::invalid_option(format!("the collar is {} s", options.collar_s))
            .hint("give a number of seconds of at least 0"));
    }
    let scored = Scored::new(reference, hypothesis, uem, options);
    Ok(Scores {
        der: DerComponents::new(&scored)?,
        jer: JerComponents::new(&scored)?,
        num_reference_speakers: scored::num_speakers(reference),
        num_hypothesis_speakers: scored::num_speakers(hypothesis),
    })
}

#[cfg(test)]
mod tests;
