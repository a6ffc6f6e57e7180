//! The whole output of the networks for a recording: masks, probabilities, embeddings, those of
//! subsegments, geometry, and their origin.
//!
//! Clustering and all later stages need only an [`Analysis`]. [`saved`] stores one in a file.

mod file_id;
pub mod saved;
mod subsegments;

pub use file_id::{file_id, without_blanks};
pub use subsegments::{MAX_SOLO_FRAMES, MIN_SOLO_FRAMES, SUBSEGMENT_FRAMES, SUBSEGMENT_SHIFT, Subsegments};
pub(crate) use subsegments::{first_open, num_before};

use serde::{Deserialize, Serialize};

use crate::corrections::Corrections;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};

/// Number of values of a speaker embedding.
pub use crate::models::EMBEDDING_DIMENSION;

/// A local speaker of a certain chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Index of the chunk.
    pub chunk: u32,
    /// Index of the local speaker in the chunk, 0..3.
    pub local: u8,
}

/// Embeddings of the active local speakers, in the order of chunk, then local speaker.
///
/// A slot is present if and only if its mask is not empty. Inactive slots have no row, so no value
/// is NaN.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embeddings {
    /// The slot of each row, strictly ascending.
    pub slots: Vec<Slot>,
    /// Row-major `[slots.len(), 256]`, raw (not normalised); empty if embeddings were skipped.
    pub values: Vec<f32>,
}

impl Embeddings {
    /// Number of embeddings.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no slot.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether there are slots but no embeddings, because embeddings were skipped.
    pub fn are_skipped(&self) -> bool {
        self.values.is_empty() && !self.is_empty()
    }

    /// The embedding of row `index`, 256 values.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * EMBEDDING_DIMENSION..][..EMBEDDING_DIMENSION]
    }

    /// Appends one embedding.
    pub fn push(&mut self, slot: Slot, embedding: &[f32]) {
        debug_assert!(self.slots.last().is_none_or(|last| *last < slot));
        assert_eq!(embedding.len(), EMBEDDING_DIMENSION);
        self.slots.push(slot);
        self.values.extend_from_slice(embedding);
    }
}

/// Positions of the chunks of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChunkGeometry {
    /// Samples (16 kHz) between the starts of neighbouring chunks.
    pub step_samples: usize,
    /// Length of the recording in samples (16 kHz).
    pub num_samples: u64,
}

impl ChunkGeometry {
    /// Number of chunks: every whole one, and one zero-padded chunk if samples are left over.
    ///
    /// Source: pyannote.audio `core/inference.py`, `Inference.slide`. A recording without samples
    /// has no chunks.
    pub fn num_chunks(&self) -> usize {
        let (step, window) = (self.step_samples as u64, CHUNK_SAMPLES as u64);
        if self.num_samples == 0 {
            return 0;
        }
        if self.num_samples < window {
            return 1;
        }
        let rest = self.num_samples - window;
        (rest / step + 1 + u64::from(!rest.is_multiple_of(step))) as usize
    }

    /// Seconds between the starts of neighbouring chunks.
    pub fn step_s(&self) -> f64 {
        self.step_samples as f64 / f64::from(SAMPLE_RATE)
    }

    /// Length of the recording in seconds.
    pub fn duration_s(&self) -> f64 {
        self.num_samples as f64 / f64::from(SAMPLE_RATE)
    }
}

/// The recording that was analysed, and how the networks ran over it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Version of diarist.
    pub diarist_version: String,
    /// Name of the recording, RTTM's second field.
    pub file_id: String,
    /// How often the embedding trunk ran: a name of
    /// [`TrunkPasses`](crate::parts::inference::TrunkPasses).
    pub trunk: String,
    /// Arithmetic of the networks: a name of [`Precision`](crate::parts::models::Precision).
    pub precision: String,
    /// Instruction set that the networks ran on. It can change the last bits.
    pub instruction_set: String,
    /// SHA-256 of the segmentation weights, lower-case hexadecimal.
    pub segmentation_sha256: String,
    /// SHA-256 of the embedding weights.
    pub embedding_sha256: String,
}

/// The output of the networks for one recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analysis {
    /// The recording and the networks.
    pub origin: Origin,
    /// Positions of the chunks.
    pub geometry: ChunkGeometry,
    /// Masks of every chunk.
    pub masks: Vec<ChunkMasks>,
    /// Probabilities of the local speakers and of overlap in every chunk; empty if the analysis was
    /// made without them, by an earlier version.
    pub probabilities: Vec<ChunkProbabilities>,
    /// Embeddings of every active local speaker; only the slots if embeddings were skipped.
    pub embeddings: Embeddings,
    /// Embeddings of short stretches of speech; empty if the trunk ran over each chunk, if
    /// embeddings were skipped, or if the analysis was made by an earlier version.
    pub subsegments: Subsegments,
    /// Corrections of a person, which every result made of this analysis has.
    pub corrections: Corrections,
}

impl Analysis {
    /// The analysis of a recording without samples.
    pub(crate) fn empty(origin: Origin, step_samples: usize) -> Self {
        let geometry = ChunkGeometry { step_samples, num_samples: 0 };
        Self { origin, geometry, ..Self::default() }
    }
}
