//! A GPU as a machine that runs the networks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

#[cfg(test)]
use diarist_gpu::Gpu;
use diarist_gpu::{Adapter, Recorder, Scratch};

use crate::analysis::{EMBEDDING_DIMENSION, MIN_SOLO_FRAMES, Origin, Subsegments};
use crate::error::{Error, ErrorKind, Result};
use crate::features::fbank::FRAME_SHIFT;
use crate::inference::backend::{Backend, Run, Wave, WaveOutput};
use crate::inference::networks::check_finite;
use crate::inference::settings::{AnalysisSettings, TrunkPasses};
use crate::inference::wave::{PassSpan, WaveSpan, first_needed, num_recent};
use crate::models::Tensors;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::batch::{Batch, features_name};
use super::machine::{MASK_WORDS, Machine, device_fault};
use super::memory::reserve;
use super::plan::Passes;
use super::results;

/// A GPU with the networks. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::inference) struct GpuBackend(Arc<Machine>);

impl GpuBackend {
    /// Opens `adapter`, and brings the networks there.
    ///
    /// # Errors
    /// [`ErrorKind::Device`] if the adapter cannot be used or has too little memory for one chunk.
    pub(in crate::inference) fn new(
        adapter: &Adapter,
        segmentation: &Tensors<'_>,
        embedding: &Tensors<'_>,
        settings: &AnalysisSettings,
    ) -> Result<Self> {
        let mut machine = Machine::open(adapter, segmentation, embedding, settings)?;
        let (scratch, batch_chunks) = reserve(&machine).map_err(device_fault)?;
        machine.batch_chunks = batch_chunks;
        machine.keep(scratch);
        Ok(Self(Arc::new(machine)))
    }

    /// The same machine with smaller batches.
    #[cfg(test)]
    pub(in crate::inference) fn with_batches_of(mut self, num_chunks: usize) -> Self {
        Arc::get_mut(&mut self.0).unwrap().batch_chunks = num_chunks;
        self
    }

    /// The GPU itself.
    #[cfg(test)]
    pub(in crate::inference) fn gpu(&self) -> &Gpu {
        &self.0.gpu
    }
}

impl Backend for GpuBackend {
    fn wave_chunks(&self) -> usize {
        self.0.batch_chunks
    }

    fn note(&self, origin: &mut Origin) {
        self.0.element.name().clone_into(&mut origin.precision);
        origin.instruction_set = format!("gpu {}", self.0.gpu.summary().name);
    }

    fn start(&self) -> Box<dyn Run> {
        let machine = Arc::clone(&self.0);
        let spare = machine.take_spare().map(|scratch| (scratch, machine.batch_chunks));
        // If no buffers can be had now, the first batch says why.
        let (scratch, batch_chunks) = spare.or_else(|| reserve(&machine).ok()).unwrap_or((Scratch::default(), 1));
        let (passes, recent) = (Vec::new(), VecDeque::new());
        Box::new(GpuRun { machine, scratch, batch_chunks, side: false, passes, recent })
    }
}

/// The work on one recording.
#[derive(Debug)]
struct GpuRun {
    machine: Arc<Machine>,
    scratch: Scratch,
    /// Largest number of chunks of a batch. Other work on the GPU can make it smaller than that of
    /// the machine.
    batch_chunks: usize,
    /// Which of two buffers has the features of `passes`, pass `i` in slot `i`.
    side: bool,
    passes: Vec<PassSpan>,
    /// Probabilities of the last chunks as the GPU stores them, a row of 589 words for each.
    recent: VecDeque<Vec<u8>>,
}

impl Drop for GpuRun {
    fn drop(&mut self) {
        // Smaller buffers are given up, so that the next run tries whole batches again.
        if self.batch_chunks == self.machine.batch_chunks {
            self.machine.keep(std::mem::take(&mut self.scratch));
        }
    }
}

impl GpuRun {
    fn has_shared_passes(&self) -> bool {
        self.machine.has_embeddings && self.machine.trunk == TrunkPasses::Shared
    }

    /// Has the GPU compute the chunks of `span`, which fit into one batch. Returns the passes in
    /// use, and the bytes that came back.
    fn submit(&mut self, wave: &Wave<'_>, span: &WaveSpan) -> diarist_gpu::Result<(Passes, Vec<Vec<u8>>)> {
        let machine = Arc::clone(&self.machine);
        machine.gpu.check()?;
        let passes = match machine.has_embeddings {
            true => Passes::next(machine.trunk, &self.passes, span),
            false => Passes::default(),
        };
        let batch = Batch { machine: &machine, span, passes: &passes, recent: &self.recent, side: !self.side };
        let mut recorder = Recorder::new(&machine.gpu);
        let watch = machine.gpu.watch();
        batch.record(&mut recorder, &mut self.scratch, batch.signal(wave));
        watch.end()?;
        let read = recorder.run()?;
        Ok((passes, read))
    }

