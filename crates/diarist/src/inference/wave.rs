//! Consecutive chunks that are computed together: where they lie, and where the trunk passes over
//! them do.

use std::ops::Range;

#[cfg(any(feature = "gpu", test))]
use crate::analysis::SUBSEGMENT_FRAMES;
use crate::analysis::{EMBEDDING_DIMENSION, SUBSEGMENT_SHIFT, first_open, num_before};
use crate::features::fbank::FRAME_SHIFT;
use crate::models::resnet34::FEATURE_SHIFT;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS, closest_frame};

/// Fbank frames of a trunk pass or a chunk: those of 10 s.
pub(super) const PASS_FRAMES: usize = CHUNK_SAMPLES / FRAME_SHIFT;
/// Feature frames of a trunk pass.
pub(super) const PASS_FEATURES: usize = PASS_FRAMES / FEATURE_SHIFT;

/// The embeddings of one chunk, `[3, 256]`; unspecified for local speakers that are never active.
pub(super) type ChunkEmbeddings = [f32; LOCAL_SPEAKERS * EMBEDDING_DIMENSION];

/// The place of a wave in its recording. Positions are fbank frames of the recording.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaveSpan {
    pub(super) first_chunk: usize,
    pub(super) num_chunks: usize,
    pub(super) step_samples: usize,
    /// Number of chunks of the recording, once all of it is in the window.
    pub(super) all_chunks: Option<usize>,
}

impl WaveSpan {
    /// Index of the first chunk after the wave.
    pub(super) fn next_chunk(&self) -> usize {
        self.first_chunk + self.num_chunks
    }

    /// First fbank frame of a chunk.
    pub(super) fn start(&self, chunk: usize) -> usize {
        chunk * self.step_samples / FRAME_SHIFT
    }

    /// End of the last chunk of the wave.
    pub(super) fn end(&self) -> usize {
        self.start(self.next_chunk() - 1) + PASS_FRAMES
    }

    /// First fbank frame of the first subsegment that this wave or later ones may change.
    pub(super) fn first_open_frame(&self) -> usize {
        first_open(self.start(self.first_chunk)) * SUBSEGMENT_SHIFT
    }

    /// The subsegments that are known as soon as the chunks of this wave are, but no earlier.
    pub(super) fn subsegments(&self) -> Range<usize> {
        let next = self.next_chunk();
        let end = match self.all_chunks == Some(next) {
            true => num_before(self.end()),
            false => first_open(self.start(next)),
        };
        first_open(self.start(self.first_chunk))..end
    }

    /// The shared trunk passes that this wave needs after those so far. `last_used_from` is the
    /// frame that the last of those is used from.
    pub(super) fn new_passes(&self, last_used_from: Option<usize>) -> impl Iterator<Item = PassSpan> + use<> {
        let first = match last_used_from {
            Some(last) => last + PASS_FRAMES,
            None => self.first_open_frame() / PASS_FRAMES * PASS_FRAMES,
        };
        let last_end = self.all_chunks.map_or(usize::MAX, |all| self.start(all - 1) + PASS_FRAMES);
        let spans = (first..self.end()).step_by(PASS_FRAMES);
        spans.map(move |used_from| PassSpan { start: used_from.min(last_end - PASS_FRAMES), used_from })
    }
}

/// The place of a shared trunk pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PassSpan {
    /// First frame that the pass covers.
    pub(super) start: usize,
    /// First frame that the pass is used for. It differs from `start` only in the last pass, which
    /// ends with the last chunk.
    pub(super) used_from: usize,
}

/// The first chunk whose samples are needed to resume shared passes at chunk `next`: the chunk at
/// the beginning of the pass in which the first subsegment starts that is not known yet, or the
/// last chunk before that.
pub(super) fn first_needed(next: usize, step_samples: usize) -> usize {
    let start = first_open(next * step_samples / FRAME_SHIFT) * SUBSEGMENT_SHIFT;
    start / PASS_FRAMES * CHUNK_SAMPLES / step_samples
}

/// Number of chunks whose probabilities later subsegments may need: those that end after the start
/// of the first subsegment that is not known yet.
#[cfg(any(feature = "gpu", test))]
pub(super) fn num_recent(step_samples: usize) -> usize {
    // Two frames of masks more, since they do not begin where those of features do.
    let frames = PASS_FRAMES + SUBSEGMENT_FRAMES + SUBSEGMENT_SHIFT + 4;
    frames.div_ceil(step_samples / FRAME_SHIFT) + 1
}

/// The mask frame that covers the fbank frame `frame`, in the chunk that starts at frame `start`:
/// the nearest lower one.
pub(super) fn mask_frame(frame: usize, start: usize) -> Option<usize> {
    let offset = frame.checked_sub(start)?;
    (offset < PASS_FRAMES).then_some(offset * FRAMES_PER_CHUNK / PASS_FRAMES)
}

/// The frame of the recording with the middle closest to that of the fbank frame `frame`, which is
/// 25 ms long.
pub(super) fn recording_frame(frame: usize) -> usize {
    closest_frame(frame as f64 * 0.01 + 0.0125)
}
