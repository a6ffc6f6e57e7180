//! A choice of columns of a plane, for computing only some of them.

use std::ops::Range;

/// Columns of a plane as non-empty ranges in ascending order, with a gap between any two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    ranges: Vec<Range<usize>>,
}

impl Columns {
    /// Replaces the columns by the union of `ranges`, which come in ascending order of their
    /// starts. Empty ranges are skipped. Allocates only beyond the largest number of ranges so far.
    ///
    /// # Panics
    ///
    /// If a range starts before the one before it.
    pub fn set(&mut self, ranges: impl IntoIterator<Item = Range<usize>>) {
        self.ranges.clear();
        for range in ranges.into_iter().filter(|range| !range.is_empty()) {
            match self.ranges.last_mut() {
                Some(last) if range.start <= last.end => {
                    assert!(range.start >= last.start, "ranges are not in order");
                    last.end = last.end.max(range.end);
                }
                _ => self.ranges.push(range),
            }
        }
    }

    /// Replaces the columns by the part of `columns` that lies in `range`.
    pub fn set_within(&mut self, columns: &Self, range: &Range<usize>) -> &Self {
        self.set(columns.ranges.iter().map(|part| part.start.max(range.start)..part.end.min(range.end)));
        self
    }

    /// The ranges.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Number of columns.
    pub fn num_columns(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_meet_are_joined() {
        let mut columns = Columns::default();
        columns.set([0..2, 2..3, 5..5, 6..9, 7..8, 20..21]);
        assert_eq!(columns.ranges(), [0..3, 6..9, 20..21]);
        assert_eq!(columns.num_columns(), 7);
        columns.set([]);
        assert_eq!((columns.ranges().len(), columns.num_columns()), (0, 0));
    }

    #[test]
    fn a_range_keeps_the_columns_within_it() {
        let (mut columns, mut part) = (Columns::default(), Columns::default());
        columns.set([0..3, 6..9, 20..21]);
        assert_eq!(part.set_within(&columns, &(2..8)).ranges(), [2..3, 6..8]);
        assert_eq!(part.set_within(&columns, &(9..20)).ranges(), []);
        assert_eq!(part.set_within(&columns, &(0..30)).ranges(), columns.ranges());
    }

    #[test]
    #[should_panic(expected = "not in order")]
    fn ranges_out_of_order_are_refused() {
        Columns::default().set([4..8, 2..5]);
    }
}
