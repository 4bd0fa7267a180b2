//! Settings of one call.

use std::time::Duration;

use http::HeaderValue;

use super::config::Timing;
use super::headers::{self, CommonHeaderText, CommonHeaders, join};
use crate::error::{Context, Error, Outcome, Result};
use crate::transport::Timestamp;
use crate::types::{RequestScope, Secret};

/// Settings of one call, which override those of the [`Config`](super::config::Config).
///
/// ```
/// use zuora_core::CallOptions;
///
/// let options = CallOptions::new()
///     .track_id("close-2024-06")
///     .idempotency_key("close-2024-06/A00000001")
///     .header("X-Gateway-Key", "value");
/// # assert!(!format!("{options:?}").contains("value"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) headers: CommonHeaderText,
    pub(crate) token: Option<Secret>,
    pub(crate) keeps_body: bool,
    pub(crate) idempotency_key: Option<String>,
    /// The earlier call that this one retries.
    pub(crate) retry_of: Option<RetryOf>,
    /// No attempt is sent at this time or later.
    pub(crate) send_before: Option<Timestamp>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) max_wait: Option<Duration>,
    /// `usize::MAX` for no size.
    pub(crate) gzip_requests_from: Option<usize>,
}

/// The options of most calls, which are neither created nor dropped for each of them.
pub(crate) static NO_OPTIONS: CallOptions = CallOptions {
    headers: CommonHeaderText::NONE,
    token: None,
    keeps_body: false,
    idempotency_key: None,
    retry_of: None,
    send_before: None,
    timeout: None,
    attempt_timeout: None,
    max_attempts: None,
    max_wait: None,
    gzip_requests_from: None,
};

impl CallOptions {
    /// Creates options that override nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates options for retrying a call that failed with `error`.
    ///
    /// The retry of a POST is sent under the same idempotency key, and every retry with the entity, organizations and API
    /// version of the first call. If the outcome of the first call is unknown, it stays unknown even if the service
    /// rejects the retry, since the first call may have been applied. The retry of a PUT or DELETE with an unknown
    /// outcome is not sent: see [`reconcile`](crate::Client::reconcile). A POST with an unknown outcome is not sent
    /// either once the service may have forgotten its key, or if [`idempotency_key`](Self::idempotency_key) has replaced
    /// the key.
    ///
    /// The other settings of the first call are not kept. A POST that was sent with
    /// [`gzip_requests_from`](Self::gzip_requests_from) or [`token`](Self::token) needs the same setting again, since a
    /// retry with other bytes, or for another user, is not documented to be the same request under the key.
    #[doc(alias = "again")]
    #[doc(alias = "retry")]
    #[doc(alias = "idempotency")]
    pub fn retry_of(error: &Error) -> Self {
        Self {
            idempotency_key: error.idempotency_key().map(str::to_owned),
            headers: error
                .scope()
                .map(|scope| CommonHeaderText::default().in_scope(scope))
                .unwrap_or_default(),
            retry_of: Some(RetryOf {
                scope: error.scope().cloned(),
                key: error.idempotency_key().map(str::to_owned),
                key_failed: error.key_failed(),
                is_in_doubt: error.outcome() == Outcome::Unknown,
                failed_at: error.failed_at(),
                key_since: error.key_since(),
                request_id: error.request_id().map(Into::into),
                process_id: error.process_id().map(Into::into),
            }),
            ..Self::default()
        }
    }

