//! Driving a bulk job: which chunk is next, when to stop, and how its results are recorded.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::api::invoices::bulk::Bulk;
use crate::api::invoices::bulk_chunk::ChunkRequest;
use crate::api::invoices::bulk_job::BulkJob;
use crate::api::invoices::bulk_ledger::{State, Taken};
use crate::api::invoices::bulk_reading::{Cause as ReadCause, Reading, Seen};
use crate::api::invoices::bulk_result::{BulkEvent, ChunkResult, RowError, RowResult};
use crate::call::{Call, Response};
use crate::error::{Cause, Context, Error, ErrorKind, Outcome, Result};
use crate::machine::{Action, Event, Machine};
use crate::operation::{Effect, RowFacts};
use crate::session::call_options::RetryOf;
use crate::transport::{HttpResponse, Timestamp};
use crate::types::RequestScope;

/// Default time for one chunk, including the reads after an unknown outcome.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// A chunk is not begun with less time than this, except for the first one.
const MIN_CHUNK_TIME: Duration = Duration::from_secs(5);
/// Number of chunks in a row without a response after which the job stops.
const MAX_LOST_CHUNKS: u32 = 2;

/// The part of a job that is not saved.
pub(super) struct Run<B: Bulk> {
    phase: Phase<B>,
    round: Option<Round>,
    /// Results that are not returned yet.
    pub(super) results: Vec<(usize, Result<B::Applied, RowError>)>,
}

enum Phase<B: Bulk> {
    Idle,
    /// The checkpoint before the chunk was returned.
    Ready(u64),
    Sent(u64, Box<Call<ChunkRequest>>),
    Reading(u64, Box<Reading<B>>),
}

/// The drives of a job from its begin, or from an end or error, to the next.
struct Round {
    scope: RequestScope,
    /// End of the time for the whole job.
    deadline: Option<Timestamp>,
    /// End of the time for the current chunk.
    chunk_deadline: Timestamp,
    /// Chunks in doubt that were not tried yet in this round.
    in_doubt: VecDeque<u64>,
    has_begun: bool,
    lost_chunks: u32,
}

impl<B: Bulk> Default for Run<B> {
    fn default() -> Self {
        Self { phase: Phase::Idle, round: None, results: Vec::new() }
    }
}

impl<B: Bulk> Run<B> {
    /// Returns the chunk that is sent next or in flight.
    pub(super) fn being_sent(&self) -> Option<u64> {
        match &self.phase {
            Phase::Ready(id) | Phase::Sent(id, _) => Some(*id),
            Phase::Idle | Phase::Reading(..) => None,
        }
    }
}

type Output<B> = Option<BulkEvent<<B as Bulk>::Applied>>;

/// The step after a transition.
enum Next<B: Bulk> {
    Continue,
    Return(Result<Output<B>>),
}

impl<B: Bulk> BulkJob<B> {
    pub(super) fn advance(&mut self, mut event: Event, now: Timestamp) -> Action<Output<B>> {
        loop {
            let next = match mem::replace(&mut self.run.phase, Phase::Idle) {
                Phase::Idle => self.next_chunk(now),
                Phase::Ready(id) => self.send(id, now),
                Phase::Sent(id, mut call) => match call.step(event, now) {
                    Action::Send(request, limits) => {
                        self.run.phase = Phase::Sent(id, call);
                        return Action::Send(request, limits);
                    }
                    Action::Wait(until) => {
                        self.run.phase = Phase::Sent(id, call);
                        return Action::Wait(until);
                    }
                    Action::Done(result) => self.responded(id, result, now),
                },
                Phase::Reading(id, mut reading) => match reading.step(event, now) {
                    Action::Send(request, limits) => {
                        self.run.phase = Phase::Reading(id, reading);
                        return Action::Send(request, limits);
                    }
                    Action::Wait(until) => {
                        self.run.phase = Phase::Reading(id, reading);
                        return Action::Wait(until);
                    }
                    Action::Done(Ok(seen)) => {
                        let is_decided = seen.iter().any(|(_, seen)| !matches!(seen, Seen::Failed));
                        if matches!(reading.cause, ReadCause::Expired) {
                            self.count_lost(!is_decided);
                        }
                        let is_over = self.ledger.chunk(id).and_then(|chunk| chunk.is_over(now));
                        self.record_seen(&reading.cause, is_over, seen);
                        self.finish_chunk(id)
                    }
                    Action::Done(Err(error)) => Next::Return(Err(error)),
                },
            };
            event = Event::Tick;
            if let Next::Return(result) = next {
                if !matches!(result, Ok(Some(_))) {
                    self.run.round = None;
                }
                // The error of one request says nothing about the rows that are in doubt.
                let is_doubtful = self.in_doubt() > 0;
                return Action::Done(result.map_err(|error| match is_doubtful {
                    true => error.in_doubt(Context::default()),
                    false => error,
                }));
            }
        }
    }

