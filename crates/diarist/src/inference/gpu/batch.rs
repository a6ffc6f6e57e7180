//! The work of a batch of chunks, recorded for one submission.

use std::collections::VecDeque;

use diarist_gpu::{Buffer, Part, Recorder, Scratch};

use crate::analysis::EMBEDDING_DIMENSION;
use crate::features::fbank::FRAME_SHIFT;
use crate::inference::backend::Wave;
use crate::inference::wave::WaveSpan;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

use super::machine::{FEATURES, MASK_WORDS, Machine, SLOT_VALUES};
use super::plan::Passes;

/// The buffer with the features of batches of this side.
pub(super) fn features_name(side: bool) -> &'static str {
    FEATURES[usize::from(side)]
}

/// One batch: the chunks of `span`.
pub(super) struct Batch<'a> {
    pub(super) machine: &'a Machine,
    pub(super) span: &'a WaveSpan,
    pub(super) passes: &'a Passes,
    pub(super) recent: &'a VecDeque<Vec<u8>>,
    /// Which of two buffers the features go to.
    pub(super) side: bool,
}

impl Batch<'_> {
    /// The samples from the start of the first chunk to the end of the last chunk or pass.
    pub(super) fn signal<'w>(&self, wave: &Wave<'w>) -> &'w [f32] {
        let from = self.span.first_chunk * self.span.step_samples;
        let of_chunks = (self.span.next_chunk() - 1) * self.span.step_samples + CHUNK_SAMPLES;
        let of_passes = self.passes.new_starts().map(|start| start * FRAME_SHIFT + CHUNK_SAMPLES);
        let until = of_passes.fold(of_chunks, usize::max);
        let first = wave.window.first_sample();
        &wave.window.samples()[from - first..until - first]
    }

    /// Records all work of the batch, and what to read back: masks, probabilities, embeddings of
    /// all sets, and the number of frames of each subsegment.
    pub(super) fn record(&self, recorder: &mut Recorder<'_>, scratch: &mut Scratch, samples: &[f32]) {
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
    pub(super) fn record_passes(
        &self,
        recorder: &mut Recorder<'_>,
        scratch: &mut Scratch,
        samples: &[f32],
        first: usize,
    ) {
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
        let [before, name] = [!side, side].map(features_name);
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
