//! Applies the corrections of a recording to its result.
//!
//! 1. Corrections about speakers change the clusters ([`identities`]), and turns are made anew.
//! 2. Speakers keep the labels that they had without corrections ([`labels`]), and only those that
//!    the corrections are about change ([`restrict`]).
//! 3. All corrections are applied to the turns in their order ([`edits`]). Those of step 1 have
//!    little to do then, unless the voices did not bear them out.

mod changes;
mod edits;
mod exclusive;
mod identities;
mod labels;
mod request;
mod restrict;

pub use changes::{Change, changes};

use std::collections::BTreeMap;

use crate::analysis::Analysis;
use crate::error::Result;
use crate::timeline::{self, Turn};

use super::constraints::with_united_masks;
use super::find::Found;
use super::result::Diarization;
use restrict::{Part, restrict};

/// The result with the corrections of `analysis`; `found` is the one without.
///
/// # Errors
/// [`crate::ErrorKind::InvalidOption`] for corrections with impossible times or names.
pub(super) fn apply(analysis: &Analysis, found: Found) -> Result<Diarization> {
    analysis.corrections.check()?;
    let Found { clusters, labels: clusters_before, diarization: before } = found;
    let mut result = match identities::apply(&analysis.corrections.list, &clusters, analysis) {
        Some(changed) => {
            let heard = with_united_masks(analysis, &changed.clusters.hard);
            let timelines = timeline::build(&heard, &changed.clusters, &before.settings.timeline, None);
            let mut result = Diarization {
                speakers: super::find::speakers(&timelines, &changed.clusters),
                turns: timelines.turns,
                exclusive_turns: timelines.exclusive_turns,
                ..before.clone()
            };
            let kept = labels::keep(&mut result, &timelines.labels, &before, &clusters_before);
            let of_before = before.speakers.iter().map(|speaker| &speaker.label).zip(&clusters_before);
            let touched = of_before.chain(kept.iter().zip(&timelines.labels));
            let touched = touched.filter(|(_, cluster)| changed.touched.contains(cluster));
            let is_new = |cluster: u32| cluster as usize >= clusters.centroids.len();
            let parts: BTreeMap<&String, Part> = touched
                .map(|(label, cluster)| (label, if is_new(*cluster) { Part::New } else { Part::Meant }))
                .collect();
            restrict(&mut result, &before, |label| parts.get(&label.to_owned()).copied().unwrap_or(Part::None));
            result
        }
        None => before,
    };
    result.number_of_speakers = None;
    edits::apply(&mut result, &analysis.corrections.list);
    Ok(result)
}

/// The turns of the speaker `label`.
fn turns_of<'a>(turns: &'a [Turn], label: &'a str) -> impl Iterator<Item = &'a Turn> {
    turns.iter().filter(move |turn| turn.speaker == label)
}
