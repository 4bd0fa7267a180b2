//! `GET /v1/invoices/{invoiceKey}/files` and `GET /v1/files/{file-id}`.

use super::list_items::page;
use super::pdf::InvoiceFile;
use crate::call::Call;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// One page of the files of an invoice, the newest first. A PDF that is being made is not among them.
pub(crate) fn list_files(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_invoice(keys.first().copied().unwrap_or_default())?;
    world.view_files(index);
    let there = |file: &&InvoiceFile| file.since <= world.now;
    let mut files: Vec<&InvoiceFile> = world.invoices[index].files.iter().filter(there).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.version));
    let row = |file: &InvoiceFile| {
        Json::object([
            ("id", (&file.id).into()),
            ("versionNumber", i64::try_from(file.version).unwrap_or(i64::MAX).into()),
            ("pdfFileUrl", file.url().into()),
        ])
    };
    let (rows, next) = page(files.into_iter().map(row).collect(), call);
    Ok(Reply::Success(Json::filled([("invoiceFiles", Json::Array(rows)), ("nextPage", next.into())])))
}

/// The bytes of one file, by the last segment of its URL.
pub(crate) fn download(world: &mut World, _call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let key = keys.first().copied().unwrap_or_default();
    let mut files = world.invoices.iter().flat_map(|invoice| &invoice.files);
    let file = files.find(|file| file.handle == key && file.since <= world.now);
    file.map(|file| Reply::Pdf(file.bytes.clone())).ok_or_else(|| Refusal::no_entity(key))
}
