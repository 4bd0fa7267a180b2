//! The response of one call.

use std::ops::Deref;

use http::HeaderMap;

use crate::transport::headers::{self, ConcurrencyLimit, REQUEST_ID, RateLimit, TRACK_ID};

/// What an operation gave, with what the service said beside it. Derefs to the value.
#[derive(Clone, Debug)]
pub struct Response<T> {
    value: T,
    headers: HeaderMap,
    attempts: u32,
}

impl<T> Response<T> {
    pub(super) fn new(value: T, headers: HeaderMap, attempts: u32) -> Self {
        Self { value, headers, attempts }
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same answer with something else made of its value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response { value: change(self.value), headers: self.headers, attempts: self.attempts }
    }

    /// The service's own id of the request, for support tickets.
    pub fn request_id(&self) -> Option<&str> {
        headers::text(&self.headers, REQUEST_ID)
    }

    /// The caller's track id, as the service echoed it.
    pub fn track_id(&self) -> Option<&str> {
        headers::text(&self.headers, TRACK_ID)
    }

    /// How much of the tenant's quota is left.
    pub fn rate_limit(&self) -> RateLimit {
        headers::rate_limit(&self.headers)
    }

    /// How many requests of the tenant may be in flight.
    pub fn concurrency_limit(&self) -> ConcurrencyLimit {
        headers::concurrency_limit(&self.headers)
    }

    /// How many times the operation was sent.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// All headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
