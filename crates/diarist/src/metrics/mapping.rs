//! Mapping of hypothesis speakers to reference speakers.

use std::collections::BTreeMap;

use super::options::ScoreOptions;
use super::scored::{Scored, Tracks};
use super::sparse;
use crate::assignment::{Objective, assign};
use crate::error::{Error, Result};
use crate::timeline::{Annotation, Segment};

/// Pairs of (hypothesis speaker, reference speaker) with the longest total of common speech within
/// the scored regions (see [`score`](super::score())); pairs without common speech are left out.
///
/// Source: pyannote.metrics `matcher.py`, `HungarianMapper`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if times are so large that their sums overflow, or if millions of
/// pairs of speakers talk at the same time.
pub fn optimal_mapping(
    reference: &Annotation,
    hypothesis: &Annotation,
    uem: Option<&[Segment]>,
    options: &ScoreOptions,
) -> Result<Vec<(String, String)>> {
    let Scored { reference, hypothesis } = Scored::new(reference, hypothesis, uem, options);
    let pairs = map(&hypothesis, &reference)?.into_iter().enumerate();
    Ok(pairs.filter_map(|(h, r)| Some((hypothesis.names[h].clone(), reference.names[r?].clone()))).collect())
}

/// Pairs of speakers up to which the mapping is that of SciPy, also between equally good ones.
/// Files with more speakers hold labels that are no speakers; their matrix would take gigabytes.
const MAX_DENSE: usize = 1_000_000;
/// Most pairs of speakers with common speech.
const MAX_PAIRS: usize = 5_000_000;

/// For each speaker of `from` the speaker of `to` that it is mapped to.
pub(super) fn map(from: &Tracks, to: &Tracks) -> Result<Vec<Option<usize>>> {
    let (num_rows, num_columns) = (from.names.len(), to.names.len());
    let pairs_s = cooccurrence(from, to)?;
    if num_rows.saturating_mul(num_columns) > MAX_DENSE {
        let mut rows = vec![Vec::new(); num_rows];
        for ((row, column), seconds) in pairs_s {
            rows[row].push((column, seconds));
        }
        return sparse::assign(&rows, num_columns);
    }
    let mut together_s = vec![0.0; num_rows * num_columns];
    for ((row, column), seconds) in pairs_s {
        together_s[row * num_columns + column] = seconds;
    }
    let mut mapping = vec![None; num_rows];
    for (row, column) in assign(&together_s, num_rows, num_columns, Objective::Maximise)? {
        if together_s[row * num_columns + column] > 0.0 {
            mapping[row] = Some(column);
        }
    }
    Ok(mapping)
}

/// Seconds that pairs of speakers of `a` and `b` talk together, if they do; overlapping turns of
/// one speaker count several times.
///
/// The sums run in pyannote.core's order (`Annotation.__mul__`): the last bit decides between
/// equally good mappings.
fn cooccurrence(a: &Tracks, b: &Tracks) -> Result<BTreeMap<(usize, usize), f64>> {
    let mut pairs: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    // The largest end of b's segments up to and including each. Segments before the first entry
    // that exceeds a start have ended.
    let latest_ends: Vec<f64> = b
        .segments
        .iter()
        .scan(f64::NEG_INFINITY, |latest, segment| {
            *latest = latest.max(segment.end);
            Some(*latest)
        })
        .collect();
    for (segment, &row) in a.segments.iter().zip(&a.speakers) {
        let first = latest_ends.partition_point(|&end| end <= segment.start);
        let candidates = b.segments[first..].iter().zip(&b.speakers[first..]);
        for (other, &column) in candidates.take_while(|(other, _)| other.start < segment.end) {
            let common = segment.intersection(other);
            if !common.is_empty() {
                *pairs.entry((row, column)).or_insert(0.0) += common.duration();
            }
        }
        if pairs.len() > MAX_PAIRS {
            return Err(Error::input("millions of pairs of speakers talk at the same time")
                .hint("make sure that the labels are those of speakers"));
        }
    }
    if pairs.values().any(|seconds| !seconds.is_finite()) {
        return Err(Error::input("times are too large to be added").hint("make sure that times are in seconds"));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Turn;

    #[test]
    fn impossible_labels_are_refused() {
        let of = |turns: Vec<Turn>| {
            let annotation = Annotation { file_id: "a".to_owned(), turns };
            optimal_mapping(&annotation, &annotation, None, &ScoreOptions::default()).map_err(|error| error.to_string())
        };
        assert_eq!(of(vec![Turn::new(0.0, 1.0, "a")]).unwrap(), [("a".to_owned(), "a".to_owned())]);
        let endless = of(vec![Turn::new(0.0, 1e308, "a"), Turn::new(1.0, 1e308, "a"), Turn::new(2.0, 1e308, "a")]);
        assert!(endless.unwrap_err().contains("too large to be added"));
        let crowd = of((0..3000).map(|index| Turn::new(0.0, 1.0, index.to_string())).collect());
        assert!(crowd.unwrap_err().contains("pairs of speakers"));
    }
}
