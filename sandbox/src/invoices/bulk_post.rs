//! `POST /v1/invoices/bulk-post`.

use super::POST_CODE;
use super::bulk_create::MOST_INVOICES;
use super::kept::Kept;
use crate::call::{Call, Fields};
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// Posts up to 50 drafts one by one, whatever their size; each row says what became of it.
pub(crate) fn bulk_post(world: &mut World, call: &Call, _keys: &[&str]) -> Result<Reply, Refusal> {
    let body = call.object(&world.settings, &["invoices"])?;
    let rows = Fields::new("", &body)?.rows_within("invoices", MOST_INVOICES);
    let rows = rows.map_err(|refusal| refusal.of_resource(POST_CODE))?;
    if rows.is_empty() {
        return Err(Refusal::missing("invoices").of_resource(POST_CODE));
    }
    let mut answers = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let id = row.get("id").cloned().unwrap_or(Json::Null);
        let path = format!("invoices[{index}].");
        let posted = Fields::new(&path, row).and_then(|fields| post_one(world, fields));
        answers.push(match posted {
            Ok(id) => Json::object([("id", id.into()), ("success", true.into())]),
            Err(refusal) => {
                let failed = world.failed_row(refusal.of_resource(POST_CODE));
                match id {
                    Json::Text(_) => failed.led_by("id", id),
                    _ => failed,
                }
            }
        });
    }
    Ok(Reply::Success(Json::object([("invoices", Json::Array(answers))])))
}

fn post_one(world: &mut World, fields: Fields<'_>) -> Result<String, Refusal> {
    let known = |name: &str| ["id", "invoiceDate"].contains(&name) || Kept::is_kept(name);
    let fields = fields.known_by(known)?;
    let index = world.find_idle_invoice(fields.required_text("id")?)?;
    let date = fields.date("invoiceDate")?;
    world.why_not_post(index)?;
    let mut kept = world.invoices[index].kept.clone();
    kept.take(fields)?;
    world.invoices[index].kept = kept;
    world.post_invoice(index, date);
    Ok(world.invoices[index].id.clone())
}
