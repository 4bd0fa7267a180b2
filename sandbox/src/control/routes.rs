//! The routes of the control API.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use super::clock;
use super::documents;
use super::faults;
use super::journal;
use super::request::{ControlBody, ControlError, ControlRequest};
use super::tenant;
use crate::http::match_path;
use crate::service::{Change, PlannedFault, Sandbox};
use crate::settings::Settings;
use crate::values::{Json, UnixTime};

/// A function that responds to the requests of a route.
type Handler = fn(&mut Sandbox, &ControlRequest) -> Result<ControlBody, ControlError>;

/// A method and path of the control API.
pub(super) struct Route {
    pub(super) method: Method,
    /// The path, in which `*` matches one segment.
    pub(super) path: &'static str,
    /// Members of the body.
    pub(super) fields: fn() -> Vec<&'static str>,
    handler: Handler,
    /// Whether the request changes what survives a restart.
    is_recorded: bool,
}

const fn route(
    method: Method,
    path: &'static str,
    fields: fn() -> Vec<&'static str>,
    handler: Handler,
) -> Route {
    Route { method, path, fields, handler, is_recorded: false }
}

/// Returns a route whose requests change what survives a restart.
const fn recorded(
    method: Method,
    path: &'static str,
    fields: fn() -> Vec<&'static str>,
    handler: Handler,
) -> Route {
    Route { method, path, fields, handler, is_recorded: true }
}

/// Returns the members of a request without a body: none.
fn none() -> Vec<&'static str> {
    Vec::new()
}

pub(super) const ROUTES: &[Route] = &[
    route(Method::GET, "/", none, documents::page),
    route(Method::GET, "/sandbox/openapi.json", none, documents::openapi),
    route(Method::GET, "/sandbox/schema.json", none, documents::schema),
    route(Method::GET, "/sandbox/tenant.schema.json", none, documents::tenant_schema),
    route(Method::GET, "/sandbox/health", none, tenant::health),
    route(Method::GET, "/sandbox/state", none, tenant::state),
    route(Method::GET, "/sandbox/faults", none, faults::list),
    route(Method::POST, "/sandbox/faults", PlannedFault::fields, faults::add),
    route(Method::DELETE, "/sandbox/faults", none, faults::clear),
    route(Method::PUT, "/sandbox/chaos", || vec!["seed", "rate"], faults::set_chaos),
    route(Method::GET, "/sandbox/clock", none, clock::get),
    recorded(Method::POST, "/sandbox/clock/freeze", none, clock::freeze),
    recorded(Method::POST, "/sandbox/clock/run", none, clock::run),
    recorded(Method::POST, "/sandbox/clock/advance", || vec!["by"], clock::advance),
    recorded(Method::POST, "/sandbox/clock/jump", || vec!["to"], clock::jump),
    recorded(Method::POST, "/sandbox/reset", none, tenant::reset),
    route(Method::GET, "/sandbox/snapshots", none, tenant::snapshots),
    recorded(Method::POST, "/sandbox/snapshot", || vec!["name"], tenant::snapshot),
    recorded(Method::POST, "/sandbox/restore", || vec!["name"], tenant::restore),
    recorded(Method::POST, "/sandbox/pay", || vec!["invoice", "amount"], tenant::pay),
    recorded(Method::POST, "/sandbox/fail", || vec!["job", "document"], tenant::fail),
    route(Method::POST, "/sandbox/revoke-tokens", none, tenant::revoke_tokens),
    route(Method::GET, "/sandbox/settings", none, tenant::settings),
    recorded(Method::PATCH, "/sandbox/settings", || Settings::NAMES.to_vec(), tenant::change_settings),
    route(Method::GET, "/sandbox/journal", none, journal::list),
    route(Method::DELETE, "/sandbox/journal", none, journal::clear),
    route(Method::GET, "/sandbox/journal/*/curl", none, journal::curl),
    route(Method::POST, "/sandbox/journal/expect", journal::expect_fields, journal::expect),
];

/// Maximum size of the body of a request.
const MAX_BODY: usize = 1 << 20;

/// Whether a request to that path belongs to the control API or is for the page.
pub(crate) fn is_control(path: &str) -> bool {
    path == "/" || path == "/sandbox" || path.starts_with("/sandbox/")
}

impl Sandbox {
    /// Responds to a request of the control API, whose paths start with `/sandbox/`, or for the page at `/`.
    ///
    /// `InProcess` and the HTTP server do so for every request with such a path. Such a request needs no token,
    /// counts towards no quota, meets no fault and does not enter the journal. `sandbox/control/openapi.json`
    /// describes the routes.
    ///
    /// ```
    /// use zuora_sandbox::{Sandbox, UnixTime};
    ///
    /// let mut sandbox = Sandbox::demo();
    /// let request = http::Request::post("/sandbox/clock/advance").body(r#"{"by": "31d"}"#).unwrap();
    /// let response = sandbox.control(request, UnixTime::from_secs(1_772_384_400));
    /// assert_eq!(response.body(), "{\"now\":\"2026-04-01T17:00:00.000Z\",\"frozen\":false}\n");
    /// ```
    pub fn control<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Response<Bytes> {
        self.advance(now);
        let target = request.uri().to_string();
        let is_head = *request.method() == Method::HEAD;
        let respond = || {
            let (route, request) = find(request, now)?;
            let body = (route.handler)(self, &request)?;
            if route.is_recorded {
                let (method, body) = (route.method.clone(), request.body.clone());
                self.log(Change::Control { outside: now, method, target, body });
            }
            Ok(body)
        };
        let mut response = respond().map_or_else(ControlError::respond, ControlBody::respond);
        if is_head {
            response.body_mut().clear();
        }
        response
    }
}

/// Finds the route of a request and reads its body.
fn find<B: AsRef<[u8]>>(
    request: Request<B>,
    outside: UnixTime,
) -> Result<(&'static Route, ControlRequest), ControlError> {
    let (head, body) = request.into_parts();
    // Some health checks send HEAD, which has the head of the response to GET.
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let path = head.uri.path();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut methods = Vec::new();
    for route in ROUTES {
        let pattern: Vec<&str> = route.path.trim_start_matches('/').split('/').collect();
        let Some(arguments) = match_path(&pattern, &segments) else { continue };
        if route.method == method {
            let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
            let request = ControlRequest {
                arguments: arguments.into_iter().map(str::to_owned).collect(),
                query: query.into_owned().collect(),
                body: read_body(body.as_ref())?,
                fields: (route.fields)(),
                outside,
            };
            request.fields()?;
            return Ok((route, request));
        }
        methods.push(route.method.as_str());
    }
    let allowed = methods.join(", ");
    Err(match methods.is_empty() {
        true => ControlError::not_found(format!("no route {path}; see /sandbox/openapi.json")),
        false => ControlError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{path} does not support {method}; use {allowed}"),
        ),
    })
}

/// Reads an object; an absent body is an empty one, and the media type does not matter.
fn read_body(body: &[u8]) -> Result<Json, ControlError> {
    if body.is_empty() {
        return Ok(Json::object([]));
    }
    let json = Some(body).filter(|body| body.len() <= MAX_BODY).and_then(Json::read);
    json.filter(|json| matches!(json, Json::Object(_)))
        .ok_or_else(|| ControlError::invalid("the body must be a JSON object of at most 1 MiB"))
}
