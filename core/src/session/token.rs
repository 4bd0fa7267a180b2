//! The bearer token of a session: who may fetch one, who waits, when it is due again.
//!
//! ```text
//!            first call, or 300 s before expiry
//!   no token ───────────────────────────────────▶ leased ──▶ token
//!      ▲                                             │          │
//!      └── failed, or the lease ran out ─────────────┘          │
//!      └── refused with 401, if it is still this one ───────────┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::error::reason::Reason;
use crate::error::{Error, Result};
use crate::session::headers;
use crate::transport::Timestamp;
use crate::types::Secret;

/// How long before its expiry a token is renewed.
const RENEWAL_BUFFER: Duration = Duration::from_secs(300);
/// How long a token is taken to last when the answer does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);
/// How long a token is used at least.
const MIN_LIFETIME: Duration = Duration::from_secs(1);
/// How long a lease lasts that its holder neither extends nor gives back.
const LEASE_TTL: Duration = Duration::from_secs(60);
/// How long an early renewal that failed is put off while the old token still serves.
const RENEWAL_RETRY_DELAY: Duration = Duration::from_secs(30);

/// What the session knows of its token.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    cached: Option<CachedToken>,
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

/// What a call that needs a token gets.
pub(crate) enum Access {
    Token {
        value: HeaderValue,
        generation: u64,
    },
    /// It is this call that signs in, under the lease of this number.
    RequestToken(u64),
    Leased(u64),
    Failed(Arc<TokenFailure>),
}

impl TokenCache {
    /// A token of the caller's, of unknown life.
    pub(crate) fn external(token: &Secret) -> Result<Self> {
        let value = headers::bearer(token.expose())?;
        let cached = CachedToken { secret: token.clone(), value, renew_at: None, expires_at: None };
        Ok(Self { cached: Some(cached), generation: 1, ..Self::default() })
    }

    pub(crate) fn access(&mut self, now: Timestamp, waited_for: Option<u64>, can_request: bool) -> Access {
        if let Some(cached) = &self.cached {
            let serves = cached.expires_at.is_none_or(|at| now < at);
            let due = cached.renew_at.is_some_and(|at| at <= now);
            let leased = self.lease.as_ref().is_some_and(|lease| now < lease.until);
            if !can_request || (serves && (!due || leased)) {
                return Access::Token { value: cached.value.clone(), generation: self.generation };
            }
        } else if !can_request {
            return Access::Failed(Arc::new(TokenFailure::refused_token()));
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

    /// `since` is when the token was asked for: its life is counted from there, to be on the safe side. However
    /// short it is, the token is tried once before the next is fetched.
    pub(crate) fn put(
        &mut self,
        secret: Secret,
        value: HeaderValue,
        life: Option<Duration>,
        since: Timestamp,
        now: Timestamp,
    ) {
        let life = life.unwrap_or(DEFAULT_LIFETIME);
        let tried = now + MIN_LIFETIME;
        let expires_at = tried.max(since + life);
        let renew_at = tried.max(since + life.saturating_sub(RENEWAL_BUFFER.min(life / 2)));
        self.cached =
            Some(CachedToken { secret, value, renew_at: Some(renew_at), expires_at: Some(expires_at) });
        self.last_failure = None;
        self.generation += 1;
    }

    /// Tells a failed sign-in to all that wait for it.
    pub(crate) fn fail(&mut self, lease: u64, failure: &Arc<TokenFailure>) {
        if self.lease.as_ref().is_some_and(|term| term.id == lease) {
            self.last_failure = Some((lease, Arc::clone(failure)));
        }
    }

    /// Puts an early renewal off. `false` when there is no token left to go on with.
    pub(crate) fn postpone_renewal(&mut self, now: Timestamp) -> bool {
        match self.cached.as_mut().filter(|cached| cached.expires_at.is_none_or(|at| now < at)) {
            Some(cached) => {
                cached.renew_at = Some(now + RENEWAL_RETRY_DELAY);
                true
            }
            None => false,
        }
    }

    /// Whether another token is cached.
    pub(crate) fn invalidate(&mut self, generation: u64) -> bool {
        if self.generation == generation {
            self.cached = None;
        }
        self.cached.is_some()
    }

    pub(crate) fn export(&self, now: Timestamp) -> Option<Token> {
        let cached = self.cached.as_ref()?;
        let left = cached.expires_at.map_or(DEFAULT_LIFETIME, |at| now.until(at));
        (left > Duration::ZERO).then(|| Token::new(cached.secret.clone(), left))
    }
}

/// A bearer token and how long it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub(super) secret: Secret,
    pub(super) expires_in: Duration,
}

impl Token {
    /// A token that some other party fetched, with the time it has left.
    pub fn new(secret: Secret, expires_in: Duration) -> Self {
        Self { secret, expires_in }
    }

    /// The token itself.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The time it had left when it was taken out.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

/// A sign-in that did not work, told to every call that waited for it.
#[derive(Debug)]
pub(crate) struct TokenFailure {
    pub(crate) kind: TokenErrorKind,
    pub(crate) status: Option<StatusCode>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) retry_after: Option<Duration>,
}

/// What the trouble with a sign-in is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenErrorKind {
    /// The credentials or the token were refused.
    Rejected(&'static str),
    /// Too many sign-ins in a span of time.
    Throttled,
    /// The service gave no usable answer; another try may get one.
    Unavailable(String),
}

impl TokenFailure {
    pub(crate) fn new(kind: TokenErrorKind) -> Self {
        Self { kind, status: None, reasons: Vec::new(), request_id: None, retry_after: None }
    }

    fn refused_token() -> Self {
        let why = "the token that the caller brought was refused and cannot be renewed";
        Self::new(TokenErrorKind::Rejected(why))
    }
}

/// # Errors
/// Credentials that cannot be ones.
pub(crate) fn check_client(id: &str, secret: &Secret) -> Result<()> {
    if id.len() != 36 {
        return Err(Error::invalid("client_id", "takes the 36 characters of a UUID"));
    }
    let length = secret.expose().len();
    if length == 0 || length > 42 {
        return Err(Error::invalid("client_secret", "takes 1 to 42 characters"));
    }
    Ok(())
}
