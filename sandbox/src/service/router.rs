//! Routing by method and path.

use http::{Method, StatusCode};

use super::operation::ApiOperation;
use super::tokens;
use crate::http::{ApiError, ApiRequest, Category, ResponseBody, fits_path, match_path};
use crate::operations::{bill_runs, invoices, jobs, object_query};
use crate::state::State;

/// A function that executes one operation; the last argument has the path segments that the wildcards match.
type Handler = fn(&mut State, &ApiRequest, &[&str]) -> Result<ResponseBody, ApiError>;

/// Method, pattern of the path, name and function of an operation.
type Route = (Method, &'static [&'static str], ApiOperation, Handler);

/// The routes; the first match is used.
const ROUTES: &[Route] = &[
    (Method::POST, &["v1", "bill-runs"], ApiOperation::CreateBillRun, bill_runs::create),
    (Method::GET, &["v1", "bill-runs", "*"], ApiOperation::GetBillRun, bill_runs::get),
    (Method::DELETE, &["v1", "bill-runs", "*"], ApiOperation::DeleteBillRun, bill_runs::delete),
    (Method::PUT, &["v1", "bill-runs", "*", "post"], ApiOperation::PostBillRun, bill_runs::post),
    (Method::PUT, &["v1", "bill-runs", "*", "cancel"], ApiOperation::CancelBillRun, bill_runs::cancel),
    (Method::POST, &["v1", "bill-runs", "*", "emails"], ApiOperation::EmailBillRun, bill_runs::email),
    (Method::POST, &["v1", "invoices"], ApiOperation::CreateInvoice, invoices::create),
    (Method::PUT, &["v1", "invoices"], ApiOperation::UpdateInvoices, invoices::bulk_update),
    (Method::POST, &["v1", "invoices", "batch"], ApiOperation::CreateInvoices, invoices::bulk_create),
    (Method::POST, &["v1", "invoices", "bulk-post"], ApiOperation::PostInvoices, invoices::bulk_post),
    (Method::GET, &["v1", "invoices", "pdf-status"], ApiOperation::GetPdfStatus, invoices::pdf_status),
    (Method::GET, &["v1", "invoices", "*"], ApiOperation::GetInvoice, invoices::get),
    (Method::PUT, &["v1", "invoices", "*"], ApiOperation::UpdateInvoice, invoices::update),
    (Method::DELETE, &["v1", "invoices", "*"], ApiOperation::DeleteInvoice, invoices::delete),
    (Method::PUT, &["v1", "invoices", "*", "post"], ApiOperation::PostInvoice, invoices::post),
    (Method::PUT, &["v1", "invoices", "*", "cancel"], ApiOperation::CancelInvoice, invoices::cancel),
    (Method::PUT, &["v1", "invoices", "*", "reverse"], ApiOperation::ReverseInvoice, invoices::reverse),
    (Method::PUT, &["v1", "invoices", "*", "write-off"], ApiOperation::WriteOffInvoice, invoices::write_off),
    (Method::POST, &["v1", "invoices", "*", "emails"], ApiOperation::EmailInvoice, invoices::email),
    (Method::POST, &["v1", "invoices", "*", "files"], ApiOperation::UploadFile, invoices::upload),
    (Method::GET, &["v1", "invoices", "*", "files"], ApiOperation::ListFiles, invoices::list_files),
    (Method::GET, &["v1", "invoices", "*", "items"], ApiOperation::ListItems, invoices::list_items),
    (
        Method::GET,
        &["v1", "invoices", "*", "items", "*", "taxation-items"],
        ApiOperation::ListTaxationItems,
        invoices::list_taxation_items,
    ),
    (
        Method::POST,
        &["v1", "invoices", "*", "taxation-items"],
        ApiOperation::CreateTaxationItems,
        invoices::create_taxation_items,
    ),
    (
        Method::GET,
        &["v1", "invoices", "*", "application-parts"],
        ApiOperation::ListApplicationParts,
        invoices::application_parts,
    ),
    (Method::GET, &["v1", "files", "*"], ApiOperation::DownloadFile, invoices::download),
    (Method::GET, &["v1", "operations", "jobs", "*"], ApiOperation::GetJob, jobs::get),
    (Method::GET, &["object-query", "invoices"], ApiOperation::QueryInvoices, object_query::invoices),
    (
        Method::GET,
        &["object-query", "credit-memos"],
        ApiOperation::QueryCreditMemos,
        object_query::credit_memos,
    ),
];

/// Maximum number of segments of a path.
const SEGMENTS: usize = 6;

/// Returns the segments of a path and their number; `None` if there are more than any route has.
fn split_path(path: &str) -> Option<([&str; SEGMENTS], usize)> {
    let mut segments = [""; SEGMENTS];
    let (mut rest, mut count) = (path.trim_start_matches('/'), 0);
    loop {
        let end = rest.bytes().position(|byte| byte == b'/');
        *segments.get_mut(count)? = &rest[..end.unwrap_or(rest.len())];
        count += 1;
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return Some((segments, count)),
        }
    }
}

/// Returns the operation of a request with that method and path, percent-encoded; `None` if there is none.
pub(crate) fn find_operation(method: &Method, path: &str) -> Option<ApiOperation> {
    if path == tokens::PATH {
        return Some(ApiOperation::CreateToken);
    }
    let (segments, count) = split_path(path)?;
    let matches = |route: &&Route| fits_path(route.1, &segments[..count]) && route.0 == *method;
    ROUTES.iter().find(matches).map(|route| route.2)
}

/// Executes the operation of the request.
pub(crate) fn dispatch(state: &mut State, request: &ApiRequest) -> Result<ResponseBody, ApiError> {
    if request.path.contains('%') {
        let segments = request.decoded_segments().unwrap_or_default();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        return dispatch_to(state, request, &segments);
    }
    match split_path(&request.path) {
        Some((segments, count)) => dispatch_to(state, request, &segments[..count]),
        None => dispatch_to(state, request, &[]),
    }
}

fn dispatch_to(state: &mut State, request: &ApiRequest, segments: &[&str]) -> Result<ResponseBody, ApiError> {
    let mut path_known = false;
    for (method, pattern, name, operation) in ROUTES {
        let Some(keys) = match_path(pattern, segments) else { continue };
        if *method == request.method {
            let media: &[&str] = match name {
                ApiOperation::DownloadFile => {
                    &["application/json", "application/pdf", "application/octet-stream"]
                }
                _ => &["application/json"],
            };
            if !request.accepts(media) {
                let error = ApiError::new(Category::Unsupported, "HTTP 406 Not Acceptable");
                return Err(error.with_status(StatusCode::NOT_ACCEPTABLE));
            }
            return operation(state, request, &keys);
        }
        path_known = true;
    }
    if path_known {
        let message = format!("Request method '{}' is not supported", request.method);
        return Err(ApiError::new(Category::Unsupported, message).with_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    let message = format!(
        "The endpoint {} does not exist. Please check the URL or refer to the API documentation.",
        request.path
    );
    Err(ApiError::new(Category::NotFound, message).with_status(StatusCode::NOT_FOUND))
}
