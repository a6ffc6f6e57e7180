//! Jaccard error rate.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use super::mapping::map;
use super::scored::Scored;
use crate::error::Result;
use crate::timeline::Segment;
use crate::timeline::intervals::{covered_s, crop, union};

/// Sum of the Jaccard error rates of the reference speakers of one recording, or of several.
///
/// The error of a reference speaker is the time that only one of the speaker and its counterpart
/// talks, divided by the time that either talks; without a counterpart it is 1. Hypothesis speakers
/// without a counterpart cost nothing. Source: N. Ryant et al., "The Second DIHARD Diarization
/// Challenge", Interspeech 2019, as pyannote.metrics computes it (the mapping maximises the common
/// time; `dscore`'s maximises the Jaccard index and can differ).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct JerComponents {
    /// Sum of the speakers' errors, each from 0 to 1.
    pub speaker_error: f64,
    /// Number of reference speakers that talk in the scored regions.
    pub num_speakers: usize,
}

impl JerComponents {
    /// Jaccard error rate as a fraction: the mean over reference speakers; 1 if there are none.
    pub fn jer(&self) -> f64 {
        if self.num_speakers == 0 { 1.0 } else { self.speaker_error / self.num_speakers as f64 }
    }

    /// Source: pyannote.metrics `diarization.py`, `JaccardErrorRate.compute_components`.
    pub(super) fn new(scored: &Scored) -> Result<Self> {
        let Scored { reference, hypothesis } = scored;
        let mapping = map(reference, hypothesis)?;
        let (references, hypotheses) = (reference.by_speaker(), hypothesis.by_speaker());
        let mut components = Self { speaker_error: 0.0, num_speakers: reference.names.len() };
        for (speaker, counterpart) in mapping.into_iter().enumerate() {
            components.speaker_error += match counterpart {
                None => 1.0,
                Some(counterpart) => {
                    let r = union(references[speaker].iter().copied(), 0.0);
                    let h = union(hypotheses[counterpart].iter().copied(), 0.0);
                    jaccard_error(&r, &h)
                }
            };
        }
        Ok(components)
    }
}

/// Time in only one of two sets over time in either; both disjoint and in order of time, and not
/// both empty.
fn jaccard_error(r: &[Segment], h: &[Segment]) -> f64 {
    let either_s = covered_s(r.iter().chain(h).copied());
    let false_alarm_s = covered_s(h.iter().copied()) - covered_s(crop(h, r).map(|(_, part)| part));
    let miss_s = covered_s(r.iter().copied()) - covered_s(crop(r, h).map(|(_, part)| part));
    (false_alarm_s + miss_s) / either_s
}

impl AddAssign for JerComponents {
    fn add_assign(&mut self, other: Self) {
        self.speaker_error += other.speaker_error;
        self.num_speakers += other.num_speakers;
    }
}

impl Add for JerComponents {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for JerComponents {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Self::add)
    }
}
