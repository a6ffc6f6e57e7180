//! Cross-validation: values are chosen on some recordings and scored on the others.

use std::ops::Range;

use diarist::Result;
use diarist::parts::metrics::{DerComponents, ScoreOptions, score};
use diarist::pipeline::{Analysis, Pipeline, Settings};
use rayon::prelude::*;

use super::search::minimise;
use super::space::{Parameter, parameters, with_values};
use crate::dataset::Item;

/// A recording, and what the networks said about it.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) item: Item,
    pub(super) analysis: Analysis,
}

/// Everything a search needs but its budget.
#[derive(Debug)]
pub(super) struct Tuner<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) recordings: &'a [Recording],
    /// What the search starts from.
    pub(super) settings: &'a Settings,
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

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) parameters: &'static [Parameter],
    pub(super) before: Vec<f64>,
    /// Found on all recordings.
    pub(super) tuned: Vec<f64>,
    /// On all recordings, those that the values were found on.
    pub(super) fitted: Change,
    /// None if there is one recording only.
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

    /// The values to use: those found, unless others than those they were found on speak against them.
    pub(super) fn values(&self) -> &[f64] {
        if self.held_out().is_none_or(|change| change.is_better()) { &self.tuned } else { &self.before }
    }
}

/// `num_folds` neighbouring stretches of `num_recordings`, of nearly equal length.
///
/// Recordings come sorted by name, so parts of one session are neighbours and mostly held out together.
fn stretches(num_recordings: usize, num_folds: usize) -> Vec<Range<usize>> {
    let edge = |index: usize| num_recordings * index / num_folds;
    (0..num_folds).map(|index| edge(index)..edge(index + 1)).collect()
}

impl Tuner<'_> {
    /// Searches once on all recordings and once for each fold; `progress` is called after every trial.
    pub(super) fn run(&self, num_folds: usize, progress: &(impl Fn() + Sync)) -> Result<Outcome> {
        let (parameters, before) = parameters(self.settings)?;
        let num_folds = num_folds.min(self.recordings.len());
        let held_out = if num_folds < 2 { Vec::new() } else { stretches(self.recordings.len(), num_folds) };
        let search = |held_out: Range<usize>| self.search(parameters, &before, held_out, progress);
        let (fitted, folds) = self.pipeline.install(|| {
            rayon::join(|| search(0..0), || held_out.par_iter().cloned().map(search).collect::<Vec<Result<_>>>())
        });
        let (tuned, fitted) = fitted?;
        let fold = |(held_out, found): (Range<usize>, Result<(Vec<f64>, Change)>)| -> Result<Fold> {
            Ok(Fold { held_out, change: found?.1 })
        };
        let folds = held_out.into_iter().zip(folds).map(fold).collect::<Result<_>>()?;
        Ok(Outcome { parameters, before, tuned, fitted, folds })
    }

    /// The best values on the recordings that are not `held_out`, and what they do for those that are, or for all if
    /// none is.
    fn search(
        &self,
        parameters: &[Parameter],
        before: &[f64],
        held_out: Range<usize>,
        progress: &(impl Fn() + Sync),
    ) -> Result<(Vec<f64>, Change)> {
        let all = 0..self.recordings.len();
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
        let options = with_values(self.settings, parameters, values).options()?;
        let error = |&index: &usize| -> Result<DerComponents> {
            let Recording { item, analysis } = &self.recordings[index];
            let result = self.pipeline.cluster(&item.file_id, analysis, &options)?;
            let regions = item.regions(result.duration_s);
            let scores = score(&item.reference, &result.diarization, Some(&regions), self.scoring);
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
    fn what_does_not_help_others_is_not_used() {
        let outcome = |changes: &[Change]| Outcome {
            parameters: &[],
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
