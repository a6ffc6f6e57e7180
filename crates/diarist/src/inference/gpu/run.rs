//! A GPU as a machine that runs the networks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use diarist_gpu::embedding::Embedding;
use diarist_gpu::segmentation::Segmentation;
use diarist_gpu::selection::Selection;
use diarist_gpu::{Adapter, AdapterKind, Buffer, Element, Gpu, Part, Recorder, Scratch};

use crate::analysis::{EMBEDDING_DIMENSION, MIN_SOLO_FRAMES, Origin, Subsegments};
use crate::error::{Error, ErrorKind, Result};
use crate::features::fbank::FRAME_SHIFT;
use crate::inference::backend::{Backend, Run, Wave, WaveOutput};
use crate::inference::networks::check_finite;
use crate::inference::settings::{AnalysisSettings, TrunkPasses};
use crate::inference::wave::{PASS_FEATURES, PassSpan, WaveSpan, first_needed, num_recent};
use crate::models::resnet34::{OUT_CHANNELS, OUT_HEIGHT};
use crate::models::{Precision, Tensors};
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::plan::Passes;
use super::results;
use super::weights;

/// Words of 32 bits of the masks of one chunk.
const MASK_WORDS: usize = LOCAL_SPEAKERS * FRAMES_PER_CHUNK.div_ceil(32);
/// Largest number of chunks of a batch with shared passes, and with a pass for each chunk. Larger
/// batches fill no GPU better.
const MAX_BATCH: [usize; 2] = [256, 64];
/// The same for other GPUs than discrete ones. Systems take a GPU away that works for two seconds
/// without a pause.
const MAX_SLOW_BATCH: [usize; 2] = [32, 8];
/// Buffers of features, which batches use in turn, so that passes can be kept from one to the next.
const FEATURES: [&str; 2] = ["features", "other features"];
/// Largest number of passes that a batch keeps.
const MAX_KEPT_PASSES: usize = 3;
/// Values of the features of a pass.
const SLOT_VALUES: usize = OUT_HEIGHT * PASS_FEATURES * OUT_CHANNELS;

/// A GPU with the networks. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::inference) struct GpuBackend(Arc<Machine>);

#[derive(Debug)]
struct Machine {
    gpu: Gpu,
    element: Element,
    segmentation: Segmentation,
    embedding: Embedding,
    selection: Selection,
    trunk: TrunkPasses,
    has_embeddings: bool,
    /// Largest number of chunks of a batch.
    batch_chunks: usize,
    /// Buffers of runs that have ended.
    spare: Mutex<Vec<Scratch>>,
}

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
        let gpu = Gpu::open(adapter).map_err(device_fault)?;
        let is_half = settings.precision_in_force() != Precision::F32 && gpu.summary().has_f16;
        let element = if is_half { Element::F16 } else { Element::F32 };
        let (step, trunk) = (settings.step_samples()?, settings.trunk);
        let max_batch = if adapter.kind() == AdapterKind::Discrete { MAX_BATCH } else { MAX_SLOW_BATCH };
        let mut machine = Machine {
            segmentation: Segmentation::new(&gpu, element, &weights::segmentation(segmentation)?),
            embedding: Embedding::new(&gpu, element, &weights::embedding(embedding)?),
            selection: Selection::new(&gpu),
            element,
            trunk,
            has_embeddings: settings.has_embeddings(),
            batch_chunks: max_batch[usize::from(trunk == TrunkPasses::PerChunk)],
            spare: Mutex::default(),
            gpu,
        };
        machine.gpu.check().map_err(device_fault)?;
        machine.shrink_batch(step)?;
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

/// A fault of the GPU as an error of the library.
pub(super) fn device_fault(fault: diarist_gpu::Error) -> Error {
    Error::new(ErrorKind::Device, fault.to_string()).hint("the device `cpu` does without it")
}

impl Machine {
    /// Halves the batch until all of its buffers fit into the limits and the memory of the GPU.
    fn shrink_batch(&mut self, step_samples: usize) -> Result<()> {
        loop {
            let fault = match self.fits_limits(step_samples) {
                true => self.try_memory(step_samples),
                false => Err(diarist_gpu::Error::OutOfMemory),
            };
            match fault {
                Ok(()) => return Ok(()),
                Err(diarist_gpu::Error::OutOfMemory) if self.batch_chunks > 1 => {
                    self.gpu.forget_out_of_memory();
                    self.spare.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    self.batch_chunks /= 2;
                }
                Err(fault) => return Err(device_fault(fault)),
            }
        }
    }

