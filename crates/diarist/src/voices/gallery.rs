//! Known people in memory, and the search for the person that a voice belongs to.

use crate::analysis::EMBEDDING_DIMENSION;
use crate::assignment::{Objective, assign};
use crate::clustering::vectors::{dot, normalised};
use crate::error::{Error, Result};

use super::score::log_ratio;
use super::voice::Voice;

/// Default for [`Gallery::with_min_probability`].
pub const MIN_PROBABILITY: f64 = 0.9;

/// A sample with more seconds of speech than this weighs no more among the samples of a person.
const FULL_WEIGHT_S: f64 = 30.0;

/// The origin of a sample of a known person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// Given by the user as the voice of this person.
    Enrolled,
    /// Taken from a recording in which the person was recognised.
    Learned,
}

impl SampleKind {
    /// `enrolled` or `learned`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Learned => "learned",
        }
    }
}

/// The people that a voice is compared with. A gallery is a copy, so later changes of a database do
/// not affect it.
#[derive(Debug, Clone)]
pub struct Gallery {
    people: Vec<Known>,
    min_probability: f64,
}

#[derive(Debug, Clone)]
struct Known {
    name: String,
    direction: Vec<f64>,
    speech_s: f64,
}

/// The similarity of a voice and a person.
struct Score {
    cosine: f64,
    log_ratio: f64,
}

/// A known person that a voice may belong to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Name of the person.
    pub name: String,
    /// Cosine of the voice and the person's voice, both relative to the mean of all voices; within
    /// [-1, 1].
    pub cosine: f64,
    /// Logarithm to base 10 of the likelihood ratio: the likelihood of this cosine if the voice is
    /// this person's, divided by its likelihood if it is another person's.
    pub log_ratio: f64,
    /// Probability that the voice is this person's. The prior gives one half to an unknown speaker,
    /// and divides the other half evenly among the known people who are not another speaker of the
    /// recording.
    pub probability: f64,
}

/// The likeliest owners of a voice.
#[derive(Debug, Clone, PartialEq)]
pub struct Identification {
    /// The likeliest person. `None` if the gallery is empty, or if every known person is another
    /// speaker of the recording.
    pub best: Option<Candidate>,
    /// The second likeliest person.
    pub runner_up: Option<Candidate>,
    /// Whether the voice is taken to be the likeliest person's. Otherwise the speaker is unknown.
    pub is_known: bool,
}

impl Identification {
    /// Name of the person; `None` for an unknown speaker.
    pub fn name(&self) -> Option<&str> {
        self.best.as_ref().filter(|_| self.is_known).map(|best| best.name.as_str())
    }

    /// The lead of the likeliest person over the second, as a difference of
    /// [`Candidate::log_ratio`].
    pub fn margin(&self) -> Option<f64> {
        Some(self.best.as_ref()?.log_ratio - self.runner_up.as_ref()?.log_ratio)
    }
}

impl Gallery {
    /// A gallery of the people of these names, with their samples: at least one for each person.
    ///
    /// The voice of a person is the mean of the directions of the samples, weighted by their
    /// seconds of speech; samples of 30 s and more weigh the same. The learned samples of a person
    /// together never outweigh the enrolled ones.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`] for a person without samples.
    pub fn new(people: Vec<(String, Vec<(SampleKind, Voice)>)>) -> Result<Self> {
        let known = people.into_iter().map(|(name, samples)| Known::new(name, &samples));
        Ok(Self { people: known.collect::<Result<_>>()?, min_probability: MIN_PROBABILITY })
    }

