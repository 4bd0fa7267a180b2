//! Pages of a sorted query.
//!
//! All rows are sorted once. Afterwards, only the rows that have changed are put in their places again, so that a
//! page takes little time however many objects there are.

use std::cmp::Ordering;
use std::sync::Arc;

use super::filter::Value;
use super::query::{Query, Table};
use crate::state::{SortedQueries, SortedRows};

/// Share of the rows that may have changed; if more have, sorting all rows is faster.
const MAX_CHANGED: usize = 32;
/// Number of rows that are inserted one by one; more are merged, since each insertion moves the rows behind it.
const MAX_INSERTED: usize = 8;

impl Query {
    /// Returns the rows of a page in sorted order. The cursor is the number of rows before it.
    pub(super) fn sorted_page<T: Table>(
        &self,
        table: &T,
        sorted: &mut SortedQueries,
    ) -> (Vec<usize>, Option<usize>) {
        let known = sorted.take(&self.text).and_then(|known| self.refreshed(table, known));
        let rows = known.unwrap_or_else(|| Arc::new(self.sort(table)));
        let end = self.start.saturating_add(self.size);
        let page = rows.iter().copied().skip(self.start).take(self.size).collect();
        let next = (rows.len() > end).then_some(end);
        sorted.keep(SortedRows { query: self.text.clone(), revision: table.revision(), rows });
        (page, next)
    }

    /// Returns the rows of an earlier query in their present order; `None` if too many of them have changed.
    fn refreshed<T: Table>(&self, table: &T, known: SortedRows) -> Option<Arc<Vec<usize>>> {
        let changed = table.changed_since(known.revision)?;
        let Some(last) = changed.last() else { return Some(known.rows) };
        if changed.len() > 1 + known.rows.len() / MAX_CHANGED {
            return None;
        }
        let mut has_changed = vec![false; last + 1];
        changed.iter().for_each(|position| has_changed[*position] = true);
        let mut rows = Arc::unwrap_or_clone(known.rows);
        rows.retain(|row| !has_changed.get(*row).is_some_and(|changed| *changed));
        let exists = |position: &usize| table.value(*position, "id").is_some();
        let matching = |position: &usize| exists(position) && self.matches(table, *position);
        let mut moved: Vec<usize> = changed.into_iter().filter(matching).collect();
        moved.sort_unstable_by(|left, right| self.order(table, *left, *right));
        Some(Arc::new(self.merged(table, rows, &moved)))
    }

    /// Puts rows in their places among sorted ones.
    fn merged<T: Table>(&self, table: &T, mut rows: Vec<usize>, moved: &[usize]) -> Vec<usize> {
        let place =
            |rows: &[usize], position| rows.partition_point(|row| self.order(table, *row, position).is_lt());
        if moved.len() <= MAX_INSERTED {
            for position in moved {
                rows.insert(place(&rows, *position), *position);
            }
            return rows;
        }
        let mut merged = Vec::with_capacity(rows.len() + moved.len());
        let mut rest = &rows[..];
        for position in moved {
            let (before, after) = rest.split_at(place(rest, *position));
            merged.extend_from_slice(before);
            merged.push(*position);
            rest = after;
        }
        merged.extend_from_slice(rest);
        merged
    }

    /// Returns the rows in order. The ranks of the first field decide most comparisons, and are next to each other in
    /// memory.
    fn sort<T: Table>(&self, table: &T) -> Vec<usize> {
        let matching = table.candidates(self, 0).filter(|position| self.matches(table, *position));
        let rows: Vec<usize> = matching.collect();
        let width = self.sorts.len();
        let (mut ranks, mut is_exact) = (Vec::with_capacity(rows.len() * width), vec![true; width]);
        for position in &rows {
            for ((field, descending), is_exact) in self.sorts.iter().zip(&mut is_exact) {
                let rank = value(table, *position, field).rank();
                ranks.push(if *descending { !rank.number } else { rank.number });
                *is_exact &= rank.is_exact;
            }
        }
        let rank = |index: usize, column: usize| ranks[index * width + column];
        let order_in = |column: usize, left: usize, right: usize| match is_exact[column] {
            true => rank(left, column).cmp(&rank(right, column)),
            false => self.order_in(column, table, rows[left], rows[right]),
        };
        let columns_of_ties = usize::from(is_exact.first() == Some(&true))..width;
        let mut order: Vec<(u128, usize)> = (0..rows.len()).map(|index| (rank(index, 0), index)).collect();
        // Rows are in order of creation, which decides between equal rows.
        order.sort_by(|(left_rank, left), (right_rank, right)| {
            let mut ties = columns_of_ties.clone().map(|column| order_in(column, *left, *right));
            left_rank
                .cmp(right_rank)
                .then_with(|| ties.find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
        });
        order.into_iter().map(|(_, index)| rows[index]).collect()
    }

    /// Returns the order of two objects.
    fn order<T: Table>(&self, table: &T, left: usize, right: usize) -> Ordering {
        let mut in_columns = (0..self.sorts.len()).map(|column| self.order_in(column, table, left, right));
        in_columns.find(|order| order.is_ne()).unwrap_or_else(|| left.cmp(&right))
    }

    /// Returns the order of two objects by one of the sorted fields.
    fn order_in<T: Table>(&self, column: usize, table: &T, left: usize, right: usize) -> Ordering {
        let (field, descending) = self.sorts[column];
        let order = value(table, left, field).order(&value(table, right, field));
        if descending { order.reverse() } else { order }
    }
}

fn value<'t, T: Table>(table: &'t T, position: usize, field: &'static str) -> Value<'t> {
    table.value(position, field).unwrap_or(Value::Absent)
}
