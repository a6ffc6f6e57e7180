//! The seam between recordings and the machines that run the networks.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use crate::analysis::{Origin, Subsegments};
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::cache_use::CacheUse;
use super::intake::Window;
use super::timings::Timings;
use super::wave::{ChunkEmbeddings, WaveSpan};

/// A machine with the networks of an analysis: the CPU, or a GPU.
pub(super) trait Backend: Debug + Send + Sync {
    /// Number of chunks of a wave that makes good use of the machine.
    fn wave_chunks(&self) -> usize;

    /// Notes in `origin` that the machine is another one than the CPU.
    fn note(&self, _origin: &mut Origin) {}

    /// Begins a recording.
    fn start(&self) -> Box<dyn Run>;
}

/// The work on one recording, wave after wave. The results of a chunk do not depend on its wave.
pub(super) trait Run: Debug + Send + Sync {
    /// Number of samples that a wave needs after its last chunk.
    fn samples_beyond(&self) -> usize;

    /// The first chunk whose samples [`Self::resume`] needs to continue at chunk `next`.
    fn first_resumed(&self, next: usize, step_samples: usize) -> usize;

    /// The first chunk that the window must keep for a wave that begins with chunk `next`.
    fn first_kept(&self, next: usize, _step_samples: usize) -> usize {
        next
    }

    /// Continues after chunks that another run has computed. `recent` are the probabilities of the
    /// last of them. `wave` has no chunks itself. Its window contains the samples from the chunk
    /// [`Self::first_resumed`] to the end of the chunk before the wave.
    ///
    /// # Errors
    /// As [`Self::compute`].
    fn resume(&mut self, wave: &Wave<'_>, recent: &[ChunkProbabilities]) -> Result<()>;

    /// Computes the chunks of `wave`, and replaces the content of `out` by the results.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if the embedding of a subsegment is not finite,
    /// [`crate::ErrorKind::Device`] if the machine fails.
    fn compute(&mut self, wave: &Wave<'_>, out: &mut WaveOutput) -> Result<()>;
}

/// Faults of a machine that the caller should hear of, one sentence each.
#[derive(Debug, Clone, Default)]
pub(super) struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    #[cfg(any(feature = "gpu", test))]
    pub(super) fn push(&self, notice: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }

    /// Those since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Chunks to compute, with their samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wave<'a> {
    pub(super) window: &'a Window,
    pub(super) span: WaveSpan,
}

/// The results of a wave, in memory that is used again for the next.
#[derive(Debug, Default)]
pub(super) struct WaveOutput {
    pub(super) masks: Vec<ChunkMasks>,
    pub(super) probabilities: Vec<ChunkProbabilities>,
    /// One item for each chunk; unspecified if embeddings are skipped.
    pub(super) embeddings: Vec<ChunkEmbeddings>,
    /// The subsegments that are known with this wave.
    pub(super) subsegments: Subsegments,
    /// Use of the cache of embeddings.
    pub(super) cache_use: CacheUse,
    /// Seconds of the stages.
    pub(super) timings: Timings,
}

impl WaveOutput {
    /// Makes room for `num_chunks` chunks.
    pub(super) fn reset(&mut self, num_chunks: usize) {
        self.masks.clear();
        self.masks.resize(num_chunks, ChunkMasks::default());
        self.probabilities.clear();
        self.probabilities.resize_with(num_chunks, ChunkProbabilities::default);
        self.embeddings.resize(num_chunks, [0.0; _]);
        self.subsegments.truncate(0);
        (self.cache_use, self.timings) = Default::default();
    }
}
