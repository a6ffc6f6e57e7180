//! The back end of the offline pipeline.

use super::{
    Discrete, Reconstruction, Run, Segment, SlidingWindow, TimelineSettings, Turn, labels, reconstruct,
    set_confidences, soft, speaker_count, to_turns,
};
use crate::analysis::Analysis;
use crate::clustering::Clusters;

/// The two timelines that [`build`] makes. The caller names the recording (`file_id`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timelines {
    /// All turns, with their confidence. Turns overlap where several people speak at the same time.
    pub turns: Vec<Turn>,
    /// The exclusive timeline: in each frame, the speaker with the most votes, or with the highest
    /// score.
    pub exclusive_turns: Vec<Turn>,
    /// The cluster of each label: label `i` (`SPEAKER_{i:02}`) is cluster `labels[i]`. A cluster
    /// that is never active has no label. A label may stand for a cluster without a centroid (see
    /// [`reconstruct`]).
    pub labels: Vec<u32>,
}

/// The back end of the offline pipeline: speaker count, reconstruction and turns from masks or
/// probabilities, and clusters.
///
/// `clusters.hard` has one entry for each row of `analysis.embeddings`. At most `max_speakers`, the
/// largest number of speakers in the recording, are active at the same time. Turns end with the
/// recording at the latest; in pyannote they may extend into the silence that pads the last chunk.
///
/// Under [`Reconstruction::Votes`], confidences are those of [`set_confidences`]. Under
/// [`Reconstruction::Probabilities`], the confidence of a turn is the mean over its frames of the
/// probability that its speaker is active there.
pub fn build(
    analysis: &Analysis,
    clusters: &Clusters,
    settings: &TimelineSettings,
    max_speakers: Option<usize>,
) -> Timelines {
    let max_speakers = max_speakers.unwrap_or(usize::MAX);
    match settings.reconstruction {
        Reconstruction::Votes => by_votes(analysis, clusters, settings, max_speakers),
        Reconstruction::Probabilities => by_probabilities(analysis, clusters, settings, max_speakers),
    }
}

fn by_votes(analysis: &Analysis, clusters: &Clusters, settings: &TimelineSettings, max_speakers: usize) -> Timelines {
    let Analysis { geometry, masks, embeddings, .. } = analysis;
    let mut counts = speaker_count(masks, geometry);
    cap(&mut counts, max_speakers);
    let duration_s = geometry.duration_s();
    let all = before(reconstruct(masks, &embeddings.slots, &clusters.hard, &counts, geometry), duration_s);
    cap(&mut counts, 1);
    let solo = before(reconstruct(masks, &embeddings.slots, &clusters.hard, &counts, geometry), duration_s);
    let labels = labels(&all);
    let [turns, exclusive_turns] = [all, solo].map(|discrete| {
        let mut turns = turns_until(duration_s, &discrete, &labels, settings);
        set_confidences(&mut turns, analysis, clusters, &labels);
        turns
    });
    Timelines { turns, exclusive_turns, labels }
}

fn by_probabilities(
    analysis: &Analysis,
    clusters: &Clusters,
    settings: &TimelineSettings,
    max_speakers: usize,
) -> Timelines {
    let active = soft::reconstruct(analysis, clusters, settings, max_speakers);
    let labels = labels(&active[0].discrete());
    let [turns, exclusive_turns] = active.map(|stretches| {
        let mut turns = turns_until(analysis.geometry.duration_s(), &stretches.discrete(), &labels, settings);
        stretches.set_confidences(&mut turns, &labels);
        turns
    });
    Timelines { turns, exclusive_turns, labels }
}

/// The turns of `discrete`, which end at `duration_s` seconds at the latest.
fn turns_until(duration_s: f64, discrete: &Discrete, labels: &[u32], settings: &TimelineSettings) -> Vec<Turn> {
    let mut turns = to_turns(discrete, labels, settings.min_duration_off_s);
    turns.iter_mut().for_each(|turn| turn.end_s = turn.end_s.min(duration_s));
    turns
}

/// The stretches that begin before `end_s`.
fn before(mut discrete: Discrete, end_s: f64) -> Discrete {
    let start_s = |run: &Run| SlidingWindow::FRAMES.middle(run.start);
    discrete.runs.retain(|run| !Segment::new(start_s(run), end_s).is_empty());
    discrete
}

fn cap(counts: &mut [u8], max: usize) {
    for count in counts {
        *count = usize::from(*count).min(max) as u8;
    }
}
