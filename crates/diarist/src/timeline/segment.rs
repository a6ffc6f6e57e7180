//! Intervals of time and labelled intervals.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A stretch of time in seconds, `start` included, `end` excluded.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Segment {
    /// Start in seconds.
    pub start: f64,
    /// End in seconds.
    pub end: f64,
}

impl Segment {
    /// A segment from `start` to `end`, both in seconds.
    pub fn new(start: f64, end: f64) -> Self {
        Self { start, end }
    }

    /// Length in seconds, never negative.
    pub fn duration(&self) -> f64 {
        (self.end - self.start).max(0.0)
    }
}

/// A stretch of speech of one speaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Turn {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// Label of the speaker, such as `SPEAKER_00`.
    pub speaker: String,
    /// Name of the known person that the speaker is; `None` if no known person was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Certainty of the turn from 0 to 1: the share of its time in which turns as certain as this
    /// one have the right speaker, or with [`Reconstruction::Votes`](super::Reconstruction::Votes)
    /// the share of the chunks around it in which the speaker is active
    /// ([`set_confidences`](super::set_confidences)). `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Channel of the recording, from 1, if channels were diarized apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
}

impl Turn {
    /// A turn from `start_s` to `end_s`, without a name and of unknown confidence.
    pub fn new(start_s: f64, end_s: f64, speaker: impl Into<String>) -> Self {
        Self { start_s, end_s, speaker: speaker.into(), name: None, confidence: None, channel: None }
    }

    /// A turn over `segment`, without a name and of unknown confidence.
    pub fn over(segment: Segment, speaker: impl Into<String>) -> Self {
        Self::new(segment.start, segment.end, speaker)
    }

    /// The stretch of time.
    pub fn segment(&self) -> Segment {
        Segment::new(self.start_s, self.end_s)
    }

    /// Length in seconds, never negative.
    pub fn duration_s(&self) -> f64 {
        self.segment().duration()
    }

    /// The order of turns: by start, then by end, then by speaker.
    pub fn chronological(&self, other: &Self) -> Ordering {
        let by_time = self.start_s.total_cmp(&other.start_s).then(self.end_s.total_cmp(&other.end_s));
        by_time.then_with(|| self.speaker.cmp(&other.speaker))
    }

    /// The same turn with another speaker.
    #[must_use]
    pub fn with_speaker(&self, speaker: impl Into<String>) -> Self {
        Self { speaker: speaker.into(), ..self.clone() }
    }

    /// The same turn over another stretch of time.
    #[must_use]
    pub fn with_segment(&self, segment: Segment) -> Self {
        Self { start_s: segment.start, end_s: segment.end, ..self.clone() }
    }
}

/// The turns of one recording; they may overlap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotation {
    /// Name of the recording (RTTM's second field).
    pub file_id: String,
    /// Turns in the order of their start, then end, then label.
    pub turns: Vec<Turn>,
}

impl Annotation {
    /// Distinct speaker labels, sorted.
    pub fn speakers(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = self.turns.iter().map(|turn| turn.speaker.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }
}
