//! Intervals of time and labelled intervals.

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

/// A segment with its speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// When.
    pub segment: Segment,
    /// Who: a label such as `SPEAKER_00`.
    pub speaker: String,
}

/// Who spoke when in one recording; turns may overlap.
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
