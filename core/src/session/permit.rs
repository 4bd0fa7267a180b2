//! Whether a request may go out: permits, and the lease of the token request.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::Session;
use super::token::SignInFailure;
use crate::operation::Quota;
use crate::transport::Now;
use crate::types::Secret;

/// Whether a request may go out now.
pub(crate) enum Admission {
    Go {
        authorization: HeaderValue,
        generation: u64,
        permit: Permit,
    },
    /// This call is the one to sign in.
    SignIn(Lease),
    /// Another call is signing in.
    Leased(u64),
    /// The sign-in that this call waited for has failed.
    Failed(Arc<SignInFailure>),
    /// As many requests are in flight as the service has room for.
    Crowded,
    Wait {
        until: Now,
        why: Pause,
    },
}

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The tenant's limit is used up.
    Limit,
    /// Between two attempts.
    BackOff,
    /// For another call: its sign-in, or its place in flight.
    Others,
}

/// The right to sign in for the session; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(super) session: Session,
    pub(super) id: u64,
}

impl Lease {
    /// Keeps the right until then: past it the holder counts as lost.
    pub(crate) fn hold_until(&self, until: Now) {
        self.session.lock().token.hold(self.id, until);
    }

    /// Gives the token to everyone. `value` is its header.
    pub(crate) fn signed_in(
        self,
        token: Secret,
        value: HeaderValue,
        life: Option<Duration>,
        sent_at: Now,
        now: Now,
    ) {
        self.session.lock().token.put(token, value, life, sent_at, now);
    }

    /// Ends the sign-in for everyone who waits for it.
    pub(crate) fn failed(self, failure: &Arc<SignInFailure>) {
        self.session.lock().token.fail(self.id, failure);
    }

    /// Puts an early renewal off. `false` when there is no token left to go on with.
    pub(crate) fn put_off(&self, now: Now) -> bool {
        self.session.lock().token.put_off(now)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.session.lock().token.give_back(self.id);
    }
}

/// A place in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(super) session: Session,
    pub(super) quota: Quota,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.session.lock().gates.leave(self.quota);
    }
}
