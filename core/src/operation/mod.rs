//! What an API operation is: a plain value that knows its request and its answer.

pub(crate) mod raw;
pub(crate) mod request_builder;

#[doc(inline)]
pub use self::raw::RawOperation;

use http::Method;

use crate::error::Error;
use crate::transport::{HttpRequest, HttpResponse};

/// One API operation: a plain value, complete by construction, that knows its request and its answer.
///
/// A client asks it for its request once per attempt, so [`request`](Self::request) must give the same bytes
/// each time: a repeat under the same idempotency key has to be the same request.
pub trait Operation {
    /// What a successful answer is read into.
    type Output;

    /// The fixed facts. A method and not a constant: a raw call and a queue of mixed operations have theirs at
    /// run time.
    fn spec(&self) -> &Spec;

    /// The request with path and query only: host, authorization and the common headers are the exchange's.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the field, when the service would refuse the request or the
    /// request cannot be written.
    fn request(&self) -> Result<HttpRequest, Error>;

    /// Reads a successful answer, already inflated and with its envelope checked. A 204 comes with the body `{}`.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the place in the JSON.
    fn parse(&self, success: &HttpResponse) -> Result<Self::Output, Error>;
}

impl<O: Operation + ?Sized> Operation for &O {
    type Output = O::Output;

    fn spec(&self) -> &Spec {
        (**self).spec()
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        (**self).request()
    }

    fn parse(&self, success: &HttpResponse) -> Result<Self::Output, Error> {
        (**self).parse(success)
    }
}

/// An operation whose answer may name a next page.
pub trait Paginated: Operation + Clone {
    /// One row of the list.
    type Item;

    /// The rows of a page, and the operation that asks for the next one. The service's own link is only
    /// evidence that there is a next page: it is never followed, so the token cannot be led to another host.
    fn into_page(&self, page: Self::Output) -> (Vec<Self::Item>, Option<Self>);

    /// The operation for the page after this one, where it can be told without an answer: what
    /// [`split`](Self::into_page) gives when there is a next page. Lists with numbered pages can be read ahead by it;
    /// those that go on from a cursor cannot.
    fn next_page(&self) -> Option<Self> {
        None
    }
}

/// The fixed facts of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spec {
    /// Name in the API's own vocabulary, such as `post_bill_run`; errors and metrics carry it.
    pub name: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path template, such as `/v1/bill-runs/{billRunId}/post`.
    pub path: &'static str,
    /// What a second delivery would do.
    pub effect: Effect,
    /// What a successful answer holds.
    pub format: ResponseFormat,
    /// Which of the tenant's quotas it draws on.
    pub quota: Quota,
}

impl Spec {
    /// An operation that changes nothing.
    pub const fn read(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::GET, path, Effect::Read)
    }

    /// A POST that takes an idempotency key.
    pub const fn keyed(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::POST, path, Effect::Keyed)
    }

    /// A PUT that changes something and takes no key.
    pub const fn put(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::PUT, path, Effect::Unkeyed)
    }

    /// A DELETE; it takes no key.
    pub const fn delete(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::DELETE, path, Effect::Unkeyed)
    }

    /// Any operation with a JSON answer that draws on the default quota.
    pub const fn new(name: &'static str, method: Method, path: &'static str, effect: Effect) -> Self {
        Self { name, method, path, effect, format: ResponseFormat::Json, quota: Quota::Default }
    }

    /// The same with another kind of answer.
    #[must_use]
    pub const fn with_format(mut self, format: ResponseFormat) -> Self {
        self.format = format;
        self
    }

    /// The same drawing on another quota.
    #[must_use]
    pub const fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }
}

/// What a second delivery would do. Whether a request may be repeated depends on this and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Changes nothing: may always be repeated.
    Read,
    /// Carries an idempotency key: a repeat under the same key gives the first outcome again, for 24 hours.
    Keyed,
    /// Changes something and takes no key: never repeated once the outcome of an attempt is unknown.
    Unkeyed,
}

/// What a successful answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseFormat {
    /// A JSON object in the service's envelope.
    Json,
    /// A file's bytes, with no envelope.
    File,
    /// Any JSON, of which nothing is known: an object in one of the service's envelopes, a list of results, or a
    /// payload without an envelope.
    Any,
}

/// The quotas that the service counts apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quota {
    /// Most operations; 40 requests in flight for a tenant.
    Default,
    /// Object Query; 80 requests in flight for a tenant.
    ObjectQuery,
    /// Token requests; 100 a minute from one address, no limit in flight.
    TokenRequest,
}
