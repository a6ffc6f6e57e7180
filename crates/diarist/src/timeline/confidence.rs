//! How sure turns are.

use super::{Annotation, Coverage, Segment, SlidingWindow};
use crate::clustering::Clusters;
use crate::pipeline::Analysis;
use crate::segmentation::LOCAL_SPEAKERS;

/// For each turn of `annotation`, which was made with `labels` (as in [`super::Timelines`]): the share of the chunks around a frame in which the
/// speaker is active there, from 0 to 1, as the mean over the frames of the turn.
///
/// Chunks that overlap are heard apart from each other, so where they agree on who speaks, a turn is sure. It is not a
/// probability: a voice that is taken for another in all chunks has a high share, too.
pub fn confidences(annotation: &Annotation, analysis: &Analysis, clusters: &Clusters, labels: &[u32]) -> Vec<f32> {
    let Analysis { geometry, masks, embeddings } = analysis;
    let mut cluster_of = vec![[None; LOCAL_SPEAKERS]; masks.len()];
    for (slot, &cluster) in embeddings.slots.iter().zip(&clusters.hard) {
        cluster_of[slot.chunk as usize][usize::from(slot.local)] = cluster;
    }
    let coverage = Coverage::new(masks.len(), geometry.step_s());
    let mut chunks_at = Vec::with_capacity(coverage.num_frames());
    coverage.sweep(|_, chunks| chunks_at.push(chunks));
    let has = |chunk: usize, frame: usize, cluster: u32| {
        let frame = frame - coverage.start_frame(chunk);
        let local = cluster_of[chunk].iter().zip(&masks[chunk].speakers);
        local.into_iter().any(|(own, mask)| *own == Some(cluster) && mask.get(frame))
    };
    let names: Vec<String> = (0..labels.len()).map(super::label_name).collect();
    let share = |turn: &super::Turn| {
        let cluster = names.iter().position(|name| *name == turn.speaker).map(|index| labels[index])?;
        let shares = frames(turn.segment, chunks_at.len()).map(|frame| {
            let chunks = chunks_at[frame].clone();
            let num_chunks = chunks.len().max(1);
            chunks.filter(|&chunk| has(chunk, frame, cluster)).count() as f64 / num_chunks as f64
        });
        let (sum, num) = shares.fold((0.0, 0_u32), |(sum, num), share| (sum + share, num + 1));
        Some((sum / f64::from(num.max(1))) as f32)
    };
    annotation.turns.iter().map(|turn| share(turn).unwrap_or(0.0)).collect()
}

/// The frames of a turn, which lasts from the middle of its first frame to the middle of the frame after its last one.
fn frames(segment: Segment, num_frames: usize) -> std::ops::Range<usize> {
    let frame = |time: f64| usize::try_from(SlidingWindow::FRAMES.closest_frame(time)).unwrap_or(0).min(num_frames);
    frame(segment.start)..frame(segment.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{ChunkGeometry, Embeddings, Slot};
    use crate::segmentation::FRAMES_PER_CHUNK;
    use crate::segmentation::masks::ChunkMasks;
    use crate::timeline::Turn;

    #[test]
    fn a_turn_is_as_sure_as_the_chunks_around_it_agree() {
        // Two chunks, 5 s apart. The first hears somebody all the time, the second from the middle of what both cover.
        let mut masks = vec![ChunkMasks::default(); 2];
        (0..FRAMES_PER_CHUNK).for_each(|t| masks[0].speakers[1].insert(t));
        (148..FRAMES_PER_CHUNK).for_each(|t| masks[1].speakers[0].insert(t));
        let mut embeddings = Embeddings::default();
        embeddings.push(Slot { chunk: 0, local: 1 }, &[1.0; 256]);
        embeddings.push(Slot { chunk: 1, local: 0 }, &[1.0; 256]);
        let geometry = ChunkGeometry { step_samples: 80_000, num_samples: 240_000 };
        let analysis = Analysis { geometry, masks, embeddings };
        let clusters = Clusters { hard: vec![Some(7), Some(7)], centroids: Vec::new() };
        let sure = |start: usize, end: usize, speaker: &str| {
            let segment = Segment::new(SlidingWindow::FRAMES.middle(start), SlidingWindow::FRAMES.middle(end));
            let turns = vec![Turn { segment, speaker: speaker.to_owned() }];
            confidences(&Annotation { file_id: String::new(), turns }, &analysis, &clusters, &[7])
        };
        let second = Coverage::new(2, 5.0).start_frame(1);
        assert_eq!(sure(0, second, "SPEAKER_00"), [1.0]);
        assert_eq!(sure(second, second + 148, "SPEAKER_00"), [0.5]);
        assert_eq!(sure(second + 148, 589, "SPEAKER_00"), [1.0]);
        assert_eq!(sure(second + 100, second + 196, "SPEAKER_00"), [0.75]);
        assert_eq!(sure(600, 700, "SPEAKER_00"), [1.0]);
        // Who was never heard, and a turn without a frame.
        assert_eq!((sure(0, 10, "SPEAKER_01"), sure(5, 5, "SPEAKER_00")), (vec![0.0], vec![0.0]));
    }
}
