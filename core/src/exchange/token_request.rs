//! The token request of a session: a machine that runs inside the call that holds the lease.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::budget::Budget;
use super::envelope_reader::EnvelopeReader;
use super::inflate::inflate;
use super::retry::{self, AttemptResult};
use crate::error::redact::redact_headers;
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::machine::{Action, Event};
use crate::operation::{Operation as _, Quota};
use crate::session::Session;
use crate::session::config::Timing;
use crate::session::headers::{self as request_headers, CommonHeaders};
use crate::session::oauth::CreateToken;
use crate::session::observer::WaitReason;
use crate::session::permit::Lease;
use crate::session::token::{TokenErrorKind, TokenFailure};
use crate::transport::headers;
use crate::transport::{HttpRequest, HttpResponse, Limits, Timestamp, TransportError};

/// Longest attempt at a token request.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// Time that a lease lasts beyond the attempt that it is held for.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// A token request, retried until the session has a token or the request has failed.
#[derive(Debug)]
pub(super) struct TokenRequest {
    session: Session,
    lease: Option<Lease>,
    headers: CommonHeaders,
    timing: Timing,
    pub(super) attempts: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Ready { not_before: Timestamp },
    Sent { at: Timestamp },
}

/// The end of a token request.
pub(super) enum TokenOutcome {
    /// There is a token to go on with: a new one, or the old one while its early renewal is postponed.
    Proceed,
    Failed(Arc<TokenFailure>),
    /// The call may not wait as long as the next attempt demands.
    TooLong {
        why: WaitReason,
        delay: Duration,
    },
    /// The call has no time left.
    TimedOut,
}

impl TokenRequest {
    pub(super) fn new(
        session: &Session,
        lease: Lease,
        headers: Option<&CommonHeaders>,
        timing: Timing,
    ) -> Self {
        Self {
            session: session.clone(),
            lease: Some(lease),
            headers: headers.map(of_token_request).unwrap_or_default(),
            timing,
            attempts: 0,
            state: State::Ready { not_before: Timestamp::default() },
        }
    }

    /// Does what [`Machine::step`](crate::machine::Machine::step) does, on the budget of the call.
    pub(super) fn step(&mut self, event: Event, now: Timestamp, budget: &mut Budget) -> Action<TokenOutcome> {
        match (self.state, event) {
            (State::Ready { not_before }, Event::Tick) if now < not_before => Action::Wait(not_before),
            (State::Ready { .. }, Event::Tick) => self.send(now, budget),
            (State::Sent { at }, Event::Response(response)) => self.responded(response, at, now, budget),
            (_, Event::Failure(failure @ TransportError::Unusable(_))) => {
                Action::Done(Err(Cause::Transport(failure).into()))
            }
            (State::Sent { .. }, Event::Failure(failure)) => {
                let kind = TokenErrorKind::Unavailable(describe(&failure));
                self.retry(TokenFailure::new(kind), now, budget)
            }
            _ => Action::Done(Err(Error::failed("stepped out of turn"))),
        }
    }

    fn send(&mut self, now: Timestamp, budget: &mut Budget) -> Action<TokenOutcome> {
        if budget.is_used_up(now) {
            return Action::Done(Ok(TokenOutcome::TimedOut));
        }
        if let Some(until) = self.session.token_requests_throttled_until(now) {
            return self.wait(until, WaitReason::RateLimit, now, budget);
        }
        let request = match self.request() {
            Ok(request) => request,
            Err(error) => return Action::Done(Err(error)),
        };
        let timeout = budget.attempt_timeout(self.timing.attempt.min(TOKEN_TIMEOUT), now);
        self.extend_lease(now + timeout);
        self.attempts += 1;
        self.state = State::Sent { at: now };
        Action::Send(request, Limits::new(timeout, self.session.max_body()))
    }

    fn request(&self) -> Result<HttpRequest> {
        let mut request = self.create_token()?.request()?;
        *request.uri_mut() = self.session.base().join(mem::take(request.uri_mut()))?;
        let own = mem::take(request.headers_mut());
        self.session.token_request_headers(Some(&self.headers)).apply(&mut request, &own, None, None);
        Ok(request)
    }

    fn create_token(&self) -> Result<&CreateToken> {
        self.session
            .create_token()
            .ok_or_else(|| Error::failed("there are no credentials for a token request"))
    }

