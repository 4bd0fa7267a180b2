//! The response of one call.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::transport::headers::{self, ConcurrencyLimit, REQUEST_ID, RateLimit, TRACK_ID};

/// The response to one call: the value of the operation, with the headers of the response.
///
/// A response dereferences to its value, so `run.status()?` works on a `Response<BillRun>` as it does on a `BillRun`.
/// `Deref` fits because a response owns exactly one value, adds only accessors to it, and is read for that value in
/// nearly every program. There is no `DerefMut`, since a response is a record of what the service sent. To change or
/// to store the value, take it out with [`into_inner`](Self::into_inner).
///
/// A method of `Response` hides a method of the value with the same name; `(*response).method()` calls the latter.
///
/// ```
/// use zuora_core::bill_runs::GetBillRun;
/// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
/// # let body = r#"{"id":"2c98","status":"Posted","success":true}"#;
/// # let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(200, body)));
/// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
///
/// let run = client.call(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"))?;
/// println!("{} after {} attempts", run.status()?, run.attempts());
/// let run = run.into_inner(); // a `BillRun`
/// # assert_eq!(run.status()?.as_str(), "Posted");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    headers: HeaderMap,
    status: StatusCode,
    attempts: u32,
    /// Kept if the options of the call say so.
    body: Option<Bytes>,
}

impl<T> Response<T> {
    #[inline]
    pub(super) fn new(value: T, headers: HeaderMap, status: StatusCode, attempts: u32) -> Self {
        Self { value, headers, status, attempts, body: None }
    }

    pub(super) fn keep_body(&mut self, body: Bytes) {
        self.body = Some(body);
    }

    /// Returns the value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Applies a function to the value and keeps the headers.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { value, headers, status, attempts, body } = self;
        Response { value: change(value), headers, status, attempts, body }
    }

    /// Returns the id that the service gave the request, for support tickets.
    pub fn request_id(&self) -> Option<&str> {
        headers::text(&self.headers, REQUEST_ID)
    }

    /// Returns the track id of the caller, as echoed by the service.
    pub fn track_id(&self) -> Option<&str> {
        headers::text(&self.headers, TRACK_ID)
    }

    /// Returns the quota of the tenant and its remainder.
    ///
    /// ```
    /// use zuora_core::invoices::GetInvoice;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let mut response = FakeTransport::json(200, r#"{"success":true}"#);
    /// # for (name, value) in [("ratelimit-remaining", "0"), ("ratelimit-reset", "12"),
    /// #     ("concurrency-limit-type", "Default"), ("concurrency-limit-limit", "40")] {
    /// #     response.headers_mut().insert(name, value.parse().unwrap());
    /// # }
    /// # let transport = FakeTransport::new(move |_| Ok(response.clone()));
    /// # let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
    /// # let client = Client::with_transport(&config, transport)?;
    ///
    /// let invoice = client.call(&GetInvoice::new("INV00000155"))?;
    /// let quota = invoice.rate_limit();
    /// println!("{:?} requests left, next window in {:?}", quota.remaining, quota.reset);
    /// # assert_eq!((quota.remaining, quota.reset), (Some(0), Some(std::time::Duration::from_secs(12))));
    /// println!("at most {:?} requests in flight", invoice.concurrency_limit().limit);
    /// # assert_eq!(invoice.concurrency_limit().limit, Some(40));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "quota")]
    pub fn rate_limit(&self) -> RateLimit {
        headers::rate_limit(&self.headers)
    }

    /// Returns the number of requests that the tenant may have in flight.
    pub fn concurrency_limit(&self) -> ConcurrencyLimit {
        headers::concurrency_limit(&self.headers)
    }

    /// Returns the number of times the operation was sent.
    #[doc(alias = "retry")]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the HTTP status, such as 200 or 201. A status of the object is a field of the value.
    #[doc(alias = "status")]
    #[doc(alias = "status_code")]
    pub fn http_status(&self) -> StatusCode {
        self.status
    }

    /// Returns the body that the value was read from, decompressed, if the call was made with
    /// [`CallOptions::keep_body`](crate::CallOptions::keep_body).
    ///
    /// ```
    /// use zuora_core::CallOptions;
    /// use zuora_core::bill_runs::GetBillRun;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"success":true}"#)));
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    ///
    /// let get = GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43");
    /// let run = client.call_with(&get, &CallOptions::new().keep_body())?;
    /// println!("{} {:?}", run.http_status(), run.raw_body());
    /// # assert_eq!(run.raw_body().unwrap(), r#"{"success":true}"#);
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "raw_data")]
    pub fn raw_body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Returns all headers of the response, as received. `Content-Encoding` and `Content-Length` describe the body before
    /// it was decompressed.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// Shows the size of a kept body only, since that of a token response contains the token.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("attempts", &self.attempts)
            .field("body", &self.body.as_ref().map(|body| format!("{} bytes", body.len())))
            .finish()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
