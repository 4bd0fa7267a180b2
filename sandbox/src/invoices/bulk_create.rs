//! `POST /v1/invoices/batch`.

use super::CREATE_CODE;
use crate::call::{Call, Fields};
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

pub(super) const MOST_INVOICES: usize = 50;
const MOST_ITEMS: usize = 1000;

/// Creates up to 50 standalone invoices, each on its own or all or none.
pub(crate) fn bulk_create(world: &mut World, call: &Call, _keys: &[&str]) -> Result<Reply, Refusal> {
    let body = call.object(&world.settings, &["invoices", "useSingleTransaction"])?;
    let rows = create_all(world, Fields::new("", &body)?);
    let rows = rows.map_err(|refusal| refusal.of_resource(CREATE_CODE))?;
    Ok(Reply::Success(Json::object([("invoices", Json::Array(rows))])))
}

fn create_all(world: &mut World, fields: Fields<'_>) -> Result<Vec<Json>, Refusal> {
    let rows = fields.rows_within("invoices", MOST_INVOICES)?;
    if rows.is_empty() {
        return Err(Refusal::missing("invoices"));
    }
    let items = rows.iter().filter_map(|row| match row.get("invoiceItems") {
        Some(Json::Array(items)) => Some(items.len()),
        _ => None,
    });
    if items.sum::<usize>() > MOST_ITEMS {
        return Err(Refusal::rule("One request can have at most 1000 invoice items in all."));
    }
    let whole = fields.flag("useSingleTransaction")?.unwrap_or(false);
    let before = (world.invoices.len(), world.contacts.len());
    let mut answers = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let path = format!("invoices[{index}].");
        match Fields::new(&path, row).and_then(|fields| world.add_standalone(fields)) {
            Ok(added) => {
                answers.push(world.invoices[added].json(&world.tenant).led_by("success", true.into()));
            }
            Err(refusal) if whole => {
                world.invoices.truncate(before.0);
                world.contacts.truncate(before.1);
                return Err(refusal);
            }
            Err(refusal) => {
                let place = i64::try_from(index).unwrap_or(i64::MAX);
                let failed = world.failed_row(refusal.of_resource(CREATE_CODE));
                answers.push(failed.led_by("objectIndex", place.into()));
            }
        }
    }
    Ok(answers)
}

impl World {
    /// The row of a bulk answer for what was refused.
    pub(super) fn failed_row(&mut self, refusal: Refusal) -> Json {
        Json::object([
            ("success", false.into()),
            ("processId", self.ids.process().into()),
            ("reasons", refusal.reasons(self.settings.text_codes)),
        ])
    }
}
