//! Assigns speakers without embeddings, for
//! [`EmbeddingMode::Skip`](crate::parts::inference::EmbeddingMode::Skip): local speakers of
//! neighbouring chunks are one person if they are active at the same time where the chunks overlap.

use crate::analysis::ChunkGeometry;
use crate::assignment::{Objective, assign};
use crate::clustering::Clusters;
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};
use crate::timeline::Coverage;

/// Assigns a cluster to every active local speaker, in the order of chunk and local speaker. There
/// are no centroids.
///
/// Between two chunks, the pairing with the largest number of shared active frames is chosen. A
/// local speaker that shares no frame with one of the chunk before starts a new cluster. So a
/// person who is silent for about as long as chunks overlap returns as another speaker.
pub(super) fn stitch(masks: &[ChunkMasks], geometry: &ChunkGeometry) -> Result<Clusters> {
    let coverage = Coverage::new(masks.len(), geometry.step_s());
    let mut num_clusters = 0;
    let mut hard = Vec::new();
    let mut earlier = [None; LOCAL_SPEAKERS];
    for (chunk, current) in masks.iter().enumerate() {
        let mut clusters = [None; LOCAL_SPEAKERS];
        if let Some(previous) = chunk.checked_sub(1) {
            let offset = coverage.start_frame(chunk) - coverage.start_frame(previous);
            let shared = shared_frames(&masks[previous], current, offset);
            for (old, new) in assign(&shared, LOCAL_SPEAKERS, LOCAL_SPEAKERS, Objective::Maximise)? {
                if shared[old * LOCAL_SPEAKERS + new] > 0.0 {
                    clusters[new] = earlier[old];
                }
            }
        }
        for (cluster, mask) in clusters.iter_mut().zip(&current.speakers) {
            if mask.is_empty() {
                continue;
            }
            hard.push(Some(*cluster.get_or_insert_with(|| {
                num_clusters += 1;
                num_clusters - 1
            })));
        }
        earlier = clusters;
    }
    Ok(Clusters { hard, ..Clusters::default() })
}

/// Number of frames in which a local speaker of one chunk (row) and one of the next (column), which
/// starts `offset` frames later, are both active.
fn shared_frames(first: &ChunkMasks, second: &ChunkMasks, offset: usize) -> [f64; LOCAL_SPEAKERS * LOCAL_SPEAKERS] {
    std::array::from_fn(|pair| {
        let (first, second) = (&first.speakers[pair / LOCAL_SPEAKERS], &second.speakers[pair % LOCAL_SPEAKERS]);
        (offset..FRAMES_PER_CHUNK).filter(|&t| first.get(t) && second.get(t - offset)).count() as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentation::masks::FrameMask;

    /// Clusters of chunks that list their local speakers, each active in `start..end`, in frames of
    /// the recording.
    fn hard(chunks: &[[Option<(usize, usize)>; LOCAL_SPEAKERS]], step_samples: usize) -> Vec<u32> {
        let geometry = ChunkGeometry { step_samples, num_samples: 0 };
        let coverage = Coverage::new(chunks.len(), geometry.step_s());
        let mask = |chunk: usize, active: Option<(usize, usize)>| {
            let mut mask = FrameMask::default();
            let (start, end) = active.unwrap_or_default();
            let frames = (start..end).filter_map(|t| t.checked_sub(coverage.start_frame(chunk)));
            frames.filter(|&t| t < FRAMES_PER_CHUNK).for_each(|t| mask.insert(t));
            mask
        };
        let masks: Vec<ChunkMasks> =
            chunks.iter().enumerate().map(|(i, chunk)| ChunkMasks { speakers: chunk.map(|s| mask(i, s)) }).collect();
        stitch(&masks, &geometry).unwrap().hard.into_iter().flatten().collect()
    }

    #[test]
    fn the_same_stretch_is_the_same_speaker_in_any_slot_of_the_chunk() {
        // At a step of 5 s, chunks start at the frames 0, 296 and 593.
        let [ann, bob, cal] = [Some((100, 700)), Some((400, 500)), Some((650, 900))];
        assert_eq!(hard(&[[ann, bob, None], [bob, None, ann], [None, cal, ann]], 80_000), [0, 1, 1, 0, 2, 0]);
    }

    #[test]
    fn pairs_are_chosen_together() {
        // The two first speakers share 60 frames, the most of any pair. But with this pair, nothing
        // is left for the others.
        let first = [Some((300, 400)), Some((350, 450)), None];
        let second = [Some((340, 405)), Some((300, 345)), None];
        assert_eq!(hard(&[first, second], 80_000), [0, 1, 1, 0]);
    }

    #[test]
    fn speakers_start_anew_after_a_pause_longer_than_the_overlap_and_without_overlap() {
        let early = [Some((0, 200)), None, None];
        let late = [Some((600, 800)), None, None];
        assert_eq!(hard(&[early, late], 80_000), [0, 1]);
        let through = [Some((0, 2000)), None, None];
        assert_eq!(hard(&[through; 3], 160_000), [0, 1, 2]);
        assert_eq!(hard(&[through; 3], 16_000), [0, 0, 0]);
        assert_eq!(hard(&[], 16_000), [0; 0]);
    }
}
