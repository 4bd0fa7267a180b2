//! Lists with numbered pages.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::operation::request_builder::RequestBuilder;

/// Maximum number of rows in a page.
const MAX_ROWS: u32 = 40;

/// Page number and page size, both of which have a default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    /// Number of the page, counted from 1.
    pub(super) page: PageNumber,
    /// Number of rows in a page. It is always sent: the service ignores the page number without it.
    pub(super) size: u32,
}

impl Default for Paging {
    fn default() -> Self {
        Self { page: PageNumber(1), size: MAX_ROWS }
    }
}

/// Number of a page, of which the first is the default and is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct PageNumber(u32);

impl From<u32> for PageNumber {
    fn from(page: u32) -> Self {
        Self(page)
    }
}

impl From<PageNumber> for Option<u32> {
    fn from(page: PageNumber) -> Self {
        (page.0 != 1).then_some(page.0)
    }
}

/// Adds the page number and the page size to a request, if they are set.
///
/// # Errors
/// [`ErrorKind::Build`](crate::ErrorKind::Build) for a page that does not exist, and for one without a page size, which
/// the service ignores.
pub(super) fn select(
    mut request: RequestBuilder,
    page: Option<u32>,
    size: Option<u32>,
) -> Result<RequestBuilder> {
    match size {
        None => {}
        Some(size @ 1..=MAX_ROWS) => request = request.query_number("pageSize", size),
        Some(_) => return Err(Error::invalid("pageSize", "must be 1 to 40")),
    }
    match page {
        Some(0) => Err(Error::invalid("page", "must be at least 1")),
        None => Ok(request),
        Some(_) if size.is_none() => Err(Error::invalid("pageSize", "is required together with `page`")),
        Some(page) => Ok(request.query_number("page", page)),
    }
}

/// Returns the size of the page after one with this number of rows. The page that has a next page is a full one.
pub(super) fn size_of_next(size: Option<u32>, rows: usize) -> u32 {
    size.unwrap_or_else(|| u32::try_from(rows).unwrap_or(u32::MAX))
}

/// Returns the number of rows that a page may have. Without a page size, the service may send all rows.
pub(super) fn max_rows(size: Option<u32>) -> usize {
    size.map_or(usize::MAX, |size| size as usize)
}

/// Implements an operation that lists rows in numbered pages: the setters `page_size` and `page`,
/// [`Operation`](crate::operation::Operation) and [`Paginated`](crate::operation::Paginated).
///
/// ```text
/// numbered_pages! { GetInvoiceItems { keys: [invoice], page: paging.page, size: paging.size }
///     -> InvoiceItems { items: InvoiceItem } }
/// ```
///
/// `keys` are the fields with the keys of the path, in its order. `items` is the field of the page with the
/// rows. The static `SPEC` is the one next to the operation.
macro_rules! numbered_pages {
    (
        $operation:ident {
            keys: [$($key:ident),+],
            page: $($page:ident).+,
            size: $($size:ident).+
        } -> $output:ident { $rows:ident: $row:ident }
    ) => {
        impl $operation {
            /// Sets the number of rows in a page, 1 to 40.
            #[doc(alias = "limit")]
            #[must_use]
            pub fn page_size(mut self, rows: u32) -> Self {
                self.$($size).+ = rows.into();
                self
            }

            /// Sets the page to start with, counted from 1.
            #[must_use]
            pub fn page(mut self, page: u32) -> Self {
                self.$($page).+ = page.into();
                self
            }
        }

        impl $crate::operation::Operation for $operation {
            type Output = $output;

            fn spec(&self) -> &$crate::operation::Spec {
                &SPEC
            }

            fn request(&self) -> $crate::Result<$crate::transport::HttpRequest> {
                let request = $crate::operation::request_builder::RequestBuilder::with_keys(
                    &SPEC,
                    &[$(self.$key.as_str()),+],
                )?;
                let (page, size) = (self.$($page).+.into(), self.$($size).+.into());
                $crate::api::invoices::paging::select(request, page, size)?.empty()
            }

            fn parse(&self, success: &$crate::transport::HttpResponse) -> $crate::Result<$output> {
                let size: Option<u32> = self.$($size).+.into();
                $crate::model::json::read_rows(success, $crate::api::invoices::paging::max_rows(size))
            }
        }

        impl $crate::operation::Paginated for $operation {
            type Item = $row;

            /// Separates the rows from the next page. The last page is the one that names none, whether it has rows or
            /// not.
            fn into_page(&self, page: $output) -> (Vec<$row>, Option<Self>) {
                let has_next = page.next_page.is_some_and(|link| !link.trim().is_empty());
                let size = $crate::api::invoices::paging::size_of_next(self.$($size).+.into(), page.$rows.len());
                let next = has_next.then(|| self.clone().page_size(size));
                (page.$rows, next.and_then(|list| $crate::operation::Paginated::next_page(&list)))
            }

            /// Returns the next page, if the page size is known: otherwise only the response shows how many rows a page has.
            fn next_page(&self) -> Option<Self> {
                let size: Option<u32> = self.$($size).+.into();
                size?;
                let page: Option<u32> = self.$($page).+.into();
                Some(self.clone().page(page.unwrap_or(1).checked_add(1)?))
            }
        }
    };
}

pub(super) use numbered_pages;
