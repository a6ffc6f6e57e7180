//! Diarization error rate.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use super::mapping::map;
use super::scored::Scored;
use crate::error::Result;
use crate::timeline::intervals::PRECISION_S;

/// Seconds of correct and wrong attribution in one recording, or their sums over several.
///
/// Where `r` reference turns and `h` hypothesis turns overlap, `total` grows `r` times as fast as
/// time, `missed_detection` max(0, r - h) times, `false_alarm` max(0, h - r) times, `correct` by
/// the number of turns that agree under the optimal mapping, and `confusion` by the rest, min(r,
/// h) - correct.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DerComponents {
    /// Reference speech; overlapped speech counts once for each turn.
    pub total_s: f64,
    /// Attributed to the right speaker.
    pub correct_s: f64,
    /// Reference speech where the hypothesis has too few turns.
    pub missed_detection_s: f64,
    /// Hypothesis speech where the reference has fewer turns.
    pub false_alarm_s: f64,
    /// Attributed to a wrong speaker.
    pub confusion_s: f64,
}

impl DerComponents {
    /// Diarization error rate as a fraction (it can exceed 1). Without reference speech: 0 if there
    /// is no error, else 1.
    pub fn der(&self) -> f64 {
        self.ratio(self.missed_detection_s + self.false_alarm_s + self.confusion_s)
    }

    /// Missed detection as a fraction of the reference speech.
    pub fn missed_detection(&self) -> f64 {
        self.ratio(self.missed_detection_s)
    }

    /// False alarm as a fraction of the reference speech.
    pub fn false_alarm(&self) -> f64 {
        self.ratio(self.false_alarm_s)
    }

    /// Confusion as a fraction of the reference speech.
    pub fn confusion(&self) -> f64 {
        self.ratio(self.confusion_s)
    }

    fn ratio(&self, error_s: f64) -> f64 {
        match (self.total_s == 0.0, error_s == 0.0) {
            (true, true) => 0.0,
            (true, false) => 1.0,
            (false, _) => error_s / self.total_s,
        }
    }

    /// Source: pyannote.metrics `diarization.py` and `identification.py`, `compute_components`.
    pub(super) fn new(scored: &Scored) -> Result<Self> {
        let Scored { reference, hypothesis } = scored;
        let num_references = reference.names.len();
        let mapping = map(hypothesis, reference)?;
        // One index space for both sides; a hypothesis speaker without a counterpart gets an index
        // of its own.
        let common = |speaker: usize| mapping[speaker].unwrap_or(num_references + speaker);

        let mut events = Vec::with_capacity(2 * (reference.segments.len() + hypothesis.segments.len()));
        for (segment, &speaker) in reference.segments.iter().zip(&reference.speakers) {
            events.push((segment.start, Event { is_start: true, side: Side::Reference, speaker }));
            events.push((segment.end, Event { is_start: false, side: Side::Reference, speaker }));
        }
        for (segment, &speaker) in hypothesis.segments.iter().zip(&hypothesis.speakers) {
            let speaker = common(speaker);
            events.push((segment.start, Event { is_start: true, side: Side::Hypothesis, speaker }));
            events.push((segment.end, Event { is_start: false, side: Side::Hypothesis, speaker }));
        }
        events.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));

        let mut components = Self::default();
        let mut active = Active::new(num_references + hypothesis.names.len());
        let mut start = f64::NEG_INFINITY;
        for (time, event) in events {
            let duration_s = time - start;
            // Before the first event nobody is active; a piece of at most a microsecond is empty.
            if duration_s > PRECISION_S && active.any() {
                components.add_piece(duration_s, &active);
            }
            start = time;
            active.apply(&event);
        }
        Ok(components)
    }

    fn add_piece(&mut self, duration_s: f64, active: &Active) {
        let Active { num_references: r, num_hypotheses: h, num_correct, .. } = *active;
        self.total_s += duration_s * r as f64;
        self.correct_s += duration_s * num_correct as f64;
        self.missed_detection_s += duration_s * r.saturating_sub(h) as f64;
        self.false_alarm_s += duration_s * h.saturating_sub(r) as f64;
        self.confusion_s += duration_s * (r.min(h) - num_correct) as f64;
    }
}

impl AddAssign for DerComponents {
    fn add_assign(&mut self, other: Self) {
        self.total_s += other.total_s;
        self.correct_s += other.correct_s;
        self.missed_detection_s += other.missed_detection_s;
        self.false_alarm_s += other.false_alarm_s;
        self.confusion_s += other.confusion_s;
    }
}

impl Add for DerComponents {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for DerComponents {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Self::add)
    }
}

#[derive(Clone, Copy)]
enum Side {
    Reference,
    Hypothesis,
}

struct Event {
    is_start: bool,
    side: Side,
    speaker: usize,
}

/// The turns that are active at a time.
struct Active {
    /// For each speaker: its active turns in the reference and in the hypothesis.
    turns: Vec<[usize; 2]>,
    num_references: usize,
    num_hypotheses: usize,
    /// Size of the largest matching of equal speakers: the sum of the smaller number of turns over
    /// the speakers.
    num_correct: usize,
}

impl Active {
    fn new(num_speakers: usize) -> Self {
        Self { turns: vec![[0; 2]; num_speakers], num_references: 0, num_hypotheses: 0, num_correct: 0 }
    }

    fn any(&self) -> bool {
        self.num_references + self.num_hypotheses > 0
    }

    fn apply(&mut self, event: &Event) {
        let [references, hypotheses] = &mut self.turns[event.speaker];
        self.num_correct -= (*references).min(*hypotheses);
        let (own, all) = match event.side {
            Side::Reference => (&mut *references, &mut self.num_references),
            Side::Hypothesis => (&mut *hypotheses, &mut self.num_hypotheses),
        };
        if event.is_start {
            *own += 1;
            *all += 1;
        } else {
            // The start came earlier, because no segment is empty.
            *own -= 1;
            *all -= 1;
        }
        self.num_correct += (*references).min(*hypotheses);
    }
}
