//! Embeddings of subsegments, pooled from the features of the shared trunk.

use rayon::prelude::*;

use crate::analysis::{
    EMBEDDING_DIMENSION, MAX_SOLO_FRAMES, MIN_SOLO_FRAMES, SUBSEGMENT_FRAMES, SUBSEGMENT_SHIFT, Subsegments,
};
use crate::error::Result;
use crate::inference::networks::check_finite;

use super::chunk_embedder::ChunkEmbedder;
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

/// Appends the embeddings of the subsegments that are known with this wave. `trunk` has computed
/// the wave.
pub(super) fn embed_subsegments(
    trunk: &SharedTrunk,
    chunks: &ChunkEmbedder<'_>,
    wave: &Wave<'_>,
    out: &mut Subsegments,
) -> Result<()> {
    let end = wave.span.end();
    let stretches = wave.span.subsegments().map(|index| {
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
