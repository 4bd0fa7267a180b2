//! `GET /v1/invoices/{invoiceKey}/items`.

use crate::call::Call;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

const DEFAULT_PAGE: usize = 20;
const LARGEST_PAGE: usize = 40;

/// One page of the items of an invoice, in the order in which they were made.
pub(crate) fn list_items(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let invoice = &world.invoices[world.find_invoice(keys.first().copied().unwrap_or_default())?];
    let lines = invoice.lines();
    let rows = invoice.items.iter().zip(&lines).map(|(item, lines)| item.json(invoice, lines)).collect();
    let (rows, next) = page(rows, call);
    Ok(Reply::Success(Json::filled([("invoiceItems", Json::Array(rows)), ("nextPage", next.into())])))
}

/// The rows of the page that the call asks for, and the link to the page after it. A page size that is too
/// large is cut, one that makes no sense is taken as absent, and `page` counts only beside a `pageSize`.
pub(crate) fn page(rows: Vec<Json>, call: &Call) -> (Vec<Json>, Option<String>) {
    let positive = |name: &str| call.query(name)?.parse::<usize>().ok().filter(|number| *number > 0);
    let size = positive("pageSize").map_or(DEFAULT_PAGE, |size| size.min(LARGEST_PAGE));
    let number = call.query("pageSize").and_then(|_| positive("page")).unwrap_or(1);
    let start = (number - 1).saturating_mul(size);
    let more = rows.len() > start.saturating_add(size);
    let next = more.then(|| format!("{}{}?page={}&pageSize={size}", call.base_url, call.path, number + 1));
    (rows.into_iter().skip(start).take(size).collect(), next)
}
