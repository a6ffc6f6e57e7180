//! The frames that a window covers, and the speakers of a frame by the windows that cover it.

use crate::analysis::EMBEDDING_DIMENSION;
use crate::segmentation::LOCAL_SPEAKERS;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::timeline::{SlidingWindow, rounded_mean};

/// The speaker of each local speaker, if there is one.
pub(super) type Ids = [Option<u32>; LOCAL_SPEAKERS];

/// A window at its place in the recording, with the speakers of its local speakers.
#[derive(Debug, Clone)]
pub(super) struct PlacedWindow {
    /// Frame of the recording that is frame 0 of the window.
    pub(super) start_frame: usize,
    /// Number of frames inside the audio: fewer than 589 in the first windows, which are padded.
    pub(super) num_frames: usize,
    pub(super) masks: ChunkMasks,
    pub(super) probabilities: ChunkProbabilities,
    /// `[3, 256]`, unspecified for a local speaker without an active frame.
    pub(super) embeddings: Box<[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS]>,
    pub(super) ids: Ids,
}

impl PlacedWindow {
    /// First frame after the window.
    pub(super) fn end_frame(&self) -> usize {
        self.start_frame + self.num_frames
    }

    /// The frame of the window that is `frame` of the recording.
    pub(super) fn local_frame(&self, frame: usize) -> Option<usize> {
        frame.checked_sub(self.start_frame).filter(|t| *t < self.num_frames)
    }
}

/// Number of frames with a middle before `until_s`.
pub(super) fn frames_before(until_s: f64) -> usize {
    let frames = SlidingWindow::FRAMES;
    ((until_s - 0.5 * frames.duration) / frames.step).ceil().max(0.0) as usize
}

/// The speakers of `frame`: those with the most votes of the windows, as many as are active in the
/// mean over the windows. Among equals, the lower number comes first.
pub(super) fn speakers_in<'a>(frame: usize, windows: impl Iterator<Item = &'a PlacedWindow>) -> Vec<u32> {
    let (mut num_windows, mut num_active) = (0, 0);
    let mut votes: Vec<(u32, usize)> = Vec::new();
    for (window, t) in windows.filter_map(|window| Some((window, window.local_frame(frame)?))) {
        num_windows += 1;
        num_active += u64::from(window.masks.num_active(t));
        for id in (0..LOCAL_SPEAKERS).filter(|&local| window.masks.speakers[local].get(t)).filter_map(|l| window.ids[l])
        {
            match votes.iter_mut().find(|(voted, _)| *voted == id) {
                Some((_, num)) => *num += 1,
                None => votes.push((id, 1)),
            }
        }
    }
    votes.sort_unstable_by_key(|&(id, num)| (std::cmp::Reverse(num), id));
    votes.truncate(usize::from(rounded_mean(num_active, num_windows)));
    votes.into_iter().map(|(id, _)| id).collect()
}
