//! From method and path to the operation.

use http::{Method, StatusCode};

use crate::call::Call;
use crate::refusal::{Category, Refusal};
use crate::reply::Reply;
use crate::world::World;
use crate::{bill_runs, invoices, jobs, object_query};

/// Does the work of one operation; the last argument is what stands in the path where the route has `*`.
type Operation = fn(&mut World, &Call, &[&str]) -> Result<Reply, Refusal>;

/// The first route that fits is taken.
const ROUTES: &[(Method, &[&str], Operation)] = &[
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

/// Runs the operation that the call is for.
pub(crate) fn dispatch(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let segments = call.segments().unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut path_known = false;
    for (method, pattern, operation) in ROUTES {
        let Some(keys) = keys(pattern, &segments) else { continue };
        if *method == call.method {
            return operation(world, call, &keys);
        }
        path_known = true;
    }
    if path_known {
        let message = format!("Request method '{}' is not supported", call.method);
        return Err(Refusal::new(Category::Unsupported, message).always(StatusCode::METHOD_NOT_ALLOWED));
    }
    let message = format!(
        "The endpoint {} does not exist. Please check the URL or refer to the API documentation.",
        call.path
    );
    Err(Refusal::new(Category::NotFound, message).always(StatusCode::NOT_FOUND))
}

/// What the wildcards of a pattern stand for, when the path fits. No key is empty.
pub(crate) fn keys<'p>(pattern: &[&str], path: &[&'p str]) -> Option<Vec<&'p str>> {
    let fits =
        |(pattern, part): (&&str, &&str)| if *pattern == "*" { !part.is_empty() } else { pattern == part };
    if pattern.len() != path.len() || !pattern.iter().zip(path).all(fits) {
        return None;
    }
    Some(path.iter().zip(pattern).filter(|(_, pattern)| **pattern == "*").map(|(part, _)| *part).collect())
}