    /// Whether every buffer of a batch is small enough for one binding.
    fn fits_limits(&self, step_samples: usize) -> bool {
        let span = WaveSpan { first_chunk: 0, num_chunks: self.batch_chunks, step_samples, all_chunks: None };
        let num_samples = (self.batch_chunks - 1) * step_samples + 2 * CHUNK_SAMPLES;
        let (_, largest) = Segmentation::scratch_bytes(self.element, step_samples, self.batch_chunks);
        let mut largest = largest.max(self.probability_rows(&span) * FRAMES_PER_CHUNK * 4);
        if self.has_embeddings {
            let passes = Passes::next(self.trunk, &[], &span);
            let (num_passes, num_sets) = (passes.spans.len(), passes.tables(self.trunk, &span, 0).num_sets());
            let (_, of_embedding) = Embedding::scratch_bytes(self.element, num_samples, num_passes, num_sets);
            largest =
                largest.max(of_embedding).max((num_passes + MAX_KEPT_PASSES) * SLOT_VALUES * self.element.num_bytes());
        }
        let summary = self.gpu.summary();
        largest as u64 <= summary.max_binding_bytes.min(summary.max_buffer_bytes)
    }

    /// Allocates the buffers of a batch, and keeps them.
    fn try_memory(&self, step_samples: usize) -> diarist_gpu::Result<()> {
        let mut scratch = Scratch::default();
        let mut recorder = Recorder::new(&self.gpu);
        let span = WaveSpan { first_chunk: 0, num_chunks: self.batch_chunks, step_samples, all_chunks: None };
        let passes = Passes::next(self.trunk, &[], &span);
        let num_samples = (self.batch_chunks - 1) * step_samples + 2 * CHUNK_SAMPLES;
        let batch = Batch { machine: self, span: &span, passes: &passes, recent: &VecDeque::new(), side: false };
        batch.record(&mut recorder, &mut scratch, &vec![0.0; num_samples]);
        if self.has_embeddings {
            // The other half of the features, which the second batch needs.
            let num_bytes = (passes.spans.len() + MAX_KEPT_PASSES) * SLOT_VALUES * self.element.num_bytes();
            FEATURES.iter().for_each(|name| drop(scratch.get(&self.gpu, name, num_bytes)));
        }
        self.gpu.check()?;
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        Ok(())
    }

    fn probability_rows(&self, span: &WaveSpan) -> usize {
        span.num_chunks + num_recent(span.step_samples)
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
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Box::new(GpuRun {
            machine: Arc::clone(&self.0),
            scratch: spare.unwrap_or_default(),
            side: false,
            passes: Vec::new(),
            recent: VecDeque::new(),
        })
    }
}

/// The work on one recording.
#[derive(Debug)]
struct GpuRun {
    machine: Arc<Machine>,
    scratch: Scratch,
    /// Which of two buffers has the features of `passes`, pass `i` in slot `i`.
    side: bool,
    passes: Vec<PassSpan>,
    /// Probabilities of the last chunks as the GPU stores them, a row of 589 words for each.
    recent: VecDeque<Vec<u8>>,
}

impl Drop for GpuRun {
    fn drop(&mut self) {
        let scratch = std::mem::take(&mut self.scratch);
        self.machine.spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}

impl GpuRun {
    fn has_shared_passes(&self) -> bool {
        self.machine.has_embeddings && self.machine.trunk == TrunkPasses::Shared
    }

    /// Computes chunks that fit into one batch, and appends their results. `at` is the index of the
    /// first of them in the wave.
    fn batch(&mut self, wave: &Wave<'_>, span: &WaveSpan, at: usize, out: &mut WaveOutput) -> Result<()> {
        let machine = Arc::clone(&self.machine);
        machine.gpu.check().map_err(device_fault)?;
        let passes = match machine.has_embeddings {
            true => Passes::next(machine.trunk, &self.passes, span),
            false => Passes::default(),
        };
        let side = !self.side;
        let batch = Batch { machine: &machine, span, passes: &passes, recent: &self.recent, side };
        let mut recorder = Recorder::new(&machine.gpu);
        batch.record(&mut recorder, &mut self.scratch, batch.signal(wave));
        let [masks, probabilities, rest @ ..] = &recorder.run().map_err(device_fault)?[..] else {
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
        self.side = side;
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
        batch.record_passes(&mut recorder, &mut self.scratch, &wave.window.samples()[from..], first);
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
            let num_chunks = self.machine.batch_chunks.min(span.num_chunks - done);
            let batch = WaveSpan { first_chunk: span.first_chunk + done, num_chunks, ..span };
            self.batch(wave, &batch, done, out)?;
            done += num_chunks;
        }
        out.timings.gpu_s = clock.elapsed().as_secs_f64();
        Ok(())
    }
}

/// One batch: the chunks of `span`.
struct Batch<'a> {
    machine: &'a Machine,
    span: &'a WaveSpan,
    passes: &'a Passes,
    recent: &'a VecDeque<Vec<u8>>,
    /// Which of two buffers the features go to.
    side: bool,
}