    /// Sets the `Idempotency-Key` of a POST: 1 to 255 printable ASCII characters, which are sent unchanged.
    ///
    /// The service performs the work of a key once in 24 hours, so a caller that stores the key can make the call again
    /// after a crash. By default the session generates a key for each call. An operation that takes no key is rejected.
    ///
    /// If the service has stored a throttled response under `K`, the library retries with the key `K.retry1`, and then
    /// `K.retry2`. The counter is appended only if the key still has at most 255 characters; otherwise the call fails with
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled), and its work was not done. A key that already ends in
    /// `.retry` and a number continues that counter. Do not number different operations that way.
    #[doc(alias = "Idempotency-Key")]
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Overrides [`Config::api_version`](crate::Config::api_version).
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.headers.version = Some(version.into());
        self
    }

    /// Overrides [`Config::entity_id`](crate::Config::entity_id).
    #[must_use]
    pub fn entity_id(mut self, entity: impl Into<String>) -> Self {
        self.headers.entity_id = Some(entity.into());
        self
    }

    /// Overrides [`Config::org_ids`](crate::Config::org_ids).
    #[must_use]
    pub fn org_ids<I: Into<String>>(mut self, orgs: impl IntoIterator<Item = I>) -> Self {
        self.headers.org_ids = Some(join(orgs));
        self
    }

    /// Overrides [`Config::track_id`](crate::Config::track_id).
    #[must_use]
    pub fn track_id(mut self, track_id: impl Into<String>) -> Self {
        self.headers.track_id = Some(track_id.into());
        self
    }

    /// Sets a bearer token for this call, instead of the token of the session.
    ///
    /// The call is sent for the user of this token, for example to attribute a write. The token must be one of the same
    /// tenant, since the limits of the tenant are those of the session. The session neither renews it nor keeps it: if the
    /// service rejects it, the call fails with [`ErrorKind::Auth`](crate::ErrorKind::Auth). Neither
    /// [`retry_of`](Self::retry_of) nor an intent contains it, nor the saved state of a
    /// [`BulkJob`](crate::invoices::BulkJob): one that is restored continues for the user of the session, unless its
    /// options have the token again. No error or debug output shows it.
    ///
    /// ```
    /// use zuora_core::CallOptions;
    /// use zuora_core::bill_runs::GetBillRun;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let transport = FakeTransport::new(|request| {
    /// #     assert_eq!(request.headers()["authorization"], "Bearer token-of-a-user");
    /// #     Ok(FakeTransport::json(200, r#"{"success":true,"status":"Completed"}"#))
    /// # });
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    ///
    /// let options = CallOptions::new().token("token-of-a-user").keep_body();
    /// let run = client.call_with(&GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43"), &options)?;
    /// assert_eq!(run.raw_body().unwrap(), r#"{"success":true,"status":"Completed"}"#);
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "Authorization")]
    #[doc(alias = "bearer")]
    #[must_use]
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Adds a header to the request of this call, or replaces the value of [`Config::header`](crate::Config::header).
    ///
    /// The value consists of printable ASCII characters and is not shown in debug output. A header that this library sets
    /// itself is rejected with an error that names it.
    #[doc(alias = "headers")]
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.headers.extra.push((name.into(), value.into()));
        self
    }

    /// Overrides [`Config::accept_gzip`](crate::Config::accept_gzip).
    ///
    /// ```
    /// use zuora_core::CallOptions;
    ///
    /// let readable_in_a_proxy = CallOptions::new().accept_gzip(false).gzip_requests_from(None);
    /// # let _ = readable_in_a_proxy;
    /// ```
    #[doc(alias = "Accept-Encoding")]
    #[must_use]
    pub fn accept_gzip(mut self, accepts: bool) -> Self {
        self.headers.accepts_gzip = Some(accepts);
        self
    }

    /// Overrides [`Config::gzip_requests_from`](crate::Config::gzip_requests_from). `None` sends the body as it is.
    #[doc(alias = "Content-Encoding")]
    #[must_use]
    pub fn gzip_requests_from(mut self, bytes: Option<usize>) -> Self {
        self.gzip_requests_from = Some(bytes.unwrap_or(usize::MAX));
        self
    }

    /// Keeps the body of the response, which [`Response::raw_body`](crate::Response::raw_body) returns. Default: off.
    ///
    /// The body is not copied, but its memory is used as long as the response is.
    #[doc(alias = "raw_data")]
    #[must_use]
    pub fn keep_body(mut self) -> Self {
        self.keeps_body = true;
        self
    }

    /// Overrides [`Config::timeout`](crate::Config::timeout).
    #[doc(alias = "deadline")]
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timeout = Some(span);
        self
    }

    /// Overrides [`Config::attempt_timeout`](crate::Config::attempt_timeout).
    #[must_use]
    pub fn attempt_timeout(mut self, span: Duration) -> Self {
        self.attempt_timeout = Some(span);
        self
    }

    /// Overrides [`Config::max_attempts`](crate::Config::max_attempts).
    #[doc(alias = "retry")]
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// Overrides [`Config::max_wait`](crate::Config::max_wait).
    #[doc(alias = "rate limit")]
    #[must_use]
    pub fn max_wait(mut self, span: Duration) -> Self {
        self.max_wait = Some(span);
        self
    }
}

