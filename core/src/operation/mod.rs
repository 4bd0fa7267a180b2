//! API operations as plain values: each builds its request and reads its response.
//!
//! The typed operations are in [`bill_runs`](crate::bill_runs), [`invoices`](crate::invoices),
//! [`object_query`](crate::object_query), [`jobs`](crate::jobs) and [`files`](crate::files). Implement [`Operation`]
//! for any other endpoint, or send a [`RawOperation`].
//!
//! ```
//! use zuora_core::Operation;
//! use zuora_core::bill_runs::PostBillRun;
//!
//! let post = PostBillRun::new("2c9890077e8a8490017e8bf3a5171a43");
//! assert_eq!(post.spec().name, "post_bill_run");
//! let request = post.request()?; // no client or session is needed
//! assert_eq!(request.uri(), "/v1/bill-runs/2c9890077e8a8490017e8bf3a5171a43/post");
//! # Ok::<(), zuora_core::Error>(())
//! ```

pub(crate) mod raw;
pub(crate) mod request_builder;

#[doc(inline)]
pub use self::raw::RawOperation;

use std::sync::Arc;

use http::Method;

use crate::error::Error;
use crate::transport::{HttpRequest, HttpResponse};

/// One API operation: a plain value, complete by construction, that builds its request and reads its response.
///
/// A call builds the request once and sends the same bytes with every attempt.
#[doc(alias = "endpoint")]
pub trait Operation {
    /// Value that a successful response is read into.
    type Output;

    /// Returns the fixed properties of the operation.
    ///
    /// They are not a constant, since a raw operation and a queue of mixed operations have theirs at run time.
    fn spec(&self) -> &Spec;

    /// Builds the request, with path and query only. The exchange adds the host, the authorization and the common
    /// headers.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the field, when the service would reject the request or the
    /// request cannot be serialized.
    fn request(&self) -> Result<HttpRequest, Error>;

    /// Reads a successful response, whose body is decompressed and whose envelope is checked. The headers are as received,
    /// so `Content-Encoding` and `Content-Length` describe the body before. The body of a 204 is replaced by `{}`.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the path in the JSON.
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

/// Facts of a call by which the rows of its response are evaluated. The response has them as an extension, for operations
/// with [`Spec::has_rows`].
#[derive(Clone)]
pub(crate) struct RowFacts {
    /// The service reported a failure under the key before, so the response is not the stored one: the rows that it
    /// rejects may have been applied by an earlier attempt.
    pub(crate) key_failed: bool,
    /// Recognizes texts that contain a secret of the session.
    pub(crate) is_secret: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// An operation whose response may name a next page.
///
/// ```
/// use zuora_core::http::Request;
/// use zuora_core::operation::{Paginated, Spec};
/// use zuora_core::transport::{Body, HttpRequest, HttpResponse};
/// use zuora_core::{Error, Operation, Result};
/// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
///
/// #[derive(Clone)]
/// struct ListPayments {
///     page: u32,
/// }
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Payments {
///     payments: Vec<Payment>,
///     next_page: Option<String>,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Payment {
///     number: String,
/// }
///
/// impl Operation for ListPayments {
///     type Output = Payments;
///
///     fn spec(&self) -> &Spec {
///         static SPEC: Spec = Spec::read("list_payments", "/v1/payments");
///         &SPEC
///     }
///
///     fn request(&self) -> Result<HttpRequest> {
///         let request = Request::get(format!("/v1/payments?page={}", self.page)).body(Body::empty());
///         request.map_err(|error| Error::invalid("page", error.to_string()))
///     }
///
///     fn parse(&self, success: &HttpResponse) -> Result<Payments> {
///         serde_json::from_slice(success.body()).map_err(|error| Error::unreadable("payments", error.to_string()))
///     }
/// }
///
/// impl Paginated for ListPayments {
///     type Item = Payment;
///
///     fn into_page(&self, page: Payments) -> (Vec<Payment>, Option<Self>) {
///         let next = page.next_page.map(|_| Self { page: self.page + 1 });
///         (page.payments, next)
///     }
/// }
/// # let transport = FakeTransport::new(|request| Ok(FakeTransport::json(200, match request.uri().query() {
/// #     Some("page=1") => r#"{"success":true,"payments":[{"number":"P-1"}],"nextPage":"https://.."}"#,
/// #     _ => r#"{"success":true,"payments":[{"number":"P-2"}]}"#,
/// # })));
/// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
///
/// let payments = client.items(&ListPayments { page: 1 }).collect::<Result<Vec<_>>>()?;
/// assert_eq!(payments.iter().map(|payment| &*payment.number).collect::<Vec<_>>(), ["P-1", "P-2"]);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "pagination")]
pub trait Paginated: Operation + Clone {
    /// One row of the list.
    type Item;

    /// Splits a page into its rows and the operation for the next page.
    ///
    /// The `nextPage` link of the service only shows that there is a next page. It is never followed, so the token
    /// cannot be sent to another host.
    #[allow(clippy::wrong_self_convention)] // it converts the page, not the operation
    fn into_page(&self, page: Self::Output) -> (Vec<Self::Item>, Option<Self>);

    /// Returns the operation for the page after this one, if it can be determined without a response.
    ///
    /// It has to equal the operation that [`into_page`](Self::into_page) returns when there is a next page. Lists with
    /// numbered pages can be prefetched with it. Lists that continue from a cursor return `None`.
    fn next_page(&self) -> Option<Self> {
        None
    }
}

/// Fixed properties of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spec {
    /// Name in the vocabulary of the API, such as `post_bill_run`, as used in errors and metrics.
    pub name: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path template, such as `/v1/bill-runs/{billRunId}/post`.
    pub path: &'static str,
    /// Effect of a second delivery.
    pub effect: Effect,
    /// Format of a successful response.
    pub format: ResponseFormat,
    /// Quota of the tenant that the operation counts against.
    pub quota: Quota,
    /// Whether a request changes several objects, of which the service may change some and reject others. The success
    /// of such a request says nothing about an object, and neither does its rejection.
    pub has_rows: bool,
}

impl Spec {
    /// Describes an operation that changes nothing.
    pub const fn read(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::GET, path, Effect::Read)
    }

