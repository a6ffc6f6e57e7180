//! The memory of a GPU: a batch has the size that it is enough for.

use std::collections::VecDeque;

use diarist_gpu::embedding::Embedding;
use diarist_gpu::segmentation::Segmentation;
use diarist_gpu::{Error, Recorder, Result, Scratch};

use crate::inference::wave::WaveSpan;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK};

use super::batch::Batch;
use super::machine::{FEATURES, Machine, SLOT_VALUES};
use super::plan::Passes;

/// Largest number of passes that a batch keeps.
const MAX_KEPT_PASSES: usize = 3;

/// Allocates the buffers of one recording. The number of chunks of a batch, at first that of the
/// machine, is halved until all buffers fit into the limits and the memory of the GPU. Returns it
/// with the buffers.
///
/// # Errors
/// [`Error::OutOfMemory`] if one chunk does not fit, and other faults of the GPU.
pub(super) fn reserve(machine: &Machine) -> Result<(Scratch, usize)> {
    let mut num_chunks = machine.batch_chunks;
    loop {
        let reserved = match fits_limits(machine, num_chunks) {
            true => allocate(machine, num_chunks),
            false => Err(Error::OutOfMemory),
        };
        match reserved {
            Ok(scratch) => return Ok((scratch, num_chunks)),
            Err(Error::OutOfMemory) if num_chunks > 1 => num_chunks /= 2,
            Err(fault) => return Err(fault),
        }
    }
}

/// Samples of a batch, with those of the last pass.
fn num_samples(machine: &Machine, num_chunks: usize) -> usize {
    (num_chunks - 1) * machine.step_samples + 2 * CHUNK_SAMPLES
}

fn span(machine: &Machine, num_chunks: usize) -> WaveSpan {
    WaveSpan { first_chunk: 0, num_chunks, step_samples: machine.step_samples, all_chunks: None }
}

/// Bytes of a buffer for the features of `passes` and of those that are kept from before.
fn features_bytes(machine: &Machine, passes: &Passes) -> usize {
    (passes.spans.len() + MAX_KEPT_PASSES) * SLOT_VALUES * machine.element.num_bytes()
}

/// Whether every buffer of a batch is small enough for one binding.
fn fits_limits(machine: &Machine, num_chunks: usize) -> bool {
    let span = span(machine, num_chunks);
    let (_, largest) = Segmentation::scratch_bytes(machine.element, machine.step_samples, num_chunks);
    let mut largest = largest.max(machine.probability_rows(&span) * FRAMES_PER_CHUNK * 4);
    if machine.has_embeddings {
        let passes = Passes::next(machine.trunk, &[], &span);
        let num_sets = passes.tables(machine.trunk, &span, 0).num_sets();
        let num_samples = num_samples(machine, num_chunks);
        let (_, of_embedding) = Embedding::scratch_bytes(machine.element, num_samples, passes.spans.len(), num_sets);
        largest = largest.max(of_embedding).max(features_bytes(machine, &passes));
    }
    let summary = machine.gpu.summary();
    largest as u64 <= summary.max_binding_bytes.min(summary.max_buffer_bytes)
}

/// The buffers of a batch.
fn allocate(machine: &Machine, num_chunks: usize) -> Result<Scratch> {
    let mut scratch = Scratch::default();
    let mut recorder = Recorder::new(&machine.gpu);
    let span = span(machine, num_chunks);
    let passes = Passes::next(machine.trunk, &[], &span);
    let samples = vec![0.0; num_samples(machine, num_chunks)];
    let batch = Batch { machine, span: &span, passes: &passes, recent: &VecDeque::new(), side: false };
    let watch = machine.gpu.watch();
    batch.record(&mut recorder, &mut scratch, &samples);
    if machine.has_embeddings {
        // Both halves of the features, with the passes that a later batch keeps.
        let num_bytes = features_bytes(machine, &passes);
        FEATURES.iter().for_each(|name| drop(scratch.get(&machine.gpu, name, num_bytes)));
    }
    watch.end()?;
    Ok(scratch)
}