    fn responded(
        &mut self,
        response: HttpResponse,
        sent_at: Timestamp,
        now: Timestamp,
        budget: &mut Budget,
    ) -> Action<TokenOutcome> {
        let status = response.status();
        let (mut response, _) = inflate(response, self.session.max_body());
        headers::hide_cookies(response.headers_mut());
        let envelope = EnvelopeReader::read(response.body());
        let mut failure = TokenFailure {
            kind: TokenErrorKind::Unavailable("the token request failed".to_owned()),
            status: Some(status),
            reasons: Vec::new(),
            request_id: envelope.request_id_of(response.headers()),
            headers: HeaderMap::new(),
            retry_after: headers::retry_after(response.headers(), now.wall()),
        };
        if status.is_success() && !envelope.is_error(true) {
            match self.store_token(&response, sent_at, now) {
                Ok(()) => return Action::Done(Ok(TokenOutcome::Proceed)),
                // Another token of the same making would be no better.
                Err(error) if error.kind() == ErrorKind::Build && !self.postpone_renewal(now) => {
                    failure.kind = TokenErrorKind::Rejected(
                        "the service returned a token that a header cannot contain: a line break or another control \
                         character is in it; look for a proxy that changes the response",
                    );
                    return self.fail(failure);
                }
                Err(error) => failure.kind = TokenErrorKind::Unavailable(format!("token request: {error}")),
            }
            return self.retry(failure, now, budget);
        }
        let result = retry::classify_error(status, &envelope);
        failure.reasons = envelope.reasons;
        let is_secret = self.session.secret_finder(self.headers.secrets().collect());
        failure.headers = response.headers().clone();
        redact_headers(&mut failure.headers, &is_secret);
        for reason in &mut failure.reasons {
            reason.redact(&is_secret);
        }
        failure.request_id = failure.request_id.filter(|id| !is_secret(id));
        match result {
            AttemptResult::Unauthorized | AttemptResult::Rejected if !self.postpone_renewal(now) => {
                failure.kind = TokenErrorKind::Rejected("the service rejected the token request");
                return self.fail(failure);
            }
            AttemptResult::Throttled => {
                failure.retry_after =
                    failure.retry_after.or_else(|| headers::rate_reset(response.headers(), now.wall()));
                failure.kind = TokenErrorKind::Throttled;
                let delay = failure.retry_after.unwrap_or_default();
                self.session.throttle(Quota::TokenRequest, now, delay);
            }
            _ => {}
        }
        self.retry(failure, now, budget)
    }

    fn store_token(&mut self, response: &HttpResponse, sent_at: Timestamp, now: Timestamp) -> Result<()> {
        let token = self.create_token()?.parse(response)?;
        let value = request_headers::bearer(token.access_token.expose())?;
        let lifetime = token.expires_in.map(Duration::from_secs);
        if let Some(lease) = self.lease.take() {
            lease.store(token.access_token, value, lifetime, sent_at, now);
        }
        Ok(())
    }

    fn retry(
        &mut self,
        mut failure: TokenFailure,
        now: Timestamp,
        budget: &mut Budget,
    ) -> Action<TokenOutcome> {
        if self.postpone_renewal(now) {
            self.lease = None;
            return Action::Done(Ok(TokenOutcome::Proceed));
        }
        if self.attempts >= self.timing.max_attempts {
            return self.fail(failure);
        }
        let ceiling =
            retry::backoff_ceiling(self.attempts, self.timing.initial_backoff, self.timing.max_backoff);
        let delay = self.session.jitter(ceiling).max(failure.retry_after.unwrap_or_default());
        let until = now + delay;
        if !budget.take_wait(until, now) {
            // Calls that wait for this request may have more time than this call has: they are not failed.
            return Action::Done(Ok(TokenOutcome::Failed(Arc::new(failure))));
        }
        if let TokenErrorKind::Unavailable(what) = &mut failure.kind {
            if !self.session.take_retry() {
                what.push_str("; the session's retry budget is used up");
                return self.fail(failure);
            }
        }
        self.rest(until)
    }

    fn wait(
        &mut self,
        until: Timestamp,
        why: WaitReason,
        now: Timestamp,
        budget: &mut Budget,
    ) -> Action<TokenOutcome> {
        if !budget.take_wait(until, now) {
            return Action::Done(Ok(TokenOutcome::TooLong { why, delay: now.until(until) }));
        }
        self.rest(until)
    }

    fn rest(&mut self, until: Timestamp) -> Action<TokenOutcome> {
        self.extend_lease(until);
        self.state = State::Ready { not_before: until };
        Action::Wait(until)
    }

    /// Ends the token request for every call that waits for it.
    fn fail(&mut self, failure: TokenFailure) -> Action<TokenOutcome> {
        let failure = Arc::new(failure);
        if let Some(lease) = self.lease.take() {
            lease.fail(&failure);
        }
        Action::Done(Ok(TokenOutcome::Failed(failure)))
    }

    fn extend_lease(&self, until: Timestamp) {
        if let Some(lease) = &self.lease {
            lease.extend_until(until + LEASE_SLACK);
        }
    }

    fn postpone_renewal(&self, now: Timestamp) -> bool {
        self.session.postpone_renewal(now)
    }
}

/// Returns the headers of a call that its token request shares. Other calls use the token as well, so it names no entity
/// and has no extra headers.
fn of_token_request(call: &CommonHeaders) -> CommonHeaders {
    CommonHeaders { entity_id: None, extra: Vec::new(), ..call.clone() }
}

fn describe(failure: &TransportError) -> String {
    let mut text = format!("token request: {failure}");
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
