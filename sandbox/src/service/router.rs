//! Routing by method and path.

use http::{Method, StatusCode};

use super::operation::ApiOperation;
use super::tokens;
use crate::http::{ApiError, ApiRequest, Category, ResponseBody, fits_path, wildcards};
use crate::operations::{bill_runs, invoices, jobs, object_query};
use crate::state::State;

/// A function that executes one operation; the last argument has the path segments that the wildcards match.
type Handler = fn(&mut State, &ApiRequest, &[&str]) -> Result<ResponseBody, ApiError>;

/// Method, pattern of the path, name and function of an operation.
type Route = (Method, &'static [&'static str], ApiOperation, Handler);

/// The routes, one for each operation; the first match is used.
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

/// The segments of a path: the first ones of the array.
type Segments<'p> = ([&'p str; SEGMENTS], usize);

/// Returns the segments of a path; `None` if there are more than any route has.
fn split_path(path: &str) -> Option<Segments<'_>> {
    let path = path.trim_start_matches('/');
    let (mut segments, mut count, mut start) = ([""; SEGMENTS], 0, 0);
    for (end, byte) in path.bytes().enumerate() {
        if byte == b'/' {
            *segments.get_mut(count)? = &path[start..end];
            (count, start) = (count + 1, end + 1);
        }
    }
    *segments.get_mut(count)? = &path[start..];
    Some((segments, count + 1))
}

/// Returns the operation of a request by its method and path, percent-encoded; `None` for any other request.
pub(crate) fn find_operation(method: &Method, path: &str) -> Option<ApiOperation> {
    if path == tokens::PATH {
        return Some(ApiOperation::CreateToken);
    }
    let (segments, count) = split_path(path)?;
    find_route(method, &segments[..count]).map(|route| route.2)
}

fn find_route(method: &Method, segments: &[&str]) -> Option<&'static Route> {
    ROUTES.iter().find(|route| fits_path(route.1, segments) && route.0 == *method)
}

/// Executes the operation of the request, which is that of [`find_operation`].
pub(crate) fn dispatch(
    state: &mut State,
    request: &ApiRequest,
    operation: Option<ApiOperation>,
) -> Result<ResponseBody, ApiError> {
    if request.path.contains('%') {
        let segments = request.decoded_segments().unwrap_or_default();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        return dispatch_to(state, request, find_route(&request.method, &segments), &segments);
    }
    let (segments, count) = split_path(&request.path).unwrap_or_default();
    let route = ROUTES.iter().find(|route| Some(route.2) == operation);
    dispatch_to(state, request, route, &segments[..count])
}

fn dispatch_to(
    state: &mut State,
    request: &ApiRequest,
    route: Option<&Route>,
    segments: &[&str],
) -> Result<ResponseBody, ApiError> {
    let Some((_, pattern, name, operation)) = route else { return Err(no_route(request, segments)) };
    let media: &[&str] = match name {
        ApiOperation::DownloadFile => &["application/json", "application/pdf", "application/octet-stream"],
        _ => &["application/json"],
    };
    if !request.accepts(media) {
        let error = ApiError::new(Category::Unsupported, "HTTP 406 Not Acceptable");
        return Err(error.with_status(StatusCode::NOT_ACCEPTABLE));
    }
    let (mut keys, mut count) = ([""; SEGMENTS], 0);
    for (place, key) in keys.iter_mut().zip(wildcards(pattern, segments)) {
        (*place, count) = (key, count + 1);
    }
    operation(state, request, &keys[..count])
}

/// Returns the error of a request that no route matches.
fn no_route(request: &ApiRequest, segments: &[&str]) -> ApiError {
    if ROUTES.iter().any(|route| fits_path(route.1, segments)) {
        let message = format!("Request method '{}' is not supported", request.method);
        return ApiError::new(Category::Unsupported, message).with_status(StatusCode::METHOD_NOT_ALLOWED);
    }
    let message = format!(
        "The endpoint {} does not exist. Please check the URL or refer to the API documentation.",
        request.path
    );
    ApiError::new(Category::NotFound, message).with_status(StatusCode::NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`dispatch`] finds the route of a request by its operation.
    #[test]
    fn each_operation_has_one_route() {
        for (index, route) in ROUTES.iter().enumerate() {
            let first = ROUTES.iter().position(|other| other.2 == route.2);
            assert_eq!(first, Some(index), "{:?}", route.2);
        }
    }
}
