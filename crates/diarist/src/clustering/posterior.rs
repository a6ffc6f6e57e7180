//! Probability of every number of speakers, given how well those that were found fit.
//!
//! Multinomial logistic regression on four numbers gives the probability that there are fewer or
//! more speakers than were found. `tools/bench/number_of_speakers.py` makes the weights, and
//! docs/benchmarks.md has the calibration.

use super::SpeakerBounds;

/// Weights of 1 and of the evidence, for fewer and for more speakers than were found.
const FEWER: [f64; 5] = [-1.235, 4.134, -4.555, 0.402, -1.369];
const MORE: [f64; 5] = [5.637, -9.282, 17.276, -0.061, -0.719];
/// Probability of one more difference, if there is one: there were never two speakers too many.
const FURTHER_FEWER: f64 = 0.04;
const FURTHER_MORE: f64 = 0.28;
/// Largest difference from the found number that has a probability.
const MAX_DIFFERENCE: usize = 4;

/// Probabilities of the numbers of speakers of a recording. A true speaker has at least 2 s of
/// speech.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberPosterior {
    evidence: [f64; 4],
    /// The number that the first probability belongs to. Each further one belongs to the next
    /// number.
    first: usize,
    probabilities: Vec<f64>,
}

impl NumberPosterior {
    /// The probabilities given that `found` clusters were found with this evidence, within
    /// `bounds`.
    pub(super) fn of(found: usize, evidence: [f64; 4], bounds: SpeakerBounds) -> Self {
        let logit = |weights: [f64; 5]| {
            let terms = weights[1..].iter().zip(&evidence).map(|(weight, value)| weight * value);
            weights[0] + terms.sum::<f64>()
        };
        let further = |factor: f64, difference: usize| (1.0 - factor).ln() + factor.ln() * (difference - 1) as f64;
        let log_weight = |number: usize| match number.abs_diff(found) {
            0 => 0.0,
            difference if number > found => logit(MORE) + further(FURTHER_MORE, difference),
            difference => logit(FEWER) + further(FURTHER_FEWER, difference),
        };
        // Bounds that exclude the found number still leave several numbers.
        let nearest = bounds.clamp(found);
        let first = nearest.saturating_sub(MAX_DIFFERENCE).max(bounds.min());
        let last = (nearest + MAX_DIFFERENCE).min(bounds.max().unwrap_or(usize::MAX));
        let logarithms: Vec<f64> = (first..=last).map(log_weight).collect();
        let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logarithms.into_iter().map(|logarithm| (logarithm - highest).exp()).collect();
        let total: f64 = weights.iter().sum();
        let probabilities = weights.into_iter().map(|weight| weight / total).collect();
        Self { evidence, first, probabilities }
    }

    /// The probabilities given that the number is within `bounds`. `None` if these leave no choice
    /// or no number with a probability.
    pub(crate) fn within(&self, bounds: SpeakerBounds) -> Option<Self> {
        let numbers: Vec<(usize, f64)> = self.numbers().filter(|entry| bounds.clamp(entry.0) == entry.0).collect();
        let first = numbers.first()?.0;
        let total: f64 = numbers.iter().map(|entry| entry.1).sum();
        let probabilities = numbers.into_iter().map(|entry| entry.1 / total).collect();
        bounds.exact().is_none().then_some(Self { evidence: self.evidence, first, probabilities })
    }

    /// The numbers that the probabilities follow from.
    pub fn evidence(&self) -> [f64; 4] {
        self.evidence
    }

    /// The numbers with a probability, in ascending order.
    pub fn numbers(&self) -> impl Iterator<Item = (usize, f64)> {
        (self.first..).zip(self.probabilities.iter().copied())
    }

    /// Probability that there are `number` speakers.
    pub fn probability(&self, number: usize) -> f64 {
        self.numbers().find(|entry| entry.0 == number).map_or(0.0, |entry| entry.1)
    }

    /// The likeliest number other than `number`, and its probability.
    pub fn runner_up(&self, number: usize) -> Option<(usize, f64)> {
        let others = self.numbers().filter(|entry| entry.0 != number);
        others.reduce(|best, entry| if entry.1 > best.1 { entry } else { best })
    }

