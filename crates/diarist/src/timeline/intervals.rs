//! Sets of time: unions, intersections and gaps of segments.
//!
//! Everywhere in this library a segment of at most one microsecond is empty, as in pyannote.core
//! (`segment.py`, `SEGMENT_PRECISION`). So rounding noise between adjacent segments makes neither
//! speech nor silence.

use super::Segment;

/// Segments of at most this many seconds are empty.
pub const PRECISION_S: f64 = 1e-6;

impl Segment {
    /// Whether the segment is at most a microsecond long.
    pub fn is_empty(&self) -> bool {
        let length_s = self.end - self.start;
        length_s.is_nan() || length_s <= PRECISION_S
    }

    /// The intersection with `other`; it may be empty.
    pub fn intersection(&self, other: &Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// The order of segments: by start, then by end.
pub fn chronological(a: &Segment, b: &Segment) -> std::cmp::Ordering {
    a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end))
}

/// The union of `segments` as disjoint segments in order of time. Gaps shorter than `max_gap_s` and
/// gaps of at most a microsecond are filled. Empty segments are ignored.
pub fn union(segments: impl IntoIterator<Item = Segment>, max_gap_s: f64) -> Vec<Segment> {
    let mut sorted: Vec<Segment> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
    sorted.sort_unstable_by(chronological);
    let mut union: Vec<Segment> = Vec::new();
    for segment in sorted {
        match union.last_mut() {
            Some(last) if joins(last, &segment, max_gap_s) => last.end = last.end.max(segment.end),
            _ => union.push(segment),
        }
    }
    union
}

fn joins(earlier: &Segment, later: &Segment, max_gap_s: f64) -> bool {
    let gap = Segment::new(earlier.end, later.start);
    gap.is_empty() || gap.end - gap.start < max_gap_s
}

/// The parts of `segments` inside `regions`, each with the index of its segment.
///
/// `regions` are disjoint and in order of time (as [`union`] returns them). Empty parts are left
/// out.
pub fn crop<'a>(segments: &'a [Segment], regions: &'a [Segment]) -> impl Iterator<Item = (usize, Segment)> + 'a {
    segments.iter().enumerate().flat_map(move |(index, segment)| {
        let first = regions.partition_point(|region| region.end <= segment.start);
        regions[first..]
            .iter()
            .take_while(|region| region.start < segment.end)
            .map(move |region| (index, segment.intersection(region)))
            .filter(|(_, part)| !part.is_empty())
    })
}

/// The parts of `regions` outside `removed`. Both must be disjoint and in order of time.
pub fn subtract(regions: &[Segment], removed: &[Segment]) -> Vec<Segment> {
    let mut rest = Vec::new();
    for region in regions {
        let mut start = region.start;
        for (_, hole) in crop(std::slice::from_ref(region), removed) {
            rest.push(Segment::new(start, hole.start));
            start = hole.end;
        }
        rest.push(Segment::new(start, region.end));
    }
    rest.retain(|segment| !segment.is_empty());
    rest
}

/// The regions that two or more of `segments` cover. A segment that occurs twice overlaps itself.
pub fn overlaps(segments: &[Segment]) -> Vec<Segment> {
    let mut sorted: Vec<Segment> = segments.iter().copied().filter(|segment| !segment.is_empty()).collect();
    sorted.sort_unstable_by(chronological);
    let mut shared = Vec::new();
    let mut latest_end = f64::NEG_INFINITY;
    for segment in sorted {
        // An earlier segment covers the part of this segment before the latest end so far.
        shared.push(Segment::new(segment.start, segment.end.min(latest_end)));
        latest_end = latest_end.max(segment.end);
    }
    union(shared, 0.0)
}

/// Seconds covered by `segments`, each instant counted once.
pub fn covered_s(segments: impl IntoIterator<Item = Segment>) -> f64 {
    // Not `sum()`, because the sum of no floats is -0.0.
    union(segments, 0.0).iter().fold(0.0, |sum, segment| sum + segment.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(pairs: &[(f64, f64)]) -> Vec<Segment> {
        pairs.iter().map(|&(start, end)| Segment::new(start, end)).collect()
    }

    #[test]
    fn union_joins_touching_and_fills_short_gaps() {
        let turns = segments(&[(3.0, 4.0), (0.0, 1.0), (1.0, 2.0), (2.4, 2.5), (5.0, 5.0), (0.2, 0.3)]);
        assert_eq!(union(turns.clone(), 0.0), segments(&[(0.0, 2.0), (2.4, 2.5), (3.0, 4.0)]));
        // Only shorter gaps are filled, so a gap of exactly the limit stays open.
        assert_eq!(union(turns, 0.5), segments(&[(0.0, 2.5), (3.0, 4.0)]));
    }

    #[test]
    fn segments_of_a_microsecond_are_empty() {
        assert!(Segment::new(1.0, 1.000_000_9).is_empty());
        assert!(!Segment::new(1.0, 1.000_001_1).is_empty());
        assert!(Segment::new(f64::NAN, 2.0).is_empty());
        assert_eq!(union(segments(&[(0.0, 1.0), (1.000_000_5, 2.0)]), 0.0), segments(&[(0.0, 2.0)]));
    }

    #[test]
    fn crop_and_subtract_are_complementary() {
        let (region, holes) =
            (segments(&[(0.0, 10.0), (20.0, 30.0)]), segments(&[(2.0, 3.0), (9.0, 21.0), (30.0, 31.0)]));
        let inside: Vec<Segment> = crop(&region, &holes).map(|(_, part)| part).collect();
        let outside = subtract(&region, &holes);
        assert_eq!(inside, segments(&[(2.0, 3.0), (9.0, 10.0), (20.0, 21.0)]));
        assert_eq!(outside, segments(&[(0.0, 2.0), (3.0, 9.0), (21.0, 30.0)]));
        assert_eq!(subtract(&region, &[]), region);
    }

    #[test]
    fn overlaps_of_nested_and_repeated_segments() {
        let turns =
            segments(&[(0.0, 10.0), (1.0, 2.0), (1.5, 3.0), (8.0, 12.0), (20.0, 21.0), (20.0, 21.0), (30.0, 31.0)]);
        assert_eq!(overlaps(&turns), segments(&[(1.0, 3.0), (8.0, 10.0), (20.0, 21.0)]));
        assert_eq!(covered_s(turns), 14.0);
        assert_eq!(covered_s([]), 0.0);
    }
}
