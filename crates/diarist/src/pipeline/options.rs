//! What the caller can choose, and what it is told meanwhile.

use serde::{Deserialize, Serialize};

use crate::clustering::{Constraints, Method, SpeakerBounds};
use crate::error::{Error, Result};
use crate::models::Precision;
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};

/// Options of a diarization. The default is pyannote's published community-1 configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct DiarizationOptions {
    /// Seconds between the starts of neighbouring 10 s chunks, a multiple of 0.01 in (0, 10]. Default: 1.0.
    /// Twice the step halves the work; short turns suffer first.
    pub step_s: f64,
    /// Over what the trunk of the embedding network runs. Default: each chunk.
    pub trunk: TrunkPasses,
    /// How many speakers there may be. Default: any number.
    pub bounds: SpeakerBounds,
    /// How local speakers are joined. Default: VBx as in community-1.
    pub method: Method,
    /// Who is known to be the same person, or another. Needs embeddings. Default: nothing.
    pub constraints: Constraints,
    /// Silences of one speaker shorter than this many seconds are filled. Default: 0.0.
    pub min_duration_off_s: f64,
    /// How embeddings are computed. Default: [`EmbeddingMode::Fast`].
    pub embedding_mode: EmbeddingMode,
}

/// How the embeddings of a recording are computed. All modes but [`Self::Skip`] give the same bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingMode {
    /// Chunk after chunk on one thread.
    Full,
    /// Chunks in parallel on all threads.
    #[default]
    Fast,
    /// As [`Self::Fast`], but a chunk that this pipeline has heard within the last hour, in this recording or another, is not computed
    /// again. Needs [`TrunkPasses::PerChunk`]. At most 1000 chunks are kept, those asked for last: a longer recording finds nothing of itself when it comes again.
    Cached,
    /// None: speakers are those local speakers of neighbouring chunks that are active at the same time. Who falls silent for
    /// longer than chunks overlap comes back as somebody else, so this is for statistics of speech and overlap, and shows
    /// what is left of the work without embeddings. The number of speakers cannot be chosen.
    Skip,
}

impl EmbeddingMode {
    /// Name in options and reports: `full`, `fast`, `cached` or `skip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Fast => "fast",
            Self::Cached => "cached",
            Self::Skip => "skip",
        }
    }
}

/// A named choice between exact and quick. Every part of it is an option of its own; docs/benchmarks.md has what each costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// pyannote community-1 as published: [`DiarizationOptions::default`] in [`Precision::F32`].
    Exact,
    /// The embedding trunk runs once over the recording, in [`Precision::Int8`].
    Balanced,
    /// As [`Self::Balanced`] with a chunk every 2 s.
    Fast,
}

impl Profile {
    /// Every profile, most exact first.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Balanced, Self::Fast];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Balanced => "balanced",
            Self::Fast => "fast",
        }
    }

    /// The options of the profile.
    pub fn options(self) -> DiarizationOptions {
        let exact = DiarizationOptions::default();
        match self {
            Self::Exact => exact,
            Self::Balanced => DiarizationOptions { trunk: TrunkPasses::Shared, ..exact },
            Self::Fast => DiarizationOptions { trunk: TrunkPasses::Shared, step_s: 2.0, ..exact },
        }
    }

    /// The arithmetic of the profile.
    pub fn precision(self) -> Precision {
        match self {
            Self::Exact => Precision::F32,
            Self::Balanced | Self::Fast => Precision::Int8,
        }
    }
}

/// Over what the convolutions of the embedding network run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkPasses {
    /// Over each chunk, as in pyannote.audio: at a step of 1 s ten times over the recording.
    #[default]
    #[serde(rename = "chunk")]
    PerChunk,
    /// Once over the recording, in passes of 10 s from which the embeddings of all chunks are pooled: nearly the same embeddings.
    Shared,
}

impl TrunkPasses {
    /// Every choice, most exact first.
    pub const ALL: [Self; 2] = [Self::PerChunk, Self::Shared];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerChunk => "chunk",
            Self::Shared => "shared",
        }
    }
}

impl Default for DiarizationOptions {
    fn default() -> Self {
        Self {
            step_s: 1.0,
            trunk: TrunkPasses::default(),
            bounds: SpeakerBounds::default(),
            method: Method::default(),
            constraints: Constraints::default(),
            min_duration_off_s: 0.0,
            embedding_mode: EmbeddingMode::default(),
        }
    }
}

impl DiarizationOptions {
    /// The chunk step in samples at 16 kHz.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if the step is not a multiple of 10 ms in (0, 10] s: fbank frames are 10 ms
    /// apart and shared between chunks.
    pub(super) fn step_samples(&self) -> Result<usize> {
        let frames = self.step_s * 100.0;
        if !(frames.round() >= 1.0 && self.step_s <= 10.0 && (frames - frames.round()).abs() < 1e-6) {
            return Err(Error::invalid_option(format!("a chunk step of {} s is not possible", self.step_s))
                .hint("choose a multiple of 0.01 s, at most 10 s"));
        }
        let step = frames.round() as usize * (SAMPLE_RATE as usize / 100);
        debug_assert!(step <= CHUNK_SAMPLES);
        Ok(step)
    }

    /// The clustering method for the chunk step.
    ///
    /// VBx keeps a speaker if its embeddings outweigh `fb`, whose default is for one chunk each second. With twice the step there are
    /// half as many embeddings, and `fb` must halve for the same decision: the statistics of a speaker enter VBx only as their
    /// sum over `fb`.
    pub(crate) fn method_for_step(&self) -> Method {
        let mut method = self.method.clone();
        if let Method::Vbx(options) = &mut method {
            options.fb /= self.step_s;
        }
        method
    }

    /// Checks every option that does not depend on the recording, so that a fault shows before any work is done.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        self.step_samples()?;
        self.method.validate()?;
        self.constraints.validate()?;
        if self.embedding_mode == EmbeddingMode::Skip && self.bounds != SpeakerBounds::default() {
            return Err(Error::invalid_option("the number of speakers cannot be chosen without embeddings")
                .hint("leave it out, or choose another embedding mode"));
        }
        if self.embedding_mode == EmbeddingMode::Cached && self.trunk != TrunkPasses::PerChunk {
            return Err(Error::invalid_option("the cache holds chunks, so the trunk must run over each of them")
                .hint("choose another embedding mode, or trunk passes over each chunk"));
        }
        if !(self.min_duration_off_s >= 0.0 && self.min_duration_off_s.is_finite()) {
            return Err(Error::invalid_option(format!(
                "the shortest silence must be 0 s or more, not {}",
                self.min_duration_off_s
            )));
        }
        Ok(())
    }
}

/// How far an analysis has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds of the recording that are done.
    pub processed_s: f64,
    /// Length of the recording in seconds, if already known.
    pub total_s: Option<f64>,
}
