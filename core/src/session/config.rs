//! What a session is told once: where the tenant is, who signs in, which headers and limits apply.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::data_center::Endpoint;
use super::headers::{CommonHeaderText, join};
use crate::operation::Effect;
use crate::types::Secret;
use crate::wire::budget::DEFAULT_CAP;

/// The settings of a session.
///
/// Values are checked when the session starts; a wrong one is an error that names the header or setting.
///
/// ```
/// use zuora_core::{Config, DataCenter};
///
/// let config = Config::new(DataCenter::EuApiSandbox, "00000000-0000-4000-8000-000000000001", "hunter2")
///     .track_id("nightly-billing")
///     .max_wait(std::time::Duration::from_secs(20));
/// # assert!(!format!("{config:?}").contains("hunter2"));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) base: String,
    pub(crate) credentials: Credentials,
    pub(crate) headers: CommonHeaderText,
    pub(crate) user_agent: Option<String>,
    pub(crate) timing: Timing,
    pub(crate) max_body: usize,
    pub(crate) observer: Option<Observer>,
}

impl Config {
    /// Signs in with an OAuth client: `client_id` is a UUID of 36 characters, `client_secret` was shown once
    /// when the OAuth client was created in Zuora's administration pages.
    ///
    /// `endpoint` is a [`DataCenter`] or a base URL. Credentials belong to one tenant in one data center;
    /// elsewhere they are refused like wrong ones.
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

    /// Uses a bearer token that somebody else fetched. It is not renewed: once the service refuses it, calls
    /// fail with [`ErrorKind::Auth`](crate::ErrorKind::Auth).
    pub fn with_token(endpoint: impl Into<Endpoint>, token: impl Into<String>) -> Self {
        Self::with(endpoint.into(), Credentials::Token(Secret::from(token.into())))
    }

    fn with(endpoint: Endpoint, credentials: Credentials) -> Self {
        Self {
            base: endpoint.0,
            credentials,
            headers: CommonHeaderText { version: Some("2024-05-20".into()), ..CommonHeaderText::default() },
            user_agent: None,
            timing: Timing::default(),
            max_body: DEFAULT_CAP,
            observer: None,
        }
    }

    /// `Zuora-Version` of every call: `2024-05-20` unless set. It decides, among other things, whether a
    /// refusal comes with an HTTP error status or as a 200 (read alike here).
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.headers.version = Some(version.into());
        self
    }

    /// `Zuora-Entity-Ids`: the one entity to act in, for tenants with Multi-entity.
    #[must_use]
    pub fn entity_id(mut self, entity: impl Into<String>) -> Self {
        self.headers.entity_id = Some(entity.into());
        self
    }

    /// `Zuora-Org-Ids`: the organizations in scope, for tenants with Multi-Org.
    #[must_use]
    pub fn org_ids<I: Into<String>>(mut self, orgs: impl IntoIterator<Item = I>) -> Self {
        self.headers.org_ids = Some(join(orgs));
        self
    }

    /// `Zuora-Track-Id`: at most 64 printable ASCII characters without `:`, `;` and quotes. The service echoes
    /// it and its support can search for it.
    #[must_use]
    pub fn track_id(mut self, track_id: impl Into<String>) -> Self {
        self.headers.track_id = Some(track_id.into());
        self
    }

    /// Names the application in front of this library's own name in `User-Agent`, such as `billing-cron/2.1`.
    #[must_use]
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Time for a whole call with its sign-in, waits and repeats; 300 s unless set.
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timing.timeout = span;
        self
    }

    /// Time for one attempt; 130 s unless set. The service's gateway cuts a request at 120 s: a shorter time
    /// here turns slow answers into unknown outcomes.
    #[must_use]
    pub fn attempt_timeout(mut self, span: Duration) -> Self {
        self.timing.attempt = span;
        self
    }

    /// How often an operation is sent at most, counting the first time; 5 unless set, never less than 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.timing.max_attempts = attempts.max(1);
        self
    }

    /// The longest that a call may spend waiting in all: for the tenant's limits, between attempts, for
    /// somebody else's sign-in. A call that would have to wait longer fails at once with
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled). Without it only the deadline counts.
    #[must_use]
    pub fn max_wait(mut self, span: Duration) -> Self {
        self.timing.max_wait = Some(span);
        self
    }

    /// Pauses between attempts: a random time up to `base` doubled with each attempt, never above `cap`; 1 s
    /// and 60 s unless set. A longer `Retry-After` wins.
    #[must_use]
    pub fn backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.timing.initial_backoff = initial;
        self.timing.max_backoff = max;
        self
    }

    /// Largest answer to accept in bytes, both as it comes and inflated; 64 MiB unless set.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Is told of every write that was abandoned in flight or between attempts, for example because its future
    /// was dropped: its outcome is unknown and no error value is left to say so.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&AbandonedWrite) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer(Arc::new(observer)));
        self
    }
}

/// How a session signs in.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    Client { id: String, secret: Secret },
    Token(Secret),
}

/// Every span of time that a call obeys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) timeout: Duration,
    pub(crate) attempt: Duration,
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
            max_attempts: 5,
            max_wait: None,
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
        }
    }
}

/// A callback that prints as a name.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&AbandonedWrite) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer(..)")
    }
}

/// A write that was given up while its request was in flight, or between two attempts when the one before had
/// an unknown outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbandonedWrite {
    /// Name of the operation, such as `post_bill_run`.
    pub operation: &'static str,
    /// Path and query of the request.
    pub path: String,
    /// How it could be repeated.
    pub effect: Effect,
    /// The key that a repeat has to carry.
    pub idempotency_key: Option<String>,
    /// The track id that was sent.
    pub track_id: Option<String>,
}
