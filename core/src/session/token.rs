//! The token cache of a session: which call requests a token, which calls wait for it, and when it is renewed.
//!
//! ```text
//!            first call, or 300 s before expiry
//!   no token ───────────────────────────────────▶ leased ──▶ token
//!      ▲                                             │          │
//!      └── failed, or the lease expired ─────────────┘          │
//!      └── rejected with 401, if it is still cached ────────────┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};

use crate::error::reason::Reason;
use crate::error::{Error, Result};
use crate::session::headers;
use crate::transport::Timestamp;
use crate::types::Secret;

/// Time before its expiry at which a token is renewed.
const RENEWAL_BUFFER: Duration = Duration::from_secs(300);
/// Assumed lifetime of a token whose response does not specify it.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);
/// Shortest time for which a token is used.
const MIN_LIFETIME: Duration = Duration::from_secs(1);
/// Lifetime of a lease that its holder neither extends nor releases.
const LEASE_TTL: Duration = Duration::from_secs(60);
/// Number of replaced tokens that are kept to recognize them in messages.
const MAX_PREVIOUS: usize = 3;
/// Delay after a failed early renewal, while the cached token is still valid.
const RENEWAL_RETRY_DELAY: Duration = Duration::from_secs(30);

/// Token of a session, and the state of its token requests.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    cached: Option<CachedToken>,
    /// The last tokens before the cached one, which responses that are under way may still echo.
    previous: Vec<Secret>,
    lease: Option<LeaseTerm>,
    last_failure: Option<(u64, Arc<TokenFailure>)>,
    leases: u64,
    generation: u64,
}

#[derive(Debug)]
struct CachedToken {
    secret: Secret,
    value: HeaderValue,
    renew_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

#[derive(Debug)]
struct LeaseTerm {
    id: u64,
    until: Timestamp,
}

/// Result of requesting access to the token.
#[derive(Debug)]
pub(crate) enum Access {
    Token {
        value: HeaderValue,
        /// `None` for a token that is not of this cache.
        generation: Option<u64>,
    },
    /// This call has to request the token, under the lease with this number.
    RequestToken(u64),
    /// Another call is requesting the token, under the lease with this number.
    Leased(u64),
    /// The token request that this call waited for has failed.
    Failed(Arc<TokenFailure>),
}

impl TokenCache {
    /// Creates a cache with a token of the application, whose lifetime is unknown.
    pub(crate) fn external(token: &Secret) -> Result<Self> {
        let value = headers::bearer(token.expose())?;
        let cached = CachedToken { secret: token.clone(), value, renew_at: None, expires_at: None };
        Ok(Self { cached: Some(cached), generation: 1, ..Self::default() })
    }

    /// Returns the cached token, or decides which call requests a new one.
    pub(crate) fn access(&mut self, now: Timestamp, waited_for: Option<u64>, can_request: bool) -> Access {
        if let Some(cached) = &self.cached {
            let is_valid = cached.expires_at.is_none_or(|at| now < at);
            let due = cached.renew_at.is_some_and(|at| at <= now);
            let leased = self.lease.as_ref().is_some_and(|lease| now < lease.until);
            if !can_request || (is_valid && (!due || leased)) {
                return Access::Token { value: cached.value.clone(), generation: Some(self.generation) };
            }
        } else if !can_request {
            return Access::Failed(Arc::new(TokenFailure::rejected_token()));
        }
        if let Some(lease) = self.lease.as_ref().filter(|lease| now < lease.until) {
            return Access::Leased(lease.id);
        }
        if let (Some(waited), Some((failed, failure))) = (waited_for, &self.last_failure) {
            if waited <= *failed {
                return Access::Failed(Arc::clone(failure));
            }
        }
        self.leases += 1;
        self.lease = Some(LeaseTerm { id: self.leases, until: now + LEASE_TTL });
        Access::RequestToken(self.leases)
    }

    pub(crate) fn extend(&mut self, lease: u64, until: Timestamp) {
        if let Some(term) = self.lease.as_mut().filter(|term| term.id == lease) {
            term.until = until;
        }
    }

    pub(crate) fn release(&mut self, lease: u64) {
        self.lease.take_if(|term| term.id == lease);
    }

    /// Caches a token. Its lifetime is counted from `since`, when it was requested, to be on the safe side. A token is
    /// used for at least [`MIN_LIFETIME`], however short its lifetime is.
    pub(crate) fn put(
        &mut self,
        secret: Secret,
        value: HeaderValue,
        lifetime: Option<Duration>,
        since: Timestamp,
        now: Timestamp,
    ) {
        let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME);
        let earliest = now + MIN_LIFETIME;
        let expires_at = earliest.max(since + lifetime);
        let renew_at = earliest.max(since + lifetime.saturating_sub(RENEWAL_BUFFER.min(lifetime / 2)));
        self.forget();
        self.cached =
            Some(CachedToken { secret, value, renew_at: Some(renew_at), expires_at: Some(expires_at) });
        self.last_failure = None;
        self.generation += 1;
    }

