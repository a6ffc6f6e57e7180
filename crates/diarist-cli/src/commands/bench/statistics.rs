//! How far an error rate depends on the choice of recordings.

use rand_mt::Mt64;

use super::record::Figures;

/// Resamples of a bootstrap, and exchanges of a test with too many recordings to try all.
const NUM_SAMPLES: usize = 20_000;
/// Recordings up to which a test tries every exchange.
const MAX_EXACT: usize = 16;
/// Seed of all random choices, so that the same reports give the same figures.
const SEED: u64 = 1;

/// The interval of the diarization error rate with a confidence of 95 %, as fractions: percentile
/// bootstrap over recordings (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993).
/// `None` for fewer than two recordings.
pub(super) fn interval(files: &[&Figures]) -> Option<(f64, f64)> {
    bootstrap(&files.iter().map(|file| (error_s(file), file.total_s)).collect::<Vec<_>>())
}

/// The difference of two systems on the same recordings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    /// Interval of the error rate of B less that of A, as [`interval`].
    pub(super) interval: (f64, f64),
    /// Probability of a difference at least as large if A and B were equally good: a permutation
    /// test that exchanges A and B within recordings, two-sided.
    pub(super) p: f64,
}

/// Compares A and B. `None` for fewer than two recordings.
pub(super) fn difference(pairs: &[(&Figures, &Figures)]) -> Option<Difference> {
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| error_s(b) - error_s(a)).collect();
    let totals = pairs.iter().map(|(a, _)| a.total_s);
    let interval = bootstrap(&differences.iter().copied().zip(totals).collect::<Vec<_>>())?;
    Some(Difference { interval, p: permutation(&differences) })
}

fn error_s(figures: &Figures) -> f64 {
    figures.missed_detection_s + figures.false_alarm_s + figures.confusion_s
}

/// The interval of the ratio of sums; each recording has a numerator and a denominator.
fn bootstrap(files: &[(f64, f64)]) -> Option<(f64, f64)> {
    if files.len() < 2 {
        return None;
    }
    let mut random = Mt64::new(SEED);
    let mut rates: Vec<f64> = (0..NUM_SAMPLES)
        .map(|_| {
            let drawn = (0..files.len()).map(|_| files[(random.next_u64() % files.len() as u64) as usize]);
            let (error_s, total_s) = drawn.fold((0.0, 0.0), |(a, b), (error_s, total_s)| (a + error_s, b + total_s));
            if total_s > 0.0 { error_s / total_s } else { 0.0 }
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let at = |share: f64| rates[(share * (NUM_SAMPLES - 1) as f64).round() as usize];
    Some((at(0.025), at(0.975)))
}

/// The share of exchanges whose sum of differences is at least as far from zero.
fn permutation(differences: &[f64]) -> f64 {
    let observed = differences.iter().sum::<f64>().abs();
    // Sums in another order differ by rounding.
    let least = observed - 1e-9 * differences.iter().map(|difference| difference.abs()).sum::<f64>();
    let is_as_large = |signs: &mut dyn FnMut(usize) -> bool| {
        let signed = differences.iter().enumerate().map(|(i, value)| if signs(i) { -value } else { *value });
        signed.sum::<f64>().abs() >= least
    };
    if differences.len() <= MAX_EXACT {
        let num_exchanges = 1_u32 << differences.len();
        let count = (0..num_exchanges).filter(|exchange| is_as_large(&mut |i| exchange >> i & 1 == 1)).count();
        return count as f64 / f64::from(num_exchanges);
    }
    let mut random = Mt64::new(SEED);
    let count = (0..NUM_SAMPLES).filter(|_| is_as_large(&mut |_| random.next_u64() >> 63 == 1)).count();
    // The exchange that was observed counts as well.
    (count + 1) as f64 / (NUM_SAMPLES + 1) as f64
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::record::tests::figures;
    use super::*;

    /// Figures of SciPy (`tools/reference/bench.py`).
    #[derive(Deserialize)]
    struct Case {
        a_s: Vec<f64>,
        b_s: Vec<f64>,
        total_s: Vec<f64>,
        interval_a: (f64, f64),
        interval_difference: (f64, f64),
        p: f64,
    }

    fn of(errors_s: &[f64], total_s: &[f64]) -> Vec<Figures> {
        errors_s.iter().zip(total_s).map(|(error_s, total_s)| figures(*error_s, *total_s, 1.0)).collect()
    }

    #[test]
    fn intervals_and_tests_are_those_of_scipy() {
        let text = include_str!("../../../../../fixtures/golden/bench/cases.json");
        let cases: Vec<Case> = serde_json::from_str(text).unwrap();
        // Both draw resamples at random.
        let is_near = |ours: (f64, f64), theirs: (f64, f64)| {
            let tolerance = 0.04 * (theirs.1 - theirs.0);
            (ours.0 - theirs.0).abs() < tolerance && (ours.1 - theirs.1).abs() < tolerance
        };
        for case in &cases {
            let (a, b) = (of(&case.a_s, &case.total_s), of(&case.b_s, &case.total_s));
            let ours = interval(&a.iter().collect::<Vec<_>>()).unwrap();
            assert!(is_near(ours, case.interval_a), "{ours:?} {:?}", case.interval_a);
            let compared = difference(&a.iter().zip(&b).collect::<Vec<_>>()).unwrap();
            assert!(
                is_near(compared.interval, case.interval_difference),
                "{compared:?} {:?}",
                case.interval_difference
            );
            assert!((compared.p - case.p).abs() < 1e-9, "{} {}", compared.p, case.p);
            // Many recordings are exchanged at random: each difference three times over.
            let differences: Vec<f64> = case.b_s.iter().zip(&case.a_s).map(|(b, a)| b - a).collect();
            let p = permutation(&differences.repeat(6));
            assert!((0.0..=1.0).contains(&p) && p > 0.0, "{p}");
        }
    }

    #[test]
    fn one_recording_has_no_interval() {
        let one = figures(1.0, 10.0, 1.0);
        assert_eq!((interval(&[&one]), difference(&[(&one, &one)])), (None, None));
        let same = difference(&[(&one, &one), (&one, &one)]).unwrap();
        assert_eq!(same, Difference { interval: (0.0, 0.0), p: 1.0 });
    }
}
