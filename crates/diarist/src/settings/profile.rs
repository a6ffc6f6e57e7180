//! Profiles: named sets of values.

use super::groups::Settings;
use crate::clustering::{Method, VbxOptions};
use crate::inference::AnalysisSettings;
use crate::timeline::Reconstruction;

/// A named balance between accuracy and speed. Every part of a profile is also a setting of its
/// own. `docs/benchmarks.md` shows the cost of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// pyannote community-1 as published: the trunk of the embedding network runs over each chunk,
    /// in `f32`; VBx, and votes of chunks.
    Exact,
    /// The default: the trunk runs once over the recording, in int8; diarist's own clustering, and
    /// turns from probabilities and the voice of each moment.
    #[default]
    Balanced,
    /// As [`Self::Balanced`] with a chunk every 2 s.
    Fast,
}

impl Profile {
    /// All profiles, the most exact first.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Balanced, Self::Fast];

    /// Name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Balanced => "balanced",
            Self::Fast => "fast",
        }
    }

    /// How the networks run in this profile.
    pub fn analysis(self) -> AnalysisSettings {
        match self {
            Self::Exact => AnalysisSettings::exact(),
            Self::Balanced => AnalysisSettings::default(),
            Self::Fast => AnalysisSettings { step_s: 2.0, ..AnalysisSettings::default() },
        }
    }
}

impl Profile {
    /// How speakers are found in this profile.
    pub fn clustering(self) -> Method {
        match self {
            Self::Exact => Method::Vbx(VbxOptions::default()),
            Self::Balanced | Self::Fast => Method::default(),
        }
    }

    /// How turns follow from speakers in this profile.
    pub fn reconstruction(self) -> Reconstruction {
        match self {
            Self::Exact => Reconstruction::Votes,
            Self::Balanced | Self::Fast => Reconstruction::Probabilities,
        }
    }
}

impl From<Profile> for Settings {
    fn from(profile: Profile) -> Self {
        let mut settings = Self { analysis: profile.analysis(), ..Self::default() };
        settings.clustering.method = profile.clustering();
        settings.timeline.reconstruction = profile.reconstruction();
        settings
    }
}
