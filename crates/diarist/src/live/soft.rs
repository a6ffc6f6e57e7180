//! The speakers of a frame by probabilities and voices, as offline.

use std::collections::VecDeque;
use std::ops::Range;

use crate::analysis::Subsegments;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::timeline::{Evidence, FrameVotes, TimelineSettings};

use super::speakers::{RunningVoice, Speakers};
use super::windows::PlacedWindow;

/// The speakers of each of `frames`, by the windows and subsegments that cover it.
pub(super) fn speakers_by_probability(
    frames: Range<usize>,
    windows: &VecDeque<PlacedWindow>,
    subsegments: &Subsegments,
    speakers: &Speakers,
    settings: &TimelineSettings,
) -> Vec<Vec<u32>> {
    let voices = speakers.voices();
    let index = |id: u32| voices.binary_search_by_key(&id, |voice: &RunningVoice| voice.id).ok().map(|i| i as u32);
    let clusters: Vec<[Option<u32>; LOCAL_SPEAKERS]> =
        windows.iter().map(|window| window.ids.map(|id| id.and_then(index))).collect();
    let centroids: Vec<Vec<f32>> = voices.iter().map(|voice| voice.unit.clone()).collect();
    let mut evidence = Evidence::new(subsegments, &centroids);
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
