//! Whether a request may go out: permits, and the lease of the token request.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::Session;
use super::token::TokenFailure;
use crate::operation::Quota;
use crate::transport::Timestamp;
use crate::types::Secret;

/// Whether a request may go out now.
pub(crate) enum Admission {
    Go {
        authorization: HeaderValue,
        generation: u64,
        permit: Permit,
    },
    /// This call is the one to sign in.
    RequestToken(Lease),
    /// Another call is signing in.
    Leased(u64),
    /// The sign-in that this call waited for has failed.
    Failed(Arc<TokenFailure>),
    /// As many requests are in flight as the service has room for.
    AtConcurrencyLimit,
    Wait {
        until: Timestamp,
        why: WaitReason,
    },
}

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitReason {
    /// The tenant's limit is used up.
    RateLimit,
    /// For another call: its sign-in, or its place in flight.
    Contention,
}

/// The right to sign in for the session; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(super) session: Session,
    pub(super) id: u64,
}

impl Lease {
    /// Keeps the right until then: past it the holder counts as lost.
    pub(crate) fn extend_until(&self, until: Timestamp) {
        self.session.lock().token.extend(self.id, until);
    }

    /// Gives the token to everyone. `value` is its header.
    pub(crate) fn store(
        self,
        token: Secret,
        value: HeaderValue,
        life: Option<Duration>,
        sent_at: Timestamp,
        now: Timestamp,
    ) {
        self.session.lock().token.put(token, value, life, sent_at, now);
    }

    /// Ends the sign-in for everyone who waits for it.
    pub(crate) fn fail(self, failure: &Arc<TokenFailure>) {
        self.session.lock().token.fail(self.id, failure);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.session.lock().token.release(self.id);
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
        self.session.lock().limiters.release(self.quota);
    }
}
