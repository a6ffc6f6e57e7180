//! Converts active frames into turns with speaker labels.

use std::collections::BTreeSet;

use super::intervals::{chronological, union};
use super::labels::label_name;
use super::{Discrete, Run, Segment, SlidingWindow, Turn, reconstruct, set_confidences, speaker_count};
use crate::analysis::Analysis;
use crate::clustering::Clusters;
use crate::error::Result;
use crate::range::Range;

/// Settings of the timeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimelineSettings {
    /// Gaps of one speaker shorter than this many seconds are filled. Default: 0, which fills none,
    /// as in community-1. Higher values give fewer and longer turns, with false alarms in the
    /// pauses.
    pub min_duration_off_s: f64,
}

/// Allowed values of [`TimelineSettings::min_duration_off_s`].
pub(crate) const MIN_DURATION_OFF_S: Range = Range::closed("min-duration-off", 0.0, 86_400.0);

impl TimelineSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        MIN_DURATION_OFF_S.check(self.min_duration_off_s)
    }
}

/// The two timelines that [`build`] makes. The caller names the recording (`file_id`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timelines {
    /// All turns, with their confidence. Turns overlap where several people speak at the same time.
    pub turns: Vec<Turn>,
    /// The exclusive timeline: in each frame, the speaker with the most votes.
    pub exclusive_turns: Vec<Turn>,
    /// The cluster of each label: label `i` (`SPEAKER_{i:02}`) is cluster `labels[i]`. A cluster
    /// that is never active has no label. A label may stand for a cluster without a centroid (see
    /// [`reconstruct`]).
    pub labels: Vec<u32>,
}

/// The back end of the offline pipeline: speaker count, reconstruction and turns from masks and
/// clusters.
///
/// `clusters.hard` has one entry for each row of `analysis.embeddings`. At most `max_speakers`, the
/// largest number of speakers in the recording, are active at the same time. Turns end with the
/// recording at the latest; in pyannote they may extend into the silence that pads the last chunk.
pub fn build(
    analysis: &Analysis,
    clusters: &Clusters,
    settings: &TimelineSettings,
    max_speakers: Option<usize>,
) -> Timelines {
    let Analysis { geometry, masks, embeddings, .. } = analysis;
    let mut counts = speaker_count(masks, geometry);
    cap(&mut counts, max_speakers.unwrap_or(usize::MAX));
    let duration_s = geometry.duration_s();
    let all = before(reconstruct(masks, &embeddings.slots, &clusters.hard, &counts, geometry), duration_s);
    cap(&mut counts, 1);
    let solo = before(reconstruct(masks, &embeddings.slots, &clusters.hard, &counts, geometry), duration_s);
    let labels = labels(&all);
    let [turns, exclusive_turns] = [all, solo].map(|discrete| {
        let mut turns = to_turns(&discrete, &labels, settings.min_duration_off_s);
        turns.iter_mut().for_each(|turn| turn.end_s = turn.end_s.min(duration_s));
        set_confidences(&mut turns, analysis, clusters, &labels);
        turns
    });
    Timelines { turns, exclusive_turns, labels }
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

/// The clusters that have a turn, in the order of their labels: sorted as text ("0", "1", "10",
/// "2"), as pyannote does.
pub fn labels(discrete: &Discrete) -> Vec<u32> {
    let spoken = discrete.runs.iter().filter(|run| !region(run, discrete.num_frames).is_empty());
    let clusters: BTreeSet<u32> = spoken.map(|run| run.cluster).collect();
    let mut clusters: Vec<u32> = clusters.into_iter().collect();
    clusters.sort_by_cached_key(|cluster| cluster.to_string());
    clusters
}

/// Turns from active frames. The speaker of cluster `labels[i]` is called [`label_name`]`(i)`;
/// other clusters get no turns.
///
/// A turn lasts from the middle of its first frame to the middle of the first frame after it, or of
/// the recording's last frame. Gaps of a speaker shorter than `min_duration_off_s` are filled.
///
/// Source: pyannote.audio `utils/signal.py`, `Binarize` with on- and offset 0.5.
pub fn to_turns(discrete: &Discrete, labels: &[u32], min_duration_off_s: f64) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (index, &cluster) in labels.iter().enumerate() {
        let first = discrete.runs.partition_point(|run| run.cluster < cluster);
        let regions = discrete.runs[first..]
            .iter()
            .take_while(|run| run.cluster == cluster)
            .map(|run| region(run, discrete.num_frames));
        let speaker = label_name(index);
        for segment in union(regions, min_duration_off_s) {
            turns.push(Turn::over(segment, speaker.clone()));
        }
    }
    turns.sort_by(|a, b| chronological(&a.segment(), &b.segment()));
    turns
}

fn region(run: &Run, num_frames: usize) -> Segment {
    let frames = SlidingWindow::FRAMES;
    Segment::new(frames.middle(run.start), frames.middle(run.end.min(num_frames - 1)))
}