    fn next_chunk(&mut self, now: Timestamp) -> Next<B> {
        match self.try_next_chunk(now) {
            Ok(next) => next,
            Err(error) => Next::Return(Err(error)),
        }
    }

    fn try_next_chunk(&mut self, now: Timestamp) -> Result<Next<B>> {
        let mut round = match self.run.round.take() {
            Some(round) => round,
            None => self.begin_round(now)?,
        };
        let doubtful = loop {
            match round.in_doubt.pop_front() {
                Some(id) if self.ledger.chunk(id).is_none() => {}
                next => break next,
            }
        };
        let next = match doubtful {
            Some(id) => {
                self.begin_chunk(&mut round, now)?;
                let key_left = self.ledger.chunk(id).and_then(|chunk| chunk.key_left(now));
                if key_left.is_some() {
                    self.run.phase = Phase::Ready(id);
                    Next::Return(Ok(Some(BulkEvent::Checkpoint)))
                } else {
                    let deadline = round.chunk_deadline;
                    self.read(id, ReadCause::Expired, deadline)?
                }
            }
            None if self.remaining() == 0 => return Ok(Next::Return(Ok(None))),
            None => {
                self.begin_chunk(&mut round, now)?;
                match self.ledger.take(B::fixed_spec(), &self.session, &round.scope, now)? {
                    Taken::Nothing => return Ok(Next::Return(Ok(None))),
                    Taken::Invalid(rows) => {
                        self.reject_invalid(rows);
                        self.chunk_result()
                    }
                    Taken::Chunk(id, rows) => {
                        self.reject_invalid(rows);
                        self.run.phase = Phase::Ready(id);
                        Next::Return(Ok(Some(BulkEvent::Checkpoint)))
                    }
                }
            }
        };
        self.run.round = Some(round);
        Ok(next)
    }

    /// Begins a round of chunks.
    ///
    /// # Errors
    /// Options that cannot be sent, or another scope than that of the chunks sent before.
    fn begin_round(&self, now: Timestamp) -> Result<Round> {
        let scope = self.checked_scope()?;
        Ok(Round {
            scope,
            deadline: self.timeout.map(|timeout| now + timeout),
            chunk_deadline: now,
            in_doubt: self.ledger.chunks.iter().map(|chunk| chunk.id).collect(),
            has_begun: false,
            lost_chunks: 0,
        })
    }

    /// Returns the scope of the options, which may have changed since a chunk was made.
    ///
    /// # Errors
    /// As for [`begin_round`](Self::begin_round).
    fn checked_scope(&self) -> Result<RequestScope> {
        let scope = self.session.scope_with(&self.options)?;
        if let Some(other) = self.ledger.scope.as_ref().and_then(|saved| saved.difference(&scope)) {
            let why = format!(
                "must be that of the job, which was begun with another {other}, where its rows mean something else"
            );
            return Err(Error::invalid("scope", why));
        }
        Ok(scope)
    }

    /// Begins the next chunk.
    ///
    /// # Errors
    /// No time is left for a chunk, or the service does not respond.
    fn begin_chunk(&self, round: &mut Round, now: Timestamp) -> Result<()> {
        if round.lost_chunks >= MAX_LOST_CHUNKS {
            let what = format!("stopped, because {MAX_LOST_CHUNKS} requests in a row had no usable response");
            return Err(self.unfinished(Cause::Failed { what: what.into() }));
        }
        if let Some(deadline) = round.deadline {
            let left = now.until(deadline);
            if left.is_zero() || (round.has_begun && left < MIN_CHUNK_TIME) {
                let what = "the time for the whole bulk job is over";
                return Err(self.unfinished(Cause::Timeout { what: what.into() }));
            }
        }
        round.has_begun = true;
        let end = now + CHUNK_TIMEOUT;
        round.chunk_deadline = round.deadline.map_or(end, |deadline| deadline.min(end));
        Ok(())
    }