    /// Sets the least [`Candidate::probability`] at which a voice is taken to be a known person's.
    /// Default: [`MIN_PROBABILITY`].
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] outside (0, 1).
    pub fn with_min_probability(mut self, min_probability: f64) -> Result<Self> {
        if !(min_probability > 0.0 && min_probability < 1.0) {
            return Err(Error::invalid_option(format!(
                "the least probability must be between 0 and 1, not {min_probability}"
            )));
        }
        self.min_probability = min_probability;
        Ok(self)
    }

    /// Number of people.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether the gallery is empty.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Finds the person that `voice` belongs to.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if the weights in the program are damaged.
    pub fn identify(&self, voice: &Voice) -> Result<Identification> {
        Ok(self.decide(&self.scores(voice)?, |_| true))
    }

    /// Finds the people that the speakers of one recording are. No person is assigned to two
    /// speakers: the assignment has the greatest likelihood over all speakers, and an assigned
    /// person is not a candidate for the other speakers.
    ///
    /// # Errors
    /// As [`Self::identify`].
    pub fn identify_all(&self, voices: &[Voice]) -> Result<Vec<Identification>> {
        let rows: Vec<Vec<Score>> = voices.iter().map(|voice| self.scores(voice)).collect::<Result<_>>()?;
        let (num_people, num_columns) = (self.len(), self.len() + voices.len());
        // Behind the columns of the people, each speaker has a column for being unknown.
        let mut matrix = vec![0.0; voices.len() * num_columns];
        for (row, scores) in rows.iter().enumerate() {
            for (person, score) in scores.iter().enumerate() {
                matrix[row * num_columns + person] = score.log_ratio - (num_people as f64).log10();
            }
        }
        let mut taken: Vec<Option<usize>> = vec![None; num_people];
        for (row, column) in assign(&matrix, voices.len(), num_columns, Objective::Maximise)? {
            if column < num_people {
                taken[column] = Some(row);
            }
        }
        let of_row = |(row, scores): (usize, &Vec<Score>)| {
            self.decide(scores, |person| taken[person].is_none_or(|other| other == row))
        };
        Ok(rows.iter().enumerate().map(of_row).collect())
    }

    /// As [`Self::identify_all`], for speakers of which some have no voice. Those get `None`.
    ///
    /// # Errors
    /// As [`Self::identify`].
    pub fn identify_speakers(&self, voices: &[Option<&Voice>]) -> Result<Vec<Option<Identification>>> {
        let present: Vec<Voice> = voices.iter().copied().flatten().cloned().collect();
        let mut found = self.identify_all(&present)?.into_iter();
        Ok(voices.iter().map(|voice| voice.and_then(|_| found.next())).collect())
    }

    /// The similarity of the voice with every person, in the order of the gallery.
    fn scores(&self, voice: &Voice) -> Result<Vec<Score>> {
        let direction = voice.direction()?;
        let score = |known: &Known| {
            let cosine = dot(&direction, &known.direction);
            Score { cosine, log_ratio: log_ratio(cosine, voice.speech_s(), known.speech_s) }
        };
        Ok(self.people.iter().map(score).collect())
    }

    /// Decides among the people for whom `is_free` is true, and the unknown speaker.
    fn decide(&self, scores: &[Score], is_free: impl Fn(usize) -> bool) -> Identification {
        let mut free: Vec<usize> = (0..scores.len()).filter(|person| is_free(*person)).collect();
        free.sort_by(|a, b| scores[*b].log_ratio.total_cmp(&scores[*a].log_ratio));
        // Powers are relative to the largest term, so that none overflows.
        let largest = free.first().map_or(0.0, |best| scores[*best].log_ratio.max(0.0));
        let term = |log_ratio: f64| 10f64.powf(log_ratio - largest);
        let known: f64 = free.iter().map(|person| term(scores[*person].log_ratio)).sum();
        let total = free.len() as f64 * term(0.0) + known;
        let mut candidates = free.iter().map(|person| Candidate {
            name: self.people[*person].name.clone(),
            cosine: scores[*person].cosine,
            log_ratio: scores[*person].log_ratio,
            probability: term(scores[*person].log_ratio) / total,
        });
        let (best, runner_up) = (candidates.next(), candidates.next());
        let is_known = best.as_ref().is_some_and(|best| best.probability >= self.min_probability);
        Identification { best, runner_up, is_known }
    }
}

impl Known {
    fn new(name: String, samples: &[(SampleKind, Voice)]) -> Result<Self> {
        if samples.is_empty() {
            return Err(Error::new(crate::ErrorKind::Internal, format!("{name:?} has no sample")));
        }
        let weight = |voice: &Voice| voice.speech_s().min(FULL_WEIGHT_S);
        let sum = |wanted: SampleKind| -> f64 {
            samples.iter().filter(|(kind, _)| *kind == wanted).map(|(_, voice)| weight(voice)).sum()
        };
        let (enrolled, learned) = (sum(SampleKind::Enrolled), sum(SampleKind::Learned));
        let scale = if enrolled > 0.0 && learned > enrolled { enrolled / learned } else { 1.0 };
        let mut direction = vec![0.0; EMBEDDING_DIMENSION];
        for (kind, voice) in samples {
            let weight = if *kind == SampleKind::Learned { scale * weight(voice) } else { weight(voice) };
            for (sum, value) in direction.iter_mut().zip(voice.direction()?) {
                *sum += weight * value;
            }
        }
        let speech_s = samples.iter().map(|(_, voice)| voice.speech_s()).sum();
        Ok(Self { name, direction: normalised(&direction), speech_s })
    }
}

/// Compares two voices: their cosine and its [`Candidate::log_ratio`].
///
/// # Errors
/// As [`Gallery::identify`].
pub fn compare(a: &Voice, b: &Voice) -> Result<(f64, f64)> {
    let cosine = dot(&a.direction()?, &b.direction()?);
    Ok((cosine, log_ratio(cosine, a.speech_s(), b.speech_s())))
}
