//! The clustering of diarist: VBx finds the speakers, and tests of its result find those that it
//! took for one.
//!
//! 1. A recording of a single chunk is not clustered: its local speakers are the speakers.
//! 2. VBx, as in community-1, finds speakers in the slots with enough clean speech ([`speakers`]).
//!    A long recording is parted into blocks, so the time grows with its length, not with the
//!    square of it.
//! 3. A cluster is split if chunks hear two of its local speakers side by side and the difference
//!    is always the same ([`side_by_side`]).
//! 4. A cluster is split if its subsegments fall into two groups that take turns ([`turn_taking`]).
//! 5. The number of speakers gets a probability ([`posterior`]). A sensitivity other than 0 may
//!    choose another number.
//! 6. If clusters are too many or too few, they are joined or added ([`number`]).
//! 7. Every slot is given to a cluster. Two slots of a chunk may share one, at a cost.
//!
//! docs/adr/0015 has the figures of each step.

mod evidence;
mod number;
mod rows;
mod side_by_side;
mod single_slot;
mod speakers;
#[cfg(test)]
mod tests;
mod turn_taking;
mod two_groups;

use super::community1::MIN_CLEAN_RATIO;
use super::options::RefinedOptions;
use super::slots::{Similarities, rows_with_clean_speech};
use super::vectors::mean;
use super::{Clusters, Plda, SpeakerBounds};
use crate::analysis::{Embeddings, Subsegments};
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;

use rows::Rows;

/// Steps 1 to 7 of the method. There must be a row, and at least `bounds.min()` of them.
pub(super) fn cluster(
    embeddings: &Embeddings,
    masks: &[ChunkMasks],
    subsegments: &Subsegments,
    options: &RefinedOptions,
    bounds: SpeakerBounds,
    plda: &Plda,
) -> Result<Clusters> {
    let rows = Rows::new(embeddings, masks);
    let train = match masks.len() {
        1 => (0..rows.len()).collect(),
        _ => rows_with_clean_speech(embeddings, masks, MIN_CLEAN_RATIO),
    };
    let centroids = match (masks.len(), train.len()) {
        (1, _) => rows.all_raw(),
        (_, 0) => vec![mean(&rows.all_raw())],
        (_, 1) => vec![rows.raw(train[0])],
        _ => {
            let found = speakers::find(&rows, &train, &options.vbx, plda);
            turn_taking::split(subsegments, side_by_side::split(&rows, found))
        }
    };
    let voices = number::Voices { rows: &rows, train: &train, subsegments, options, plda };
    let posterior = match masks.len() {
        1 => None,
        _ => evidence::posterior(&voices, &centroids, bounds),
    };
    let found = bounds.clamp(centroids.len());
    let wanted = posterior.as_ref().map_or(found, |posterior| posterior.number(found, options.sensitivity));
    let number::Speakers { centroids, margins } = match wanted == found {
        true => voices.within(bounds, centroids)?,
        // A number that nobody told is given up if it cannot be reached.
        false => match voices.within(SpeakerBounds::new(Some(wanted), None, None)?, centroids.clone()) {
            Ok(speakers) => speakers,
            Err(_) => voices.within(bounds, centroids)?,
        },
    };
    let similarities = Similarities::of_embeddings(embeddings, &centroids).less(&margins);
    let mut hard = similarities.sharing(embeddings, options.sharing_cost);
    similarities.occupy(&mut hard, bounds.min());
    let margins = margins.into_iter().map(|margin| margin as f32).collect();
    Ok(Clusters { number: posterior, margins, ..Clusters::new(hard, &centroids) })
}
