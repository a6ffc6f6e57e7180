//! Both error rates of one recording.

use super::der::DerComponents;
use super::jer::JerComponents;
use super::options::ScoreOptions;
use super::scored::{Scored, num_speakers};
use crate::error::Result;
use crate::timeline::{Annotation, Segment};

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
/// `uem` has the scored regions. If it is `None`, these are the extent of both annotations
/// together, so that false alarms before the first and after the last reference turn count; pass
/// the real extent of the recording where it is known. Turns of at most a microsecond are ignored.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] if the collar is not from 0 to 3600 s;
/// [`crate::ErrorKind::Internal`] if times are so large that their sums overflow.
pub fn score(
    reference: &Annotation,
    hypothesis: &Annotation,
    uem: Option<&[Segment]>,
    options: &ScoreOptions,
) -> Result<Scores> {
    options.validate()?;
    let scored = Scored::new(reference, hypothesis, uem, options);
    Ok(Scores {
        der: DerComponents::new(&scored)?,
        jer: JerComponents::new(&scored)?,
        num_reference_speakers: num_speakers(reference),
        num_hypothesis_speakers: num_speakers(hypothesis),
    })
}
