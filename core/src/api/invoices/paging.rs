//! Lists that come in numbered pages.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::operation::request_builder::RequestBuilder;

/// Most rows that a page has.
const MOST: u32 = 40;

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PageOf {
    /// Counted from 1.
    pub(super) page: u32,
    pub(super) size: u32,
}

impl Default for PageOf {
    fn default() -> Self {
        Self { page: 1, size: MOST }
    }
}

impl PageOf {
    /// The size always goes along: the service ignores a page without it.
    pub(super) fn put(self, request: RequestBuilder) -> Result<RequestBuilder> {
        if !(1..=MOST).contains(&self.size) {
            return Err(Error::invalid("pageSize", "is 1 to 40"));
        }
        match self.page {
            0 => Err(Error::invalid("page", "is counted from 1")),
            1 => Ok(request.query_number("pageSize", self.size)),
            page => Ok(request.query_number("pageSize", self.size).query_number("page", page)),
        }
    }

    /// The next page, if there is evidence of one; a page without rows is the last, whatever it says.
    pub(super) fn next(self, rows: usize, evidence: Option<&str>) -> Option<Self> {
        evidence.filter(|_| rows > 0)?;
        self.next_page()
    }

    /// The next page, if there is one.
    pub(super) fn next_page(self) -> Option<Self> {
        Some(Self { page: self.page.checked_add(1)?, ..self })
    }
}
