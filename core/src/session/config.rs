//! Settings of a session: endpoint, credentials, headers and limits.

use std::time::Duration;

use super::data_center::Endpoint;
use super::guard::Guards;
use super::headers::{CommonHeaderText, join};
use super::observer::{CallEvent, Observers};
use crate::types::Secret;
use crate::wire::budget::DEFAULT_CAP;

/// Settings of a session.
///
/// Values are checked when the session starts. An invalid value is an error that names the header or setting.
///
/// ```
/// use zuora_core::{Config, DataCenter};
///
/// let config = Config::new(DataCenter::EuApiSandbox, "00000000-0000-4000-8000-000000000001", "hunter2")
///     .track_id("nightly-billing")
///     .max_wait(std::time::Duration::from_secs(20));
/// # assert!(!format!("{config:?}").contains("hunter2"));
/// ```
#[doc(alias = "Configuration")]
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) base: String,
    pub(crate) http_hosts: Vec<String>,
    pub(crate) credentials: Credentials,
    pub(crate) headers: CommonHeaderText,
    pub(crate) user_agent: Option<String>,
    pub(crate) timing: Timing,
    /// Smallest request body that is compressed, in bytes; `usize::MAX` for none.
    /// `usize::MAX` for no size, none for the default.
    pub(crate) gzip_requests_from: Option<usize>,
    pub(crate) guards: Guards,
    pub(crate) retry_budget: u32,
    pub(crate) max_body: usize,
    pub(crate) observers: Observers,
}

impl Config {
    /// Creates a configuration with the credentials of an OAuth client.
    ///
    /// `client_id` is a UUID of 36 characters. Zuora's administration pages show `client_secret` once, when the OAuth
    /// client is created. `endpoint` is a [`DataCenter`](crate::DataCenter) or a base URL. Credentials belong to one
    /// tenant in one data center; another data center rejects them as wrong credentials.
    #[doc(alias = "OAuth")]
    #[doc(alias = "credentials")]
    pub fn new(
        endpoint: impl Into<Endpoint>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self::with(
            endpoint.into(),
            Credentials::Client { id: client_id.into(), secret: Secret::from(client_secret.into()) },
        )
    }

