//! Finding out by reading whether a write was applied whose response was lost.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::poller::{PollingPolicy, Progress, Waiter};
pub(crate) use super::read_back::ReadBack;
use super::read_back::{Finding, JobCheck, Processing, Reconcile, Sight};
pub(crate) use super::reconciled::Reconciled;
use super::reconciled::Undecided;
use super::written_at::{ProcessingLimits, WrittenAt};
use crate::error::{Error, ErrorKind, Result};
use crate::operation::{Operation, Spec};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::{HttpRequest, HttpResponse, Timestamp, WallTime};
use crate::types::RequestScope;

/// Longest pause between two polls while the service may still be at work.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Time for which [`Reconciliation::policy`] reads.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// A [`Waiter`] that reads the object of a write until it is certain whether the write was applied.
///
/// That the object is in the wanted state is certain at once. That the write was not applied needs all of these:
///
/// - 130 s have passed since the attempt failed: the service may go on working for 120 s after a lost connection. An
///   error of another client or process is dated by its wall time, with 300 s for the difference of the clocks; if that
///   is not enough, or without wall times, the 130 s count from the first poll.
/// - The service cannot have started a job: the items were counted, and are fewer than the limit for jobs.
/// - The time of the last change equals the [`baseline`](Self::baseline). Without a baseline, the caller who sent the
///   write gets that result within ten minutes of the failure, on the assumption that the write has not been undone.
///
/// All reads use the entity, organizations and API version of the failed call. A session with another base URL, or with
/// an entity that the call did not have, is rejected. The [table](crate::reconcile) has the details of every write.
///
/// A reconciliation can be kept as JSON ([`to_json`](Self::to_json)) and resumed by another process. To occupy no worker
/// for 130 s, drive a [`Poller`](super::poller::Poller) once: its
/// [`Progress::Pending`] contains the time until the next poll.
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "O: Serialize", deserialize = "O: DeserializeOwned"))]
pub struct Reconciliation<O: Reconcile> {
    write: O,
    #[serde(default)]
    written_at: WrittenAt,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<RequestScope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline>,
    /// Id of the job, if the lost response contained one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    /// Whether a job is possible, once the items were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    may_be_job: Option<bool>,
    #[serde(skip)]
    poll: Option<PartialPoll<O>>,
    #[serde(skip)]
    last: Option<Sight<O::Object>>,
}

/// A clone begins with a new poll.
impl<O: Reconcile> Clone for Reconciliation<O> {
    fn clone(&self) -> Self {
        Self {
            written_at: self.written_at.clone(),
            baseline: self.baseline.clone(),
            job: self.job.clone(),
            may_be_job: self.may_be_job,
            ..Self::of(&self.write, WrittenAt::default(), self.scope.clone())
        }
    }
}

impl<O: Reconcile> fmt::Debug for Reconciliation<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconciliation")
            .field("object", &self.write.object())
            .field("written_at", &self.written_at)
            .field("baseline", &self.baseline)
            .field("job", &self.job)
            .field("may_be_job", &self.may_be_job)
            .finish_non_exhaustive()
    }
}

/// A poll that needs more reads.
struct PartialPoll<O: Reconcile> {
    began: Timestamp,
    sight: Sight<O::Object>,
    next: O::Read,
    /// Number of items counted so far, once the object is read.
    items: Option<u64>,
}

impl<O: Reconcile> Reconciliation<O> {
    /// Creates the reconciliation of a write that failed with `error`.
    pub fn new(write: &O, error: &Error) -> Self {
        let job = job_id_in(error.body());
        Self { job, ..Self::of(write, WrittenAt::new(error.failed_at()), error.scope().cloned()) }
    }

    /// Creates the reconciliation of a write that may have been sent until `last_sent_at`, in `scope`, by another
    /// process. Without a time the 130 s count from the first poll; without a scope the reads use the session's.
    pub fn of_unconfirmed(write: &O, last_sent_at: Option<WallTime>, scope: Option<RequestScope>) -> Self {
        Self::of(write, WrittenAt::by_wall(last_sent_at), scope)
    }

