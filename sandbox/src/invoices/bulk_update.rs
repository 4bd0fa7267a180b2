//! `PUT /v1/invoices`.

use super::bulk_create::MOST_INVOICES;
use super::update::is_known;
use crate::call::{Call, Fields};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// Changes up to 50 invoices; the answer says nothing about the single ones.
pub(crate) fn bulk_update(world: &mut World, call: &Call, _keys: &[&str]) -> Result<Reply, Refusal> {
    let body = call.object(&world.settings, &["invoices"])?;
    let before = (!world.settings.keep_partial_updates).then(|| world.invoices.clone());
    let updated = update_all(world, Fields::new("", &body)?);
    if let (Err(_), Some(before)) = (&updated, before) {
        world.invoices = before;
    }
    updated.map_err(|refusal| refusal.of_resource(world.settings.invoice_code))?;
    Ok(Reply::success())
}

fn update_all(world: &mut World, fields: Fields<'_>) -> Result<(), Refusal> {
    let rows = fields.rows_within("invoices", MOST_INVOICES)?;
    if rows.is_empty() {
        return Err(Refusal::missing("invoices"));
    }
    for (index, row) in rows.iter().enumerate() {
        let path = format!("invoices[{index}].");
        let row = Fields::new(&path, row)?.known_by(|name| name == "id" || is_known(name))?;
        let invoice = world.find_idle_invoice(row.required_text("id")?)?;
        world.update_invoice(invoice, row)?;
    }
    Ok(())
}
