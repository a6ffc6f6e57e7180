//! Which local speakers are the same person: AHC, PLDA, VBx, constrained assignment.

use crate::error::{Error, Result};

/// What the caller knows about the number of speakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpeakerBounds {
    min: usize,
    max: Option<usize>,
}

impl Default for SpeakerBounds {
    fn default() -> Self {
        Self { min: 1, max: None }
    }
}

impl SpeakerBounds {
    /// Bounds from the three usual options: an exact number, or a minimum and a maximum.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if a number is 0, the minimum exceeds the maximum, or an exact number is
    /// given together with a bound that excludes it.
    pub fn new(num: Option<usize>, min: Option<usize>, max: Option<usize>) -> Result<Self> {
        if [num, min, max].contains(&Some(0)) {
            return Err(Error::invalid_option("the number of speakers must be at least 1"));
        }
        let bounds = Self { min: num.or(min).unwrap_or(1), max: num.or(max) };
        let asked_min = min.unwrap_or(1).max(bounds.min);
        let asked_max = max.into_iter().chain(bounds.max).min();
        if asked_max.is_some_and(|max| asked_min > max) {
            return Err(Error::invalid_option(format!(
                "at least {asked_min} and at most {} speakers contradict each other",
                asked_max.unwrap_or_default()
            )));
        }
        Ok(bounds)
    }

    /// The smallest allowed number of speakers, at least 1.
    pub fn min(&self) -> usize {
        self.min
    }

    /// The largest allowed number of speakers, if limited.
    pub fn max(&self) -> Option<usize> {
        self.max
    }

    /// The exact number, if only one is allowed.
    pub fn exact(&self) -> Option<usize> {
        (Some(self.min) == self.max).then_some(self.min)
    }
}

/// The outcome of clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// For each row of [`crate::pipeline::Embeddings`]: its cluster, or `None` if the constrained assignment left it out.
    pub hard: Vec<Option<u32>>,
    /// One centroid per cluster, 256 raw (not normalised) values each.
    pub centroids: Vec<Vec<f32>>,
}
