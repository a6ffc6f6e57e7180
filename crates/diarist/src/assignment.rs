//! Optimal assignment of rows to columns of a rectangular matrix, each used at most once.
//!
//! Source: D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions
//! on Aerospace and Electronic Systems 52(4), 2016: shortest augmenting paths with dual variables,
//! O(rows² · columns) time. Equal optima are resolved as in `scipy.optimize.linear_sum_assignment`,
//! which follows the same paper. Among equally near columns the scan goes from the last to the
//! first and prefers a free one, so a constant matrix gives the identity.

use crate::error::{Error, ErrorKind, Result};

/// The sum that the assignment optimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// The smallest sum of chosen entries.
    Minimise,
    /// The largest sum of chosen entries.
    Maximise,
}

/// Chooses min(rows, columns) entries of `matrix`, no two in one row or column, with the optimal
/// sum.
///
/// `matrix` is row-major with shape `[num_rows, num_columns]`. Returns `(row, column)` pairs in
/// ascending order of the row; none if there are no rows or no columns. Deterministic.
///
/// # Errors
/// [`ErrorKind::Internal`] if the length of `matrix` is not `num_rows * num_columns`, an entry is
/// not finite, or the entries are so large that sums of them overflow.
pub fn assign(
    matrix: &[f64],
    num_rows: usize,
    num_columns: usize,
    objective: Objective,
) -> Result<Vec<(usize, usize)>> {
    if num_rows.checked_mul(num_columns) != Some(matrix.len()) {
        return Err(internal(format!("{} values for a {num_rows} x {num_columns} matrix", matrix.len())));
    }
    if let Some(bad) = matrix.iter().position(|value| !value.is_finite()) {
        return Err(internal(format!("entry ({}, {}) is {}", bad / num_columns, bad % num_columns, matrix[bad])));
    }
    if matrix.is_empty() {
        return Ok(Vec::new());
    }
    let sign = match objective {
        Objective::Minimise => 1.0,
        Objective::Maximise => -1.0,
    };
    let transposed = num_rows > num_columns;
    let (rows, columns) = if transposed { (num_columns, num_rows) } else { (num_rows, num_columns) };
    let mut cost = Vec::with_capacity(matrix.len());
    for row in 0..rows {
        for column in 0..columns {
            let index = if transposed { column * num_columns + row } else { row * num_columns + column };
            cost.push(sign * matrix[index]);
        }
    }
    let column_of_row = Solver::new(cost, rows, columns).solve()?;
    let mut pairs: Vec<(usize, usize)> = column_of_row
        .into_iter()
        .enumerate()
        .map(|(row, column)| if transposed { (column, row) } else { (row, column) })
        .collect();
    pairs.sort_unstable();
    Ok(pairs)
}

fn internal(message: String) -> Error {
    Error::new(ErrorKind::Internal, message).at("optimal assignment")
}

const NONE: usize = usize::MAX;

/// The state of the search; `columns >= rows > 0`.
struct Solver {
    /// Row-major `[rows, columns]`, to be minimised.
    cost: Vec<f64>,
    rows: usize,
    columns: usize,
    /// Dual variables, so that `cost - row_dual - column_dual >= 0` with equality on assigned
    /// pairs.
    row_dual: Vec<f64>,
    column_dual: Vec<f64>,
    column_of_row: Vec<usize>,
    row_of_column: Vec<usize>,
    /// Current search: length of the shortest path to each column, and the row before it on that
    /// path.
    distance: Vec<f64>,
    previous_row: Vec<usize>,
    /// Current search: rows reached, columns settled, and columns still open.
    reached_rows: Vec<usize>,
    settled_columns: Vec<usize>,
    open_columns: Vec<usize>,
}

impl Solver {
    fn new(cost: Vec<f64>, rows: usize, columns: usize) -> Self {
        Self {
            cost,
            rows,
            columns,
            row_dual: vec![0.0; rows],
            column_dual: vec![0.0; columns],
            column_of_row: vec![NONE; rows],
            row_of_column: vec![NONE; columns],
            distance: vec![f64::INFINITY; columns],
            previous_row: vec![NONE; columns],
            reached_rows: Vec::with_capacity(rows),
            settled_columns: Vec::with_capacity(rows),
            open_columns: Vec::with_capacity(columns),
        }
    }

    fn solve(mut self) -> Result<Vec<usize>> {
        for row in 0..self.rows {
            let (free_column, length) = self.shortest_path(row)?;
            self.update_duals(row, length);
            self.augment(row, free_column);
        }
        Ok(self.column_of_row)
    }

    /// Dijkstra over reduced costs from `start` to the nearest free column.
    fn shortest_path(&mut self, start: usize) -> Result<(usize, f64)> {
        self.distance.fill(f64::INFINITY);
        self.reached_rows.clear();
        self.settled_columns.clear();
        self.open_columns.clear();
        self.open_columns.extend((0..self.columns).rev());
        let (mut row, mut length) = (start, 0.0);
        loop {
            self.reached_rows.push(row);
            let costs = &self.cost[row * self.columns..][..self.columns];
            let (mut nearest, mut nearest_distance) = (NONE, f64::INFINITY);
            for (position, &column) in self.open_columns.iter().enumerate() {
                let through_row = length + costs[column] - self.row_dual[row] - self.column_dual[column];
                if through_row < self.distance[column] {
                    self.distance[column] = through_row;
                    self.previous_row[column] = row;
                }
                let distance = self.distance[column];
                let is_free = self.row_of_column[column] == NONE;
                if distance < nearest_distance || (distance == nearest_distance && is_free) {
                    (nearest, nearest_distance) = (position, distance);
                }
            }
            if !nearest_distance.is_finite() {
                return Err(internal("the entries are too large to be added".to_owned()));
            }
            length = nearest_distance;
            let column = self.open_columns.swap_remove(nearest);
            self.settled_columns.push(column);
            if self.row_of_column[column] == NONE {
                return Ok((column, length));
            }
            row = self.row_of_column[column];
        }
    }