    /// Takes the results of the chunks of `span`, the first of which is number `at` of the wave.
    fn take(
        &mut self,
        span: &WaveSpan,
        passes: Passes,
        read: &[Vec<u8>],
        at: usize,
        out: &mut WaveOutput,
    ) -> Result<()> {
        let [masks, probabilities, rest @ ..] = read else {
            return Err(Error::new(ErrorKind::Internal, "the GPU gave no masks"));
        };
        let chunks = at..at + span.num_chunks;
        for (of_chunk, words) in out.masks[chunks.clone()].iter_mut().zip(masks.chunks_exact(4 * MASK_WORDS)) {
            *of_chunk = results::masks(words);
        }
        let rows = probabilities.chunks_exact(4 * FRAMES_PER_CHUNK);
        for (of_chunk, row) in out.probabilities[chunks.clone()].iter_mut().zip(rows.clone()) {
            results::fill_probabilities(row, of_chunk);
        }
        if let [embeddings, counts @ ..] = rest {
            let size = LOCAL_SPEAKERS * EMBEDDING_DIMENSION;
            let (of_chunks, of_subsegments) = embeddings.split_at(4 * size * span.num_chunks);
            for (of_chunk, bytes) in out.embeddings[chunks].iter_mut().zip(of_chunks.chunks_exact(4 * size)) {
                of_chunk.copy_from_slice(&results::floats(bytes));
            }
            if let [counts] = counts {
                add_subsegments(span, of_subsegments, counts, &mut out.subsegments)?;
            }
        }
        self.side = !self.side;
        self.passes = passes.spans;
        if self.has_shared_passes() {
            self.recent.extend(rows.map(<[u8]>::to_vec));
            let excess = self.recent.len().saturating_sub(num_recent(span.step_samples));
            self.recent.drain(..excess);
        }
        Ok(())
    }
}

/// Appends the subsegments with enough solo frames.
fn add_subsegments(span: &WaveSpan, embeddings: &[u8], counts: &[u8], out: &mut Subsegments) -> Result<()> {
    let embeddings = embeddings.chunks_exact(4 * EMBEDDING_DIMENSION);
    for ((index, embedding), count) in span.subsegments().zip(embeddings).zip(results::words(counts)) {
        if count as usize >= MIN_SOLO_FRAMES {
            let embedding = results::floats(embedding);
            check_finite(&embedding)?;
            out.push(index as u32, count as u8, &embedding);
        }
    }
    Ok(())
}

impl Run for GpuRun {
    fn samples_beyond(&self) -> usize {
        if self.has_shared_passes() { CHUNK_SAMPLES } else { 0 }
    }

    fn first_resumed(&self, next: usize, step_samples: usize) -> usize {
        if self.has_shared_passes() { first_needed(next, step_samples) } else { next }
    }

    fn resume(&mut self, wave: &Wave<'_>, recent: &[ChunkProbabilities]) -> Result<()> {
        let needed = num_recent(wave.span.step_samples);
        let last = &recent[recent.len().saturating_sub(needed)..];
        self.recent = last.iter().map(results::row).collect();
        // The passes alone; there are no chunks.
        let machine = Arc::clone(&self.machine);
        let passes = Passes::next(machine.trunk, &[], &wave.span);
        let Some(first) = passes.new_starts().next() else { return Ok(()) };
        let side = !self.side;
        let mut recorder = Recorder::new(&machine.gpu);
        let batch = Batch { machine: &machine, span: &wave.span, passes: &passes, recent: &self.recent, side };
        let from = first * FRAME_SHIFT - wave.window.first_sample();
        let watch = machine.gpu.watch();
        batch.record_passes(&mut recorder, &mut self.scratch, &wave.window.samples()[from..], first);
        watch.end().map_err(device_fault)?;
        recorder.run().map_err(device_fault)?;
        self.side = side;
        self.passes = passes.spans;
        Ok(())
    }

    fn compute(&mut self, wave: &Wave<'_>, out: &mut WaveOutput) -> Result<()> {
        let clock = Instant::now();
        let span = wave.span;
        out.reset(span.num_chunks);
        let mut done = 0;
        while done < span.num_chunks {
            let num_chunks = self.batch_chunks.min(span.num_chunks - done);
            let batch = WaveSpan { first_chunk: span.first_chunk + done, num_chunks, ..span };
            match self.submit(wave, &batch) {
                Ok((passes, read)) => self.take(&batch, passes, &read, done, out)?,
                Err(diarist_gpu::Error::OutOfMemory) if num_chunks > 1 => {
                    // Nothing was computed yet. The features of the batch before are needed again.
                    self.scratch.keep_only(features_name(self.side));
                    self.batch_chunks = num_chunks / 2;
                    continue;
                }
                Err(fault) => return Err(device_fault(fault)),
            }
            done += num_chunks;
        }
        out.timings.gpu_s = clock.elapsed().as_secs_f64();
        Ok(())
    }
}