    /// Returns the error of a job that stops. Its outcome is that of the rows in doubt.
    fn unfinished(&self, cause: Cause) -> Error {
        let outcome = if self.in_doubt() > 0 { Outcome::Unknown } else { Outcome::NotApplied };
        let operation = B::fixed_spec().name.into();
        Error::from(cause).with_context(Context { operation, outcome, retryable: true, ..Context::default() })
    }

    fn send(&mut self, id: u64, now: Timestamp) -> Next<B> {
        let Some(left) = self.run.round.as_ref().map(|round| now.until(round.chunk_deadline)) else {
            return Next::Return(Err(Error::failed("stepped out of turn")));
        };
        if let Err(error) = self.checked_scope() {
            return Next::Return(Err(error));
        }
        let mut options = self.options.clone();
        let timeout = self.session.timing().with(&options).timeout.min(left);
        let Some(chunk) = self.ledger.chunk(id) else { return Next::Continue };
        (options.idempotency_key, options.retry_of) = (chunk.key.clone(), None);
        options.timeout = Some(match (&chunk.key, chunk.key_left(now)) {
            (None, _) => timeout,
            (Some(_), Some(key_left)) => timeout.min(key_left),
            // The caller took a day over the checkpoint.
            (Some(_), None) if chunk.is_in_doubt => return Next::Continue,
            (Some(_), None) => {
                self.ledger.restore(id);
                return Next::Continue;
            }
        });
        if chunk.is_in_doubt {
            let key_since = chunk.age(now).map(|age| now.before(age));
            let key_failed = chunk.key_failed;
            options.retry_of =
                Some(RetryOf { is_in_doubt: true, key_since, key_failed, ..RetryOf::default() });
        }
        let request = chunk.request(B::fixed_spec());
        let call = Call::with_options(&self.session, request, &options);
        self.run.phase = Phase::Sent(id, Box::new(call));
        Next::Continue
    }

    fn responded(&mut self, id: u64, result: Result<Response<HttpResponse>>, now: Timestamp) -> Next<B> {
        let (body, attempts, key_failed, error) = match result {
            Ok(response) => {
                let attempts = response.attempts();
                let facts = response.extensions().get::<RowFacts>();
                let key_failed = facts.is_some_and(|facts| facts.key_failed);
                (response.into_inner().into_body(), attempts, key_failed, None)
            }
            Err(error) => (error.body().clone(), error.attempts(), error.key_failed(), Some(Arc::new(error))),
        };
        if let Some(chunk) = self.ledger.chunk(id) {
            chunk.key_failed |= key_failed;
        }
        self.count_lost(error.as_ref().is_some_and(|error| error.outcome() == Outcome::Unknown));
        let deadline = self.run.round.as_ref().map_or(now, |round| round.chunk_deadline);
        let next = if B::fixed_spec().effect == Effect::Keyed {
            self.keyed_responded(id, &body, attempts, error, deadline)
        } else {
            self.unkeyed_responded(id, &body, error, deadline)
        };
        next.unwrap_or_else(|error| Next::Return(Err(error)))
    }

    /// Counts the chunks in a row that had no usable response.
    fn count_lost(&mut self, is_lost: bool) {
        if let Some(round) = &mut self.run.round {
            round.lost_chunks = if is_lost { round.lost_chunks.saturating_add(1) } else { 0 };
        }
    }

    fn keyed_responded(
        &mut self,
        id: u64,
        body: &Bytes,
        attempts: u32,
        error: Option<Arc<Error>>,
        deadline: Timestamp,
    ) -> Result<Next<B>> {
        let is_stop = |error: &Error| match error.outcome() {
            Outcome::NotApplied => stops(error),
            Outcome::Unknown | Outcome::Applied => {
                matches!(error.kind(), ErrorKind::Auth | ErrorKind::Build)
            }
        };
        let error = match error {
            Some(error) if is_stop(&error) => return self.stop(id, error),
            error => error,
        };
        let was_in_doubt = attempts > 1 || self.ledger.chunk(id).is_some_and(|chunk| chunk.is_in_doubt);
        let doubts = self.record(id, body, error.as_ref(), was_in_doubt)?;
        if was_in_doubt && !doubts.is_empty() {
            return self.read_rows(id, ReadCause::Repeated, doubts, deadline);
        }
        Ok(self.finish_chunk(id))
    }

