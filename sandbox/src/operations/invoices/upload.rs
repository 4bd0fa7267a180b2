//! `POST /v1/invoices/{invoiceKey}/files`.

use bytes::Bytes;
use http::header::CONTENT_TYPE;

use crate::http::{ApiError, ApiRequest, Category, ResponseBody, is_basic, multipart};
use crate::state::{EffectKind, InvoiceFile, InvoiceStatus, State};
use crate::values::Json;

/// Allowance for boundaries and part headers around the file, in bytes.
const FRAME: usize = 64 << 10;

/// Uploads a PDF file to a draft or posted invoice.
pub(crate) fn upload(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    if request.body.is_empty() || !request.has_media_type("multipart/form-data") {
        return Err(ApiError::media());
    }
    let body = request.decompressed_body(state.settings.max_file.saturating_add(FRAME))?;
    let (name, content) = read(request.header(&CONTENT_TYPE).unwrap_or_default(), &body)?;
    let checked = check(state, index, &name, content);
    checked.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    let file = InvoiceFile {
        id: state.ids.entity(),
        download_id: state.ids.entity(),
        name: Some(name),
        available_at: state.now,
        version: state.invoices[index].free_version(state.now),
        bytes: Bytes::copy_from_slice(content),
    };
    let id = file.id.clone();
    state.invoices.add_file(index, file);
    let invoice = &mut state.invoices[index];
    invoice.updated = state.now;
    state.effects.record(state.now, EffectKind::FileUploaded, &invoice.id);
    Ok(ResponseBody::Success(Json::object([("fileId", id.into())])))
}

/// Returns the name and content of the form field `file`.
fn read<'b>(content_type: &str, body: &'b [u8]) -> Result<(String, &'b [u8]), ApiError> {
    let parts = multipart::read(content_type, body)
        .ok_or_else(|| ApiError::new(Category::Malformed, "The request body is no valid form."))?;
    let file = parts.into_iter().find(|part| part.name == "file");
    let file = file.ok_or_else(|| ApiError::missing("file"))?;
    let is_pdf = file.media.as_deref().is_none_or(|media| {
        let media = media.split(';').next().unwrap_or_default().trim();
        ["application/pdf", "application/octet-stream"].iter().any(|pdf| media.eq_ignore_ascii_case(pdf))
    });
    if !is_pdf || !file.content.starts_with(b"%PDF-") {
        return Err(ApiError::value("file", "a PDF file is expected"));
    }
    let name = file.file_name.filter(|name| !name.is_empty());
    Ok((name.ok_or_else(|| ApiError::value("file", "a file name is expected"))?, file.content))
}

fn check(state: &State, index: usize, name: &str, content: &[u8]) -> Result<(), ApiError> {
    let invoice = &state.invoices[index];
    let uploads = || invoice.files.iter().filter_map(|file| file.name.as_deref());
    if invoice.status == InvoiceStatus::Canceled {
        return Err(ApiError::rule("Files can be added to invoices with Draft or Posted status only."));
    }
    if content.len() > state.settings.max_file {
        return Err(ApiError::value(
            "file",
            &format!("at most {} bytes are expected", state.settings.max_file),
        ));
    }
    if !is_basic(name) {
        return Err(ApiError::value(
            "file",
            "a name with characters of the Basic Multilingual Plane is expected",
        ));
    }
    if uploads().any(|known| known == name) {
        return Err(ApiError::rule(format!("The invoice has a file named {name} already.")));
    }
    if uploads().count() >= state.settings.files {
        return Err(ApiError::rule("The invoice has as many files as it can have."));
    }
    Ok(())
}