    /// Keeps reduced costs non-negative, and zero along the path just found.
    fn update_duals(&mut self, start: usize, length: f64) {
        for &row in &self.reached_rows {
            self.row_dual[row] += if row == start { length } else { length - self.distance[self.column_of_row[row]] };
        }
        for &column in &self.settled_columns {
            self.column_dual[column] -= length - self.distance[column];
        }
    }

    /// Flips the assignments along the path that ends in `free_column`.
    fn augment(&mut self, start: usize, free_column: usize) {
        let mut column = free_column;
        loop {
            let row = self.previous_row[column];
            self.row_of_column[column] = row;
            std::mem::swap(&mut self.column_of_row[row], &mut column);
            if row == start {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rng(u64);

    impl Rng {
        fn next(&mut self, below: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % below
        }
    }

    /// The best sum over every way to choose one column per row, or one row per column if there are
    /// fewer columns.
    fn brute_force(matrix: &[f64], rows: usize, columns: usize, better: fn(f64, f64) -> bool) -> f64 {
        fn recurse(
            at: &dyn Fn(usize, usize) -> f64,
            row: usize,
            rows: usize,
            used: &mut [bool],
            better: fn(f64, f64) -> bool,
        ) -> Option<f64> {
            if row == rows {
                return Some(0.0);
            }
            let mut best = None;
            for column in 0..used.len() {
                if !std::mem::replace(&mut used[column], true) {
                    let sum = at(row, column) + recurse(at, row + 1, rows, used, better).unwrap();
                    if best.is_none_or(|best| better(sum, best)) {
                        best = Some(sum);
                    }
                    used[column] = false;
                }
            }
            best
        }
        if rows <= columns {
            recurse(&|r, c| matrix[r * columns + c], 0, rows, &mut vec![false; columns], better).unwrap()
        } else {
            recurse(&|c, r| matrix[r * columns + c], 0, columns, &mut vec![false; rows], better).unwrap()
        }
    }

    #[test]
    fn matches_brute_force() {
        let mut rng = Rng(1);
        for case in 0..3000 {
            let (rows, columns) = (1 + rng.next(5) as usize, 1 + rng.next(6) as usize);
            // Few distinct values give many ties; halves are exact in f64, so sums compare exactly.
            let values = if case % 2 == 0 { 4 } else { 1000 };
            let matrix: Vec<f64> =
                (0..rows * columns).map(|_| (rng.next(values) as f64 - values as f64 / 2.0) * 0.5).collect();
            for (objective, better) in
                [(Objective::Minimise, (|a, b| a < b) as fn(f64, f64) -> bool), (Objective::Maximise, |a, b| a > b)]
            {
                let pairs = assign(&matrix, rows, columns, objective).unwrap();
                assert_eq!(pairs.len(), rows.min(columns));
                assert!(pairs.windows(2).all(|pair| pair[0].0 < pair[1].0), "rows ascend: {pairs:?}");
                let mut used: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
                used.sort_unstable();
                used.dedup();
                assert_eq!(used.len(), pairs.len(), "a column is used twice: {pairs:?}");
                let sum: f64 = pairs.iter().map(|&(row, column)| matrix[row * columns + column]).sum();
                assert_eq!(
                    sum,
                    brute_force(&matrix, rows, columns, better),
                    "{objective:?} {rows} x {columns} {matrix:?}"
                );
            }
        }
    }

    #[test]
    fn a_constant_matrix_gives_the_identity() {
        for (rows, columns) in [(3, 3), (3, 5), (5, 3)] {
            let pairs = assign(&vec![2.5; rows * columns], rows, columns, Objective::Maximise).unwrap();
            assert_eq!(pairs, [(0, 0), (1, 1), (2, 2)]);
        }
    }

    #[test]
    fn an_empty_matrix_has_no_pairs() {
        for (rows, columns) in [(0, 0), (0, 4), (4, 0)] {
            assert_eq!(assign(&[], rows, columns, Objective::Minimise).unwrap(), []);
        }
    }

    #[test]
    fn matrices_without_an_optimum_are_refused() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = assign(&[0.0, 1.0, bad, 2.0], 2, 2, Objective::Minimise).unwrap_err();
            assert_eq!(error.to_string(), format!("optimal assignment: entry (1, 0) is {bad}"));
        }
        assert!(assign(&[0.0; 5], 2, 3, Objective::Minimise).is_err());
        assert!(assign(&[f64::MAX, f64::MAX, f64::MAX, -f64::MAX], 2, 2, Objective::Minimise).is_ok());
        let huge = [f64::MAX, -f64::MAX, -f64::MAX, -f64::MAX, f64::MAX, -f64::MAX];
        // Sums of such entries may overflow, which must not panic; the result does not matter.
        let _ = assign(&huge, 3, 2, Objective::Maximise);
    }
}