    fn unkeyed_responded(
        &mut self,
        id: u64,
        body: &Bytes,
        error: Option<Arc<Error>>,
        deadline: Timestamp,
    ) -> Result<Next<B>> {
        let outcome = error.as_ref().map_or(Outcome::Applied, |error| error.outcome());
        match (outcome, error) {
            (Outcome::NotApplied, Some(error)) if stops(&error) => self.stop(id, error),
            (Outcome::Unknown, Some(error))
                if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Throttled)
                    && error.status().is_some() =>
            {
                self.read(id, ReadCause::PartlyRejected(error), deadline)
            }
            (Outcome::Unknown, Some(error)) => self.read(id, ReadCause::Lost(error), deadline),
            (_, error) => {
                self.record(id, body, error.as_ref(), false)?;
                Ok(self.finish_chunk(id))
            }
        }
    }

    /// Ends the round with an error after which no other chunk can succeed. The rows of the chunk remain, unless an
    /// earlier attempt leaves them in doubt.
    fn stop(&mut self, id: u64, error: Arc<Error>) -> Result<Next<B>> {
        let is_in_doubt = self.ledger.chunk(id).is_some_and(|chunk| chunk.is_in_doubt);
        if is_in_doubt || error.outcome() != Outcome::NotApplied {
            self.ledger.close(id);
        } else {
            self.ledger.restore(id);
        }
        let error = Arc::try_unwrap(error).unwrap_or_else(|error| Error::failed(error.to_string()));
        Ok(Next::Return(Err(error)))
    }

    fn read(&mut self, id: u64, cause: ReadCause, deadline: Timestamp) -> Result<Next<B>> {
        let rows = self.ledger.chunk(id).map(|chunk| chunk.rows.iter().flatten().copied().collect());
        self.read_rows(id, cause, rows.unwrap_or_default(), deadline)
    }

    fn read_rows(
        &mut self,
        id: u64,
        cause: ReadCause,
        rows: Vec<usize>,
        deadline: Timestamp,
    ) -> Result<Next<B>> {
        self.checked_scope()?;
        let targets = self.targets(id, &rows)?;
        let reading = Reading::new(&self.session, &self.options, cause, targets, deadline);
        self.run.phase = Phase::Reading(id, Box::new(reading));
        Ok(Next::Continue)
    }

    fn finish_chunk(&mut self, id: u64) -> Next<B> {
        self.ledger.close(id);
        self.chunk_result()
    }

    fn reject_invalid(&mut self, rows: Vec<usize>) {
        for place in rows {
            let Some(entry) = self.ledger.entries.get(place) else { continue };
            let checked = B::from_text(&entry.row)
                .map_err(|error| Error::invalid("row", error.to_string()))
                .and_then(|row| B::check(&row));
            let error = checked.err().unwrap_or_else(|| Error::invalid("row", "must be valid"));
            let error = RowError::of_request(Outcome::NotApplied, &Arc::new(error));
            self.ledger.set(place, State::Rejected(error.reasons()));
            self.run.results.push((place, Err(error)));
        }
    }

    fn chunk_result(&mut self) -> Next<B> {
        let mut results = mem::take(&mut self.run.results);
        if results.is_empty() {
            return Next::Continue;
        }
        results.sort_by_key(|(place, _)| *place);
        let name = |place: usize| self.ledger.entries.get(place).map(|entry| entry.name.to_string());
        let rows = results
            .into_iter()
            .map(|(place, result)| RowResult { name: name(place).unwrap_or_default(), result })
            .collect();
        Next::Return(Ok(Some(BulkEvent::Chunk(ChunkResult { rows }))))
    }
}

/// Whether nothing else can succeed after a chunk that certainly had no effect: no authorization, no connection, no
/// quota, no time, or options that cannot be sent.
fn stops(error: &Error) -> bool {
    use crate::error::ErrorKind::{Auth, Build, Failed, Throttled, Timeout, Transport};
    use crate::error::reason::ReasonCategory::Permission;
    let is_forbidden =
        !error.reasons().is_empty() && error.reasons().iter().all(|reason| reason.category() == Permission);
    matches!(error.kind(), Auth | Build | Failed | Throttled | Timeout | Transport) || is_forbidden
}
