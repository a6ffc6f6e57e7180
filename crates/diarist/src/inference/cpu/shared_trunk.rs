//! Runs the embedding trunk once over the recording, and pools the embeddings of all chunks from
//! its features.
//!
//! A pass covers 10 s, and passes do not overlap, however small the chunk step is. At a step of 1
//! s, this is a tenth of the work of a pass for each chunk. A pass is normalised by its own mean,
//! as a chunk is. So a chunk that does not start with a pass is pooled from features that were
//! normalised and padded in another way than its own would be. docs/benchmarks.md shows the effect
//! on the error rate.
//!
//! The embeddings of subsegments are pooled from the same features.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use crate::features::fbank::chunk_mean;
use crate::inference::wave::{ChunkEmbeddings, PASS_FEATURES, PASS_FRAMES, PassSpan, mask_frame};
use crate::models::resnet34::{FEATURE_SHIFT, OUT_CHANNELS, OUT_HEIGHT};
use crate::segmentation::masks::FrameMask;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::chunk_embedder::ChunkEmbedder;
use super::solo::SoloFrames;
use super::wave::Wave;

/// The features of 10 s. Positions are fbank frames of the recording.
#[derive(Debug)]
struct Pass {
    span: PassSpan,
    /// Shape `[10, 125, 256]`; unspecified where nobody speaks, empty if nobody speaks in the whole
    /// pass.
    features: Vec<f32>,
}

/// The passes that have been computed and are still needed.
#[derive(Debug, Default)]
pub(super) struct SharedTrunk {
    passes: VecDeque<Pass>,
    /// Memory of passes that are no longer needed.
    spare: Vec<Vec<f32>>,
    /// Solo frames from the first subsegment on that is not known yet.
    solo: SoloFrames,
}

/// A feature frame: a pass, and the frame within it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FeatureFrame {
    pass: usize,
    t: usize,
}

impl Wave<'_> {
    /// First frame whose features chunks of later waves may need.
    fn open_from(&self) -> usize {
        let next = self.span.next_chunk();
        if self.span.all_chunks == Some(next) { usize::MAX } else { self.span.start(next) }
    }

    /// The features of a new pass that an embedding needs or may need. No earlier chunk covers the
    /// frames that the pass is used for, so `solo` is final before the first open frame.
    fn wanted(&self, pass: &Pass, solo: &SoloFrames) -> [bool; PASS_FEATURES] {
        let open_from = self.open_from();
        let mut wanted = std::array::from_fn(|t| {
            let frame = pass.span.start + t * FEATURE_SHIFT;
            frame >= open_from || frame >= pass.span.used_from && solo.is_solo(frame)
        });
        for (i, masks) in self.masks.iter().enumerate() {
            let start = self.span.start(self.span.first_chunk + i);
            if start >= pass.span.start + PASS_FRAMES || start + PASS_FRAMES <= pass.span.start {
                continue;
            }
            let speakers = masks.embedding_masks();
            for (t, wanted) in wanted.iter_mut().enumerate() {
                let frame = pass.span.start + t * FEATURE_SHIFT;
                *wanted |= frame >= pass.span.used_from
                    && mask_frame(frame, start).is_some_and(|t| speakers.iter().flatten().any(|mask| mask.get(t)));
            }
        }
        wanted
    }
}

impl SharedTrunk {
    /// Computes the embeddings of every active local speaker of a wave, `[3, 256]` for each chunk.
    pub(super) fn embed(&mut self, chunks: &ChunkEmbedder<'_>, wave: &Wave<'_>, out: &mut [ChunkEmbeddings]) {
        self.solo.discard_before(wave.span.first_open_frame());
        for (chunk, probabilities) in (wave.span.first_chunk..).zip(wave.probabilities) {
            self.solo.add(chunk * wave.span.step_samples, probabilities);
        }
        self.compute_passes(chunks, wave);
        let items = chunks.items_at_a_time();
        let masks = wave.masks.par_iter().zip(out).enumerate().with_min_len(items).with_max_len(items);
        masks.filter(|(_, (masks, _))| !masks.is_silent()).for_each(|(i, (masks, out))| {
            let start = wave.span.start(wave.span.first_chunk + i);
            let speakers = masks.embedding_masks();
            let frames = |speaker: usize, row| self.frames(start, speakers[speaker].unwrap_or_default(), row);
            chunks.network.embed_frames(frames, out);
        });
    }

