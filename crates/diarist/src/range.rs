//! Ranges of options.

use std::fmt;

use crate::error::{Error, Result};

/// The allowed values of one option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Name of the option.
    pub name: &'static str,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Whether the smallest value itself is allowed.
    pub has_min: bool,
    /// Whether the largest value itself is allowed.
    pub has_max: bool,
}

impl Range {
    /// From `min` to `max`, both included.
    pub(crate) const fn closed(name: &'static str, min: f64, max: f64) -> Self {
        Self { name, min, max, has_min: true, has_max: true }
    }

    /// Above `min`, which is not included, up to `max`, which is.
    pub(crate) const fn above_to(name: &'static str, min: f64, max: f64) -> Self {
        Self { name, min, max, has_min: false, has_max: true }
    }

    /// Above `min` and below `max`, neither of which is included.
    pub(crate) const fn between(name: &'static str, min: f64, max: f64) -> Self {
        Self { name, min, max, has_min: false, has_max: false }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] with the value and the range.
    pub fn check(&self, value: f64) -> Result<()> {
        let is_above = if self.has_min { value >= self.min } else { value > self.min };
        let is_below = if self.has_max { value <= self.max } else { value < self.max };
        if is_above && is_below {
            return Ok(());
        }
        Err(Error::invalid_option(format!("{} is {value}, but must be {self}", self.name)))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max, .. } = self;
        match (self.has_min, self.has_max) {
            (true, true) => write!(f, "from {min} to {max}"),
            (true, false) => write!(f, "at least {min} and below {max}"),
            (false, true) => write!(f, "above {min} and at most {max}"),
            (false, false) => write!(f, "above {min} and below {max}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_included_or_not() {
        let error = |range: Range, value: f64| range.check(value).unwrap_err().to_string();
        assert!(Range::closed("a", 0.0, 2.0).check(0.0).is_ok());
        assert!(Range::closed("a", 0.0, 2.0).check(2.0).is_ok());
        assert_eq!(error(Range::closed("a", 0.0, 2.0), 2.1), "a is 2.1, but must be from 0 to 2");
        assert_eq!(error(Range::closed("a", 0.0, 2.0), f64::NAN), "a is NaN, but must be from 0 to 2");
        assert!(Range::above_to("b", 0.0, 1.0).check(1e-9).is_ok());
        assert_eq!(error(Range::above_to("b", 0.0, 1.0), 0.0), "b is 0, but must be above 0 and at most 1");
        assert!(Range::between("d", 0.0, 1.0).check(0.999).is_ok());
        assert_eq!(error(Range::between("d", 0.0, 1.0), 1.0), "d is 1, but must be above 0 and below 1");
        assert_eq!(error(Range::between("d", 0.0, 1.0), 0.0), "d is 0, but must be above 0 and below 1");
        assert_eq!(error(Range::closed("c", 0.0, 9.0), f64::INFINITY), "c is inf, but must be from 0 to 9");
    }
}
