//! Reading the invoices of a chunk whose outcome is unknown, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::api::invoices::bulk::{Bulk, Comparison, UpdatedRow};
use crate::api::invoices::{GetInvoice, Invoice};
use crate::call::Call;
use crate::call::poller::{Poller, PollingPolicy, UntilDone};
use crate::call::reconcile::{Reconciled, Reconciliation};
use crate::call::reconciled::Undecided;
use crate::error::reason::ReasonCategory;
use crate::error::{Error, ErrorKind, Result};
use crate::machine::{Action, Event, Machine};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// Number of reads in a row without a response after which the other rows are not read.
const MAX_FAILED_READS: u32 = 2;

/// Why invoices are read.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// The only attempt of an update ended with this error, which leaves its outcome unknown.
    Lost(Arc<Error>),
    /// An update of several invoices was rejected. Whether it had an effect on some of them is not documented.
    PartlyRejected(Arc<Error>),
    /// A chunk was sent again, and some rows were rejected or have an unknown outcome.
    Repeated,
    /// The chunk cannot be sent again: its key is expired, or it has none.
    Expired,
}

/// Result of reading one invoice.
#[derive(Debug)]
pub(super) enum Seen {
    Applied(Box<Invoice>),
    NotApplied(Option<Box<Invoice>>),
    /// There is no such invoice.
    Absent,
    /// The invoice proves nothing, or nothing identifies it.
    Unclear(Option<Box<Invoice>>),
    Failed,
}

/// A row to read, with its index among the rows of the job.
pub(super) struct Target<B: Bulk> {
    pub(super) place: usize,
    pub(super) row: B::Row,
}

/// A machine that reads the invoices of some rows.
pub(super) struct Reading<B: Bulk> {
    pub(super) cause: Cause,
    session: Session,
    options: CallOptions,
    deadline: Timestamp,
    queue: VecDeque<Target<B>>,
    current: Option<(Target<B>, Read)>,
    seen: Vec<(Target<B>, Seen)>,
    failures: u32,
}

enum Read {
    Reconciliation(Box<UntilDone<Reconciliation<UpdatedRow>>>),
    LookUp(Box<Call<GetInvoice>>),
}

impl<B: Bulk> Reading<B> {
    /// Creates a reading of rows. `options` are those of the write, without its key: a read has to use the same entity.
    pub(super) fn new(
        session: &Session,
        options: &CallOptions,
        cause: Cause,
        targets: Vec<Target<B>>,
        deadline: Timestamp,
    ) -> Self {
        let options = CallOptions { idempotency_key: None, retry_of: None, ..options.clone() };
        Self {
            cause,
            session: session.clone(),
            options,
            deadline,
            queue: targets.into(),
            current: None,
            seen: Vec::new(),
            failures: 0,
        }
    }

    /// Begins to read an invoice. Returns `None` if nothing identifies the invoice.
    fn begin(&self, row: &B::Row, left: Duration) -> Option<Read> {
        if let Cause::Lost(error) = &self.cause {
            let change = B::change(row)?;
            return Some(Read::Reconciliation(Box::new(reconciliation(
                &self.session,
                &self.options,
                &change,
                error,
                left,
            ))));
        }
        let timeout = self.session.timing().with(&self.options).timeout.min(left);
        let options = self.options.clone().timeout(timeout);
        Some(Read::LookUp(Box::new(Call::with_options(&self.session, B::look_up(row)?, &options))))
    }

    fn note(&mut self, target: Target<B>, seen: Result<Seen>) {
        let seen = seen.unwrap_or_else(|error| {
            if error.reasons().iter().any(|reason| reason.category() == ReasonCategory::NotFound) {
                return Seen::Absent;
            }
            self.failures += u32::from(error.kind() != ErrorKind::Rejected);
            Seen::Failed
        });
        if !matches!(seen, Seen::Failed) {
            self.failures = 0;
        }
        self.seen.push((target, seen));
    }
}

impl<B: Bulk> Machine for Reading<B> {
    type Output = Vec<(Target<B>, Seen)>;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Self::Output> {
        loop {
            if let Some((target, mut read)) = self.current.take() {
                let row = &target.row;
                let action = match &mut read {
                    Read::Reconciliation(machine) => {
                        machine.step(event, now).map(|seen| reconciled::<B>(row, seen))
                    }
                    Read::LookUp(call) => {
                        call.step(event, now).map(|seen| compared::<B>(row, seen.into_inner()))
                    }
                };
                match action {
                    Action::Done(seen) => self.note(target, seen),
                    Action::Send(request, limits) => {
                        self.current = Some((target, read));
                        return Action::Send(request, limits);
                    }
                    Action::Wait(until) => {
                        self.current = Some((target, read));
                        return Action::Wait(until);
                    }
                }
                event = Event::Tick;
                continue;
            }
            let Some(target) = self.queue.pop_front() else {
                return Action::Done(Ok(std::mem::take(&mut self.seen)));
            };
            let left = now.until(self.deadline);
            if left.is_zero() || self.failures >= MAX_FAILED_READS {
                self.seen.push((target, Seen::Failed));
                continue;
            }
            match self.begin(&target.row, left) {
                Some(read) => self.current = Some((target, read)),
                None => self.seen.push((target, Seen::Unclear(None))),
            }
        }
    }
}

/// Creates the machine that reads an update back until its outcome is certain. The only place that knows how.
fn reconciliation(
    session: &Session,
    options: &CallOptions,
    change: &UpdatedRow,
    error: &Error,
    left: Duration,
) -> UntilDone<Reconciliation<UpdatedRow>> {
    let policy = PollingPolicy::default().timeout(left);
    let options = options.clone().timeout(session.timing().with(options).timeout.min(left));
    Poller::new(session, Reconciliation::new(change, error), policy).options(&options).until_done()
}

fn reconciled<B: Bulk>(row: &B::Row, seen: Reconciled<Invoice>) -> Seen {
    match seen {
        Reconciled::Applied(Some(invoice)) => Seen::Applied(Box::new(invoice)),
        Reconciled::NotApplied(Some(invoice)) => match B::compare(row, &invoice) {
            Comparison::NotApplied => Seen::NotApplied(Some(Box::new(invoice))),
            _ => Seen::Unclear(Some(Box::new(invoice))),
        },
        Reconciled::UnderWay(invoice) => Seen::Unclear(invoice.map(Box::new)),
        Reconciled::Unknown(Undecided { last: Some(invoice), .. }) => Seen::Unclear(Some(Box::new(invoice))),
        // No read had a response: another round may have one.
        Reconciled::Unknown(_) => Seen::Failed,
        Reconciled::Applied(None) | Reconciled::NotApplied(None) => Seen::Unclear(None),
    }
}

fn compared<B: Bulk>(row: &B::Row, invoice: Invoice) -> Seen {
    let invoice = Box::new(invoice);
    match B::compare(row, &invoice) {
        Comparison::Applied => Seen::Applied(invoice),
        Comparison::NotApplied => Seen::NotApplied(Some(invoice)),
        Comparison::Unclear => Seen::Unclear(Some(invoice)),
    }
}