    /// Describes a POST that takes an idempotency key.
    pub const fn keyed(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::POST, path, Effect::Keyed)
    }

    /// Describes a PUT that changes something and takes no idempotency key.
    pub const fn put(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::PUT, path, Effect::Unkeyed)
    }

    /// Describes a DELETE, which takes no idempotency key.
    pub const fn delete(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::DELETE, path, Effect::Unkeyed)
    }

    /// Describes any operation with a JSON response that counts against the default quota.
    pub const fn new(name: &'static str, method: Method, path: &'static str, effect: Effect) -> Self {
        Self {
            name,
            method,
            path,
            effect,
            format: ResponseFormat::Json,
            quota: Quota::Default,
            has_rows: false,
        }
    }

    /// Changes the format of the response.
    #[must_use]
    pub const fn with_format(mut self, format: ResponseFormat) -> Self {
        self.format = format;
        self
    }

    /// Changes the quota that the operation counts against.
    #[must_use]
    pub const fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Marks an operation on several objects, each of which may succeed or fail by itself.
    #[must_use]
    pub const fn with_rows(mut self) -> Self {
        self.has_rows = true;
        self
    }
}

/// Effect of a second delivery of a request. It alone decides whether the request may be retried.
#[doc(alias = "retry")]
#[doc(alias = "idempotency")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// The operation changes nothing and may always be retried.
    Read,
    /// The operation has an idempotency key: a retry under the same key returns the first outcome, for 24 hours.
    Keyed,
    /// The operation changes something and has no idempotency key: it is not retried once the outcome of an attempt is
    /// unknown.
    Unkeyed,
}

/// Format of a successful response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseFormat {
    /// A JSON object with the envelope of the service.
    Json,
    /// The bytes of a file, without an envelope.
    File,
    /// Any JSON, of which nothing is known: an object in one of the service's envelopes, a list of results, or a
    /// payload without an envelope.
    Any,
}

/// Quotas that the service counts separately.
#[doc(alias = "rate limit")]
#[doc(alias = "concurrency limit")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quota {
    /// Quota of most operations: 40 requests in flight per tenant.
    Default,
    /// Quota of Object Query: 80 requests in flight per tenant.
    ObjectQuery,
    /// Quota of token requests: 100 a minute from one address, with no limit on requests in flight.
    TokenRequest,
}
