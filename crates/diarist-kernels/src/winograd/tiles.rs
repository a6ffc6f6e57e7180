//! The tiles of a plane to compute, in their order.

use std::ops::Range;

/// Walks over tiles, column by column and downwards in each; yields (tile row, tile column).
#[derive(Debug, Clone)]
pub(crate) struct TileCursor<'a> {
    num_rows: usize,
    /// Ascending, disjoint, not empty.
    columns: &'a [Range<usize>],
    row: usize,
    range: usize,
    column: usize,
}

impl<'a> TileCursor<'a> {
    /// Tiles in rows `0..num_rows` and the tile columns of `columns`, which are ascending, disjoint
    /// and not empty.
    pub(crate) fn new(num_rows: usize, columns: &'a [Range<usize>]) -> Self {
        assert!(columns.iter().all(|range| range.start < range.end), "empty range of tile columns");
        Self { num_rows, columns, row: 0, range: 0, column: columns.first().map_or(0, |range| range.start) }
    }

    /// Number of tiles from the start to the end.
    pub(crate) fn num_tiles(&self) -> usize {
        self.num_rows * self.columns.iter().map(Range::len).sum::<usize>()
    }

    /// One more than the highest tile row and the highest tile column.
    pub(crate) fn bounds(&self) -> (usize, usize) {
        (self.num_rows, self.columns.iter().map(|range| range.end).max().unwrap_or(0))
    }
}

impl Iterator for TileCursor<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.range == self.columns.len() || self.num_rows == 0 {
            return None;
        }
        let tile = (self.row, self.column);
        self.row += 1;
        if self.row == self.num_rows {
            self.row = 0;
            self.column += 1;
            if self.column == self.columns[self.range].end {
                self.range += 1;
                self.column = self.columns.get(self.range).map_or(0, |range| range.start);
            }
        }
        Some(tile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_down_the_columns_of_ranges() {
        let columns = [1..3, 5..6];
        let cursor = TileCursor::new(2, &columns);
        assert_eq!((cursor.num_tiles(), cursor.bounds()), (6, (2, 6)));
        let tiles: Vec<_> = cursor.collect();
        assert_eq!(tiles, [(0, 1), (1, 1), (0, 2), (1, 2), (0, 5), (1, 5)]);
        assert_eq!(TileCursor::new(0, &columns).next(), None);
        assert_eq!(TileCursor::new(3, &[]).next(), None);
        assert_eq!(TileCursor::new(3, &[]).num_tiles(), 0);
    }
}
