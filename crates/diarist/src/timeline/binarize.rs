//! Converts active frames into turns with speaker labels.

use std::collections::BTreeSet;

use super::intervals::{chronological, union};
use super::labels::label_name;
use super::{Discrete, Run, Segment, SlidingWindow, Turn};

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
