//! Admission of requests: permits, and the lease of the token request.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::Session;
use super::token::TokenFailure;
use crate::operation::Quota;
use crate::transport::Timestamp;
use crate::types::Secret;

/// Decision on whether a request may be sent now.
#[derive(Debug)]
pub(crate) enum Admission {
    Go {
        authorization: HeaderValue,
        /// Generation of the session's token; `None` for the token of a call.
        generation: Option<u64>,
        permit: Permit,
    },
    /// This call has to request the token.
    RequestToken(Lease),
    /// Another call is requesting the token, under the lease with this number.
    Leased(u64),
    /// The token request that this call waited for has failed.
    Failed(Arc<TokenFailure>),
    /// The number of requests in flight has reached the limit.
    AtConcurrencyLimit,
    /// The quota is throttled. `spread` keeps the waiting calls from waking at one moment.
    Wait { until: Timestamp, spread: Duration },
}

/// The right to request the token of the session. Dropping the lease releases it.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(super) session: Session,
    pub(super) id: u64,
}

impl Lease {
    /// Extends the lease. After `until` another call may take it.
    pub(crate) fn extend_until(&self, until: Timestamp) {
        self.session.lock().token.extend(self.id, until);
    }

    /// Caches the token for all calls of the session. `value` is its header.
    pub(crate) fn store(
        self,
        token: Secret,
        value: HeaderValue,
        lifetime: Option<Duration>,
        sent_at: Timestamp,
        now: Timestamp,
    ) {
        self.session.lock().token.put(token, value, lifetime, sent_at, now);
    }

    /// Reports a failed token request to all calls that wait for it.
    pub(crate) fn fail(self, failure: &Arc<TokenFailure>) {
        self.session.lock().token.fail(self.id, failure);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.session.lock().token.release(self.id);
    }
}

/// The right to have one request in flight. Dropping the permit releases it.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(super) session: Session,
    pub(super) quota: Quota,
    pub(super) round: u32,
}

impl Permit {
    /// Releases the permit, and returns the round of the limiter that it was acquired in.
    pub(crate) fn release(self) -> u32 {
        self.round
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.session.lock().limiters.release(self.quota);
    }
}
