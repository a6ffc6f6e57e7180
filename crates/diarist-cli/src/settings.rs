//! Options of the method. The command line and a configuration file give them under the same names.

use std::path::PathBuf;

use diarist::Result;
use diarist::models::Precision;
use diarist::pipeline::{Clustering, DiarizationOptions, EmbeddingMode, Models, Profile, Settings, TrunkPasses};

/// What chooses the method on the command line.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct MethodArgs {
    #[command(flatten)]
    clustering: ClusteringArgs,
    #[command(flatten)]
    networks: NetworkArgs,
    /// Takes the options under this heading from FILE, which `diarist tune` writes; those given here win
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What holds, once [`Self::read_config`] was called.
    #[arg(skip)]
    pub(crate) settings: Settings,
}

/// What is done with what the networks give.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct ClusteringArgs {
    /// How speakers are told apart: as in pyannote community-1 (vbx) or speaker-diarization-3.1 (ahc) [default: vbx]
    #[arg(long, value_enum)]
    clustering: Option<ClusteringName>,
    /// Distance from 0 to 2 up to which agglomerative clustering joins voices [default: 0.6 for vbx, 0.7046 for ahc]
    #[arg(long, value_name = "DISTANCE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Only vbx: weight of the voices against the prior, above 0 [default: 0.07]
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    fa: Option<f64>,
    /// Only vbx: weight of the penalty on speakers, above 0; higher gives fewer of them [default: 0.8]
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    fb: Option<f64>,
    /// Only ahc: smaller groups of embeddings join the nearest larger one [default: 12]
    #[arg(long, value_name = "N")]
    min_cluster_size: Option<usize>,
    /// Fills silences of one speaker that are shorter than this [default: 0]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    min_duration_off: Option<f64>,
}

/// What the networks do.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct NetworkArgs {
    /// How exact and how fast: a set of values for step, trunk and precision, which win over it [default: balanced]
    #[arg(long, value_enum)]
    profile: Option<ProfileName>,
    /// Seconds between the starts of the 10 s chunks, at most 10: a longer step is faster and less exact [default: 1; fast: 2]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    step: Option<f64>,
    /// Over what the trunk of the embedding network runs [default: shared; exact and cached embeddings: chunk]
    #[arg(long, value_enum, value_name = "PASSES")]
    trunk: Option<TrunkName>,
    /// Arithmetic of the networks: bf16 and int8 are faster and less exact [default: int8; exact and other weights: f32]
    #[arg(long, value_enum)]
    precision: Option<PrecisionName>,
    /// How speaker embeddings are computed; the result is the same with all but skip [default: fast]
    #[arg(long, value_enum, value_name = "MODE")]
    embedding_mode: Option<EmbeddingModeName>,
    /// Segmentation weights to use instead of the embedded ones
    #[arg(long, value_name = "FILE")]
    segmentation: Option<PathBuf>,
    /// Embedding weights to use instead of the embedded ones
    #[arg(long, value_name = "FILE")]
    embedding: Option<PathBuf>,
}

/// Names of [`Clustering`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ClusteringName {
    Vbx,
    Ahc,
}

/// Names of [`Profile`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ProfileName {
    /// What pyannote community-1 computes
    Exact,
    /// The trunk of the embedding network runs once over the recording instead of over each chunk, and in int8
    Balanced,
    /// Also half as many chunks
    Fast,
}

impl From<ClusteringName> for Clustering {
    fn from(name: ClusteringName) -> Self {
        match name {
            ClusteringName::Vbx => Self::Vbx,
            ClusteringName::Ahc => Self::Ahc,
        }
    }
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Exact => Self::Exact,
            ProfileName::Balanced => Self::Balanced,
            ProfileName::Fast => Self::Fast,
        }
    }
}

/// Names of [`TrunkPasses`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TrunkName {
    /// Each chunk, as in pyannote
    Chunk,
    /// The recording once, in passes of 10 s
    Shared,
}

impl From<TrunkName> for TrunkPasses {
    fn from(name: TrunkName) -> Self {
        match name {
            TrunkName::Chunk => Self::PerChunk,
            TrunkName::Shared => Self::Shared,
        }
    }
}

/// Names of [`Precision`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PrecisionName {
    /// 32-bit floats
    F32,
    /// 16-bit floats where weights and activations are stored, 32-bit arithmetic
    F16,
    /// bfloat16 with 32-bit sums; faster on processors with AVX-512 BF16
    Bf16,
    /// 8-bit integers with exact sums
    Int8,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::F16 => Self::F16,
            PrecisionName::Bf16 => Self::Bf16,
            PrecisionName::Int8 => Self::Int8,
        }
    }
}

/// Names of [`EmbeddingMode`].
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EmbeddingModeName {
    /// Chunk after chunk on one thread
    Full,
    /// Chunks in parallel
    Fast,
    /// As fast, but chunks heard before in the same call, with the same sound to the last bit, are looked up
    Cached,
    /// None: who pauses for 10 s comes back as a new speaker; for how much is spoken, and how much at the same time
    Skip,
}

impl From<EmbeddingModeName> for EmbeddingMode {
    fn from(name: EmbeddingModeName) -> Self {
        match name {
            EmbeddingModeName::Full => Self::Full,
            EmbeddingModeName::Fast => Self::Fast,
            EmbeddingModeName::Cached => Self::Cached,
            EmbeddingModeName::Skip => Self::Skip,
        }
    }
}

impl MethodArgs {
    /// Fills in what the command line and the configuration file give; to be called before anything else.
    pub(crate) fn read_config(&mut self) -> Result<()> {
        let given = self.networks.settings().over(&self.clustering.settings());
        self.settings = match &self.config {
            Some(path) => given.over(&Settings::read(path)?),
            None => given,
        };
        Ok(())
    }

    /// The options chosen, for any number of speakers.
    pub(crate) fn options(&self) -> Result<DiarizationOptions> {
        self.settings.options()
    }

    /// The arithmetic chosen.
    pub(crate) fn precision(&self) -> Precision {
        self.settings.precision(self.networks.embedding.is_some())
    }

    /// The models chosen.
    pub(crate) fn load(&self) -> Result<Models> {
        self.networks.load(&self.settings)
    }
}

impl ClusteringArgs {
    /// What is given.
    pub(crate) fn settings(self) -> Settings {
        let Self { clustering, threshold, fa, fb, min_cluster_size, min_duration_off } = self;
        let clustering = clustering.map(Clustering::from);
        Settings { clustering, threshold, fa, fb, min_cluster_size, min_duration_off, ..Settings::default() }
    }
}

impl NetworkArgs {
    /// What is given.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            profile: self.profile.map(Profile::from),
            step: self.step,
            trunk: self.trunk.map(TrunkPasses::from),
            precision: self.precision.map(Precision::from),
            embedding_mode: self.embedding_mode.map(EmbeddingMode::from),
            ..Settings::default()
        }
    }

    /// The models for `settings`.
    pub(crate) fn load(&self, settings: &Settings) -> Result<Models> {
        settings.load(self.segmentation.as_deref(), self.embedding.as_deref())
    }
}
