//! `GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items`.

use super::list_items::page;
use crate::call::Call;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// One page of the tax items of an item.
pub(crate) fn list_taxation_items(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let [invoice, id] = keys else { return Err(Refusal::no_entity("")) };
    let invoice = &world.invoices[world.find_invoice(invoice)?];
    let lines = invoice.lines();
    let mut items = invoice.items.iter().zip(&lines);
    let (item, lines) = items.find(|(item, _)| item.id == **id).ok_or_else(|| Refusal::no_entity(id))?;
    let rows = item.taxes.iter().zip(lines.iter().skip(1)).map(|(tax, line)| tax.json(*line)).collect();
    let (rows, next) = page(rows, call);
    Ok(Reply::Success(Json::filled([("data", Json::Array(rows)), ("nextPage", next.into())])))
}
