//! Options by name, as the command line, configuration files and bindings give them.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::models::Models;
use super::options::{DiarizationOptions, EmbeddingMode, Profile, TrunkPasses};
use crate::clustering::{AhcOptions, Method, VbxOptions};
use crate::error::{Error, Result};
use crate::models::Precision;

/// Names of [`Method`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clustering {
    /// [`Method::Vbx`], the default.
    #[default]
    Vbx,
    /// [`Method::Ahc`].
    Ahc,
}

/// The options of the method that a user can choose, under the names of the command line; `None` stands for the default, which
/// depends on the profile. Serialised with hyphens in the names (`embedding-mode`), as in a configuration file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// How speakers are told apart. Default: VBx.
    pub clustering: Option<Clustering>,
    /// Distance from 0 to 2 up to which agglomerative clustering joins voices. Default: that of the method.
    pub threshold: Option<f64>,
    /// Only VBx: [`VbxOptions::fa`].
    pub fa: Option<f64>,
    /// Only VBx: [`VbxOptions::fb`].
    pub fb: Option<f64>,
    /// Only AHC: [`AhcOptions::min_cluster_size`].
    pub min_cluster_size: Option<usize>,
    /// [`DiarizationOptions::min_duration_off_s`], in seconds. Default: 0.
    pub min_duration_off: Option<f64>,
    /// A set of values for step, trunk and precision, which win over it. Default: [`Profile::Balanced`].
    pub profile: Option<Profile>,
    /// [`DiarizationOptions::step_s`], in seconds. Default: that of the profile.
    pub step: Option<f64>,
    /// Over what the trunk of the embedding network runs. Default: that of the profile; each chunk with [`EmbeddingMode::Cached`].
    pub trunk: Option<TrunkPasses>,
    /// Arithmetic of the networks. Default: that of the profile; [`Precision::F32`] with another embedding network.
    pub precision: Option<Precision>,
    /// How embeddings are computed. Default: [`EmbeddingMode::Fast`].
    pub embedding_mode: Option<EmbeddingMode>,
}

impl Settings {
    /// The settings of a configuration file.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file cannot be read, has a key that does not exist, or a value of the wrong type;
    /// [`crate::ErrorKind::InvalidOption`] for a value outside its range.
    pub fn read(path: &Path) -> Result<Self> {
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
    pub fn over(&self, base: &Self) -> Self {
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

    /// What the settings stand for, for any number of speakers.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for a value outside its range, or one that the clustering method does not have.
    pub fn options(&self) -> Result<DiarizationOptions> {
        let preset = self.preset().options();
        let embedding_mode = self.embedding_mode.unwrap_or_default();
        // The cache holds chunks.
        let trunk = if embedding_mode == EmbeddingMode::Cached { TrunkPasses::PerChunk } else { preset.trunk };
        let options = DiarizationOptions {
            step_s: self.step.unwrap_or(preset.step_s),
            trunk: self.trunk.unwrap_or(trunk),
            min_duration_off_s: self.min_duration_off.unwrap_or(preset.min_duration_off_s),
            method: self.method()?,
            embedding_mode,
            ..preset
        };
        options.validate()?;
        Ok(options)
    }

    /// The embedded models, with either network replaced by a file as in [`Models::load`], in the arithmetic chosen.
    ///
    /// # Errors
    /// As [`Models::load_with_precision`].
    pub fn load(&self, segmentation: Option<&Path>, embedding: Option<&Path>) -> Result<Models> {
        Models::load_with_precision(segmentation, embedding, self.precision(embedding.is_some()))
    }

    /// The arithmetic chosen; `is_other` tells that the embedding network is not the embedded one.
    pub fn precision(&self, is_other: bool) -> Precision {
        // The ranges that int8 needs are known for the embedded network only.
        let preset = if is_other { Precision::F32 } else { self.preset().precision() };
        self.precision.unwrap_or(preset)
    }

    fn preset(&self) -> Profile {
        self.profile.unwrap_or(Profile::Balanced)
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
    use super::*;
    use crate::ErrorKind;

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
            profile: Some(Profile::Fast),
            step: Some(2.0),
            trunk: Some(TrunkPasses::PerChunk),
            precision: Some(Precision::Bf16),
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
