//! The last rows of recent pages, after which their next pages start.

use std::collections::VecDeque;

/// Last rows of pages of sorted queries, the last page first.
#[derive(Clone, Default)]
pub(crate) struct PageEnds(VecDeque<(PageEnd, usize)>);

/// The end of a page of a sorted query.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PageEnd {
    /// Path, filters and sorts.
    pub(crate) query: String,
    /// Revision of the store that was read.
    pub(crate) revision: u64,
    /// Number of rows up to the end of the page.
    pub(crate) count: usize,
}

/// Number of pages whose ends are known.
const KEPT: usize = 16;

impl PageEnds {
    /// Returns the position of the last row of a page.
    pub(crate) fn last_row(&self, page: &PageEnd) -> Option<usize> {
        self.0.iter().find(|(known, _)| known == page).map(|(_, row)| *row)
    }

    pub(crate) fn keep(&mut self, page: PageEnd, last_row: usize) {
        // A client that asks for one page again and again must not displace the others.
        if self.last_row(&page).is_none() {
            self.0.truncate(KEPT - 1);
            self.0.push_front((page, last_row));
        }
    }
}
