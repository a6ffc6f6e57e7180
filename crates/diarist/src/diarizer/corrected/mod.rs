//! Applies the corrections of a recording to its result.
//!
//! 1. Corrections about speakers change the clusters ([`identities`]), and turns are made anew.
//! 2. Speakers keep the labels that they had without corrections ([`labels`]).
//! 3. All corrections are applied to the turns in their order ([`edits`]). Those of step 1 have
//!    little to do then, unless the voices did not bear them out.

mod changes;
mod edits;
mod exclusive;
mod identities;
mod labels;
mod request;

pub use changes::{Change, changes};

use crate::analysis::Analysis;
use crate::clustering::Clusters;
use crate::error::Result;
use crate::timeline::{self, Turn};

use super::cluster::Found;
use super::constraints::with_united_masks;
use super::result::Diarization;

/// The result with the corrections of `analysis`; `found` is the one without.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] for corrections with impossible times or names.
pub(super) fn apply(analysis: &Analysis, found: Found) -> Result<Diarization> {
    analysis.corrections.check()?;
    let Found { clusters, diarization: before } = found;
    let mut result = match identities::apply(&analysis.corrections.list, &clusters, analysis) {
        Some(clusters) => {
            let mut result = timelines(analysis, &clusters, &before);
            labels::keep(&mut result, &before, &analysis.corrections)?;
            result
        }
        None => before,
    };
    result.number_of_speakers = None;
    edits::apply(&mut result, &analysis.corrections.list);
    Ok(result)
}

/// As `before`, with the turns and speakers of other clusters.
fn timelines(analysis: &Analysis, clusters: &Clusters, before: &Diarization) -> Diarization {
    let heard = with_united_masks(analysis, &clusters.hard);
    let timelines = timeline::build(&heard, clusters, &before.settings.timeline, None);
    let speakers = super::cluster::speakers(&timelines, clusters);
    Diarization { turns: timelines.turns, exclusive_turns: timelines.exclusive_turns, speakers, ..before.clone() }
}

/// The turns of the speaker `label`.
fn turns_of<'a>(turns: &'a [Turn], label: &'a str) -> impl Iterator<Item = &'a Turn> {
    turns.iter().filter(move |turn| turn.speaker == label)
}
