//! Confidence of turns.

use super::labels::label_name;
use super::{Coverage, Segment, SlidingWindow, Turn};
use crate::analysis::Analysis;
use crate::clustering::Clusters;
use crate::segmentation::LOCAL_SPEAKERS;

/// Sets the confidence of `turns`, which were made with `labels` (as in [`super::Timelines`]). The
/// confidence is a share from 0 to 1: of the chunks that cover a frame, those in which the speaker
/// is active there, as the mean over the frames of the turn.
///
/// The networks process overlapping chunks independently, so a turn is certain where the chunks
/// agree on the speaker. The share is not a probability: it is also high if all chunks mistake one
/// voice for another.
pub fn set_confidences(turns: &mut [Turn], analysis: &Analysis, clusters: &Clusters, labels: &[u32]) {
    let Analysis { geometry, masks, embeddings, .. } = analysis;
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
    let names: Vec<String> = (0..labels.len()).map(label_name).collect();
    let share = |turn: &Turn| {
        let cluster = names.iter().position(|name| *name == turn.speaker).map(|index| labels[index])?;
        let shares = frames(turn.segment(), chunks_at.len()).map(|frame| {
            let chunks = chunks_at[frame].clone();
            let num_chunks = chunks.len().max(1);
            chunks.filter(|&chunk| has(chunk, frame, cluster)).count() as f64 / num_chunks as f64
        });
        let (sum, num) = shares.fold((0.0, 0_u32), |(sum, num), share| (sum + share, num + 1));
        Some(sum / f64::from(num.max(1)))
    };
    for turn in turns {
        turn.confidence = Some(share(turn).unwrap_or(0.0));
    }
}

/// The frames of a turn. It lasts from the middle of its first frame to the middle of the frame
/// after its last one.
fn frames(segment: Segment, num_frames: usize) -> std::ops::Range<usize> {
    let frame = |time: f64| usize::try_from(SlidingWindow::FRAMES.closest_frame(time)).unwrap_or(0).min(num_frames);
    frame(segment.start)..frame(segment.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{ChunkGeometry, Embeddings, Slot};
    use crate::segmentation::FRAMES_PER_CHUNK;
    use crate::segmentation::masks::ChunkMasks;

    #[test]
    fn confidence_is_the_share_of_agreeing_chunks() {
        // Two chunks start 5 s apart. The speaker is active in all of the first, and in the second
        // from the middle of the part that both cover.
        let mut masks = vec![ChunkMasks::default(); 2];
        (0..FRAMES_PER_CHUNK).for_each(|t| masks[0].speakers[1].insert(t));
        (148..FRAMES_PER_CHUNK).for_each(|t| masks[1].speakers[0].insert(t));
        let mut embeddings = Embeddings::default();
        embeddings.push(Slot { chunk: 0, local: 1 }, &[1.0; 256]);
        embeddings.push(Slot { chunk: 1, local: 0 }, &[1.0; 256]);
        let geometry = ChunkGeometry { step_samples: 80_000, num_samples: 240_000 };
        let analysis = Analysis { geometry, masks, embeddings, ..Analysis::default() };
        let clusters = Clusters { hard: vec![Some(7), Some(7)], ..Clusters::default() };
        let sure = |start: usize, end: usize, speaker: &str| {
            let segment = Segment::new(SlidingWindow::FRAMES.middle(start), SlidingWindow::FRAMES.middle(end));
            let mut turns = [Turn::over(segment, speaker)];
            set_confidences(&mut turns, &analysis, &clusters, &[7]);
            turns[0].confidence.unwrap()
        };
        let second = Coverage::new(2, 5.0).start_frame(1);
        assert_eq!(sure(0, second, "SPEAKER_00"), 1.0);
        assert_eq!(sure(second, second + 148, "SPEAKER_00"), 0.5);
        assert_eq!(sure(second + 148, 589, "SPEAKER_00"), 1.0);
        assert_eq!(sure(second + 100, second + 196, "SPEAKER_00"), 0.75);
        assert_eq!(sure(600, 700, "SPEAKER_00"), 1.0);
        // A speaker who is never active, and a turn without a frame.
        assert_eq!((sure(0, 10, "SPEAKER_01"), sure(5, 5, "SPEAKER_00")), (0.0, 0.0));
    }
}