    fn of(write: &O, written_at: WrittenAt, scope: Option<RequestScope>) -> Self {
        Self {
            write: write.clone(),
            written_at,
            scope,
            baseline: None,
            job: None,
            may_be_job: None,
            poll: None,
            last: None,
        }
    }

    /// Sets what [`Client::baseline`](crate::Client::baseline) read before the write.
    #[must_use]
    pub fn baseline(mut self, baseline: impl Into<Option<Baseline>>) -> Self {
        self.baseline = baseline.into();
        self
    }

    /// Sets the limits of a caller who knows them better.
    pub(crate) fn limits(mut self, limits: ProcessingLimits) -> Self {
        self.written_at = self.written_at.with_limits(limits);
        self
    }

    /// Returns the policy of [`Client::reconcile`](crate::Client::reconcile): ten minutes, after which the caller who
    /// sent the write knows no more than others.
    pub fn policy() -> PollingPolicy {
        PollingPolicy::default().timeout(DEFAULT_TIMEOUT)
    }

    /// Returns the time until a poll can prove that the write was not applied, by the clock of `now`.
    pub fn conclusive_in(&self, now: Timestamp) -> Duration {
        self.written_at.uncertain_for(now)
    }

    /// Returns the entity, organizations and API version that the reads use.
    pub fn scope(&self) -> Option<&RequestScope> {
        self.scope.as_ref()
    }
}

impl<O: Reconcile + Serialize + DeserializeOwned> Reconciliation<O> {
    /// Returns the reconciliation as JSON text, for another process. It contains no token.
    ///
    /// # Errors
    /// The write cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::invalid("reconciliation", error.to_string()))
    }

    /// Reads the text of [`to_json`](Self::to_json).
    ///
    /// # Errors
    /// The text is not a reconciliation of this write.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::unreadable("reconciliation", error.to_string()))
    }
}

/// Evaluating what was seen.
impl<O: Reconcile> Reconciliation<O> {
    /// Returns the first read of a poll.
    fn begin(&self) -> Option<O::Read> {
        self.job.as_deref().and_then(|job| self.write.job(job)).or_else(|| self.write.begin())
    }

    /// Evaluates a complete poll, or requests the items of the object.
    fn evaluate_poll(
        &mut self,
        mut poll: PartialPoll<O>,
        next: Option<O::Read>,
    ) -> Progress<Reconciled<O::Object>> {
        if let Some(next) = next {
            self.poll = Some(PartialPoll { next, ..poll });
            return Progress::Incomplete;
        }
        let now = poll.began;
        let wait = self.written_at.uncertain_for(now);
        let finding = poll.sight.finding.take().unwrap_or(Finding::Inconclusive);
        let ready = match &finding {
            Finding::Applied => Reconciled::Applied(poll.sight.object),
            Finding::UnderWay => Reconciled::UnderWay(poll.sight.object),
            _ if !wait.is_zero() => {
                let pause = wait.min(MAX_PAUSE);
                self.last = Some(Sight { finding: Some(finding), ..poll.sight });
                return Progress::Pending(Some(pause));
            }
            Finding::Absent => Reconciled::NotApplied(None),
            Finding::Partly(_) | Finding::Unexpected(_) => self.unknown(Some(finding), poll.sight, None),
            Finding::Unchanged | Finding::Inconclusive => match self.processing() {
                Processing::Immediate => self.conclude(finding, poll.sight, now),
                Processing::MaybeJob if self.may_be_job.is_none() => {
                    if let Some(next) = self.write.count() {
                        let sight = Sight { finding: Some(finding), ..poll.sight };
                        self.poll = Some(PartialPoll { began: poll.began, sight, next, items: Some(0) });
                        return Progress::Incomplete;
                    }
                    self.last = Some(Sight { finding: Some(finding), ..poll.sight });
                    return Progress::Pending(None);
                }
                Processing::MaybeJob | Processing::Background => {
                    self.last = Some(Sight { finding: Some(finding), ..poll.sight });
                    return Progress::Pending(None);
                }
            },
        };
        Progress::Ready(ready)
    }

