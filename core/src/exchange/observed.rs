//! The events that an exchange reports to the observers of its session.

use std::time::Duration;

use super::envelope_reader::EnvelopeReader;
use super::retry::AttemptResult;
use super::{Exchange, State};
use crate::error::text::one_line;
use crate::error::{Error, Outcome};
use crate::operation::Effect;
use crate::session::Session;
use crate::session::observer::{
    CallEvent, CallEventKind, CallInfo, Classification, GiveUpReason, RateLimits, RetryDecision, WaitReason,
};
use crate::transport::headers;
use crate::transport::{HttpResponse, Timestamp};

/// The observed part of a call. An exchange whose session has no observer has none.
#[derive(Debug)]
pub(super) struct ObservedCall {
    info: CallInfo,
    started: Timestamp,
    /// Time of the last step.
    now: Timestamp,
    /// End of the last wait that was reported.
    waits_until: Timestamp,
    has_ended: bool,
}

impl Exchange {
    /// Notes the time of a step. At the first step, begins to observe the call if its session has an observer.
    #[inline]
    pub(super) fn observe_step(&mut self, now: Timestamp) {
        match &mut self.observed {
            Some(call) => call.now = now,
            None if self.session.reporter().is_used() => self.observe(now),
            None => {}
        }
    }

    #[cold]
    fn observe(&mut self, now: Timestamp) {
        let info = CallInfo {
            id: self.session.reporter().next_call(),
            operation: self.operation,
            effect: self.effect,
            method: self.request.get().method().clone(),
            path: self.path,
            uri: self.uri().clone(),
            track_id: self.track_id().map(str::to_owned),
        };
        let call =
            ObservedCall { info, started: now, now, waits_until: Timestamp::default(), has_ended: false };
        call.report(&self.session, CallEventKind::Started);
        self.observed = Some(Box::new(call));
    }

    /// Reports an event that is described only if the call is observed.
    #[inline]
    pub(super) fn report<'a>(&'a self, kind: impl FnOnce(&'a Self) -> CallEventKind<'a>) {
        if let Some(call) = &self.observed {
            call.report(&self.session, kind(self));
        }
    }

    pub(super) fn report_attempt(&self, body_bytes: usize, timeout: Duration) {
        self.report(|exchange| CallEventKind::AttemptSent {
            attempt: exchange.attempts,
            body_bytes,
            timeout,
            idempotency_key: exchange.key_text(),
        });
    }

    pub(super) fn report_result(
        &self,
        result: AttemptResult,
        response: Option<&HttpResponse>,
        envelope: &EnvelopeReader,
    ) {
        self.report(|exchange| {
            let is_secret = exchange.session.secret_finder(exchange.own_secrets());
            let request_id = response.and_then(|response| envelope.request_id_of(response.headers()));
            let request_id = request_id.filter(|id| !is_secret(id)).map(one_line);
            let limits = response.map(|response| {
                let concurrency = headers::concurrency_limit(response.headers());
                (headers::rate_remaining(response.headers()), concurrency.limit, concurrency.remaining)
            });
            let (rate_remaining, concurrency_limit, concurrency_remaining) = limits.unwrap_or_default();
            CallEventKind::AttemptClassified {
                attempt: exchange.attempts,
                classification: result.classification(),
                status: response.map(HttpResponse::status),
                body_bytes: response.map_or(0, |response| response.body().len()),
                request_id,
                limits: RateLimits {
                    quota: exchange.quota,
                    rate_remaining,
                    concurrency_limit,
                    concurrency_remaining,
                },
            }
        });
    }

    pub(super) fn report_decision(&self, because: AttemptResult, decision: RetryDecision) {
        self.report(|exchange| CallEventKind::RetryDecided {
            attempt: exchange.attempts,
            because: because.classification(),
            decision,
        });
    }

    /// Reports a retry at `until`, and the wait for it.
    pub(super) fn report_retry(&mut self, because: AttemptResult, until: Timestamp, has_new_key: bool) {
        let Some(call) = &self.observed else { return };
        let delay = call.now.until(until);
        self.report_decision(because, RetryDecision::Retry { delay, has_new_key });
        let reason = match because {
            AttemptResult::Throttled => WaitReason::RateLimit,
            _ => WaitReason::Backoff,
        };
        self.report_wait(reason, until);
    }

    /// Reports that a failed attempt is not retried, although the retry table may allow it.
    pub(super) fn report_end_of_retries(&self, because: AttemptResult, may_retry: bool, is_unpaid: bool) {
        let reason = match (may_retry, is_unpaid) {
            (false, _) => GiveUpReason::NotRetryable,
            (true, true) => GiveUpReason::RetryBudget,
            _ if self.counted_attempts() >= self.timing().max_attempts => GiveUpReason::MaxAttempts,
            _ => GiveUpReason::NoTime,
        };
        self.report_decision(because, RetryDecision::GiveUp(reason));
    }

    /// Reports a wait, unless it is the wait that was reported last.
    pub(super) fn report_wait(&mut self, reason: WaitReason, until: Timestamp) {
        let Some(call) = &mut self.observed else { return };
        if call.waits_until != until {
            call.waits_until = until;
            let duration = call.now.until(until);
            call.report(&self.session, CallEventKind::WaitStarted { reason, duration });
        }
    }

    /// Reports the end of the call.
    pub(crate) fn report_end<T>(&mut self, result: Result<T, &Error>) {
        let Some(call) = &mut self.observed else { return };
        if !call.has_ended {
            call.has_ended = true;
            let (attempts, elapsed) = (self.attempts, call.elapsed());
            call.report(&self.session, CallEventKind::Ended { result: result.map(drop), attempts, elapsed });
        }
    }

    /// Reports a call that is dropped between its start and its end.
    pub(super) fn report_drop(&self) {
        self.report(|exchange| CallEventKind::Abandoned {
            outcome: exchange.abandoned_outcome(),
            attempts: exchange.attempts,
            elapsed: exchange.observed.as_ref().map_or(Duration::ZERO, |call| call.elapsed()),
            idempotency_key: exchange.key_text(),
        });
    }

    /// Whether the call has started and has not ended.
    pub(super) fn is_observed_to_run(&self) -> bool {
        self.observed.as_ref().is_some_and(|call| !call.has_ended)
    }

    fn abandoned_outcome(&self) -> Outcome {
        let may_be_applied = match &self.state {
            State::Sent(_) => true,
            State::Ready { .. } | State::RequestingToken(_) => self.retry_state.uncertain,
            // The response was accepted, but the operation has not read it.
            State::Over => return self.outcome.unwrap_or(Outcome::NotApplied),
        };
        match self.effect {
            Effect::Read => Outcome::NotApplied,
            _ if may_be_applied => Outcome::Unknown,
            _ => Outcome::NotApplied,
        }
    }
}

impl ObservedCall {
    fn report(&self, session: &Session, kind: CallEventKind<'_>) {
        session.reporter().report(&CallEvent { time: self.now, call: Some(&self.info), kind });
    }

    fn elapsed(&self) -> Duration {
        self.started.until(self.now)
    }
}

impl AttemptResult {
    fn classification(self) -> Classification {
        match self {
            Self::NotSent => Classification::NotSent,
            Self::Unauthorized => Classification::Unauthorized,
            Self::Throttled => Classification::Throttled,
            Self::KeyInUse { .. } => Classification::KeyInUse,
            Self::Indeterminate { .. } => Classification::Indeterminate,
            Self::Undecodable => Classification::Undecodable,
            Self::Rejected => Classification::Rejected,
            Self::Success => Classification::Success,
        }
    }
}