impl Timing {
    pub(crate) fn with(self, options: &CallOptions) -> Self {
        Self {
            timeout: options.timeout.unwrap_or(self.timeout),
            attempt: options.attempt_timeout.unwrap_or(self.attempt),
            max_attempts: options.max_attempts.unwrap_or(self.max_attempts),
            max_wait: options.max_wait.or(self.max_wait),
            ..self
        }
    }
}

impl CallOptions {
    /// Returns the limits and delays of the call, unless they are those of its session.
    pub(crate) fn timing(&self, session: &Timing) -> Option<Box<Timing>> {
        let is_changed = self.timeout.is_some()
            || self.attempt_timeout.is_some()
            || self.max_attempts.is_some()
            || self.max_wait.is_some();
        is_changed.then(|| Box::new(session.with(self)))
    }

    /// Sets exactly the entity, organizations and API version of a scope.
    pub(crate) fn in_scope(mut self, scope: &RequestScope) -> Self {
        self.headers = self.headers.in_scope(scope);
        self
    }

    /// Continues the attempts of another process, the first of which was sent at the earliest at `key_since`. Their
    /// outcome is unknown, and the service may have reported a failure to one of them.
    pub(crate) fn in_doubt(mut self, key_since: Timestamp) -> Self {
        let key_since = Some(key_since);
        let unseen = RetryOf { is_in_doubt: true, key_failed: true, key_since, ..RetryOf::default() };
        self.retry_of = Some(unseen);
        self
    }

    /// Returns the token of the call, and the values of its extra headers.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        CallHeaders::check(self).ok().flatten().map(|headers| headers.secrets()).unwrap_or_default()
    }

    pub(crate) fn send_before(mut self, time: Timestamp) -> Self {
        self.send_before = Some(time);
        self
    }
}

/// Headers of one call, checked.
#[derive(Debug)]
pub(crate) struct CallHeaders {
    pub(crate) common: CommonHeaders,
    /// The token of the call, with its header.
    pub(crate) token: Option<(Secret, HeaderValue)>,
}

impl CallHeaders {
    /// Returns the headers that a call sets, or `None` if it sets none, as nearly every call.
    ///
    /// # Errors
    /// The service would reject a value, or an extra header is one of the library. The error names the header.
    pub(crate) fn check(options: &CallOptions) -> Result<Option<Box<Self>>> {
        let text = &options.headers;
        if options.token.is_none() && text.is_empty() {
            return Ok(None);
        }
        let token = match &options.token {
            Some(token) => Some((token.clone(), headers::bearer(token.expose())?)),
            None => None,
        };
        Ok(Some(Box::new(Self { common: CommonHeaders::check(text)?, token })))
    }

    /// Returns the token of the call, and the values of its extra headers.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.token.iter().map(|(token, _)| token.clone()).chain(self.common.secrets()).collect()
    }
}

/// An earlier call that a call retries.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetryOf {
    /// Whether the outcome of the earlier call is unknown.
    pub(crate) is_in_doubt: bool,
    /// Its idempotency key, which no retry may replace while it is in doubt.
    pub(crate) key: Option<String>,
    /// Whether the service reported a failure under the key, or may have reported one to another process.
    pub(crate) key_failed: bool,
    pub(crate) failed_at: Option<Timestamp>,
    /// Time at which the idempotency key was first sent.
    pub(crate) key_since: Option<Timestamp>,
    /// The entity and organizations of the call, where its key counts.
    pub(crate) scope: Option<RequestScope>,
    /// The ids of its response: a response with one of them is a replay.
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) process_id: Option<Box<str>>,
}

impl RetryOf {
    /// Returns the context of an error that ends the retry before anything is sent.
    pub(crate) fn context(&self, key: Option<&str>) -> Context {
        Context {
            idempotency_key: key.map(Into::into),
            failed_at: self.failed_at,
            key_since: self.key_since,
            key_failed: self.key_failed,
            scope: self.scope.clone().map(Box::new),
            ..Context::default()
        }
    }

    pub(crate) fn ids(&self) -> Vec<Box<str>> {
        self.request_id.iter().chain(&self.process_id).cloned().collect()
    }
}
