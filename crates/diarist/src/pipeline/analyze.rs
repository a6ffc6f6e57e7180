//! Streams a recording through the networks.
//!
//! Chunks are taken in waves of a few per thread. Within a wave, segmentation runs over batches of chunks in parallel, and embedding
//! over single chunks as [`EmbeddingMode`] says; no chunk's result depends on the batch or the thread that computed it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::audio::AudioSource;
use crate::error::{Error, Result};
use crate::models::{pyannet, resnet34};
use crate::segmentation::masks::ChunkMasks;

use super::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot};
use super::cache::{CacheUse, EmbeddingCache};
use super::checkpoint::{Checkpoint, Listener, mark};
use super::embed::{self, ChunkEmbedder, ChunkEmbeddings, Embedder, Wave};
use super::intake::{Intake, Window};
use super::models::Models;
use super::options::{DiarizationOptions, EmbeddingMode, Progress};
use super::timings::Timings;

/// Most chunks in one segmentation batch. From 4 on, the time per chunk hardly depends on their number (docs/adr/0007); more
/// chunks share more of the first convolution, but take memory.
const MAX_BATCH_CHUNKS: usize = 8;
/// Chunks per thread in one wave: two batches, so that threads that finish early find more work.
const WAVE_CHUNKS_PER_THREAD: usize = 2 * MAX_BATCH_CHUNKS;

/// What a pipeline keeps from chunk to chunk and from recording to recording: scratch memory of the networks, so that nothing is
/// allocated after the first wave, and embeddings that were computed before.
#[derive(Debug, Default)]
pub(super) struct Workspaces {
    segmentation: Mutex<Vec<pyannet::Workspace>>,
    embedding: Mutex<Vec<resnet34::Workspace>>,
    cache: EmbeddingCache,
}

impl Workspaces {
    /// What computes the embeddings of chunks.
    pub(super) fn chunk_embedder<'a>(&'a self, models: &'a Models, mode: EmbeddingMode) -> ChunkEmbedder<'a> {
        ChunkEmbedder { network: &models.embedding, workspaces: &self.embedding, cache: &self.cache, mode }
    }
}

pub(super) fn with_workspace<W: Default, R>(pool: &Mutex<Vec<W>>, work: impl FnOnce(&mut W) -> R) -> R {
    let taken = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut workspace = taken.unwrap_or_default();
    let result = work(&mut workspace);
    pool.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    result
}

/// What an analysis works with.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) models: &'a Models,
    pub(super) workspaces: &'a Workspaces,
    pub(super) options: &'a DiarizationOptions,
}

/// Takes the masks of a wave, all embeddings so far, and the first of their rows that belongs to the wave.
type Store<'a> = dyn FnMut(&[ChunkMasks], &Embeddings, usize) -> Result<()> + 'a;

/// Runs the networks over `source`, from where `checkpoint` has come to if there is one. Must be called inside the pipeline's
/// thread pool.
pub(super) fn analyze(
    job: Job<'_>,
    source: &mut dyn AudioSource,
    checkpoint: Option<Checkpoint>,
    timings: &mut Timings,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Analysis, CacheUse)> {
    let step_samples = job.options.step_samples()?;
    let Some(mut checkpoint) = checkpoint else {
        return go_on(job, Analysis::nothing(step_samples), source, &mut |_, _, _| Ok(()), timings, progress);
    };
    let heard = Mutex::default();
    let mut listener = Listener::new(source, &heard);
    let clock = Instant::now();
    let (mut done, is_all) =
        checkpoint.resume(&mut listener, |next| embed::first_needed(next, job.options, step_samples))?;
    timings.add_reading(clock.elapsed(), Duration::ZERO, Duration::ZERO);
    let mut cache_use = CacheUse::default();
    if !is_all {
        let mut store = |masks: &[ChunkMasks], embeddings: &Embeddings, first_row| {
            checkpoint.push(masks, embeddings, first_row, &mark(&heard))
        };
        (done, cache_use) = go_on(job, done, &mut listener, &mut store, timings, progress)?;
    }
    checkpoint.finish(done.geometry.num_samples)?;
    Ok((done, cache_use))
}

