//! The allowed numbers of speakers.

use crate::error::{Error, Result};

/// The smallest and the largest number of speakers, as far as the caller knows them.
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
    /// Makes bounds from the three usual options: an exact number, or a minimum and a maximum.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if a number is 0, the minimum exceeds the maximum, or an
    /// exact number is given together with a bound that excludes it.
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

    /// The allowed number nearest to `num_speakers`.
    pub(crate) fn clamp(&self, num_speakers: usize) -> usize {
        num_speakers.max(self.min).min(self.max.unwrap_or(usize::MAX))
    }

    /// The exact number, if only one is allowed.
    pub fn exact(&self) -> Option<usize> {
        (Some(self.min) == self.max).then_some(self.min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_bounds_or_contradict_each_other() {
        let new = SpeakerBounds::new;
        let parts = |bounds: SpeakerBounds| (bounds.min(), bounds.max(), bounds.exact());
        assert_eq!(parts(SpeakerBounds::default()), (1, None, None));
        assert_eq!(new(None, None, None).unwrap(), SpeakerBounds::default());
        assert_eq!(parts(new(Some(3), None, None).unwrap()), (3, Some(3), Some(3)));
        assert_eq!(parts(new(None, Some(2), Some(4)).unwrap()), (2, Some(4), None));
        assert_eq!(parts(new(None, Some(2), Some(2)).unwrap()), (2, Some(2), Some(2)));
        assert_eq!(parts(new(None, None, Some(1)).unwrap()), (1, Some(1), Some(1)));
        assert_eq!(parts(new(Some(3), Some(2), Some(4)).unwrap()), (3, Some(3), Some(3)));
        for (num, min, max) in [
            (Some(0), None, None),
            (None, Some(0), None),
            (None, None, Some(0)),
            (None, Some(3), Some(2)),
            (Some(3), Some(4), None),
            (Some(3), None, Some(2)),
        ] {
            assert_eq!(new(num, min, max).unwrap_err().kind(), crate::ErrorKind::InvalidOption);
        }
    }
}
