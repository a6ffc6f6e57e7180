//! Segments a wave, in batches of chunks on all threads.

use rayon::prelude::*;

use crate::inference::intake::Window;
use crate::inference::pool::Pool;
use crate::models::pyannet::{PyanNet, Workspace};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

/// Largest number of chunks in a batch. From 4 chunks on, the time per chunk hardly depends on
/// their number (docs/adr/0007). Larger batches share more of the first convolution, but need more
/// memory.
const MAX_BATCH_CHUNKS: usize = 8;
/// Chunks per thread in one wave: two batches, so that threads that finish early find more work.
pub(super) const WAVE_CHUNKS_PER_THREAD: usize = 2 * MAX_BATCH_CHUNKS;

/// Fills `wave_masks` and `wave_probabilities` for the chunks from `first_chunk` on.
pub(super) fn segment(
    network: &PyanNet,
    pool: &Pool<Workspace>,
    window: &Window,
    first_chunk: usize,
    wave_masks: &mut [ChunkMasks],
    wave_probabilities: &mut [ChunkProbabilities],
) {
    let batches = batches(first_chunk, wave_masks, wave_probabilities, rayon::current_num_threads());
    batches.into_par_iter().with_max_len(1).for_each(|Batch { first, masks, probabilities }| {
        let chunks = window.chunks(first, masks.len());
        pool.with(|workspace| network.forward(chunks, workspace, masks, probabilities));
    });
}

/// Chunks of a wave that one call of the network takes.
struct Batch<'a> {
    first: usize,
    masks: &'a mut [ChunkMasks],
    probabilities: &'a mut [ChunkProbabilities],
}

/// Cuts a wave into batches of nearly equal size, the same number for each thread.
fn batches<'a>(
    first_chunk: usize,
    masks: &'a mut [ChunkMasks],
    probabilities: &'a mut [ChunkProbabilities],
    num_threads: usize,
) -> Vec<Batch<'a>> {
    let num_chunks = masks.len();
    let per_thread = num_chunks.div_ceil(num_threads * MAX_BATCH_CHUNKS);
    let num_batches = num_chunks.min(per_thread * num_threads);
    let mut batches = Vec::with_capacity(num_batches);
    let (mut first, mut rest) = (0, (masks, probabilities));
    for index in 1..=num_batches {
        let end = num_chunks * index / num_batches;
        let (masks, masks_after) = rest.0.split_at_mut(end - first);
        let (probabilities, after) = rest.1.split_at_mut(end - first);
        batches.push(Batch { first: first_chunk + first, masks, probabilities });
        (first, rest) = (end, (masks_after, after));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_even_and_cover_the_wave() {
        for num_threads in [1, 2, 3, 16] {
            for num_chunks in 0..=WAVE_CHUNKS_PER_THREAD * num_threads {
                let mut masks = vec![ChunkMasks::default(); num_chunks];
                let mut probabilities = vec![ChunkProbabilities::default(); num_chunks];
                let batches = batches(5, &mut masks, &mut probabilities, num_threads);
                assert!(batches.iter().all(|batch| batch.masks.len() == batch.probabilities.len()));
                let sizes: Vec<usize> = batches.iter().map(|batch| batch.masks.len()).collect();
                let mut next = 5;
                for (Batch { first, .. }, size) in batches.iter().zip(&sizes) {
                    assert_eq!(*first, next);
                    next += size;
                }
                let what = format!("{num_chunks} chunks, {num_threads} threads: {sizes:?}");
                assert_eq!(next, 5 + num_chunks, "{what}");
                let (smallest, largest) = (sizes.iter().min().unwrap_or(&1), sizes.iter().max().unwrap_or(&1));
                assert!(*smallest >= 1 && largest - smallest <= 1 && *largest <= MAX_BATCH_CHUNKS, "{what}");
                assert!(num_chunks < num_threads || sizes.len().is_multiple_of(num_threads), "{what}");
            }
        }
    }
}
