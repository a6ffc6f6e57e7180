//! Mapping of hypothesis speakers to reference speakers.

use std::collections::BTreeMap;

use super::options::ScoreOptions;
use super::scored::{Scored, Tracks};
use super::sparse;
use crate::assignment::{Objective, assign};
use crate::error::{Error, ErrorKind, Result};
use crate::timeline::{Annotation, Segment};

/// Pairs of (hypothesis speaker, reference speaker) with the longest total of common speech within
/// the scored regions (see [`score`](super::score())); pairs without common speech are left out.
///
/// Source: pyannote.metrics `matcher.py`, `HungarianMapper`.
///
/// # Errors
/// [`crate::ErrorKind::Internal`] if times are so large that their sums overflow.
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

/// For each speaker of `from` the speaker of `to` that it is mapped to.
pub(super) fn map(from: &Tracks, to: &Tracks) -> Result<Vec<Option<usize>>> {
    let (num_rows, num_columns) = (from.names.len(), to.names.len());
    let pairs_s = cooccurrence(from, to);
    if num_rows.saturating_mul(num_columns) > MAX_DENSE {
        let mut rows = vec![Vec::new(); num_rows];
        for ((row, column), seconds) in pairs_s {
            if !seconds.is_finite() {
                return Err(Error::new(ErrorKind::Internal, "times are too large to be added").at("optimal assignment"));
            }
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
fn cooccurrence(a: &Tracks, b: &Tracks) -> BTreeMap<(usize, usize), f64> {
    let mut pairs = BTreeMap::new();
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
    }
    pairs
}
