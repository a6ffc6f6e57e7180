//! The search for the values with the least error.
//!
//! Tree-structured Parzen estimators (Bergstra et al., "Algorithms for Hyper-Parameter
//! Optimization", NeurIPS 2011), one for each parameter; docs/adr has the reasons.

use diarist::{Error, ErrorKind, Result};
use rand_mt::Mt64;
use tpe::TpeOptimizer;

use super::space::Parameter;

/// Trials at random positions, before the estimators have enough data.
const NUM_RANDOM_TRIALS: usize = 10;

/// The best trial.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Best {
    /// One value for each parameter.
    pub(super) values: Vec<f64>,
    /// Their error.
    pub(super) error: f64,
}

/// Tries `num_trials` sets of values, `start` first, and returns the first of those with the lowest
/// error.
pub(super) fn minimise(
    parameters: &[Parameter],
    start: &[f64],
    num_trials: usize,
    seed: u64,
    mut error: impl FnMut(&[f64]) -> Result<f64>,
) -> Result<Best> {
    let mut random = Mt64::new(seed);
    let intervals: Vec<(f64, f64)> = parameters.iter().zip(start).map(|(p, &start)| p.interval(start)).collect();
    let mut estimators = Vec::new();
    for &(from, to) in &intervals {
        let range = tpe::range(from, to).map_err(internal)?;
        estimators.push(TpeOptimizer::new(tpe::parzen_estimator(), range));
    }
    let mut best = Best { values: start.to_vec(), error: error(start)? };
    let positions: Vec<f64> = parameters.iter().zip(start).map(|(p, &start)| p.position(start)).collect();
    tell(&mut estimators, &positions, best.error)?;
    for trial in 1..num_trials {
        let positions: Vec<f64> = estimators
            .iter_mut()
            .zip(&intervals)
            .map(|(estimator, &(from, to))| {
                if trial <= NUM_RANDOM_TRIALS {
                    return from + (to - from) * uniform(&mut random);
                }
                let Ok(position) = estimator.ask(&mut random);
                position
            })
            .collect();
        let values: Vec<f64> = parameters.iter().zip(&positions).map(|(p, &position)| p.value(position)).collect();
        let found = error(&values)?;
        tell(&mut estimators, &positions, found)?;
        if found < best.error {
            best = Best { values, error: found };
        }
    }
    Ok(best)
}

fn tell(estimators: &mut [TpeOptimizer], positions: &[f64], error: f64) -> Result<()> {
    let mut each = estimators.iter_mut().zip(positions);
    each.try_for_each(|(estimator, &position)| estimator.tell(position, error).map_err(internal))
}

/// A number in [0, 1).
fn uniform(random: &mut Mt64) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "the search for parameters failed").caused_by(error)
}

#[cfg(test)]
mod tests {
    use diarist::parts::settings::{Choices, OptionInfo, Value};

    use super::super::space::parameters;
    use super::*;

    fn ahc() -> (Vec<Parameter>, Vec<f64>) {
        let mut choices = Choices::default();
        choices.set(OptionInfo::find("clustering").unwrap(), Value::Name("ahc"));
        choices.set(OptionInfo::find("reconstruction").unwrap(), Value::Name("votes"));
        parameters(&choices).unwrap()
    }

    /// A bowl around threshold 1.2, size 5, gap 0.3. The start is far from its minimum.
    fn bowl(values: &[f64]) -> f64 {
        (values[0] - 1.2).powi(2) + ((values[1] - 5.0) / 10.0).powi(2) + (values[2] - 0.3).powi(2)
    }

    #[test]
    fn the_minimum_of_a_bowl_is_found() {
        let (parameters, start) = ahc();
        for seed in 0..5 {
            let best = minimise(&parameters, &start, 200, seed, |values| Ok(bowl(values))).unwrap();
            // 200 random points come within 0.02 on average; the search is better with every seed.
            assert!(best.error < 0.01, "seed {seed}: {best:?}");
            assert_eq!(best.error, bowl(&best.values));
        }
    }

    #[test]
    fn a_seed_gives_one_sequence() {
        let (parameters, start) = ahc();
        let tried = |seed| {
            let mut tried = Vec::new();
            let record = |values: &[f64]| {
                tried.push(values.to_vec());
                Ok(bowl(values))
            };
            minimise(&parameters, &start, 30, seed, record).unwrap();
            tried
        };
        let first = tried(1);
        assert_eq!(first.len(), 30);
        assert_eq!(first[0], start);
        assert_eq!(first, tried(1));
        assert_ne!(first, tried(2));
    }

    #[test]
    fn the_start_wins_unless_something_is_better() {
        let (parameters, start) = ahc();
        let best = minimise(&parameters, &start, 50, 1, |_| Ok(0.5)).unwrap();
        assert_eq!(best, Best { values: start.clone(), error: 0.5 });
        let error = minimise(&parameters, &start, 50, 1, |_| Err(Error::input("gone"))).unwrap_err();
        assert_eq!(error.to_string(), "gone");
    }
}
