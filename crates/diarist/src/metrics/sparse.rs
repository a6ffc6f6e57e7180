//! Optimal assignment for many speakers, each of whom talks together with few others.
//!
//! As [`crate::assignment`], with time and memory that grow with the number of pairs that have a
//! value instead of rows times columns.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::{Error, ErrorKind, Result};

const NONE: usize = usize::MAX;

/// For each row the column that it is assigned to, so that the sum of values is the largest; `None`
/// for rows without one. `rows` has the positive values of each row with their columns, below
/// `num_columns`. Deterministic.
///
/// # Errors
/// [`ErrorKind::Internal`] if the values are so large that their sums overflow.
pub(super) fn assign(rows: &[Vec<(usize, f64)>], num_columns: usize) -> Result<Vec<Option<usize>>> {
    // A row may stay without a column: it then takes a column of its own, of no value.
    let all_columns = num_columns + rows.len();
    // No column may have a price as long as it is free, so the rows carry all values at first.
    let mut row_dual: Vec<f64> =
        rows.iter().map(|row| row.iter().fold(0.0, |lowest: f64, &(_, value)| lowest.min(-value))).collect();
    let mut column_dual = vec![0.0; all_columns];
    let (mut column_of_row, mut row_of_column) = (vec![NONE; rows.len()], vec![NONE; all_columns]);
    let (mut distance, mut previous_row) = (vec![f64::INFINITY; all_columns], vec![NONE; all_columns]);
    let mut is_settled = vec![false; all_columns];
    for start in 0..rows.len() {
        let (mut row, mut length) = (start, 0.0);
        let (mut reached, mut settled, mut seen) = (vec![start], Vec::new(), Vec::new());
        let mut open = BinaryHeap::new();
        let free_column = loop {
            let of_row = rows[row].iter().map(|&(column, value)| (column, -value));
            for (column, cost) in of_row.chain([(num_columns + row, 0.0)]) {
                // Rounding must not make a step shorter than none.
                let through_row = length + (cost - row_dual[row] - column_dual[column]).max(0.0);
                if through_row < distance[column] {
                    if distance[column].is_infinite() {
                        seen.push(column);
                    }
                    (distance[column], previous_row[column]) = (through_row, row);
                    // The bits of numbers that are not negative have the order of the numbers.
                    open.push(Reverse((through_row.to_bits(), column)));
                }
            }
            let nearest = loop {
                match open.pop() {
                    Some(Reverse((_, column))) if is_settled[column] => {}
                    other => break other,
                }
            };
            let Some(Reverse((_, column))) = nearest else {
                return Err(
                    Error::new(ErrorKind::Internal, "the entries are too large to be added").at("optimal assignment")
                );
            };
            length = distance[column];
            is_settled[column] = true;
            settled.push(column);
            if row_of_column[column] == NONE {
                break column;
            }
            row = row_of_column[column];
            reached.push(row);
        };
        for row in reached {
            row_dual[row] += if row == start { length } else { length - distance[column_of_row[row]] };
        }
        for column in settled {
            column_dual[column] -= length - distance[column];
            is_settled[column] = false;
        }
        let mut column = free_column;
        loop {
            let row = previous_row[column];
            row_of_column[column] = row;
            std::mem::swap(&mut column_of_row[row], &mut column);
            if row == start {
                break;
            }
        }
        for column in seen {
            distance[column] = f64::INFINITY;
        }
    }
    Ok(column_of_row.into_iter().map(|column| Some(column).filter(|&column| column < num_columns)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::{self, Objective};

    #[test]
    fn sums_equal_those_of_the_dense_assignment() {
        let mut state = 3_u64;
        let mut below = |limit: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        for round in 0..500 {
            let (num_rows, num_columns) = (1 + below(9) as usize, 1 + below(9) as usize);
            let mut matrix = vec![0.0; num_rows * num_columns];
            for _ in 0..below(30) {
                matrix[below((num_rows * num_columns) as u64) as usize] = (1 + below(20)) as f64 / 4.0;
            }
            let row = |row: usize| (0..num_columns).map(move |column| (column, row * num_columns + column));
            let rows: Vec<Vec<(usize, f64)>> = (0..num_rows)
                .map(|index| row(index).map(|(column, at)| (column, matrix[at])).filter(|cell| cell.1 > 0.0).collect())
                .collect();
            let found = assign(&rows, num_columns).unwrap();
            let pairs: Vec<usize> =
                found.iter().enumerate().filter_map(|(row, column)| Some(row * num_columns + (*column)?)).collect();
            let mut columns: Vec<usize> = found.iter().flatten().copied().collect();
            columns.sort_unstable();
            columns.dedup();
            assert_eq!(columns.len(), pairs.len(), "round {round}: a column twice");
            let dense = assignment::assign(&matrix, num_rows, num_columns, Objective::Maximise).unwrap();
            let best: f64 = dense.iter().map(|(row, column)| matrix[row * num_columns + column]).sum();
            assert_eq!(pairs.iter().map(|&at| matrix[at]).sum::<f64>(), best, "round {round}: {matrix:?}");
        }
    }
}