    /// Returns how the write is carried out, as far as it is known.
    fn processing(&self) -> Processing {
        match self.write.processing() {
            Processing::MaybeJob if self.may_be_job == Some(false) => Processing::Immediate,
            processing => processing,
        }
    }

    /// Decides between "not applied" and "unknown", when nothing is at work any more.
    fn conclude(&self, finding: Finding, sight: Sight<O::Object>, now: Timestamp) -> Reconciled<O::Object> {
        let why = match (&self.baseline, &sight.updated) {
            (Some(baseline), Some(updated)) if baseline.as_str() == updated => {
                return Reconciled::NotApplied(sight.object);
            }
            (Some(_), Some(_)) => "the object was changed after its baseline was read",
            (Some(_), None) => "the service did not return the time of the last change",
            (None, _) if finding == Finding::Inconclusive => "what can be read does not show the changes",
            (None, _) if self.written_at.is_callers(now) => return Reconciled::NotApplied(sight.object),
            (None, _) => {
                "the object is in its former state, but without a baseline only the caller who sent the write, within \
                 ten minutes, may assume that nothing has undone it"
            }
        };
        self.unknown(Some(finding), sight, Some(why))
    }

    fn unknown(
        &self,
        finding: Option<Finding>,
        sight: Sight<O::Object>,
        why: Option<&str>,
    ) -> Reconciled<O::Object> {
        let (shown, applied_to) = match finding {
            Some(Finding::Partly(ids)) if ids.is_empty() => {
                ("only some of the objects can be read".to_owned(), ids)
            }
            Some(Finding::Partly(ids)) => ("the write is applied in part".to_owned(), ids),
            Some(Finding::Unexpected(what)) => (what, Vec::new()),
            _ => ("the object is not in the wanted state".to_owned(), Vec::new()),
        };
        Reconciled::Unknown(Undecided {
            object: self.write.object(),
            status: sight.status,
            last: sight.object,
            waited: self.written_at.waited(),
            why: why.map_or(shown, str::to_owned),
            applied_to,
            error: None,
        })
    }

    /// Continues to count items, and evaluates the poll when the count is complete.
    fn count(
        &mut self,
        mut poll: PartialPoll<O>,
        mut items: u64,
        page: Result<<O::Read as Operation>::Output>,
    ) -> Result<Progress<Reconciled<O::Object>>> {
        let check = match self.write.counted(&mut items, &poll.next, page) {
            Ok(check) => check,
            Err(error) if error.is_retryable() => return Err(error),
            Err(_) => JobCheck::Possible,
        };
        if let JobCheck::Next(next) = check {
            self.poll = Some(PartialPoll { next, items: Some(items), ..poll });
            return Ok(Progress::Incomplete);
        }
        self.may_be_job = Some(matches!(check, JobCheck::Possible));
        poll.items = None;
        Ok(self.evaluate_poll(poll, None))
    }
}

impl<O: Reconcile> Waiter for Reconciliation<O> {
    type Read = NextRead<O::Read>;
    type Output = Reconciled<O::Object>;

    fn read(&self) -> Self::Read {
        let next = self.poll.as_ref().map(|poll| poll.next.clone());
        NextRead(next.or_else(|| self.begin()))
    }

    fn decided(&mut self) -> Option<Self::Output> {
        if self.write.begin().is_some() {
            return None;
        }
        Some(self.unknown(None, Sight::new(None), Some("no read can tell whether the write was applied")))
    }

    fn options(&self, session: &Session, options: &CallOptions) -> Result<CallOptions> {
        let Some(scope) = &self.scope else { return Ok(options.clone()) };
        let options = in_scope(options.clone(), scope);
        let reads = session.scope_with(&options).map_err(Error::with_unknown_outcome)?;
        if let Some(other) = reads.difference(scope) {
            let what = format!(
                "the session has another {other} than the write, so it cannot read whether the write was applied"
            );
            return Err(Error::failed(what).with_unknown_outcome());
        }
        Ok(options)
    }

