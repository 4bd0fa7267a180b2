//! The rows of recent sorted queries, which their next pages need again.

use std::sync::Arc;

/// The last sorted queries with their rows.
#[derive(Clone, Default)]
pub(crate) struct SortedQueries(Vec<SortedRows>);

/// The rows of a sorted query.
#[derive(Clone)]
pub(crate) struct SortedRows {
    /// Table, filters and sorts.
    pub(crate) query: String,
    /// Revision of the objects that were sorted.
    pub(crate) revision: u64,
    /// Positions of the objects.
    pub(crate) rows: Arc<Vec<usize>>,
}

/// Number of queries whose rows are kept.
const KEPT: usize = 8;

impl SortedQueries {
    /// Removes and returns the rows of a query.
    pub(crate) fn take(&mut self, query: &str) -> Option<SortedRows> {
        let place = self.0.iter().position(|known| known.query == query)?;
        Some(self.0.remove(place))
    }

    /// Keeps the rows of a query, in place of those that were used least recently.
    pub(crate) fn keep(&mut self, rows: SortedRows) {
        self.0.insert(0, rows);
        self.0.truncate(KEPT);
    }
}
