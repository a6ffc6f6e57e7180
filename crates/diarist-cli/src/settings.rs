//! Options of the method. The command line and a configuration file give them under the same names.

use std::fs;
use std::path::{Path, PathBuf};

use diarist::clustering::{AhcOptions, Method, VbxOptions};
use diarist::models::Precision;
use diarist::pipeline::{DiarizationOptions, EmbeddingMode, Models, Profile, TrunkPasses};
use diarist::{Error, Result};
use serde::{Deserialize, Serialize};

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
    clustering: Option<Clustering>,
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

/// The options that a configuration file can hold; what is missing has its default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) clustering: Option<Clustering>,
    pub(crate) threshold: Option<f64>,
    pub(crate) fa: Option<f64>,
    pub(crate) fb: Option<f64>,
    pub(crate) min_cluster_size: Option<usize>,
    pub(crate) min_duration_off: Option<f64>,
    pub(crate) profile: Option<ProfileName>,
    pub(crate) step: Option<f64>,
    pub(crate) trunk: Option<TrunkName>,
    pub(crate) precision: Option<PrecisionName>,
    pub(crate) embedding_mode: Option<EmbeddingModeName>,
}

/// Names of [`Method`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Clustering {
    #[default]
    Vbx,
    Ahc,
}

/// Names of [`Profile`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProfileName {
    /// What pyannote community-1 computes
    Exact,
    /// The trunk of the embedding network runs once over the recording instead of over each chunk, and in int8
    #[default]
    Balanced,
    /// Also half as many chunks
    Fast,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TrunkName {
    /// Each chunk, as in pyannote
    Chunk,
    /// Chunks in which something has changed; others take over the embeddings of an earlier one
    Changed,
    /// The recording once, in passes of 10 s
    Shared,
}

impl From<TrunkName> for TrunkPasses {
    fn from(name: TrunkName) -> Self {
        match name {
            TrunkName::Chunk => Self::PerChunk,
            TrunkName::Changed => Self::Changed,
            TrunkName::Shared => Self::Shared,
        }
    }
}

/// Names of [`Precision`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PrecisionName {
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmbeddingModeName {
    /// Chunk after chunk on one thread
    Full,
    /// Chunks in parallel
    #[default]
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
        self.networks.precision(&self.settings)
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
        Settings { clustering, threshold, fa, fb, min_cluster_size, min_duration_off, ..Settings::default() }
    }
}

impl NetworkArgs {
    /// What is given.
    pub(crate) fn settings(&self) -> Settings {
        let Self { profile, step, trunk, precision, embedding_mode, .. } = *self;
        Settings { profile, step, trunk, precision, embedding_mode, ..Settings::default() }
    }

    /// The arithmetic that `settings` choose.
    fn precision(&self, settings: &Settings) -> Precision {
        // The ranges that int8 needs are known for the embedded network only.
        let preset = if self.embedding.is_some() { Precision::F32 } else { settings.preset().precision() };
        settings.precision.map_or(preset, Precision::from)
    }

    /// The models for `settings`.
    pub(crate) fn load(&self, settings: &Settings) -> Result<Models> {
        let precision = self.precision(settings);
        Models::load_with_precision(self.segmentation.as_deref(), self.embedding.as_deref(), precision)
    }
}

impl Settings {
    /// The settings of a configuration file.
    ///
    /// A file that cannot be read, a key that does not exist and a value of the wrong type are faults of the input; a
    /// value outside its range is a wrong option.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let read = || {
            let text = fs::read_to_string(path).map_err(|error| Error::input("cannot be read").caused_by(error))?;
            let settings = toml::from_str::<Self>(&text).map_err(|error| unusable(&text, &error))?;
            settings.options().map(|_| settings)
        };
        read().map_err(|error| error.at(path.display().to_string()))
    }

    /// These settings, and where they say nothing those of `base`.
    ///
    /// Values for a clustering method are not taken if this side names the other method.
    pub(crate) fn over(&self, base: &Self) -> Self {
        let is_same_method = self.clustering.is_none_or(|clustering| clustering == base.clustering.unwrap_or_default());
        let for_method = if is_same_method { base } else { &Self::default() };
        Self {
            clustering: self.clustering.or(base.clustering),
            threshold: self.threshold.or(for_method.threshold),
            fa: self.fa.or(for_method.fa),
            fb: self.fb.or(for_method.fb),
            min_cluster_size: self.min_cluster_size.or(for_method.min_cluster_size),
            min_duration_off: self.min_duration_off.or(base.min_duration_off),
            profile: self.profile.or(base.profile),
            step: self.step.or(base.step),
            trunk: self.trunk.or(base.trunk),
            precision: self.precision.or(base.precision),
            embedding_mode: self.embedding_mode.or(base.embedding_mode),
        }
    }

    /// What the settings stand for.
    pub(crate) fn options(&self) -> Result<DiarizationOptions> {
        let preset = self.preset().options();
        let embedding_mode = self.embedding_mode.unwrap_or_default().into();
        // The cache holds chunks.
        let trunk = if embedding_mode == EmbeddingMode::Cached { TrunkPasses::PerChunk } else { preset.trunk };
        let options = DiarizationOptions {
            step_s: self.step.unwrap_or(preset.step_s),
            trunk: self.trunk.map_or(trunk, TrunkPasses::from),
            min_duration_off_s: self.min_duration_off.unwrap_or(preset.min_duration_off_s),
            method: self.method()?,
            embedding_mode,
            ..preset
        };
        options.validate()?;
        Ok(options)
    }

    fn preset(&self) -> Profile {
        self.profile.unwrap_or_default().into()
    }

    fn method(&self) -> Result<Method> {
        let refuse = |name: &str, is_given: bool, method: &str| match is_given {
            true => Err(Error::invalid_option(format!("{name} is an option of {method} clustering"))
                .hint(format!("leave it out, or choose {method} as clustering"))),
            false => Ok(()),
        };
        match self.clustering.unwrap_or_default() {
            Clustering::Vbx => {
                refuse("min-cluster-size", self.min_cluster_size.is_some(), "ahc")?;
                let mut vbx = VbxOptions::default();
                vbx.threshold = self.threshold.unwrap_or(vbx.threshold);
                vbx.fa = self.fa.unwrap_or(vbx.fa);
                vbx.fb = self.fb.unwrap_or(vbx.fb);
                Ok(Method::Vbx(vbx))
            }
            Clustering::Ahc => {
                refuse("fa", self.fa.is_some(), "vbx")?;
                refuse("fb", self.fb.is_some(), "vbx")?;
                let mut ahc = AhcOptions::default();
                ahc.threshold = self.threshold.unwrap_or(ahc.threshold);
                ahc.min_cluster_size = self.min_cluster_size.unwrap_or(ahc.min_cluster_size);
                Ok(Method::Ahc(ahc))
            }
        }
    }
}