    fn evaluate(
        &mut self,
        seen: Result<<O::Read as Operation>::Output>,
        now: Timestamp,
    ) -> Result<Progress<Self::Output>> {
        self.written_at.read_at(now);
        let mut poll = match self.poll.take() {
            Some(poll) => poll,
            None => match self.begin() {
                Some(next) => {
                    let sight = Sight::new(self.written_at.not_sent_before());
                    PartialPoll { began: now, sight, next, items: None }
                }
                None => return Err(Error::failed("no read can tell whether the write was applied")),
            },
        };
        if let Some(items) = poll.items {
            return self.count(poll, items, seen);
        }
        if let (Some(_), Err(error)) = (&self.job, &seen) {
            if !error.is_retryable() {
                // The retrieval of jobs is documented for deletions and reversals only: read the object instead.
                self.job = None;
                return Ok(Progress::Incomplete);
            }
        }
        let next = self.write.observe(&mut poll.sight, &poll.next, seen)?;
        Ok(self.evaluate_poll(poll, next))
    }

    fn undecided(&mut self, error: Error, waited: Duration) -> Result<Self::Output> {
        let is_over = error.kind() == ErrorKind::Timeout && error.attempts() == 0;
        let mut sight = self.last.take().unwrap_or_else(|| Sight::new(None));
        let why = match (&sight.finding, self.processing()) {
            _ if !is_over => Some("the object cannot be read"),
            (Some(Finding::Unchanged | Finding::Inconclusive), Processing::Background) => {
                Some("the service works in the background without a last moment, and nothing is seen yet")
            }
            (Some(Finding::Unchanged | Finding::Inconclusive), Processing::MaybeJob) => {
                Some("a job of unlimited duration may be at work, and nothing is seen yet")
            }
            (None, _) => Some("the object was not read in time"),
            (Some(Finding::Unchanged | Finding::Absent), _) => {
                Some("the service may still be at work: the time of waiting was too short")
            }
            _ => None,
        };
        let finding = sight.finding.take();
        let mut reconciled = self.unknown(finding, sight, why);
        if let Reconciled::Unknown(undecided) = &mut reconciled {
            undecided.waited = waited;
            undecided.error = (!is_over).then(|| Arc::new(error.with_unknown_outcome()));
        }
        Ok(reconciled)
    }
}

/// Adds the entity, organizations and API version of a scope.
fn in_scope(mut options: CallOptions, scope: &RequestScope) -> CallOptions {
    options.headers.entity_id.clone_from(&scope.entity_id);
    options.headers.org_ids.clone_from(&scope.org_ids);
    if scope.api_version.is_some() {
        options.headers.version.clone_from(&scope.api_version);
    }
    options
}

/// Returns the id of a job in a response, which may be cut off anywhere.
fn job_id_in(body: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"jobId\"";
    let after = memchr::memmem::find(body, NAME)?.checked_add(NAME.len())?;
    let value = body.get(after..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"")?;
    let id = value.get(..memchr::memchr(b'"', value)?)?;
    let is_id = (1..=64).contains(&id.len()) && id.iter().all(u8::is_ascii_alphanumeric);
    is_id.then(|| String::from_utf8_lossy(id).into_owned())
}

/// The next read of a [`Reconciliation`].
#[derive(Clone, Debug)]
pub struct NextRead<R>(Option<R>);

impl<R: Operation> Operation for NextRead<R> {
    type Output = R::Output;

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("read_back", "");
        self.0.as_ref().map_or(&SPEC, Operation::spec)
    }

    fn request(&self) -> Result<HttpRequest> {
        self.required()?.request()
    }

    fn parse(&self, success: &HttpResponse) -> Result<R::Output> {
        self.required()?.parse(success)
    }
}

impl<R> NextRead<R> {
    fn required(&self) -> Result<&R> {
        self.0.as_ref().ok_or_else(|| Error::failed("no read can tell whether the write was applied"))
    }
}
