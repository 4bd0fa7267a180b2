//! `POST /v1/invoices/{invoiceKey}/files`.

use bytes::Bytes;

use super::InvoiceStatus;
use super::pdf::InvoiceFile;
use crate::call::Call;
use crate::json::Json;
use crate::multipart;
use crate::refusal::{Category, Refusal};
use crate::reply::Reply;
use crate::world::World;

/// Room for boundaries and headers beside the file.
const FRAME: usize = 64 << 10;

/// Adds a PDF file to a draft or a posted invoice.
pub(crate) fn upload(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    if call.body.is_empty() || !call.is_of_media("multipart/form-data") {
        return Err(Refusal::media());
    }
    let body = call.inflated(world.settings.max_file.saturating_add(FRAME))?;
    let (name, content) = read(call.header("content-type").unwrap_or_default(), &body)?;
    let checked = check(world, index, &name, content);
    checked.map_err(|refusal| refusal.of_resource(world.settings.invoice_code))?;
    let invoice = &mut world.invoices[index];
    let file = InvoiceFile {
        id: world.ids.entity(),
        handle: world.ids.entity(),
        name: Some(name),
        since: world.now,
        version: invoice.free_version(world.now),
        bytes: Bytes::copy_from_slice(content),
    };
    let id = file.id.clone();
    invoice.files.push(file);
    invoice.updated = world.now;
    Ok(Reply::Success(Json::object([("fileId", id.into())])))
}

/// Name and content of the field `file`.
fn read<'b>(content_type: &str, body: &'b [u8]) -> Result<(String, &'b [u8]), Refusal> {
    let parts = multipart::read(content_type, body)
        .ok_or_else(|| Refusal::new(Category::Malformed, "The request body is no valid form."))?;
    let file = parts.into_iter().find(|part| part.name == "file");
    let file = file.ok_or_else(|| Refusal::missing("file"))?;
    let is_pdf = file.media.as_deref().is_none_or(|media| {
        let media = media.split(';').next().unwrap_or_default().trim();
        ["application/pdf", "application/octet-stream"].iter().any(|pdf| media.eq_ignore_ascii_case(pdf))
    });
    if !is_pdf || !file.content.starts_with(b"%PDF-") {
        return Err(Refusal::value("file", "a PDF file is expected"));
    }
    let name = file.file_name.filter(|name| !name.is_empty());
    Ok((name.ok_or_else(|| Refusal::value("file", "a file name is expected"))?, file.content))
}

fn check(world: &World, index: usize, name: &str, content: &[u8]) -> Result<(), Refusal> {
    let invoice = &world.invoices[index];
    let uploads = || invoice.files.iter().filter_map(|file| file.name.as_deref());
    if invoice.status == InvoiceStatus::Canceled {
        return Err(Refusal::rule("Files can be added to invoices with Draft or Posted status only."));
    }
    if content.len() > world.settings.max_file {
        return Err(Refusal::value(
            "file",
            &format!("at most {} bytes are expected", world.settings.max_file),
        ));
    }
    if uploads().any(|known| known == name) {
        return Err(Refusal::rule(format!("The invoice has a file named {name} already.")));
    }
    if uploads().count() >= world.settings.files {
        return Err(Refusal::rule("The invoice has as many files as it can have."));
    }
    Ok(())
}
