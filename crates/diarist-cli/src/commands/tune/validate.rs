//! Cross-validation: values are chosen on some recordings and scored on the others.

use std::ops::Range;

use diarist::parts::metrics::{DerComponents, ScoreOptions, score};
use diarist::parts::settings::Choices;
use diarist::{Analysis, Diarizer, Result};
use rayon::prelude::*;

use super::search::minimise;
use super::space::{Parameter, parameters, with_values};
use crate::dataset::Item;

/// A recording of the dataset, and its analysis.
#[derive(Debug)]
pub(super) struct AnalyzedItem {
    pub(super) item: Item,
    pub(super) analysis: Analysis,
}

/// Input of a search.
#[derive(Debug)]
pub(super) struct Tuner<'a> {
    pub(super) diarizer: &'a Diarizer,
    pub(super) items: &'a [AnalyzedItem],
    /// The start of the search.
    pub(super) choices: &'a Choices,
    pub(super) scoring: &'a ScoreOptions,
    pub(super) num_trials: usize,
    pub(super) seed: u64,
}

/// Errors on the same recordings, with the values from before and with those found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Change {
    pub(super) before: DerComponents,
    pub(super) tuned: DerComponents,
}

/// Errors on recordings that had no part in the choice of the values.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) held_out: Range<usize>,
    pub(super) change: Change,
}

/// Result of a search.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) parameters: Vec<Parameter>,
    pub(super) before: Vec<f64>,
    /// The values found on all recordings.
    pub(super) tuned: Vec<f64>,
    /// Errors on all recordings, the ones that the values were found on.
    pub(super) fitted: Change,
    /// Empty if there is only one recording.
    pub(super) folds: Vec<Fold>,
}

impl Change {
    fn add(&mut self, other: &Self) {
        self.before += other.before;
        self.tuned += other.tuned;
    }

    pub(super) fn is_better(&self) -> bool {
        self.tuned.der() < self.before.der()
    }
}

impl Outcome {
    /// The errors of all folds together, if there are any.
    pub(super) fn held_out(&self) -> Option<Change> {
        let mut sum = Change::default();
        self.folds.iter().for_each(|fold| sum.add(&fold.change));
        (!self.folds.is_empty()).then_some(sum)
    }

    /// The values to use: those found, unless they are not better on recordings held out.
    pub(super) fn values(&self) -> &[f64] {
        if self.held_out().is_none_or(|change| change.is_better()) { &self.tuned } else { &self.before }
    }
}

/// `num_folds` neighbouring stretches of `num_recordings`, of nearly equal length.
///
/// Recordings are sorted by name, so parts of one session are neighbours and mostly held out
/// together.
fn stretches(num_recordings: usize, num_folds: usize) -> Vec<Range<usize>> {
    let edge = |index: usize| num_recordings * index / num_folds;
    (0..num_folds).map(|index| edge(index)..edge(index + 1)).collect()
}

impl Tuner<'_> {
    /// Searches once on all recordings and once for each fold; `progress` is called after every
    /// trial.
    pub(super) fn run(&self, num_folds: usize, progress: &(impl Fn() + Sync)) -> Result<Outcome> {
        let (parameters, before) = parameters(self.choices)?;
        let num_folds = num_folds.min(self.items.len());
        let held_out = if num_folds < 2 { Vec::new() } else { stretches(self.items.len(), num_folds) };
        let search = |held_out: Range<usize>| self.search(&parameters, &before, held_out, progress);
        let (fitted, folds) = self.diarizer.analyzer().install(|| {
            rayon::join(|| search(0..0), || held_out.par_iter().cloned().map(search).collect::<Vec<Result<_>>>())
        });
        let (tuned, fitted) = fitted?;
        let fold = |(held_out, found): (Range<usize>, Result<(Vec<f64>, Change)>)| -> Result<Fold> {
            Ok(Fold { held_out, change: found?.1 })
        };
        let folds = held_out.into_iter().zip(folds).map(fold).collect::<Result<_>>()?;
        Ok(Outcome { parameters, before, tuned, fitted, folds })
    }

    /// The best values on the recordings that are not `held_out`, and the errors on those that are,
    /// or on all if none is.
    fn search(
        &self,
        parameters: &[Parameter],
        before: &[f64],
        held_out: Range<usize>,
        progress: &(impl Fn() + Sync),
    ) -> Result<(Vec<f64>, Change)> {
        let all = 0..self.items.len();
        let chosen_on: Vec<usize> = all.clone().filter(|index| !held_out.contains(index)).collect();
        let best = minimise(parameters, before, self.num_trials, self.seed, |values| {
            let errors = self.errors(&chosen_on, parameters, values)?;
            progress();
            Ok(errors.der())
        })?;
        let scored_on: Vec<usize> = if held_out.is_empty() { all } else { held_out }.collect();
        let change = Change {
            before: self.errors(&scored_on, parameters, before)?,
            tuned: self.errors(&scored_on, parameters, &best.values)?,
        };
        Ok((best.values, change))
    }

    /// The errors on the recordings at `indices`, summed in that order.
    fn errors(&self, indices: &[usize], parameters: &[Parameter], values: &[f64]) -> Result<DerComponents> {
        let diarizer = self.diarizer.with_settings(&with_values(self.choices, parameters, values).settings()?)?;
        let error = |&index: &usize| -> Result<DerComponents> {
            let AnalyzedItem { item, analysis } = &self.items[index];
            let result = diarizer.cluster(analysis)?;
            let regions = item.regions(result.duration_s);
            let scores = score(&item.reference, &result.annotation(), Some(&regions), self.scoring);
            scores.map(|scores| scores.der).map_err(|error| error.at(item.file_id.clone()))
        };
        let errors: Vec<Result<DerComponents>> = indices.par_iter().map(error).collect();
        errors.into_iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_held_out_once() {
        for num_recordings in 2..20 {
            for num_folds in 2..=num_recordings {
                let stretches = stretches(num_recordings, num_folds);
                let held_out: Vec<usize> = stretches.iter().cloned().flatten().collect();
                assert_eq!(held_out, (0..num_recordings).collect::<Vec<_>>());
                assert!(stretches.iter().all(|stretch| !stretch.is_empty() && stretch.len() < num_recordings));
            }
        }
    }

    fn change(before_s: f64, tuned_s: f64) -> Change {
        let errors = |confusion_s| DerComponents { total_s: 10.0, confusion_s, ..DerComponents::default() };
        Change { before: errors(before_s), tuned: errors(tuned_s) }
    }

    #[test]
    fn values_that_do_not_help_held_out_recordings_are_not_used() {
        let outcome = |changes: &[Change]| Outcome {
            parameters: Vec::new(),
            before: vec![0.07],
            tuned: vec![0.2],
            fitted: change(3.0, 1.0),
            folds: changes.iter().map(|&change| Fold { held_out: 0..1, change }).collect(),
        };
        // Better in sum, though not in every fold; worse; the same; unknown.
        assert_eq!(outcome(&[change(2.0, 2.5), change(2.0, 1.0)]).values(), [0.2]);
        assert_eq!(outcome(&[change(2.0, 1.5), change(2.0, 3.0)]).values(), [0.07]);
        assert_eq!(outcome(&[change(2.0, 2.0)]).values(), [0.07]);
        assert_eq!(outcome(&[]).values(), [0.2]);
    }
}
