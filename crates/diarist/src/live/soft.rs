//! The speakers of a frame by probabilities and voices, as offline
//! ([`Reconstruction::Probabilities`](crate::parts::timeline::Reconstruction::Probabilities)).

use std::ops::Range;

use crate::analysis::Subsegments;
use crate::clustering::Clusters;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::timeline::{Evidence, FrameVotes, TimelineSettings};

use super::speakers::RunningVoice;
use super::windows::PlacedWindow;

/// The speakers of each of `frames`, by the windows and subsegments that cover it. `voices` are
/// those of all speakers, in the order of their numbers.
pub(super) fn speakers_by_probability(
    frames: Range<usize>,
    windows: &[&PlacedWindow],
    subsegments: &Subsegments,
    voices: &[RunningVoice],
    settings: &TimelineSettings,
) -> Vec<Vec<u32>> {
    let index = |id: u32| voices.binary_search_by_key(&id, |voice: &RunningVoice| voice.id).ok().map(|i| i as u32);
    let clusters: Vec<[Option<u32>; LOCAL_SPEAKERS]> =
        windows.iter().map(|window| window.ids.map(|id| id.and_then(index))).collect();
    let centroids: Vec<Vec<f32>> = voices.iter().map(|voice| voice.unit().to_vec()).collect();
    let found = Clusters { centroids, ..Clusters::default() };
    let mut evidence = Evidence::new(subsegments, &found);
    let (mut votes, mut shares) = (FrameVotes::new(voices.len()), Vec::new());
    frames
        .map(|frame| {
            votes.clear();
            for (window, clusters) in windows.iter().zip(&clusters) {
                if let Some(t) = window.local_frame(frame) {
                    votes.add(&window.probabilities, t, clusters);
                }
            }
            evidence.at(frame, &mut shares);
            let active = votes.active(votes.num_speakers(settings), evidence.clusters(), &shares);
            active.into_iter().map(|(cluster, _)| voices[cluster as usize].id).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{embeddings, masks};
    use super::super::windows::Ids;
    use super::*;
    use crate::analysis::EMBEDDING_DIMENSION;
    use crate::segmentation::probabilities::ChunkProbabilities;

    /// A window over the first 10 s with one local speaker throughout and a second in frames 300 to
    /// 400.
    fn window(ids: Ids) -> PlacedWindow {
        let masks = masks([0..589, 300..400, 0..0]);
        PlacedWindow {
            start_frame: 0,
            num_frames: 500,
            masks,
            probabilities: ChunkProbabilities::from_masks(&masks),
            embeddings: Box::new(embeddings([0.0; 3])),
            ids,
        }
    }

    /// Voices 4 and 7, at right angles.
    fn voices() -> Vec<RunningVoice> {
        let [first, second, _] = embeddings([0.0, 90.0, 0.0]);
        vec![RunningVoice::new(4, &first, 2.0), RunningVoice::new(7, &second, 2.0)]
    }

    fn decided(frames: Range<usize>, windows: &[PlacedWindow], subsegments: &Subsegments) -> Vec<Vec<u32>> {
        let windows: Vec<&PlacedWindow> = windows.iter().collect();
        speakers_by_probability(frames, &windows, subsegments, &voices(), &TimelineSettings::default())
    }

    #[test]
    fn windows_decide_without_subsegments() {
        let windows = [window([Some(7), Some(4), None])];
        let none = Subsegments::default();
        assert_eq!(decided(298..302, &windows, &none), [vec![7], vec![7], vec![4, 7], vec![4, 7]]);
        // The window has 500 frames of audio, and a speaker without a voice has no votes.
        assert_eq!(decided(499..501, &windows, &none), [vec![7], vec![]]);
        assert_eq!(decided(0..1, &[window([Some(5), None, None])], &none), [const { Vec::<u32>::new() }]);
    }

    #[test]
    fn the_voice_decides_where_one_person_speaks() {
        let windows = [window([Some(7), Some(4), None])];
        let mut subsegments = Subsegments::default();
        // From 2.4 s to 3.2 s and from 5.2 s to 6 s, frames 141 to 188 and 307 to 354.
        let [voice, ..] = embeddings([0.0; 3]);
        assert_eq!(voice.len(), EMBEDDING_DIMENSION);
        subsegments.push(6, 10, &voice);
        subsegments.push(13, 10, &voice);
        let found = decided(130..320, &windows, &subsegments);
        assert_eq!([130, 150, 180, 200].map(|frame| found[frame - 130].clone()), [vec![7], vec![4], vec![4], vec![7]]);
        assert_eq!(found[315 - 130], [4, 7], "both speak");
    }
}