    /// Restores the solo frames from the probabilities of the last chunks before `wave`, and
    /// computes the passes that begin before its first chunk and reach into it or into the first
    /// subsegment that is not known yet. `wave` has no chunks itself.
    pub(super) fn resume(&mut self, chunks: &ChunkEmbedder<'_>, wave: &Wave<'_>, recent: &[ChunkProbabilities]) {
        self.solo.discard_before(wave.span.first_open_frame());
        for (chunk, probabilities) in (wave.span.first_chunk - recent.len()..).zip(recent) {
            self.solo.add(chunk * wave.span.step_samples, probabilities);
        }
        self.compute_passes(chunks, wave);
    }

    /// Runs the missing passes that the wave needs, and discards those that no chunk needs any
    /// more.
    fn compute_passes(&mut self, chunks: &ChunkEmbedder<'_>, wave: &Wave<'_>) {
        let start = wave.span.first_open_frame();
        while self.passes.get(1).is_some_and(|next| next.span.used_from <= start) {
            self.spare.extend(self.passes.pop_front().map(|pass| pass.features));
        }
        let num_present = self.passes.len();
        for span in wave.span.new_passes(self.passes.back().map(|last| last.span.used_from)) {
            self.passes.push_back(Pass { span, features: self.spare.pop().unwrap_or_default() });
        }
        let new = self.passes.make_contiguous()[num_present..].par_iter_mut();
        let (items, solo) = (chunks.items_at_a_time(), &self.solo);
        new.with_min_len(items).with_max_len(items).for_each(|pass| {
            pass.features.clear();
            let wanted = wave.wanted(pass, solo);
            if !wanted.contains(&true) {
                return;
            }
            let fbank = wave.frames.of_chunk(pass.span.start);
            chunks.pool.with(|workspace| {
                chunks.network.trunk_where(fbank, &chunk_mean(fbank), |t| wanted[t], workspace);
                for row in 0..OUT_HEIGHT {
                    pass.features.extend_from_slice(workspace.features(row));
                }
            });
        });
    }

    /// The solo feature frames that are used for the fbank frames in `range`.
    pub(super) fn solo_frames(&self, range: Range<usize>) -> impl Iterator<Item = FeatureFrame> {
        let passes = self.passes.iter().enumerate().filter(|(_, pass)| !pass.features.is_empty());
        passes.flat_map(move |(index, pass)| {
            let used_until = self.passes.get(index + 1).map_or(usize::MAX, |next| next.span.used_from);
            let used = range.start.max(pass.span.used_from)..range.end.min(used_until);
            let first = used.start.saturating_sub(pass.span.start).div_ceil(FEATURE_SHIFT);
            let frames = (first..PASS_FEATURES).map(move |t| (t, pass.span.start + t * FEATURE_SHIFT));
            let used_frames = frames.take_while(move |(_, frame)| *frame < used.end);
            let solo = used_frames.filter(|(_, frame)| self.solo.is_solo(*frame));
            solo.map(move |(t, _)| FeatureFrame { pass: index, t })
        })
    }

    /// The features at frequency `row` of a frame from [`Self::solo_frames`]: 256 values.
    pub(super) fn features(&self, frame: FeatureFrame, row: usize) -> &[f32] {
        let first = (row * PASS_FEATURES + frame.t) * OUT_CHANNELS;
        &self.passes[frame.pass].features[first..][..OUT_CHANNELS]
    }

    /// The features at frequency `row` that belong to `mask` of the chunk that starts at frame
    /// `start`.
    fn frames(&self, start: usize, mask: FrameMask, row: usize) -> impl Iterator<Item = &[f32]> + Clone {
        let passes = self.passes.iter().enumerate();
        passes.filter(|(_, pass)| !pass.features.is_empty()).flat_map(move |(index, pass)| {
            let used_until = self.passes.get(index + 1).map_or(usize::MAX, |next| next.span.used_from);
            let row = &pass.features[row * PASS_FEATURES * OUT_CHANNELS..][..PASS_FEATURES * OUT_CHANNELS];
            row.chunks_exact(OUT_CHANNELS).enumerate().filter_map(move |(t, features)| {
                let frame = pass.span.start + t * FEATURE_SHIFT;
                let is_used = (pass.span.used_from..used_until).contains(&frame);
                (is_used && mask_frame(frame, start).is_some_and(|t| mask.get(t))).then_some(features)
            })
        })
    }
}
