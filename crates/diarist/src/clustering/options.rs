//! Options of the clustering methods, with the values of the published pipelines as defaults.

use crate::error::Result;

/// The clustering method of a recording's embeddings.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// VBx, and tests that split what it took for one speaker. The default.
    Refined(RefinedOptions),
    /// The method of pyannote community-1: AHC, PLDA, VBx, constrained assignment.
    Vbx(VbxOptions),
    /// The method of pyannote speaker-diarization-3.1: AHC with a smallest cluster size.
    Ahc(AhcOptions),
}

impl Default for Method {
    fn default() -> Self {
        Self::Refined(RefinedOptions::default())
    }
}

/// Options of [`Method::Vbx`]; the defaults are those of pyannote community-1.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VbxOptions {
    /// Height at which the initial AHC tree is cut: Euclidean distance of unit vectors, 0 to 2.
    /// Default: 0.6.
    ///
    /// A lower height starts VBx with more speakers. VBx removes those that it does not need, so a
    /// height that is too low only costs time.
    pub threshold: f64,
    /// Weight of the embeddings against the prior (`Fa` in the VBx paper), above 0. Default: 0.07.
    pub fa: f64,
    /// Weight of the speaker regularisation (`Fb` in the VBx paper), above 0. Default: 0.8, for one
    /// chunk each second;
    /// [`ClusteringSettings::method_for_step`](super::ClusteringSettings::method_for_step) divides
    /// it by the chunk step. Higher values give fewer speakers.
    pub fb: f64,
    /// Largest number of VBx iterations, at least 1. Default: 20.
    pub max_iterations: usize,
    /// Smoothing of the AHC clusters that VBx starts from, 0 to 100; at 0, the start does not
    /// depend on them. Default: 7.
    pub init_smoothing: f64,
    /// Whether two local speakers of one chunk are kept apart. Default: true.
    ///
    /// Has no effect if the number of speakers had to be forced (as in pyannote.audio).
    pub constrained_assignment: bool,
}

impl Default for VbxOptions {
    fn default() -> Self {
        Self {
            threshold: 0.6,
            fa: 0.07,
            fb: 0.8,
            max_iterations: 20,
            init_smoothing: 7.0,
            constrained_assignment: true,
        }
    }
}

/// Options of [`Method::Refined`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RefinedOptions {
    /// Options of VBx. The default of [`VbxOptions::fb`] is 0.6 here, and
    /// [`VbxOptions::constrained_assignment`] has no effect.
    pub vbx: VbxOptions,
    /// Cosine similarity that two local speakers of a chunk must gain to share a cluster, 0 to 4.
    /// Default: 0.15. At 4, they never do.
    pub sharing_cost: f64,
    /// Inclination to more speakers, between -1 and 1. Default: 0.
    ///
    /// Above 0, the result has as many speakers as there are at least with a probability above
    /// `1 - sensitivity`, if that is more than were found. Below 0, it has as many as there are at
    /// most with a probability above `1 + sensitivity`, if that is fewer. Has no effect without
    /// subsegments, or on a single chunk.
    pub sensitivity: f64,
}

impl Default for RefinedOptions {
    fn default() -> Self {
        Self { vbx: VbxOptions { fb: 0.6, ..VbxOptions::default() }, sharing_cost: 0.15, sensitivity: 0.0 }
    }
}

/// Options of [`Method::Ahc`]; the defaults are those of pyannote speaker-diarization-3.1.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AhcOptions {
    /// Height at which the tree is cut: Euclidean distance of unit vectors, 0 to 2. Default:
    /// 0.7045654963945799.
    pub threshold: f64,
    /// Clusters with fewer embeddings join the most similar larger cluster; at least 1. Default:
    /// 12.
    ///
    /// A tenth of the number of embeddings is used instead if that is less.
    pub min_cluster_size: usize,
}

impl Default for AhcOptions {
    fn default() -> Self {
        Self { threshold: 0.704_565_496_394_579_9, min_cluster_size: 12 }
    }
}

/// Allowed values of the options.
pub(crate) mod ranges {
    use crate::range::Range;

