//! State that all calls of a client share: token, limiters and the generator of idempotency keys.
//!
//! One lock guards the state. It is held to read or change a few words, never while a request is sent or a response is
//! parsed. Several clients can share a session, for example a blocking and an async one:
//!
//! ```
//! use zuora_core::{Client, Config, DataCenter};
//! use zuora_core::testing::FakeTransport;
//!
//! # let transport = || FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"success":true}"#)));
//! # let config = Config::with_token(DataCenter::UsCloud2, "token");
//! let first = Client::with_transport(&config, transport())?;
//! let second = Client::with_session(first.session(), transport()); // the same token and limits
//! # let _ = second;
//! # Ok::<(), zuora_core::Error>(())
//! ```

pub(crate) mod base_url;
pub(crate) mod call_options;
pub(crate) mod config;
pub(crate) mod data_center;
pub(crate) mod guard;
pub(crate) mod headers;
pub(crate) mod jitter;
pub(crate) mod limiter;
pub(crate) mod oauth;
pub(crate) mod observer;
pub(crate) mod permit;
mod profile;
pub(crate) mod redact;
mod retry_budget;
mod settings;
pub(crate) mod token;

#[doc(inline)]
pub use self::oauth::{CreateToken, TokenResponse};
#[doc(inline)]
pub use self::token::Token;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::permit::{Admission, Lease, Permit};

use http::{HeaderMap, HeaderValue};

use crate::error::{Error, Result};
use crate::operation::{Effect, Quota};
use crate::session::base_url::BaseUrl;
use crate::session::call_options::CallOptions;
use crate::session::config::{Config, Credentials, Timing};
use crate::session::guard::Guards;
use crate::session::headers::{CommonHeaders, RequestHeaders, SessionHeaders, of_call};
use crate::session::jitter::Random;
use crate::session::limiter::{Feedback, RateLimiters};
use crate::session::observer::Reporter;
use crate::session::retry_budget::RetryBudget;
use crate::session::token::TokenCache;
use crate::transport::{self, HttpRequest, Seed, Timestamp};
use crate::types::{RequestScope, Secret};

/// State that all calls of a client share. Clones are cheap and share one state.
///
/// [`Client`](crate::Client) and [`AsyncClient`](crate::AsyncClient) each contain a session. A program that drives
/// [`Call`](crate::machine::Call) by hand creates one with [`Session::new`].
#[derive(Clone, Debug)]
pub struct Session(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    base: BaseUrl,
    headers: SessionHeaders,
    token_headers: SessionHeaders,
    timing: Timing,
    gzip_requests_from: Option<usize>,
    guards: Guards,
    retries: RetryBudget,
    max_body: usize,
    create_token: Option<CreateToken>,
    reporter: Reporter,
    /// Prefix of the keys of this session: 128 random bits.
    key_tag: Box<str>,
    keys: AtomicU64,
    /// Whether a limiter has a limit, so that it counts successes.
    is_limited: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    token: TokenCache,
    limiters: RateLimiters,
    random: Random,
}

impl State {
    fn spread(&mut self, quota: Quota, now: Timestamp, until: Timestamp) -> Duration {
        let spread = self.limiters.spread(quota, now, until);
        self.random.below(spread)
    }
}

