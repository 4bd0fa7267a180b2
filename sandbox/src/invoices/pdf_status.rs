//! `GET /v1/invoices/pdf-status`.

use crate::call::Call;
use crate::json::Json;
use crate::refusal::{Category, Refusal};
use crate::reply::Reply;
use crate::world::World;

const MOST_KEYS: usize = 50;

/// How far the PDFs of up to 50 invoices are.
pub(crate) fn pdf_status(world: &mut World, call: &Call, _keys: &[&str]) -> Result<Reply, Refusal> {
    let keys = call.query("invoiceKeys").filter(|keys| !keys.is_empty()).ok_or_else(|| {
        Refusal::new(Category::MissingQuery, "The query parameter 'invoiceKeys' is required.")
    })?;
    let keys: Vec<&str> = keys.split(',').map(str::trim).collect();
    if keys.len() > MOST_KEYS {
        return Err(Refusal::value("invoiceKeys", "at most 50 ids or numbers are expected"));
    }
    let mut rows = Vec::new();
    for key in keys {
        let invoice = &world.invoices[world.find_invoice(key)?];
        rows.push(invoice.pdf_json(&world.tenant, world.settings.pdf_error_code, world.now));
    }
    Ok(Reply::Success(Json::object([("invoiceFiles", Json::Array(rows))])))
}
