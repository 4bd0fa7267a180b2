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
use crate::transport::Now;
use crate::types::Secret;

/// How long before its expiry a token is renewed.
const MARGIN: Duration = Duration::from_secs(300);
/// How long a token is taken to last when the answer does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);
/// How long a token is used at least.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);
/// How long a lease lasts that its holder neither extends nor gives back.
const TERM: Duration = Duration::from_secs(60);
/// How long an early renewal that failed is put off while the old token still serves.
const SECOND_TRY: Duration = Duration::from_secs(30);

/// What the session knows of its token.
#[derive(Debug, Default)]
pub(crate) struct TokenState {
    held: Option<Held>,
    lease: Option<LeaseTerm>,
    last_failure: Option<(u64, Arc<SignInFailure>)>,
    leases: u64,
    generation: u64,
}

#[derive(Debug)]
struct Held {
    secret: Secret,
    value: HeaderValue,
    renew_at: Option<Now>,
    expires_at: Option<Now>,
}

#[derive(Debug)]
struct LeaseTerm {
    id: u64,
    until: Now,
}

/// What a call that needs a token gets.
pub(crate) enum Access {
    Token {
        value: HeaderValue,
        generation: u64,
    },
    /// It is this call that signs in, under the lease of this number.
    SignIn(u64),
    Leased(u64),
    Failed(Arc<SignInFailure>),
}

impl TokenState {
    /// A token of the caller's, of unknown life.
    pub(crate) fn brought(token: &Secret) -> Result<Self> {
        let value = headers::bearer(token.expose())?;
        let held = Held { secret: token.clone(), value, renew_at: None, expires_at: None };
        Ok(Self { held: Some(held), generation: 1, ..Self::default() })
    }

    pub(crate) fn access(&mut self, now: Now, waited_for: Option<u64>, can_sign_in: bool) -> Access {
        if let Some(held) = &self.held {
            let serves = held.expires_at.is_none_or(|at| now < at);
            let due = held.renew_at.is_some_and(|at| at <= now);
            let leased = self.lease.as_ref().is_some_and(|lease| now < lease.until);
            if !can_sign_in || (serves && (!due || leased)) {
                return Access::Token { value: held.value.clone(), generation: self.generation };
            }
        } else if !can_sign_in {
            return Access::Failed(Arc::new(SignInFailure::refused_token()));
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
        self.lease = Some(LeaseTerm { id: self.leases, until: now + TERM });
        Access::SignIn(self.leases)
    }

    pub(crate) fn hold(&mut self, lease: u64, until: Now) {
        if let Some(term) = self.lease.as_mut().filter(|term| term.id == lease) {
            term.until = until;
        }
    }

    pub(crate) fn give_back(&mut self, lease: u64) {
        self.lease.take_if(|term| term.id == lease);
    }

    /// `since` is when the token was asked for: its life is counted from there, to be on the safe side. However
    /// short it is, the token is tried once before the next is fetched.
    pub(crate) fn put(
        &mut self,
        secret: Secret,
        value: HeaderValue,
        life: Option<Duration>,
        since: Now,
        now: Now,
    ) {
        let life = life.unwrap_or(USUAL_LIFE);
        let tried = now + SHORTEST_LIFE;
        let expires_at = tried.max(since + life);
        let renew_at = tried.max(since + life.saturating_sub(MARGIN.min(life / 2)));
        self.held = Some(Held { secret, value, renew_at: Some(renew_at), expires_at: Some(expires_at) });
        self.last_failure = None;
        self.generation += 1;
    }

    /// Tells a failed sign-in to all that wait for it.
    pub(crate) fn fail(&mut self, lease: u64, failure: &Arc<SignInFailure>) {
        if self.lease.as_ref().is_some_and(|term| term.id == lease) {
            self.last_failure = Some((lease, Arc::clone(failure)));
        }
    }

    /// Puts an early renewal off. `false` when there is no token left to go on with.
    pub(crate) fn put_off(&mut self, now: Now) -> bool {
        match self.held.as_mut().filter(|held| held.expires_at.is_none_or(|at| now < at)) {
            Some(held) => {
                held.renew_at = Some(now + SECOND_TRY);
                true
            }
            None => false,
        }
    }

    /// Whether another token is held.
    pub(crate) fn refuse(&mut self, generation: u64) -> bool {
        if self.generation == generation {
            self.held = None;
        }
        self.held.is_some()
    }

    pub(crate) fn export(&self, now: Now) -> Option<Token> {
        let held = self.held.as_ref()?;
        let left = held.expires_at.map_or(USUAL_LIFE, |at| now.until(at));
        (left > Duration::ZERO).then(|| Token::new(held.secret.clone(), left))
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
pub(crate) struct SignInFailure {
    pub(crate) why: SignInTrouble,
    pub(crate) status: Option<StatusCode>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) request_id: Option<Box<str>>,
    pub(crate) retry_after: Option<Duration>,
}

/// What the trouble with a sign-in is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignInTrouble {
    /// The credentials or the token were refused.
    Refused(&'static str),
    /// Too many sign-ins in a span of time.
    Busy,
    /// The service gave no usable answer; another try may get one.
    Unavailable(String),
}

impl SignInFailure {
    pub(crate) fn new(why: SignInTrouble) -> Self {
        Self { why, status: None, reasons: Vec::new(), request_id: None, retry_after: None }
    }

    fn refused_token() -> Self {
        let why = "the token that the caller brought was refused and cannot be renewed";
        Self::new(SignInTrouble::Refused(why))
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
