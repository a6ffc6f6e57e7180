//! Calibration of confidences.

/// Certainty of turns, and the share of the time of such turns in which their speaker speaks by the
/// reference. Between the points, the share is interpolated.
///
/// Measured on 12 simulated meetings of 12 min; 12 others differ by 0.03 at most from 0.35 on
/// (`docs/benchmarks.md` has both).
const POINTS: [(f64, f64); 11] = [
    (0.0, 0.3),
    (0.15, 0.42),
    (0.35, 0.5),
    (0.45, 0.57),
    (0.55, 0.61),
    (0.65, 0.79),
    (0.75, 0.89),
    (0.83, 0.93),
    (0.88, 0.96),
    (0.93, 0.98),
    (1.0, 0.99),
];

/// The share of the time of a turn with this mean certainty, from 0 to 1, in which its speaker
/// speaks.
pub(super) fn calibrated(certainty: f64) -> f64 {
    let between = |&[a, b]: &[(f64, f64); 2]| a.1 + (b.1 - a.1) * (certainty - a.0).max(0.0) / (b.0 - a.0);
    POINTS.array_windows().find(|[_, b]| certainty <= b.0).map_or(POINTS[POINTS.len() - 1].1, between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_met_and_the_curve_rises() {
        for (certainty, share) in POINTS {
            assert!((calibrated(certainty) - share).abs() < 1e-12, "{certainty}");
        }
        assert!((calibrated(0.4) - 0.535).abs() < 1e-12);
        let curve: Vec<f64> = (-10..=1100).map(|step| calibrated(f64::from(step) / 1000.0)).collect();
        assert!(curve.is_sorted() && curve[0] == POINTS[0].1 && curve[1110] == POINTS[10].1);
    }
}
