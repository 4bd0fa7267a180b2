//! `GET /v1/invoices/{invoiceKey}/application-parts`.

use super::list_items::page;
use crate::call::Call;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// One page of the payments and credit memos that settle an invoice.
pub(crate) fn application_parts(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    world.check_settlement()?;
    let invoice = &world.invoices[world.find_invoice(keys.first().copied().unwrap_or_default())?];
    let rows = invoice.applications.iter().map(|part| part.json(&world.tenant)).collect();
    let (rows, next) = page(rows, call);
    Ok(Reply::Success(Json::filled([("applicationParts", Json::Array(rows)), ("nextPage", next.into())])))
}
