//! `GET /v1/invoices/{invoiceKey}/files` and `GET /v1/files/{file-id}`.

use super::page::page;
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{InvoiceFile, State};
use crate::values::Json;

/// Lists the files of an invoice, the newest first, without PDFs in progress.
pub(crate) fn list_files(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_invoice(keys.first().copied().unwrap_or_default())?;
    state.view_files(index);
    let there = |file: &&InvoiceFile| file.available_at <= state.now;
    let mut files: Vec<&InvoiceFile> = state.invoices[index].files.iter().filter(there).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.version));
    let row = |file: &InvoiceFile| {
        Json::object([
            ("id", (&file.id).into()),
            ("versionNumber", i64::try_from(file.version).unwrap_or(i64::MAX).into()),
            ("pdfFileUrl", file.url().into()),
        ])
    };
    let (rows, next) = page(files.into_iter().map(row), request);
    Ok(ResponseBody::Success(Json::non_null([
        ("invoiceFiles", Json::Array(rows)),
        ("nextPage", next.into()),
    ])))
}

/// Downloads a file by the last segment of its URL.
pub(crate) fn download(
    state: &mut State,
    _request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let key = keys.first().copied().unwrap_or_default();
    let file = state.invoices.file(key).filter(|file| file.available_at <= state.now);
    file.map(|file| ResponseBody::Pdf(file.bytes.clone())).ok_or_else(|| ApiError::not_found(key))
}
