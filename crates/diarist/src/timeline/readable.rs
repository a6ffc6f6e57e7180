//! Turns for people to read: short pauses closed, crumbs left out.

use std::collections::BTreeMap;

use super::Turn;
use super::intervals::{PRECISION_S, chronological};
use crate::error::Result;
use crate::range::Range;

/// Limits of [`readable`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadableSettings {
    /// Turns of one speaker become one if the pause between them is shorter than this many seconds.
    /// Default: 0.4.
    pub max_gap_s: f64,
    /// Turns that are then shorter than this many seconds are left out. Default: 0.2.
    pub min_turn_s: f64,
}

/// The defaults raise the DER on excerpts of real meetings by less than 0.1 points
/// (`docs/benchmarks.md`).
impl Default for ReadableSettings {
    fn default() -> Self {
        Self { max_gap_s: 0.4, min_turn_s: 0.2 }
    }
}

impl ReadableSettings {
    /// Allowed values of [`Self::max_gap_s`].
    pub const MAX_GAP_S: Range = Range::closed("max-gap", 0.0, 60.0);
    /// Allowed values of [`Self::min_turn_s`].
    pub const MIN_TURN_S: Range = Range::closed("min-turn", 0.0, 60.0);

    /// Checks both limits.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and its range.
    pub fn validate(&self) -> Result<()> {
        Self::MAX_GAP_S.check(self.max_gap_s)?;
        Self::MIN_TURN_S.check(self.min_turn_s)
    }
}

/// The turns as people read them, in the order of their start, then end, then speaker.
///
/// Networks decide frame by frame, so turns break at short pauses, and the change from one speaker
/// to the next leaves turns of a single frame. Here the turns of a speaker are joined over short
/// pauses, also while others speak, and what then is shorter than the minimum is left out. The
/// longest turn of every speaker stays, so that no speaker is lost.
///
/// A joined turn has the name of its first part. Its confidence is the mean of its parts, weighted
/// by their lengths, or `None` if one of them has none.
pub fn readable(turns: &[Turn], settings: &ReadableSettings) -> Vec<Turn> {
    let mut of_speakers: BTreeMap<&str, Vec<&Turn>> = BTreeMap::new();
    for turn in turns {
        of_speakers.entry(&turn.speaker).or_default().push(turn);
    }
    let mut readable: Vec<Turn> = Vec::new();
    for (_, mut parts) in of_speakers {
        parts.sort_by(|a, b| chronological(&a.segment(), &b.segment()));
        let mut joined = join(&parts, settings.max_gap_s);
        let longest = joined.iter().map(Turn::duration_s).fold(0.0, f64::max);
        joined.retain(|turn| turn.duration_s() >= settings.min_turn_s.min(longest));
        readable.append(&mut joined);
    }
    readable.sort_by(Turn::chronological);
    readable
}

/// The turns of one speaker, in order of time, without pauses shorter than `max_gap_s`.
fn join(parts: &[&Turn], max_gap_s: f64) -> Vec<Turn> {
    let mut joined: Vec<Turn> = Vec::new();
    // Seconds in the parts of the last turn.
    let mut spoken_s = 0.0;
    for &part in parts {
        match joined.last_mut() {
            Some(last) if part.start_s - last.end_s < max_gap_s.max(PRECISION_S) => {
                let length_s = part.duration_s();
                let weight = length_s / (spoken_s + length_s).max(PRECISION_S);
                last.confidence = last.confidence.zip(part.confidence).map(|(a, b)| a + weight * (b - a));
                last.end_s = last.end_s.max(part.end_s);
                spoken_s += length_s;
            }
            _ => {
                spoken_s = part.duration_s();
                joined.push(part.clone());
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(turns: &[(f64, f64, &str)]) -> Vec<Turn> {
        turns.iter().map(|&(start, end, speaker)| Turn::new(start, end, speaker)).collect()
    }

    fn spans(turns: &[Turn]) -> Vec<(f64, f64, &str)> {
        turns.iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker.as_str())).collect()
    }

    #[test]
    fn short_pauses_close_and_crumbs_go() {
        let found = turns(&[
            (0.0, 2.0, "A"),
            (2.0, 2.017, "B"),
            (2.017, 3.0, "A"),
            (3.25, 4.0, "A"),
            (4.5, 5.0, "A"),
            (4.75, 6.0, "B"),
        ]);
        let settings = ReadableSettings { max_gap_s: 0.5, min_turn_s: 0.25 };
        // A pause of exactly the limit stays, and so does a turn of exactly the minimum.
        assert_eq!(spans(&readable(&found, &settings)), [(0.0, 4.0, "A"), (4.5, 5.0, "A"), (4.75, 6.0, "B")]);
        let exact = ReadableSettings { max_gap_s: 0.0, min_turn_s: 0.0 };
        assert_eq!(readable(&found, &exact), found);
    }

    #[test]
    fn no_speaker_is_lost() {
        let found = turns(&[(0.0, 0.01, "A"), (5.0, 5.02, "A"), (9.0, 9.0, "B")]);
        assert_eq!(spans(&readable(&found, &ReadableSettings::default())), [(5.0, 5.02, "A"), (9.0, 9.0, "B")]);
        assert_eq!(readable(&[], &ReadableSettings::default()), []);
    }

    #[test]
    fn overlapping_turns_of_a_speaker_become_one() {
        let found = turns(&[(1.0, 9.0, "A"), (2.0, 3.0, "A"), (0.0, 1.5, "A")]);
        assert_eq!(spans(&readable(&found, &ReadableSettings::default())), [(0.0, 9.0, "A")]);
    }

    #[test]
    fn confidence_is_the_mean_over_the_parts() {
        let mut found = turns(&[(0.0, 3.0, "A"), (3.25, 4.25, "A")]);
        found[0].name = Some("Ann".to_owned());
        (found[0].confidence, found[1].confidence) = (Some(1.0), Some(0.5));
        let joined = readable(&found, &ReadableSettings::default());
        assert_eq!((joined[0].confidence, joined[0].name.as_deref()), (Some(0.875), Some("Ann")));
        found[1].confidence = None;
        assert_eq!(readable(&found, &ReadableSettings::default())[0].confidence, None);
    }

    #[test]
    fn limits_have_ranges() {
        assert!(ReadableSettings::default().validate().is_ok());
        for limits in [(-0.1, 0.2), (0.4, 61.0), (f64::NAN, 0.2)] {
            let settings = ReadableSettings { max_gap_s: limits.0, min_turn_s: limits.1 };
            assert!(settings.validate().is_err(), "{limits:?}");
        }
    }
}