    /// Creates a configuration with a bearer token that the application supplies.
    ///
    /// The session cannot renew the token. Once the service rejects it, calls fail with
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth), until the application sets another token with
    /// [`Client::set_token`](crate::Client::set_token). All clones of the client then use it. For a token of a single
    /// call, use [`CallOptions::token`](crate::CallOptions::token).
    ///
    /// ```
    /// use std::time::Duration;
    /// use zuora_core::bill_runs::GetBillRun;
    /// use zuora_core::session::Token;
    /// use zuora_core::types::Secret;
    /// use zuora_core::{Config, DataCenter, ErrorKind};
    /// # use zuora_core::{Client, testing::FakeTransport};
    ///
    /// # let transport = FakeTransport::new(|request| Ok(match request.headers()["authorization"].to_str() {
    /// #     Ok("Bearer new") => FakeTransport::json(200, r#"{"status":"Posted","success":true}"#),
    /// #     _ => FakeTransport::json(401, r#"{"success":false}"#),
    /// # }));
    /// # let (bearer_token, request_token) = ("old", || Secret::from("new"));
    /// let config = Config::with_token(DataCenter::UsCloud2, bearer_token);
    /// # let client = Client::with_transport(&config, transport)?;
    /// # /*
    /// let client = zuora_ureq::Client::new(&config)?;
    /// # */
    /// let get = GetBillRun::new("2c9890077e8a8490017e8bf3a5171a43");
    /// let run = match client.call(&get) {
    ///     Err(error) if error.kind() == ErrorKind::Auth => {
    ///         client.set_token(&Token::new(request_token(), Duration::from_secs(3600)))?;
    ///         client.call(&get)?
    ///     }
    ///     result => result?,
    /// };
    /// println!("{}", run.status()?);
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "OAuth")]
    #[doc(alias = "bearer")]
    #[doc(alias = "access_token")]
    pub fn with_token(endpoint: impl Into<Endpoint>, token: impl Into<String>) -> Self {
        Self::with(endpoint.into(), Credentials::Token(Secret::from(token.into())))
    }

    fn with(endpoint: Endpoint, credentials: Credentials) -> Self {
        Self {
            base: endpoint.0,
            http_hosts: Vec::new(),
            credentials,
            headers: CommonHeaderText { version: Some("2024-05-20".into()), ..CommonHeaderText::default() },
            user_agent: None,
            timing: Timing::default(),
            gzip_requests_from: None,
            guards: Guards::default(),
            retry_budget: 100,
            max_body: DEFAULT_CAP,
            observers: Observers::default(),
        }
    }

    /// Sets the `Zuora-Version` of every call. Default: `2024-05-20`.
    ///
    /// Among other things, it decides whether the service rejects a request with an HTTP error status or with a 200.
    /// This library reads both as an error.
    #[doc(alias = "Zuora-Version")]
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.headers.version = Some(version.into());
        self
    }

    /// Sets `Zuora-Entity-Ids`: the entity to act in, for tenants with Multi-entity.
    #[doc(alias = "Zuora-Entity-Ids")]
    #[must_use]
    pub fn entity_id(mut self, entity: impl Into<String>) -> Self {
        self.headers.entity_id = Some(entity.into());
        self
    }

    /// Sets `Zuora-Org-Ids`: the organizations in scope, for tenants with Multi-Org.
    #[doc(alias = "Zuora-Org-Ids")]
    #[must_use]
    pub fn org_ids<I: Into<String>>(mut self, orgs: impl IntoIterator<Item = I>) -> Self {
        self.headers.org_ids = Some(join(orgs));
        self
    }

    /// Sets `Zuora-Track-Id`: at most 64 printable ASCII characters without `:`, `;` and quotes.
    ///
    /// The service echoes the track id, and Zuora's support can search for it.
    #[doc(alias = "Zuora-Track-Id")]
    #[must_use]
    pub fn track_id(mut self, track_id: impl Into<String>) -> Self {
        self.headers.track_id = Some(track_id.into());
        self
    }

    /// Sets the name of the application, such as `billing-cron/2.1`. It precedes the name of this library in
    /// `User-Agent`.
    #[doc(alias = "User-Agent")]
    #[must_use]
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Adds a header to every request, token requests included, such as the key of a gateway.
    ///
    /// The value consists of printable ASCII characters and is not shown in debug output. A header that this library sets
    /// itself is rejected when the session starts, with an error that names it.
    #[doc(alias = "headers")]
    #[doc(alias = "set_default_header")]
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.headers.extra.push((name.into(), value.into()));
        self
    }

    /// Sets whether requests contain `Accept-Encoding: gzip`. Default: true.
    ///
    /// With it, the service compresses responses of more than 1,000 bytes. A compressed response is read in any case.
    ///
    /// ```
    /// use zuora_core::{Config, DataCenter};
    ///
    /// let config = Config::with_token(DataCenter::UsCloud2, "token").accept_gzip(false); // to read bodies in a proxy
    /// # let _ = config;
    /// ```
    #[doc(alias = "Accept-Encoding")]
    #[doc(alias = "compression")]
    #[must_use]
    pub fn accept_gzip(mut self, accepts: bool) -> Self {
        self.headers.accepts_gzip = Some(accepts);
        self
    }

    /// Sets the size in bytes from which request bodies are sent with `Content-Encoding: gzip`. Default: 16 KiB; `None`
    /// sends all bodies uncompressed.
    ///
    /// Only JSON is compressed, never an upload. The body of a [`RawOperation`](crate::operation::RawOperation) is
    /// compressed only if this is set here or for the call, since not every endpoint documents compressed bodies. A body
    /// is compressed once, and every attempt of the call sends the same bytes under the same idempotency key. The same
    /// call in another process sends the same bytes only with the same setting and the same build of the program.
    ///
    /// ```
    /// use zuora_core::{Config, DataCenter};
    ///
    /// # let (id, secret) = ("00000000-0000-4000-8000-000000000001", "hunter2");
    /// let behind_a_proxy_that_reads_bodies =
    ///     Config::new(DataCenter::UsCloud2, id, secret).gzip_requests_from(None);
    /// # let _ = behind_a_proxy_that_reads_bodies;
    /// ```
    #[doc(alias = "Content-Encoding")]
    #[doc(alias = "compression")]
    #[must_use]
    pub fn gzip_requests_from(mut self, bytes: Option<usize>) -> Self {
        self.gzip_requests_from = Some(bytes.unwrap_or(usize::MAX));
        self
    }

    /// Allows plain `http` to a host, such as a sandbox in another container. Default: loopback addresses only.
    ///
    /// The token, the client secret and all data are then sent unencrypted to this host. `host` is a name or an address
    /// without a port, and not one of `zuora.com`. [`non_production`](Self::non_production) does not count it as a
    /// sandbox, since a plain host may forward to production.
    ///
    /// ```
    /// use zuora_core::Config;
    ///
    /// let config = Config::with_token("http://zuora-sandbox:8470", "token").allow_http_to("zuora-sandbox");
    /// # let transport = zuora_core::testing::FakeTransport::new(|_| unreachable!());
    /// # zuora_core::Client::with_transport(&config, transport)?;
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "insecure")]
    #[must_use]
    pub fn allow_http_to(mut self, host: impl Into<String>) -> Self {
        self.http_hosts.push(host.into());
        self
    }

    /// Sets the time limit of a whole call, including its token request, waits and retries. Default: 300 s.
    #[doc(alias = "deadline")]
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timing.timeout = span;
        self
    }

    /// Sets the time limit of one attempt. Default: 130 s; minimum: 1 ms.
    ///
    /// The gateway of the service closes a request after 120 s. A shorter limit here turns slow responses into unknown
    /// outcomes.
    #[doc(alias = "timeout")]
    #[must_use]
    pub fn attempt_timeout(mut self, span: Duration) -> Self {
        self.timing.attempt = span;
        self
    }

    /// Sets the shortest time that a retry needs. Default: 5 s.
    ///
    /// A retry does not start if less of the [`timeout`](Self::timeout) is left: a write that is cut off after a moment
    /// has an unknown outcome. The call then fails with the error of its last attempt. The first attempt starts with
    /// whatever time is left.
    #[doc(alias = "deadline")]
    #[doc(alias = "retry")]
    #[must_use]
    pub fn min_attempt_time(mut self, span: Duration) -> Self {
        self.timing.min_attempt = span;
        self
    }

    /// Sets the maximum number of attempts, including the first one. Default: 5; minimum: 1.
    #[doc(alias = "retry")]
    #[doc(alias = "max_retries")]
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.timing.max_attempts = attempts.max(1);
        self
    }

    /// Sets the number of retries that all calls of the session share. Default: 100; 0 allows no such retry.
    ///
    /// During an outage, every call would otherwise be sent [`max_attempts`](Self::max_attempts) times. A retry of a
    /// request that was not sent or whose outcome is unknown takes one retry from the budget. Five successful requests
    /// return one retry. If the budget is used up, a call fails with the error of its last attempt, whose message says
    /// so and which remains retryable. Retries after a rate or concurrency limit take nothing, since the limiters of the
    /// session pace them.
    #[doc(alias = "retry")]
    #[doc(alias = "circuit breaker")]
    #[must_use]
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Forbids every request that may change data, for reports and audits. Default: off.
    ///
    /// GET, HEAD and OPTIONS requests of operations that read are sent, and so are token requests and the query actions
    /// `/v1/action/query` and `/v1/action/queryMore`. Any other request fails with
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) before it is sent, also one of a
    /// [`RawOperation`](crate::operation::RawOperation) that claims to be a read. No option of a call lifts the guard. A
    /// dry run is possible for all operations.
    ///
    /// ```
    /// use zuora_core::invoices::PostInvoice;
    /// use zuora_core::{Config, DataCenter, Outcome};
    /// # use zuora_core::{Client, testing::FakeTransport};
    /// # let transport = FakeTransport::new(|_| unreachable!());
    ///
    /// let config = Config::with_token(DataCenter::UsCloud2, "token").read_only();
    /// # let client = Client::with_transport(&config, transport)?;
    /// let error = client.call(&PostInvoice::new("INV00000155")).unwrap_err();
    /// assert_eq!((error.field(), error.outcome()), (Some("read_only"), Outcome::NotApplied));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "guard")]
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.guards.read_only = true;
        self
    }

    /// Forbids every request to a production tenant, for tests and trials. Default: off.
    ///
    /// Requests are sent to hosts of `zuora.com` that have `test`, `sandbox` or `apisandbox` in their name, such as
    /// `rest.test.eu.zuora.com` and `rest.apisandbox.zuora.com`, and to loopback addresses. With any other base URL,
    /// every call fails with [`ErrorKind::Build`](crate::ErrorKind::Build) before it is sent. No option of a call lifts
    /// the guard. A dry run is possible with any base URL.
    #[doc(alias = "guard")]
    #[doc(alias = "sandbox")]
    #[must_use]
    pub fn non_production(mut self) -> Self {
        self.guards.non_production = true;
        self
    }

    /// Sets the longest total time that a call may wait: for the tenant's limits, between attempts, and for the token
    /// request of another call.
    ///
    /// A call that would have to wait longer fails at once with
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled). By default only [`timeout`](Self::timeout) limits waiting.
    #[doc(alias = "rate limit")]
    #[must_use]
    pub fn max_wait(mut self, span: Duration) -> Self {
        self.timing.max_wait = Some(span);
        self
    }

    /// Sets the delays between attempts. Default: 1 s and 60 s.
    ///
    /// Each delay is a random time up to `initial`, which doubles with each attempt but never exceeds `max`. A longer
    /// `Retry-After` of the service takes precedence.
    #[doc(alias = "retry")]
    #[doc(alias = "jitter")]
    #[must_use]
    pub fn backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.timing.initial_backoff = initial;
        self.timing.max_backoff = max;
        self
    }

    /// Sets the largest accepted response body in bytes, both as received and decompressed. Default: 64 MiB.
    ///
    /// It also limits the memory for the values that are read from a body, since a few bytes of JSON can stand for a
    /// large struct. A small body may always take 256 KiB.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Adds a callback that receives the events of all calls: see [`CallEvent`].
    ///
    /// All observers that are added receive each event, in the order in which they were added. They are called by the
    /// thread or task of the call, which waits for them, so an observer must return at once. It may use the session, but
    /// must not panic.
    ///
    /// ```
    /// use zuora_core::observer::CallEventKind;
    /// use zuora_core::{Config, DataCenter, Outcome};
    ///
    /// let config = Config::with_token(DataCenter::UsCloud2, "token").observer(|event| {
    ///     let Some(call) = event.call else { return };
    ///     match &event.kind {
    ///         // The future of a write was dropped, and no error reports its outcome.
    ///         CallEventKind::Abandoned { outcome: Outcome::Unknown, idempotency_key, .. } => {
    ///             eprintln!("{} to {} may have been applied, key {idempotency_key:?}", call.operation, call.uri);
    ///         }
    ///         CallEventKind::Ended { attempts, elapsed, .. } => {
    ///             eprintln!("{}: {attempts} attempts in {elapsed:?}", call.operation);
    ///         }
    ///         _ => {}
    ///     }
    /// });
    /// # let _ = config;
    /// ```
    #[doc(alias = "callback")]
    #[doc(alias = "cancel")]
    #[doc(alias = "logging")]
    #[doc(alias = "metrics")]
    #[doc(alias = "tracing")]
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&CallEvent<'_>) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }
}

/// Credentials of a session.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    Client { id: String, secret: Secret },
    Token(Secret),
}

/// Time limits and delays of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) timeout: Duration,
    pub(crate) attempt: Duration,
    /// Shortest time that a retry needs.
    pub(crate) min_attempt: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(300),
            attempt: Duration::from_secs(130),
            min_attempt: Duration::from_secs(5),
            max_attempts: 5,
            max_wait: None,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
        }
    }
}
