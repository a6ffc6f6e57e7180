//! Profiles: named sets of values.

use super::groups::Settings;
use crate::inference::AnalysisSettings;

/// A named balance between accuracy and speed. Every part of a profile is also a setting of its
/// own. `docs/benchmarks.md` shows the cost of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// pyannote community-1 as published: the trunk of the embedding network runs over each chunk,
    /// in `f32`.
    Exact,
    /// The default: the trunk runs once over the recording, in int8.
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

impl From<Profile> for Settings {
    fn from(profile: Profile) -> Self {
        Self { analysis: profile.analysis(), ..Self::default() }
    }
}