    /// The number of speakers for a sensitivity between -1 and 1, if `found` were found.
    ///
    /// Above 0, the largest number that is reached with a probability above `1 - sensitivity`;
    /// below 0, the smallest number that is not exceeded with a probability above
    /// `1 + sensitivity`; never a number on the other side of the found one.
    pub(super) fn number(&self, found: usize, sensitivity: f64) -> usize {
        let least = 1.0 - sensitivity.abs();
        let share = |is_meant: &dyn Fn(usize) -> bool| -> f64 {
            self.numbers().filter(|entry| is_meant(entry.0)).map(|entry| entry.1).sum()
        };
        let mut numbers = self.numbers().map(|entry| entry.0);
        let chosen = if sensitivity > 0.0 {
            numbers.filter(|&number| number > found && share(&|other| other >= number) > least).max()
        } else if sensitivity < 0.0 {
            numbers.find(|&number| number < found && share(&|other| other <= number) > least)
        } else {
            None
        };
        chosen.unwrap_or(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evidence of clusters that fit well, and of clusters that fit badly.
    const SURE: [f64; 4] = [0.7, 0.0, -5.0, 5.0];
    const UNSURE: [f64; 4] = [0.45, 0.05, -2.0, 2.0];

    fn bounds(min: Option<usize>, max: Option<usize>) -> SpeakerBounds {
        SpeakerBounds::new(None, min, max).unwrap()
    }

    fn all_bounds() -> [SpeakerBounds; 5] {
        [(None, None), (Some(2), None), (None, Some(3)), (Some(7), Some(30)), (Some(2), Some(3))]
            .map(|(min, max)| bounds(min, max))
    }

    #[test]
    fn probabilities_sum_to_1_within_the_bounds() {
        for bounds in all_bounds() {
            for (found, evidence) in [(1, SURE), (4, SURE), (4, UNSURE), (40, UNSURE)] {
                let posterior = NumberPosterior::of(found, evidence, bounds);
                let total: f64 = posterior.numbers().map(|entry| entry.1).sum();
                assert!((total - 1.0).abs() < 1e-12, "{posterior:?}");
                assert!(posterior.numbers().all(|(number, _)| bounds.clamp(number) == number), "{posterior:?}");
                let (runner_up, probability) = posterior.runner_up(bounds.clamp(found)).unwrap();
                assert!(runner_up != bounds.clamp(found) && probability == posterior.probability(runner_up));
            }
        }
    }

    #[test]
    fn bounds_condition_the_probabilities() {
        let free = NumberPosterior::of(4, UNSURE, SpeakerBounds::default());
        let bound = NumberPosterior::of(4, UNSURE, bounds(Some(4), Some(5)));
        let both = free.probability(4) + free.probability(5);
        assert!((bound.probability(4) - free.probability(4) / both).abs() < 1e-12);
        assert_eq!((bound.probability(3), bound.probability(6)), (0.0, 0.0));
        let later = free.within(bounds(Some(4), Some(5))).unwrap();
        assert!((later.probability(4) - bound.probability(4)).abs() < 1e-12 && later.numbers().count() == 2);
        assert_eq!(free.within(bounds(Some(9), None)), None);
        assert_eq!(free.within(SpeakerBounds::new(Some(4), None, None).unwrap()), None);
    }

    #[test]
    fn the_number_rises_with_the_sensitivity_and_stays_within_the_bounds() {
        for bounds in all_bounds() {
            for (found, evidence) in [(1, SURE), (4, SURE), (4, UNSURE), (40, UNSURE)] {
                let found = bounds.clamp(found);
                let posterior = NumberPosterior::of(found, evidence, bounds);
                let numbers: Vec<usize> =
                    (-99..=99).map(|step| posterior.number(found, f64::from(step) / 100.0)).collect();
                assert!(numbers.is_sorted(), "{numbers:?}");
                assert_eq!(numbers[99], found, "at 0");
                assert!(numbers.iter().all(|&number| bounds.clamp(number) == number));
            }
        }
        let posterior = NumberPosterior::of(4, UNSURE, SpeakerBounds::default());
        assert!(posterior.number(4, 0.9) > 4, "{posterior:?}");
        assert_eq!(NumberPosterior::of(4, SURE, SpeakerBounds::default()).number(4, 0.5), 4);
    }
}
