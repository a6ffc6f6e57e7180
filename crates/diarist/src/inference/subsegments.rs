//! Embeddings of subsegments, pooled from the features of the shared trunk.

use std::ops::Range;

use rayon::prelude::*;

use crate::analysis::{
    EMBEDDING_DIMENSION, MAX_SOLO_FRAMES, MIN_SOLO_FRAMES, SUBSEGMENT_FRAMES, SUBSEGMENT_SHIFT, Subsegments,
    first_open, num_before,
};
use crate::error::Result;

use super::chunk_embedder::{ChunkEmbedder, check_finite};
use super::shared_trunk::{FeatureFrame, SharedTrunk};
use super::wave::Wave;

/// Subsegments whose embeddings are computed by one product of matrices. Larger batches gain
/// nothing.
const BATCH: usize = 16;

/// The solo feature frames of a subsegment.
struct Stretch {
    index: usize,
    frames: [FeatureFrame; MAX_SOLO_FRAMES],
    num_frames: usize,
}

impl Wave<'_> {
    /// The subsegments that are known as soon as the chunks of this wave are, but no earlier.
    fn subsegments(&self) -> Range<usize> {
        let next = self.first_chunk + self.masks.len();
        let end = match self.all_chunks == Some(next) {
            true => num_before(self.end()),
            false => first_open(self.start(next)),
        };
        first_open(self.start(self.first_chunk))..end
    }
}

/// Appends the embeddings of the subsegments that are known with this wave. `trunk` has computed
/// the wave.
pub(super) fn embed_subsegments(
    trunk: &SharedTrunk,
    chunks: &ChunkEmbedder<'_>,
    wave: &Wave<'_>,
    out: &mut Subsegments,
) -> Result<()> {
    let end = wave.end();
    let stretches = wave.subsegments().map(|index| {
        let start = index * SUBSEGMENT_SHIFT;
        let mut stretch = Stretch { index, frames: [FeatureFrame::default(); _], num_frames: 0 };
        for frame in trunk.solo_frames(start..end.min(start + SUBSEGMENT_FRAMES)).take(MAX_SOLO_FRAMES) {
            stretch.frames[stretch.num_frames] = frame;
            stretch.num_frames += 1;
        }
        stretch
    });
    let stretches: Vec<Stretch> = stretches.filter(|stretch| stretch.num_frames >= MIN_SOLO_FRAMES).collect();
    let mut embeddings = vec![0.0; stretches.len() * EMBEDDING_DIMENSION];
    let items = chunks.items_at_a_time();
    let batches = stretches.par_chunks(BATCH).zip(embeddings.par_chunks_mut(BATCH * EMBEDDING_DIMENSION));
    batches.with_min_len(items).with_max_len(items).for_each(|(stretches, embeddings)| {
        let frames = |set: usize, row| {
            let Stretch { frames, num_frames, .. } = &stretches[set];
            frames[..*num_frames].iter().map(move |frame| trunk.features(*frame, row))
        };
        chunks.network.embed_sets(frames, embeddings);
    });
    for (stretch, embedding) in stretches.iter().zip(embeddings.chunks_exact(EMBEDDING_DIMENSION)) {
        check_finite(embedding)?;
        out.push(stretch.index as u32, stretch.num_frames as u8, embedding);
    }
    Ok(())
}
