//! Entries of the journal.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};

use super::operation::ApiOperation;
use super::packed::{Packed, Packer};
use super::redact::Redactor;
use super::request_pattern::RequestTarget;
use crate::http::ApiRequest;
use crate::state::Tenant;
use crate::values::UnixTime;

/// A request and its response. They are kept as received, and shown without tokens and secrets.
#[derive(Clone)]
pub struct JournalEntry {
    pub(super) number: u64,
    pub(super) at: UnixTime,
    operation: Option<ApiOperation>,
    method: Method,
    /// Path, query with its question mark, base URL and headers of the request as received.
    request: Packed,
    /// The body of the request, decompressed.
    content: Bytes,
    /// The tenant whose secrets are removed.
    tenant: Arc<Tenant>,
    pub(super) faults: Option<String>,
    pub(super) duplicate_of: Option<u64>,
    pub(super) delivery: Delivery,
    /// The responses as sent.
    service_response: Option<SentResponse>,
    gateway_response: Option<Box<SentResponse>>,
    handled_at: Option<UnixTime>,
    /// Size in memory, roughly.
    size: usize,
    shown: ShownOnce,
}

/// A response as sent.
#[derive(Clone)]
struct SentResponse {
    status: StatusCode,
    head: Packed,
    body: Bytes,
}

/// The shown parts of an entry. They are made when they are read, since most entries never are.
struct ShownOnce {
    shown: OnceLock<Box<Shown>>,
    /// Size in memory, roughly, of the shown parts of all entries of the journal.
    total: Arc<AtomicUsize>,
}

/// The parts of an entry from which tokens and secrets are removed.
struct Shown {
    target: String,
    base_url: String,
    key: Option<String>,
    headers: HeaderMap,
    body: Bytes,
    service_response: Option<Response<Bytes>>,
    gateway_response: Option<Response<Bytes>>,
}

/// The response that the client of a request receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// The response of the service.
    Service,
    /// The response of an intermediary.
    Gateway,
    /// None: the response or the connection was lost.
    Lost,
    /// None: the request was not sent.
    NotSent,
}

impl JournalEntry {
    pub(super) fn new(
        number: u64,
        at: UnixTime,
        operation: Option<ApiOperation>,
        request: &ApiRequest,
        tenant: Arc<Tenant>,
        total_shown: Arc<AtomicUsize>,
        packer: &mut Packer,
    ) -> Self {
        let query = request.raw_query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let head = packer.pack([&request.path, &query, &request.base_url], &request.headers);
        Self {
            number,
            at,
            operation,
            method: request.method.clone(),
            size: size_of::<Self>() + head.size() + request.content.len(),
            request: head,
            content: request.content.clone(),
            tenant,
            faults: None,
            duplicate_of: None,
            delivery: Delivery::Service,
            service_response: None,
            gateway_response: None,
            handled_at: None,
            shown: ShownOnce { shown: OnceLock::new(), total: total_shown },
        }
    }

    /// Records the response of the service.
    pub(super) fn executed(&mut self, response: &Response<Bytes>, at: UnixTime, packer: &mut Packer) {
        let response = SentResponse::of(response, packer);
        self.size += response.size();
        self.service_response = Some(response);
        self.handled_at = Some(at);
        self.forget_shown();
    }

    /// Records the response of an intermediary, which the client receives.
    pub(super) fn replaced(&mut self, response: &Response<Bytes>, packer: &mut Packer) {
        let response = SentResponse::of(response, packer);
        self.size += response.size();
        self.gateway_response = Some(Box::new(response));
        self.delivery = Delivery::Gateway;
        self.forget_shown();
    }

    /// Drops the shown parts, which are made again when they are read again.
    pub(super) fn forget_shown(&mut self) {
        self.shown.forget();
    }

    /// Returns scheme and authority of the request.
    pub(super) fn base_url(&self) -> &str {
        &self.shown().base_url
    }

    fn shown(&self) -> &Shown {
        self.shown.get_or_init(|| {
            let ([path, query, base_url], headers) = self.request.unpack();
            let redactor = Redactor::of(path, &headers, &self.tenant);
            let response = |sent: Option<&SentResponse>| Some(redactor.response(&sent?.to_response()));
            let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
            Shown {
                target: redactor.text(&[path, query].concat()),
                base_url: redactor.text(base_url),
                key: key.map(|key| redactor.text(key)),
                headers: redactor.headers(&headers),
                body: redactor.request_body(&self.content),
                service_response: response(self.service_response.as_ref()),
                gateway_response: response(self.gateway_response.as_deref()),
            }
        })
    }

