//! All settings, in three groups.

use crate::clustering::{ClusteringSettings, SpeakerBounds};
use crate::error::{Error, Result};
use crate::inference::AnalysisSettings;
use crate::timeline::TimelineSettings;

/// All settings of a diarization. The default is [`Profile::Balanced`](super::Profile::Balanced),
/// in every interface.
///
/// ```
/// use diarist::{Profile, Settings};
///
/// let mut settings = Settings::from(Profile::Exact);
/// settings.clustering.max_speakers = Some(4);
/// settings.timeline.min_duration_off_s = 0.5;
/// # settings.validate()?;
/// # Ok::<(), diarist::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// How the networks run over a recording.
    pub analysis: AnalysisSettings,
    /// How local speakers are assigned to the speakers of the recording.
    pub clustering: ClusteringSettings,
    /// How the clusters become turns.
    pub timeline: TimelineSettings,
}

impl Settings {
    /// Checks every setting that does not depend on the recording, so that errors appear before any
    /// work is done.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        self.analysis.validate()?;
        self.clustering.validate()?;
        self.timeline.validate()?;
        // One speaker has all speech, so that voices need not be compared.
        let allowed = [SpeakerBounds::default(), SpeakerBounds::new(Some(1), None, None)?];
        if !self.analysis.has_embeddings() && !allowed.contains(&self.clustering.bounds()?) {
            return Err(Error::invalid_option("the number of speakers cannot be chosen without embeddings")
                .hint("leave it out, or choose another embedding mode"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::EmbeddingMode;

    #[test]
    fn only_one_speaker_can_be_chosen_without_embeddings() {
        let mut settings = Settings::default();
        settings.analysis.embedding_mode = EmbeddingMode::Skip;
        for (number, is_allowed) in [(None, true), (Some(1), true), (Some(2), false)] {
            settings.clustering.num_speakers = number;
            assert_eq!(settings.validate().is_ok(), is_allowed, "{number:?}");
        }
    }
}