fn unusable(text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| format!("line {}: ", text[..span.start].matches('\n').count() + 1));
    Error::input(format!("{}{}", line.unwrap_or_default(), error.message()))
        .hint("the keys are the names of the options under Method in `diarist help diarize`")
}

#[cfg(test)]
mod tests {
    use diarist::ErrorKind;

    use super::*;

    fn read(text: &str) -> Result<Settings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        fs::write(&path, text).unwrap();
        Settings::read(&path)
    }

    #[test]
    fn every_setting_is_read_as_written() {
        let vbx = Settings {
            clustering: Some(Clustering::Vbx),
            threshold: Some(0.55),
            fa: Some(0.1),
            fb: Some(3.0),
            min_duration_off: Some(0.25),
            profile: Some(ProfileName::Fast),
            step: Some(2.0),
            trunk: Some(TrunkName::Changed),
            precision: Some(PrecisionName::Bf16),
            ..Settings::default()
        };
        let ahc = Settings { clustering: Some(Clustering::Ahc), min_cluster_size: Some(7), ..Settings::default() };
        for settings in [Settings::default(), vbx, ahc] {
            assert_eq!(read(&toml::to_string(&settings).unwrap()).unwrap(), settings);
        }
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused_with_its_line() {
        let cases = [
            ("fa = 0.1\n# a comment\ntreshold = 0.5", ErrorKind::Input, "line 3: unknown field `treshold`"),
            ("threshold = \"high\"", ErrorKind::Input, "line 1: invalid type"),
            ("min-cluster-size = 2.5", ErrorKind::Input, "line 1: invalid type"),
            ("min-cluster-size = -1", ErrorKind::Input, "line 1: invalid value"),
            ("precision = \"f8\"", ErrorKind::Input, "line 1: unknown variant `f8`"),
            ("step = 1\nstep = 2", ErrorKind::Input, "line 2: duplicate key"),
            ("\n[vbx]\nfa = 0.1", ErrorKind::Input, "line 2: unknown field `vbx`"),
            ("threshold =", ErrorKind::Input, "line 1: "),
            ("threshold = 3", ErrorKind::InvalidOption, "threshold is 3, but must be from 0 to 2"),
            ("fa = nan", ErrorKind::InvalidOption, "fa is NaN"),
            ("min-duration-off = -1.0", ErrorKind::InvalidOption, "must be 0 s or more"),
            ("step = 11", ErrorKind::InvalidOption, "a chunk step of 11 s"),
            ("min-cluster-size = 3", ErrorKind::InvalidOption, "an option of ahc clustering"),
            ("clustering = \"ahc\"\nfa = 0.1", ErrorKind::InvalidOption, "an option of vbx clustering"),
        ];
        for (text, kind, expected) in cases {
            let error = read(text).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.kind(), kind, "{message}");
            assert!(message.contains("some.toml: ") && message.contains(expected), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        assert_eq!(Settings::read("missing.toml".as_ref()).unwrap_err().kind(), ErrorKind::Input);
    }

    #[test]
    fn what_is_given_wins_over_the_file() {
        let file = Settings { threshold: Some(0.5), fa: Some(0.2), step: Some(2.0), ..Settings::default() };
        let given = Settings { threshold: Some(0.7), ..Settings::default() };
        let both = given.over(&file);
        assert_eq!((both.threshold, both.fa, both.step), (Some(0.7), Some(0.2), Some(2.0)));

        // A threshold for vbx means nothing to ahc; the step does not depend on the method.
        let other = Settings { clustering: Some(Clustering::Ahc), ..Settings::default() }.over(&file);
        assert_eq!((other.threshold, other.fa, other.step), (None, None, Some(2.0)));
        assert!(other.options().is_ok());
        let same = Settings { clustering: Some(Clustering::Vbx), ..Settings::default() }.over(&file);
        assert_eq!(same.threshold, Some(0.5));
    }
}
