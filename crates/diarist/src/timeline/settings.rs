//! Settings of the timeline.

use crate::error::Result;
use crate::range::Range;

/// Settings of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineSettings {
    /// Gaps of one speaker shorter than this many seconds are filled. Default: 0, which fills none,
    /// as in community-1. Higher values give fewer and longer turns, with false alarms in the
    /// pauses.
    pub min_duration_off_s: f64,
    /// How clusters become turns. Default: [`Reconstruction::Probabilities`].
    pub reconstruction: Reconstruction,
    /// Somebody speaks where the mean probability of speech is higher than this. Above 0 and below
    /// 1; default: 0.5. Only for [`Reconstruction::Probabilities`].
    pub speech_threshold: f64,
    /// A second person speaks where somebody does and the mean probability of overlap is higher
    /// than this. Above 0 and below 1; default: 0.3. Only for [`Reconstruction::Probabilities`].
    pub overlap_threshold: f64,
}

impl Default for TimelineSettings {
    fn default() -> Self {
        Self {
            min_duration_off_s: 0.0,
            reconstruction: Reconstruction::default(),
            speech_threshold: 0.5,
            overlap_threshold: 0.3,
        }
    }
}

/// How clusters become turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Reconstruction {
    /// As in community-1: each chunk votes for its speakers, and the rounded mean of its speakers
    /// is their number.
    Votes,
    /// By the probabilities of the segmentation network, and by the voices of subsegments. The
    /// sensitivity to speech and to overlap can be chosen.
    ///
    /// An analysis without probabilities is taken as certain of its masks, and one without
    /// subsegments is decided by the probabilities alone.
    #[default]
    Probabilities,
}

impl Reconstruction {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Votes, Self::Probabilities];

    /// Name in settings and reports: `votes` or `probabilities`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Probabilities => "probabilities",
        }
    }
}

/// Allowed values of [`TimelineSettings::min_duration_off_s`].
pub(crate) const MIN_DURATION_OFF_S: Range = Range::closed("min-duration-off", 0.0, 86_400.0);
/// Allowed values of [`TimelineSettings::speech_threshold`].
pub(crate) const SPEECH_THRESHOLD: Range = Range::between("speech-threshold", 0.0, 1.0);
/// Allowed values of [`TimelineSettings::overlap_threshold`].
pub(crate) const OVERLAP_THRESHOLD: Range = Range::between("overlap-threshold", 0.0, 1.0);

impl TimelineSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        MIN_DURATION_OFF_S.check(self.min_duration_off_s)?;
        SPEECH_THRESHOLD.check(self.speech_threshold)?;
        OVERLAP_THRESHOLD.check(self.overlap_threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_above_0_and_below_1() {
        let settings = |speech_threshold, overlap_threshold| TimelineSettings {
            speech_threshold,
            overlap_threshold,
            ..TimelineSettings::default()
        };
        assert_eq!(settings(0.5, 0.3), TimelineSettings::default());
        assert!(settings(1e-6, 1.0 - 1e-6).validate().is_ok());
        for wrong in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(settings(wrong, 0.3).validate().is_err(), "{wrong}");
            let error = settings(0.5, wrong).validate().unwrap_err();
            let expected = format!("overlap-threshold is {wrong}, but must be above 0 and below 1");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn names_differ() {
        assert_eq!(Reconstruction::ALL.map(Reconstruction::name), ["votes", "probabilities"]);
    }
}
