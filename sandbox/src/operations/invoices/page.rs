//! Pagination of the lists under an invoice.

use crate::http::ApiRequest;
use crate::values::Json;

const DEFAULT_PAGE_SIZE: usize = 20;
const MAX_PAGE_SIZE: usize = 40;

/// Returns the rows of the requested page, and the link to the next page. A page size above the maximum is
/// reduced, an invalid page size is ignored, and `page` is ignored without a `pageSize`.
pub(crate) fn page(
    rows: impl ExactSizeIterator<Item = Json>,
    request: &ApiRequest,
) -> (Vec<Json>, Option<String>) {
    let positive = |name: &str| request.query(name)?.parse::<usize>().ok().filter(|number| *number > 0);
    let size = positive("pageSize").map_or(DEFAULT_PAGE_SIZE, |size| size.min(MAX_PAGE_SIZE));
    let number = request.query("pageSize").and_then(|_| positive("page")).unwrap_or(1);
    let start = (number - 1).saturating_mul(size);
    let more = rows.len() > start.saturating_add(size);
    let next =
        more.then(|| format!("{}{}?page={}&pageSize={size}", request.base_url, request.path, number + 1));
    (rows.skip(start).take(size).collect(), next)
}
