//! Routing by method and path.

use http::{Method, StatusCode};

use crate::http::{ApiError, ApiRequest, Category, ResponseBody, match_path};
use crate::operations::{bill_runs, invoices, jobs, object_query};
use crate::state::State;

/// A function that executes one operation; the last argument has the path segments that the wildcards match.
type Handler = fn(&mut State, &ApiRequest, &[&str]) -> Result<ResponseBody, ApiError>;

/// The routes; the first match is used.
const ROUTES: &[(Method, &[&str], Handler)] = &[
    (Method::POST, &["v1", "bill-runs"], bill_runs::create),
    (Method::GET, &["v1", "bill-runs", "*"], bill_runs::get),
    (Method::DELETE, &["v1", "bill-runs", "*"], bill_runs::delete),
    (Method::PUT, &["v1", "bill-runs", "*", "post"], bill_runs::post),
    (Method::PUT, &["v1", "bill-runs", "*", "cancel"], bill_runs::cancel),
    (Method::POST, &["v1", "bill-runs", "*", "emails"], bill_runs::email),
    (Method::POST, &["v1", "invoices"], invoices::create),
    (Method::PUT, &["v1", "invoices"], invoices::bulk_update),
    (Method::POST, &["v1", "invoices", "batch"], invoices::bulk_create),
    (Method::POST, &["v1", "invoices", "bulk-post"], invoices::bulk_post),
    (Method::GET, &["v1", "invoices", "pdf-status"], invoices::pdf_status),
    (Method::GET, &["v1", "invoices", "*"], invoices::get),
    (Method::PUT, &["v1", "invoices", "*"], invoices::update),
    (Method::DELETE, &["v1", "invoices", "*"], invoices::delete),
    (Method::PUT, &["v1", "invoices", "*", "post"], invoices::post),
    (Method::PUT, &["v1", "invoices", "*", "cancel"], invoices::cancel),
    (Method::PUT, &["v1", "invoices", "*", "reverse"], invoices::reverse),
    (Method::PUT, &["v1", "invoices", "*", "write-off"], invoices::write_off),
    (Method::POST, &["v1", "invoices", "*", "emails"], invoices::email),
    (Method::POST, &["v1", "invoices", "*", "files"], invoices::upload),
    (Method::GET, &["v1", "invoices", "*", "files"], invoices::list_files),
    (Method::GET, &["v1", "invoices", "*", "items"], invoices::list_items),
    (Method::GET, &["v1", "invoices", "*", "items", "*", "taxation-items"], invoices::list_taxation_items),
    (Method::POST, &["v1", "invoices", "*", "taxation-items"], invoices::create_taxation_items),
    (Method::GET, &["v1", "invoices", "*", "application-parts"], invoices::application_parts),
    (Method::GET, &["v1", "files", "*"], invoices::download),
    (Method::GET, &["v1", "operations", "jobs", "*"], jobs::get),
    (Method::GET, &["object-query", "invoices"], object_query::invoices),
];

/// Executes the operation of the request.
pub(crate) fn dispatch(state: &mut State, request: &ApiRequest) -> Result<ResponseBody, ApiError> {
    let segments = request.segments().unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut path_known = false;
    for (method, pattern, operation) in ROUTES {
        let Some(keys) = match_path(pattern, &segments) else { continue };
        if *method == request.method {
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