    /// Returns the number of the entry, from 1 in the order of arrival.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the time at which the request arrived.
    pub fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns path and query.
    pub fn target(&self) -> &str {
        &self.shown().target
    }

    /// Returns the operation; `None` if the service has none with that method and path.
    pub fn operation(&self) -> Option<ApiOperation> {
        self.operation
    }

    /// Returns the idempotency key.
    pub fn key(&self) -> Option<&str> {
        self.shown().key.as_deref()
    }

    /// Returns the headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.shown().headers
    }

    /// Returns the body of the request, decompressed.
    pub fn body(&self) -> &Bytes {
        &self.shown().body
    }

    /// Returns the description of the faults that were applied.
    pub fn faults(&self) -> Option<&str> {
        self.faults.as_deref()
    }

    /// Returns the number of the entry whose request was delivered again as this one.
    pub fn duplicate_of(&self) -> Option<u64> {
        self.duplicate_of
    }

    /// Returns the response that the client receives.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Returns the response that the client receives, before compression and faults of the body; `None` if the
    /// client receives none.
    pub fn response(&self) -> Option<&Response<Bytes>> {
        match self.delivery {
            Delivery::Service => self.shown().service_response.as_ref(),
            Delivery::Gateway => self.shown().gateway_response.as_ref(),
            Delivery::Lost | Delivery::NotSent => None,
        }
    }

    /// Returns the response of the service, whether or not the client receives it; `None` if the request did
    /// not reach the service or is not executed yet.
    pub fn service_response(&self) -> Option<&Response<Bytes>> {
        self.shown().service_response.as_ref()
    }

    /// Returns the time at which the service handled the request; `None` if the request did not reach the
    /// service or is not executed yet.
    pub fn handled_at(&self) -> Option<UnixTime> {
        self.handled_at
    }

    /// Whether the request reached the service or an intermediary.
    pub(super) fn was_sent(&self) -> bool {
        self.delivery != Delivery::NotSent
    }

    /// Returns the parts that a pattern compares, as received.
    pub(super) fn as_target(&self) -> RequestTarget<'_> {
        let ([path, _, _], mut headers) = self.request.parts();
        let key = headers.find(|(name, _)| *name == b"idempotency-key");
        let key = key.and_then(|(_, key)| std::str::from_utf8(key).ok());
        RequestTarget { method: &self.method, path, operation: self.operation, key }
    }

    /// Returns the size in memory, roughly.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

impl SentResponse {
    fn of(response: &Response<Bytes>, packer: &mut Packer) -> Self {
        let head = packer.pack([], response.headers());
        Self { status: response.status(), head, body: response.body().clone() }
    }

    fn to_response(&self) -> Response<Bytes> {
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.head.unpack::<0>().1;
        response
    }

    fn size(&self) -> usize {
        self.head.size() + self.body.len()
    }
}

impl ShownOnce {
    fn get_or_init(&self, make: impl FnOnce() -> Shown) -> &Shown {
        self.shown.get_or_init(|| {
            let shown = make();
            self.total.fetch_add(shown.size(), Ordering::Relaxed);
            Box::new(shown)
        })
    }

    fn forget(&mut self) {
        if let Some(shown) = self.shown.take() {
            self.total.fetch_sub(shown.size(), Ordering::Relaxed);
        }
    }
}

/// A copy makes its own parts.
impl Clone for ShownOnce {
    fn clone(&self) -> Self {
        Self { shown: OnceLock::new(), total: Arc::clone(&self.total) }
    }
}

impl Drop for ShownOnce {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Shown {
    /// Returns the size in memory, roughly.
    fn size(&self) -> usize {
        const HEADER: usize = 128;
        let responses = [&self.service_response, &self.gateway_response];
        let of_response =
            |response: &Response<Bytes>| response.headers().capacity() * HEADER + response.body().len();
        let texts = self.target.len() + self.base_url.len() + self.key.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + texts
            + self.headers.capacity() * HEADER
            + self.body.len()
            + responses.into_iter().flatten().map(of_response).sum::<usize>()
    }
}

impl fmt::Debug for JournalEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalEntry")
            .field("number", &self.number)
            .field("at", &self.at)
            .field("method", self.method())
            .field("target", &self.target())
            .field("operation", &self.operation)
            .field("delivery", &self.delivery)
            .field("response", &self.response())
            .finish_non_exhaustive()
    }
}

/// Returns the headers by name, so that their order does not depend on how they were inserted.
pub(super) fn sorted(headers: &HeaderMap) -> Vec<(&str, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut rows: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    rows.sort();
    rows
}