/// Runs the networks over the chunks after those of `done`; `source` begins where [`embed::first_needed`] says.
fn go_on(
    job: Job<'_>,
    done: Analysis,
    source: &mut dyn AudioSource,
    store: &mut Store<'_>,
    timings: &mut Timings,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Analysis, CacheUse)> {
    let Job { models, workspaces, options } = job;
    let step_samples = done.geometry.step_samples;
    let wave_chunks = WAVE_CHUNKS_PER_THREAD * rayon::current_num_threads();
    let mut intake = Intake::new(source, step_samples, embed::first_needed(done.masks.len(), options, step_samples));
    let mut wave_embeddings: Vec<ChunkEmbeddings> = vec![[0.0; _]; wave_chunks];
    let mode = options.embedding_mode;
    let chunks = workspaces.chunk_embedder(models, mode);
    let mut embedder = Embedder::new(options.trunk);
    let mut cache_use = CacheUse::default();
    embedder.resume(&chunks, &done, &mut intake)?;
    let Analysis { mut masks, mut embeddings, .. } = done;
    loop {
        let first_chunk = masks.len();
        let (clock, before) = (Instant::now(), intake.source_times());
        let num_chunks = intake.read_chunks(first_chunk, wave_chunks, embedder.samples_beyond())?;
        let resampling = intake.source_times().resampling - before.resampling;
        timings.add_reading(clock.elapsed(), resampling, Duration::ZERO);
        if num_chunks == 0 {
            break;
        }

        let clock = Instant::now();
        masks.resize(first_chunk + num_chunks, ChunkMasks::default());
        let wave_masks = &mut masks[first_chunk..];
        segment(models, workspaces, intake.window(), first_chunk, wave_masks);
        timings.segmentation_s += clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        intake.compute_fbank();
        timings.fbank_s += clock.elapsed().as_secs_f64();

        let (clock, before) = (Instant::now(), intake.source_times());
        let wave_embeddings = &mut wave_embeddings[..num_chunks];
        let all_chunks = intake.all_chunks();
        let (reader, window) = intake.split();
        let wave = Wave { window, first_chunk, masks: wave_masks, step_samples, all_chunks };
        // One thread reads the next wave meanwhile; a single one would only read it earlier.
        let ahead = if rayon::current_num_threads() > 1 { wave_chunks * step_samples } else { 0 };
        let ((read, read_end), (found, embed_start, embed_end)) = rayon::join(
            || (reader.read_ahead(ahead), clock.elapsed()),
            || {
                let start = clock.elapsed();
                let found = embedder.embed(&chunks, &wave, wave_embeddings);
                (found, start, clock.elapsed())
            },
        );
        read?;
        let resampling = intake.source_times().resampling - before.resampling;
        timings.add_reading(read_end, resampling, read_end.min(embed_end).saturating_sub(embed_start));
        timings.embedding_s += (embed_end - embed_start).as_secs_f64();

        let clock = Instant::now();
        cache_use = [cache_use, found].into_iter().sum();
        let first_row = embeddings.len();
        collect(first_chunk, wave_masks, (mode != EmbeddingMode::Skip).then_some(wave_embeddings), &mut embeddings)?;
        timings.embedding_s += clock.elapsed().as_secs_f64();
        store(wave_masks, &embeddings, first_row)?;

        progress(progress_after(&intake, masks.len(), step_samples));
    }
    Ok((Analysis { geometry: intake.geometry(), masks, embeddings }, cache_use))
}

pub(super) fn segment(
    models: &Models,
    workspaces: &Workspaces,
    window: &Window,
    first_chunk: usize,
    wave_masks: &mut [ChunkMasks],
) {
    let batches = batches(first_chunk, wave_masks, rayon::current_num_threads());
    batches.into_par_iter().with_max_len(1).for_each(|(first, masks)| {
        let chunks = window.chunks(first, masks.len());
        with_workspace(&workspaces.segmentation, |workspace| models.segmentation.forward(chunks, workspace, masks));
    });
}

/// Cuts a wave into batches of nearly equal size, as many for each thread: the first chunk and the masks of each.
fn batches(first_chunk: usize, masks: &mut [ChunkMasks], num_threads: usize) -> Vec<(usize, &mut [ChunkMasks])> {
    let num_chunks = masks.len();
    let per_thread = num_chunks.div_ceil(num_threads * MAX_BATCH_CHUNKS);
    let num_batches = num_chunks.min(per_thread * num_threads);
    let mut batches = Vec::with_capacity(num_batches);
    let (mut first, mut rest) = (0, masks);
    for index in 1..=num_batches {
        let end = num_chunks * index / num_batches;
        let (batch, after) = rest.split_at_mut(end - first);
        batches.push((first_chunk + first, batch));
        (first, rest) = (end, after);
    }
    batches
}

/// Appends the slots of a wave, with their embeddings unless these were skipped.
pub(super) fn collect(
    first_chunk: usize,
    wave_masks: &[ChunkMasks],
    wave_embeddings: Option<&mut [ChunkEmbeddings]>,
    embeddings: &mut Embeddings,
) -> Result<()> {
    for (i, masks) in wave_masks.iter().enumerate() {
        for local in (0..masks.speakers.len()).filter(|&local| !masks.speakers[local].is_empty()) {
            let slot = Slot { chunk: (first_chunk + i) as u32, local: local as u8 };
            let Some(values) = &wave_embeddings else {
                embeddings.slots.push(slot);
                continue;
            };
            let embedding = &values[i][local * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION];
            if embedding.iter().any(|value| !value.is_finite()) {
                return Err(Error::weights("the embedding network gave a value that is not finite")
                    .hint("check the weights with `diarist models verify`"));
            }
            embeddings.push(slot, embedding);
        }
    }
    Ok(())
}

fn progress_after(intake: &Intake<'_>, chunks_done: usize, step_samples: usize) -> Progress {
    let geometry = intake.geometry();
    let read = ChunkGeometry { num_samples: (chunks_done * step_samples) as u64, ..geometry };
    let total_s = intake.total_s();
    if intake.all_chunks() == Some(chunks_done) {
        return Progress { processed_s: geometry.duration_s(), total_s };
    }
    Progress { processed_s: total_s.map_or(read.duration_s(), |total| total.min(read.duration_s())), total_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_even_and_cover_the_wave() {
        for num_threads in [1, 2, 3, 16] {
            for num_chunks in 0..=WAVE_CHUNKS_PER_THREAD * num_threads {
                let mut masks = vec![ChunkMasks::default(); num_chunks];
                let batches = batches(5, &mut masks, num_threads);
                let sizes: Vec<usize> = batches.iter().map(|(_, masks)| masks.len()).collect();
                let mut next = 5;
                for ((first, _), size) in batches.iter().zip(&sizes) {
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