impl Batch<'_> {
    /// The samples from the start of the first chunk to the end of the last chunk or pass.
    fn signal<'w>(&self, wave: &Wave<'w>) -> &'w [f32] {
        let from = self.span.first_chunk * self.span.step_samples;
        let of_chunks = (self.span.next_chunk() - 1) * self.span.step_samples + CHUNK_SAMPLES;
        let of_passes = self.passes.new_starts().map(|start| start * FRAME_SHIFT + CHUNK_SAMPLES);
        let until = of_passes.fold(of_chunks, usize::max);
        let first = wave.window.first_sample();
        &wave.window.samples()[from - first..until - first]
    }

    /// Records all work of the batch, and what to read back: masks, probabilities, embeddings of
    /// all sets, and the number of frames of each subsegment.
    fn record(&self, recorder: &mut Recorder<'_>, scratch: &mut Scratch, samples: &[f32]) {
        let Self { machine, span, passes, recent, .. } = *self;
        let num_chunks = span.num_chunks;
        let row_bytes = 4 * FRAMES_PER_CHUNK;
        let signal = recorder.upload_samples(samples);
        let masks = scratch.get(recorder.gpu(), "masks", num_chunks * MASK_WORDS * 4);
        let num_rows = machine.probability_rows(span);
        let probabilities = scratch.get(recorder.gpu(), "probabilities", num_rows * row_bytes);
        if !recent.is_empty() {
            let rows = recorder.upload("recent probabilities", &recent.iter().flatten().copied().collect::<Vec<u8>>());
            recorder.copy(&rows, &probabilities, recent.len() * row_bytes);
        }
        let step = span.step_samples;
        let network = &machine.segmentation;
        network.record(recorder, scratch, &signal, step, num_chunks, &masks, &probabilities, recent.len());
        recorder.read(&masks, 0, num_chunks * MASK_WORDS * 4);
        recorder.read(&probabilities, recent.len() * row_bytes, num_chunks * row_bytes);
        if !machine.has_embeddings {
            return;
        }
        let features = self.record_features(recorder, scratch, &signal, samples.len(), span.start(span.first_chunk));
        let tables = passes.tables(machine.trunk, span, recent.len());
        let (lists, counts) = machine.selection.record(recorder, scratch, &tables, &masks, &probabilities);
        let num_sets = tables.num_sets();
        let embeddings = scratch.get(recorder.gpu(), "embeddings", num_sets * EMBEDDING_DIMENSION * 4);
        let network = &machine.embedding;
        network.record_embeddings(recorder, scratch, &features, &lists, &counts, num_sets, &embeddings);
        recorder.read(&embeddings, 0, num_sets * EMBEDDING_DIMENSION * 4);
        if !tables.subsegments.is_empty() {
            recorder.read(&counts, LOCAL_SPEAKERS * num_chunks * 4, tables.subsegments.len() * 4);
        }
    }

    /// Records the trunk passes alone, over samples that begin with the fbank frame `first`.
    fn record_passes(&self, recorder: &mut Recorder<'_>, scratch: &mut Scratch, samples: &[f32], first: usize) {
        let signal = recorder.upload_samples(samples);
        self.record_features(recorder, scratch, &signal, samples.len(), first);
    }

    /// Copies the features of the kept passes, and records the new passes. `first` is the fbank
    /// frame that `signal` begins with.
    fn record_features(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        signal: &Buffer,
        num_samples: usize,
        first: usize,
    ) -> Buffer {
        let Self { machine, passes, side, .. } = *self;
        let slot_bytes = SLOT_VALUES * machine.element.num_bytes();
        let [name, before] = if side { FEATURES } else { [FEATURES[1], FEATURES[0]] };
        let features = scratch.get(recorder.gpu(), name, passes.spans.len() * slot_bytes);
        if passes.num_kept > 0 {
            let num_bytes = passes.num_kept * slot_bytes;
            let last_num_bytes = (passes.num_gone + passes.num_kept) * slot_bytes;
            let before = scratch.get(recorder.gpu(), before, last_num_bytes);
            recorder.copy(Part::new(&before, passes.num_gone * slot_bytes, num_bytes), &features, num_bytes);
        }
        let starts: Vec<u32> = passes.new_starts().map(|start| (start - first) as u32).collect();
        let network = &machine.embedding;
        network.record_features(recorder, scratch, signal, num_samples, &starts, &features, passes.num_kept);
        features
    }
}
