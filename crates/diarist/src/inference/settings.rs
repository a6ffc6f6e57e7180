//! Settings of an analysis.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::models::Precision;
use crate::range::Range;
use crate::segmentation::SAMPLE_RATE;

use super::device::Device;

/// Longest chunk step in seconds: the length of a chunk.
pub const MAX_STEP_S: f64 = 10.0;
/// Allowed chunk steps in seconds; a step is also a multiple of 10 ms.
pub(crate) const STEP_S: Range = Range::closed("step", 0.01, MAX_STEP_S);
/// Allowed numbers of threads.
pub(crate) const NUM_THREADS: Range = Range::closed("threads", 1.0, 1024.0);

/// How the networks run over a recording. The default is that of
/// [`Profile::Balanced`](crate::Profile::Balanced).
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisSettings {
    /// Seconds between the starts of neighbouring 10 s chunks, a multiple of 0.01 in (0, 10].
    /// Default: 1. Twice the step halves the work; short turns are affected first.
    pub step_s: f64,
    /// How often the trunk of the embedding network runs. Default: [`TrunkPasses::Shared`].
    pub trunk: TrunkPasses,
    /// Arithmetic of the networks. Default: `None`, which means [`Precision::Int8`] for the
    /// embedded embedding network and [`Precision::F32`] for any other.
    pub precision: Option<Precision>,
    /// Computation of the embeddings. Default: [`EmbeddingMode::Fast`].
    pub embedding_mode: EmbeddingMode,
    /// File with segmentation weights. Default: `None`, the embedded weights.
    pub segmentation: Option<PathBuf>,
    /// File with embedding weights. Default: `None`, the embedded weights.
    pub embedding: Option<PathBuf>,
    /// The machine that runs the networks over recordings. Default: [`Device::Auto`]. Live windows
    /// always run on the CPU.
    pub device: Device,
    /// Number of computing threads. Default: `None`, as many as the machine offers. Results do not
    /// depend on it.
    pub num_threads: Option<usize>,
}

impl Default for AnalysisSettings {
    fn default() -> Self {
        Self {
            step_s: 1.0,
            trunk: TrunkPasses::Shared,
            precision: None,
            embedding_mode: EmbeddingMode::Fast,
            segmentation: None,
            embedding: None,
            device: Device::Auto,
            num_threads: None,
        }
    }
}

/// Computation of a recording's embeddings. All modes but [`Self::Skip`] give the same bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingMode {
    /// Chunk after chunk on one thread.
    Full,
    /// Chunks in parallel on all threads.
    #[default]
    Fast,
    /// As [`Self::Fast`], but reuses the embeddings of chunks that the same
    /// [`Analyzer`](super::Analyzer) has processed within the last hour, in this recording or
    /// another. Needs [`TrunkPasses::PerChunk`]. The cache holds the 1000 chunks that were used
    /// last, so a longer recording finds none of its own chunks when it is analyzed again.
    Cached,
    /// No embeddings. Local speakers of neighbouring chunks that are active at the same time are
    /// one speaker. After a silence longer than the overlap of chunks, a speaker counts as a new
    /// one. So this mode is for statistics of speech and overlap, and for measuring the work
    /// without embeddings. The number of speakers cannot be chosen.
    Skip,
}

impl EmbeddingMode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Full, Self::Fast, Self::Cached, Self::Skip];

    /// Name in settings and reports: `full`, `fast`, `cached` or `skip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Fast => "fast",
            Self::Cached => "cached",
            Self::Skip => "skip",
        }
    }
}

/// How often the convolutions of the embedding network run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkPasses {
    /// One pass over each chunk, as in pyannote.audio. At a step of 1 s, these are ten passes over
    /// every second of the recording.
    #[serde(rename = "chunk")]
    PerChunk,
    /// One pass over the recording, in pieces of 10 s. The embeddings of all chunks are pooled from
    /// these pieces, and are nearly the same.
    #[default]
    Shared,
}

impl TrunkPasses {
    /// All choices, the most exact first.
    pub const ALL: [Self; 2] = [Self::PerChunk, Self::Shared];

    /// Name in settings and reports: `chunk` or `shared`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerChunk => "chunk",
            Self::Shared => "shared",
        }
    }
}

impl AnalysisSettings {
    /// Settings that compute the same as pyannote.audio: one trunk pass for each chunk, in `f32`.
    pub fn exact() -> Self {
        Self { trunk: TrunkPasses::PerChunk, precision: Some(Precision::F32), ..Self::default() }
    }

    /// The chunk step in samples at 16 kHz.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] unless the step is a multiple of 10 ms in (0, 10] s,
    /// because chunks share fbank frames, which are 10 ms apart.
    pub fn step_samples(&self) -> Result<usize> {
        let frames = self.step_s * 100.0;
        if !(frames.round() >= 1.0 && self.step_s <= MAX_STEP_S && (frames - frames.round()).abs() < 1e-6) {
            return Err(Error::invalid_option(format!("a chunk step of {} s is not possible", self.step_s))
                .hint("choose a multiple of 0.01 s, at most 10 s"));
        }
        Ok(frames.round() as usize * (SAMPLE_RATE as usize / 100))
    }

    /// The arithmetic in force.
    pub fn precision_in_force(&self) -> Precision {
        // Only the ranges of the embedded network are known, and int8 needs them.
        let usual = if self.embedding.is_some() { Precision::F32 } else { Precision::Int8 };
        self.precision.unwrap_or(usual)
    }

    /// Checks every setting that does not depend on the recording.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        self.step_samples()?;
        if let Some(num_threads) = self.num_threads {
            NUM_THREADS.check(num_threads as f64)?;
        }
        if self.embedding_mode == EmbeddingMode::Cached && self.trunk != TrunkPasses::PerChunk {
            return Err(Error::invalid_option("the cache holds chunks, so the trunk must run over each chunk")
                .hint("choose another embedding mode, or trunk passes over each chunk"));
        }
        if self.embedding_mode == EmbeddingMode::Cached && matches!(self.device, Device::Gpu | Device::GpuAt(_)) {
            return Err(Error::invalid_option("the cache of embeddings belongs to the CPU")
                .hint("choose another embedding mode, or the device `cpu`"));
        }
        Ok(())
    }

    /// Whether embeddings are computed.
    pub(crate) fn has_embeddings(&self) -> bool {
        self.embedding_mode != EmbeddingMode::Skip
    }

    /// Whether embeddings of subsegments are computed.
    pub(crate) fn has_subsegments(&self) -> bool {
        self.has_embeddings() && self.trunk == TrunkPasses::Shared
    }
}