    /// Reports a failed token request to all calls that wait for it.
    pub(crate) fn fail(&mut self, lease: u64, failure: &Arc<TokenFailure>) {
        if self.lease.as_ref().is_some_and(|term| term.id == lease) {
            self.last_failure = Some((lease, Arc::clone(failure)));
        }
    }

    /// Postpones an early renewal. Returns `false` if the cached token has expired.
    pub(crate) fn postpone_renewal(&mut self, now: Timestamp) -> bool {
        match self.cached.as_mut().filter(|cached| cached.expires_at.is_none_or(|at| now < at)) {
            Some(cached) => {
                cached.renew_at = Some(now + RENEWAL_RETRY_DELAY);
                true
            }
            None => false,
        }
    }

    /// Drops the token of this generation. Returns `true` if another token is cached.
    pub(crate) fn invalidate(&mut self, generation: u64) -> bool {
        if self.generation == generation {
            self.forget();
        }
        self.cached.is_some()
    }

    fn forget(&mut self) {
        if let Some(cached) = self.cached.take() {
            self.previous.insert(0, cached.secret);
            self.previous.truncate(MAX_PREVIOUS);
        }
    }

    /// Returns the tokens that a response may echo.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.cached.iter().map(|cached| &cached.secret).chain(&self.previous).cloned()
    }

    /// Returns the cached token with its remaining lifetime, unless it has expired.
    pub(crate) fn export(&self, now: Timestamp) -> Option<Token> {
        let cached = self.cached.as_ref()?;
        let left = cached.expires_at.map_or(DEFAULT_LIFETIME, |at| now.until(at));
        (left > Duration::ZERO).then(|| Token::new(cached.secret.clone(), left))
    }
}

/// A bearer token with its remaining lifetime.
#[doc(alias = "OAuth")]
#[doc(alias = "access token")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub(super) secret: Secret,
    pub(super) expires_in: Duration,
}

impl Token {
    /// Creates a token from a secret and its remaining lifetime.
    pub fn new(secret: Secret, expires_in: Duration) -> Self {
        Self { secret, expires_in }
    }

    /// Returns the secret of the token.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns the lifetime that remained when the token was exported.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

/// A failed token request, reported to every call that waited for it.
#[derive(Debug)]
pub(crate) struct TokenFailure {
    pub(crate) kind: TokenErrorKind,
    pub(crate) status: Option<StatusCode>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) request_id: Option<Box<str>>,
    /// Headers of the response, without secrets.
    pub(crate) headers: HeaderMap,
    pub(crate) retry_after: Option<Duration>,
}

/// Cause of a failed token request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenErrorKind {
    /// The service rejected the credentials or the token.
    Rejected(&'static str),
    /// The quota of token requests is used up.
    Throttled,
    /// The service sent no usable response; a retry may succeed.
    Unavailable(String),
}

impl TokenFailure {
    pub(crate) fn new(kind: TokenErrorKind) -> Self {
        Self {
            kind,
            status: None,
            reasons: Vec::new(),
            request_id: None,
            headers: HeaderMap::new(),
            retry_after: None,
        }
    }

    fn rejected_token() -> Self {
        let why = "the service rejected the token of the application, and this session cannot renew it";
        Self::new(TokenErrorKind::Rejected(why))
    }
}

/// Checks OAuth credentials. The error does not contain them.
///
/// # Errors
/// A credential has an invalid length or an invalid character.
pub(crate) fn check_client(id: &str, secret: &Secret) -> Result<()> {
    check_characters("client_id", id)?;
    if id.len() != 36 {
        return Err(Error::invalid("client_id", "must be a UUID of 36 characters"));
    }
    let secret = secret.expose();
    check_characters("client_secret", secret)?;
    if secret.is_empty() || secret.len() > 42 {
        return Err(Error::invalid("client_secret", "must have 1 to 42 characters"));
    }
    Ok(())
}

fn check_characters(field: &'static str, text: &str) -> Result<()> {
    if text.trim() != text {
        let why = "must not begin or end with a space or line break, as a file or a secret manager may add";
        return Err(Error::invalid(field, why));
    }
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(Error::invalid(field, "must contain printable ASCII characters only"));
    }
    Ok(())
}