impl Session {
    /// Starts a session. `seed` must come from the operating system's generator: see [`Seed`].
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), naming the setting or header that is invalid.
    pub fn new(config: &Config, seed: &Seed) -> Result<Self> {
        let (key_tag, stream) = seed.halves();
        let (token, create_token) = match &config.credentials {
            Credentials::Client { id, secret } => {
                token::check_client(id, secret)?;
                (TokenCache::default(), Some(CreateToken::new(id.clone(), secret.clone())))
            }
            Credentials::Token(token) => (TokenCache::external(token)?, None),
        };
        let common = CommonHeaders::check(&config.headers)?;
        let user_agent = user_agent(config.user_agent.as_deref())?;
        let of_token_request = CommonHeaders { entity_id: None, ..common.clone() };
        Ok(Self(Arc::new(Shared {
            base: BaseUrl::parse(&config.base, &config.http_hosts)?,
            headers: SessionHeaders::new(common, &user_agent),
            token_headers: SessionHeaders::new(of_token_request, &user_agent),
            timing: config.timing,
            gzip_requests_from: config.gzip_requests_from,
            guards: config.guards,
            retries: RetryBudget::new(config.retry_budget),
            max_body: config.max_body,
            create_token,
            reporter: Reporter::new(&config.observers, (key_tag >> 64) as u64 ^ key_tag as u64),
            key_tag: format!("{key_tag:032x}-").into(),
            keys: AtomicU64::new(0),
            is_limited: AtomicBool::new(false),
            state: Mutex::new(State {
                token,
                limiters: RateLimiters::default(),
                random: Random::new(stream),
            }),
        })))
    }

    /// Returns the cached token with its remaining lifetime.
    ///
    /// Store it for another process: token requests are limited to 100 a minute for one address.
    #[doc(alias = "OAuth")]
    pub fn token(&self, now: Timestamp) -> Option<Token> {
        self.lock().token.export(now)
    }

    /// Caches a token that another process requested.
    ///
    /// # Errors
    /// The token is not a valid header value.
    #[doc(alias = "OAuth")]
    pub fn set_token(&self, token: &Token, now: Timestamp) -> Result<()> {
        let value = headers::bearer(token.secret.expose())?;
        self.lock().token.put(token.secret.clone(), value, Some(token.expires_in), now, now);
        Ok(())
    }

    /// Returns the base URL and the id of the OAuth client that a token of this session belongs to, separated by a space.
    /// None if the application supplies the token.
    ///
    /// Store it with a token of [`token`](Self::token): a session of another owner must not take that token. The secret
    /// is not part of it.
    ///
    /// ```
    /// # use zuora_core::{Client, Config, testing::FakeTransport};
    /// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, "{}")));
    /// # let config = Config::new("https://rest.zuora.com", "00000000-0000-4000-8000-000000000001", "client-secret");
    /// # let client = Client::with_transport(&config, transport)?;
    /// let owner = client.session().token_owner();
    /// assert_eq!(owner.as_deref(), Some("https://rest.zuora.com 00000000-0000-4000-8000-000000000001"));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "OAuth")]
    pub fn token_owner(&self) -> Option<String> {
        let client = self.0.create_token.as_ref()?;
        Some(format!("{} {}", self.0.base, client.client_id()))
    }

    /// Opens all quotas that the service has throttled, and lifts the limits on requests in flight.
    ///
    /// A response can throttle a quota for up to an hour. This method is for an operator who knows that the tenant's
    /// limits have changed or that the response was wrong. New calls are sent at once. Calls that wait already wake when
    /// they were going to. If the service rejects further requests, it throttles the quota again.
    ///
    /// ```
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let transport = FakeTransport::new(|_| Ok(FakeTransport::json(200, r#"{"success":true}"#)));
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    /// client.session().reset_rate_limits();
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "throttle")]
    #[doc(alias = "429")]
    pub fn reset_rate_limits(&self) {
        self.lock().limiters.reset();
        self.0.is_limited.store(false, Ordering::Relaxed);
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.0.base
    }

    pub(crate) fn headers(&self) -> &CommonHeaders {
        &self.0.headers.common
    }

    pub(crate) fn timing(&self) -> &Timing {
        &self.0.timing
    }

    pub(crate) fn gzip_requests_from(&self) -> Option<usize> {
        self.0.gzip_requests_from
    }

    pub(crate) fn max_body(&self) -> usize {
        self.0.max_body
    }

    pub(crate) fn create_token(&self) -> Option<&CreateToken> {
        self.0.create_token.as_ref()
    }

    /// Returns the number of the next key. This session uses each number once, and no other session generates the same
    /// key.
    pub(crate) fn next_key(&self) -> u64 {
        self.0.keys.fetch_add(1, Ordering::Relaxed)
    }

    /// Formats the key with this number, in a string without spare capacity.
    pub(crate) fn key_text(&self, number: u64) -> String {
        let digits = number.checked_ilog2().unwrap_or_default() / 4 + 1;
        let mut text = String::with_capacity(self.0.key_tag.len() + digits as usize);
        text.push_str(&self.0.key_tag);
        // By hand, since a key is written for each call.
        for place in (0..digits).rev() {
            let digit = (number >> (4 * place)) as usize & 0xf;
            text.push(char::from(b"0123456789abcdef"[digit]));
        }
        text
    }

    /// Returns a random time up to `max`.
    pub(crate) fn jitter(&self, max: Duration) -> Duration {
        self.lock().random.below(max)
    }

    /// Decides whether a request that counts against `quota` may be sent now, with the token of the session or that
    /// of the call.
    pub(crate) fn admit(
        &self,
        quota: Quota,
        now: Timestamp,
        waited_for: Option<u64>,
        own_token: Option<&HeaderValue>,
    ) -> Admission {
        let mut state = self.lock();
        if let Some(until) = state.limiters.throttled_until(quota, now) {
            let spread = state.spread(quota, now, until);
            return Admission::Wait { until, spread };
        }
        let access = match own_token {
            Some(value) => token::Access::Token { value: value.clone(), generation: None },
            None => state.token.access(now, waited_for, self.0.create_token.is_some()),
        };
        let (authorization, generation) = match access {
            token::Access::Token { value, generation } => (value, generation),
            token::Access::RequestToken(lease) => {
                drop(state);
                return Admission::RequestToken(Lease { session: self.clone(), id: lease });
            }
            token::Access::Leased(lease) => return Admission::Leased(lease),
            token::Access::Failed(failure) => return Admission::Failed(failure),
        };
        let Some(round) = state.limiters.try_acquire(quota) else { return Admission::AtConcurrencyLimit };
        drop(state);
        self.0.reporter.limiter_opened(quota, now);
        Admission::Go { authorization, generation, permit: Permit { session: self.clone(), quota, round } }
    }

    /// Returns the time until which token requests are throttled, if they are throttled now.
    pub(crate) fn token_requests_throttled_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.lock().limiters.throttled_until(Quota::TokenRequest, now);
        if until.is_none() {
            self.0.reporter.limiter_opened(Quota::TokenRequest, now);
        }
        until
    }

    /// Throttles a quota for all calls of the session, for at most an hour.
    pub(crate) fn throttle(&self, quota: Quota, now: Timestamp, span: Duration) {
        let mut state = self.lock();
        let before = state.limiters.throttled_until(quota, now);
        state.limiters.throttle(quota, now, span);
        let until = state.limiters.throttled_until(quota, now);
        self.0.is_limited.store(state.limiters.are_limited(), Ordering::Relaxed);
        drop(state);
        self.0.reporter.limiter_closed(quota, before, until, now);
    }

    /// Returns a random time by which a call that waits until `until` may wait longer, so that the calls that wait for
    /// one moment do not wake together.
    pub(crate) fn spread(&self, quota: Quota, now: Timestamp, until: Timestamp) -> Duration {
        self.lock().spread(quota, now, until)
    }

    /// Records that the service has served a request.
    pub(crate) fn served(&self, quota: Quota, headers: &HeaderMap) {
        self.0.retries.refund();
        // Usually no limiter has a limit, which is visible without the lock.
        if self.0.is_limited.load(Ordering::Relaxed) {
            self.feedback(quota, Feedback::Success, headers);
        }
    }

    /// Records whether the service reported an overload.
    pub(crate) fn feedback(&self, quota: Quota, feedback: Feedback, headers: &HeaderMap) {
        let allowed = transport::headers::allowed_in_flight(headers);
        let mut state = self.lock();
        state.limiters.feedback(quota, feedback, allowed);
        self.0.is_limited.store(state.limiters.are_limited(), Ordering::Relaxed);
    }

    /// Pays for a retry. Returns `false` if the retry budget of the session is used up.
    pub(crate) fn take_retry(&self) -> bool {
        self.0.retries.take()
    }

    /// Checks a request against the guards of the session.
    ///
    /// # Errors
    /// A request that a guard of the session forbids.
    pub(crate) fn check_guards(&self, effect: Effect, request: &HttpRequest) -> Result<()> {
        self.0.guards.check(effect, request, &self.0.base)
    }

    /// Returns the texts that no output may contain: the client secret, the tokens and extra headers of the session, and
    /// the secrets of a call.
    pub(crate) fn secrets(&self, of_call: Vec<Secret>) -> Vec<Secret> {
        let client = self.0.create_token.as_ref().map(CreateToken::client_secret);
        let tokens = self.lock().token.secrets().chain(client.cloned()).collect::<Vec<_>>();
        tokens.into_iter().chain(self.headers().secrets()).chain(of_call).collect()
    }

    /// Returns a function that recognizes texts with one of these [`secrets`](Self::secrets).
    pub(crate) fn secret_finder(&self, of_call: Vec<Secret>) -> impl Fn(&str) -> bool + use<> {
        redact::finder(self.secrets(of_call))
    }

    /// Drops the rejected token, unless another call has already replaced it. Returns `false` if there is no other token
    /// and none can be requested, or if the token was that of a call.
    pub(crate) fn invalidate_token(&self, generation: Option<u64>) -> bool {
        let Some(generation) = generation else { return false };
        self.lock().token.invalidate(generation) || self.0.create_token.is_some()
    }

    /// Postpones an early renewal. Returns `false` if the cached token has expired.
    pub(crate) fn postpone_renewal(&self, now: Timestamp) -> bool {
        self.lock().token.postpone_renewal(now)
    }

    /// Returns the headers that each attempt of a call adds.
    pub(crate) fn request_headers<'a>(&'a self, call: Option<&'a CommonHeaders>) -> RequestHeaders<'a> {
        RequestHeaders { session: &self.0.headers, call }
    }

    /// Returns the headers that each attempt of a token request adds. They name no entity.
    pub(crate) fn token_request_headers<'a>(&'a self, call: Option<&'a CommonHeaders>) -> RequestHeaders<'a> {
        RequestHeaders { session: &self.0.token_headers, call }
    }

    /// Returns the scope of a call that sets these headers.
    pub(crate) fn scope_of(&self, call: Option<&CommonHeaders>) -> RequestScope {
        let text = |field: fn(&CommonHeaders) -> Option<&HeaderValue>| {
            of_call(call, self.headers(), field)?.to_str().ok().map(str::to_owned)
        };
        RequestScope {
            base_url: self.0.base.to_string(),
            entity_id: text(|headers| headers.entity_id.as_ref()),
            org_ids: text(|headers| headers.org_ids.as_ref()),
            api_version: text(|headers| headers.version.as_ref()),
        }
    }

    /// Returns the scope of a call with these options.
    ///
    /// # Errors
    /// A header that cannot be sent.
    pub(crate) fn scope_with(&self, options: &CallOptions) -> Result<RequestScope> {
        Ok(self.scope_of(Some(&CommonHeaders::check(&options.headers)?)))
    }

    /// Checks that calls of this session can have a scope.
    ///
    /// # Errors
    /// A scope that a call of this session cannot have: another tenant, or none of what the session always sends.
    pub(crate) fn check_scope(&self, scope: &RequestScope) -> Result<()> {
        let own = self.scope_of(None);
        if own.base_url != scope.base_url {
            let why =
                format!("must be {}, which this session is for, and not {}", own.base_url, scope.base_url);
            return Err(Error::invalid("base_url", why));
        }
        if own.entity_id.is_some() && scope.entity_id.is_none() {
            return Err(Error::invalid("entity_id", "must be set, since this session always sends one"));
        }
        if own.org_ids.is_some() && scope.org_ids.is_none() {
            return Err(Error::invalid("org_ids", "must be set, since this session always sends some"));
        }
        Ok(())
    }

    /// Returns a new idempotency key as text.
    pub(crate) fn new_key(&self) -> String {
        self.key_text(self.next_key())
    }

    /// Reports events to the observers.
    pub(crate) fn reporter(&self) -> &Reporter {
        &self.0.reporter
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn user_agent(application: Option<&str>) -> Result<HeaderValue> {
    const LIBRARY: &str = concat!("zuora-rust/", env!("CARGO_PKG_VERSION"));
    match application {
        None => Ok(HeaderValue::from_static(LIBRARY)),
        Some(name) => headers::printable("User-Agent", &[name, " ", LIBRARY].concat()),
    }
}