    pub(crate) const THRESHOLD: Range = Range::closed("threshold", 0.0, 2.0);
    pub(crate) const FA: Range = Range::above_to("fa", 0.0, 1e6);
    pub(crate) const FB: Range = Range::above_to("fb", 0.0, 1e6);
    pub(crate) const MAX_ITERATIONS: Range = Range::closed("max-iterations", 1.0, 1e4);
    pub(crate) const INIT_SMOOTHING: Range = Range::closed("init-smoothing", 0.0, 100.0);
    pub(crate) const SHARING_COST: Range = Range::closed("sharing-cost", 0.0, 4.0);
    pub(crate) const SENSITIVITY: Range = Range::between("sensitivity", -1.0, 1.0);
    pub(crate) const MIN_CLUSTER_SIZE: Range = Range::closed("min-cluster-size", 1.0, 1e6);
}

impl VbxOptions {
    fn validate(&self) -> Result<()> {
        ranges::THRESHOLD.check(self.threshold)?;
        ranges::FA.check(self.fa)?;
        ranges::FB.check(self.fb)?;
        ranges::INIT_SMOOTHING.check(self.init_smoothing)?;
        ranges::MAX_ITERATIONS.check(self.max_iterations as f64)
    }
}

impl Method {
    /// The options of VBx, if the method uses it.
    pub(crate) fn vbx(&self) -> Option<&VbxOptions> {
        match self {
            Self::Refined(options) => Some(&options.vbx),
            Self::Vbx(options) => Some(options),
            Self::Ahc(_) => None,
        }
    }

    /// As [`Self::vbx`], to change them.
    pub(crate) fn vbx_mut(&mut self) -> Option<&mut VbxOptions> {
        match self {
            Self::Refined(options) => Some(&mut options.vbx),
            Self::Vbx(options) => Some(options),
            Self::Ahc(_) => None,
        }
    }

    /// Name in settings and reports: `refined`, `vbx` or `ahc`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refined(_) => "refined",
            Self::Vbx(_) => "vbx",
            Self::Ahc(_) => "ahc",
        }
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Refined(options) => {
                ranges::SHARING_COST.check(options.sharing_cost)?;
                ranges::SENSITIVITY.check(options.sensitivity)?;
                options.vbx.validate()
            }
            Self::Vbx(options) => options.validate(),
            Self::Ahc(options) => {
                ranges::THRESHOLD.check(options.threshold)?;
                ranges::MIN_CLUSTER_SIZE.check(options.min_cluster_size as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        Method::default().validate().unwrap();
        Method::Vbx(VbxOptions::default()).validate().unwrap();
        Method::Ahc(AhcOptions::default()).validate().unwrap();
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        let vbx = |change: fn(&mut VbxOptions)| {
            let mut options = VbxOptions::default();
            change(&mut options);
            Method::Vbx(options)
        };
        let refined = |change: fn(&mut RefinedOptions)| {
            let mut options = RefinedOptions::default();
            change(&mut options);
            Method::Refined(options)
        };
        let ahc = |change: fn(&mut AhcOptions)| {
            let mut options = AhcOptions::default();
            change(&mut options);
            Method::Ahc(options)
        };
        for (method, name) in [
            (vbx(|options| options.threshold = -0.1), "threshold is -0.1, but must be from 0 to 2"),
            (vbx(|options| options.threshold = f64::NAN), "threshold is NaN"),
            (vbx(|options| options.fa = 0.0), "fa is 0"),
            (vbx(|options| options.fb = f64::INFINITY), "fb is inf"),
            (vbx(|options| options.init_smoothing = 101.0), "init-smoothing is 101"),
            (vbx(|options| options.max_iterations = 0), "max-iterations is 0"),
            (refined(|options| options.vbx.fb = 0.0), "fb is 0"),
            (refined(|options| options.sharing_cost = -0.1), "sharing-cost is -0.1, but must be from 0 to 4"),
            (refined(|options| options.sharing_cost = f64::NAN), "sharing-cost is NaN"),
            (refined(|options| options.sensitivity = 1.0), "sensitivity is 1"),
            (refined(|options| options.sensitivity = f64::NAN), "sensitivity is NaN"),
            (ahc(|options| options.threshold = 2.1), "threshold is 2.1"),
            (ahc(|options| options.min_cluster_size = 0), "min-cluster-size is 0"),
        ] {
            let error = method.validate().unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidOption);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
