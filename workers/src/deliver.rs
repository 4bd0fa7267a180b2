//! One delivery of a job, with a client and a send log.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use zuora_core::intent::{AnyOperation, Delivery, Intent, Perform, Performed};
use zuora_core::invoices::GetInvoiceItems;
use zuora_core::transport::{AsyncTransport, WallTime};
use zuora_core::types::RequestScope;
use zuora_core::{AsyncClient, CallOptions, Error};

use crate::decision::{Decision, Limits, Prepared, Record, SeenItem, Step, Work, unreadable, with_text};
use crate::job::Job;
use crate::lease::{Lease, UnderLease};
use crate::places::{Place, Places};
use crate::send_log::SendLog;

/// Performs a job once and decides about it. The engine executes the decision, together with the record.
///
/// `lease` is the time for which the engine gives the job to this worker. While it is renewed, the line of the send log
/// moves with it: a PUT or DELETE is sent only within the time that the line names.
///
/// # Errors
/// The send log cannot be reached. Deliver the job again: what may have been sent is in the log.
pub async fn deliver<T: AsyncTransport, L: SendLog>(
    client: &AsyncClient<T>,
    log: &L,
    job: &Job,
    lease: &Lease,
    limits: &Limits,
) -> Result<(Decision, Record), L::Error> {
    let delivered = deliver_once(client, log, job, lease, limits, &mut Places::single()).await?;
    Ok((delivered.decision, delivered.record))
}

/// The end of a delivery.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) decision: Decision,
    pub(crate) record: Record,
    /// Whether the service rejects the credentials of the session, so that the next job would fail too.
    pub(crate) is_unauthorized: bool,
}

impl From<(Decision, Record)> for Delivered {
    fn from((decision, record): (Decision, Record)) -> Self {
        Self { decision, record, is_unauthorized: false }
    }
}

/// Does what [`deliver`] does, with the session and the places of the worker.
pub(crate) async fn deliver_once<T: AsyncTransport, L: SendLog>(
    client: &AsyncClient<T>,
    log: &L,
    job: &Job,
    lease: &Lease,
    limits: &Limits,
    place: &mut Place,
) -> Result<Delivered, L::Error> {
    place.take().await;
    let now = || client.transport().now();
    let wall = || now().wall().unwrap_or(WallTime::from_unix_millis(0));
    let record = log.read(&job.key).await?;
    let intent = match Intent::from_json(&job.intent) {
        Ok(intent) => intent,
        Err(error) => {
            let why = with_text(error, &job.intent);
            return Ok(unreadable(&job.key, &job.intent, record, why, limits, wall()).into());
        }
    };
    let scope = intent.scope().clone();
    // An intent of the session shows the scope of the session.
    let session = match client.intent(intent.operation().clone()) {
        Ok(own) => own.scope().clone(),
        // Such as a guard of this session: another worker may have none.
        Err(error) => {
            let why = error.to_string();
            return Ok(unreadable(&job.key, &job.intent, record, why, limits, wall()).into());
        }
    };
    let mut work = Work::new(&job.key, intent, record, *limits);
    let mut step = work.start(&session, now(), lease.end());
    let mut has_waited = false;
    loop {
        step = match step {
            Step::Prepare { baseline_of, items } => {
                let read = prepare(client, &baseline_of, items, &scope).await;
                work.prepared(read, now())
            }
            Step::Wait(time) => {
                let wait = client.transport().sleep_until(now() + time);
                // A second wait follows a first one whose place was taken for too long: it keeps its place.
                match std::mem::replace(&mut has_waited, true) {
                    true => wait.await,
                    false => place.away(wait).await,
                }
                work.waited(now(), lease.end())
            }
            Step::Record(record) => {
                // The end of the lease that is in the record.
                let end = lease.end();
                let is_written = log.write(&job.key, &record).await?;
                match work.recorded(is_written, now(), end) {
                    Step::Perform(intent, delivery) => {
                        let record = record.written();
                        let (performed, record) =
                            perform(client, log, job, lease, (&intent, delivery), record).await?;
                        work.renewed(record);
                        work.performed(performed, now())
                    }
                    other => other,
                }
            }
            Step::ReadItems(items) => {
                let read = read_items(client, items, &scope).await;
                work.items_read(read, now())
            }
            Step::Decided(decision, record) => {
                let is_unauthorized = work.is_unauthorized();
                return Ok(Delivered { decision, record, is_unauthorized });
            }
            // Only `recorded` returns it, and is followed above.
            Step::Perform(..) => {
                return Ok((Decision::rejected("a step out of turn"), Record::default()).into());
            }
        };
    }
}

/// Drives the performance; renews the line of the send log whenever the lease was renewed.
async fn perform<T: AsyncTransport, L: SendLog>(
    client: &AsyncClient<T>,
    log: &L,
    job: &Job,
    lease: &Lease,
    (intent, delivery): (&Intent, Delivery),
    mut record: Record,
) -> Result<(Result<Performed, Error>, Record), L::Error> {
    let transport = client.transport();
    let written = Lease::until(record_end(&record, transport.now(), lease));
    let machine = UnderLease::new(Perform::new(client.session(), intent, delivery), written.clone());
    let mut performed = pin!(client.drive(machine));
    let mut is_ours = true;
    loop {
        let half = transport.now().until(written.end()) / 2;
        let tick = pin!(transport.sleep_until(transport.now() + half.max(MIN_TICK)));
        match first_of(performed.as_mut(), tick).await {
            Some(performed) => return Ok((performed, record)),
            None if is_ours && lease.end() > written.end() => {
                let end = lease.end();
                let mut longer = record.clone();
                if let (Some(sent), Some(wall)) = (&mut longer.sent, end.wall()) {
                    sent.last = sent.last.max(wall);
                }
                // An error leaves the shorter lease, under which nothing is sent after its end. So does a line that
                // another worker has written, for good.
                match log.write(&job.key, &longer).await {
                    Ok(true) => {
                        record = longer.written();
                        written.renew(end);
                    }
                    Ok(false) => is_ours = false,
                    Err(_) => {}
                }
            }
            None => {}
        }
    }
}

/// Shortest time between two polls of the lease.
const MIN_TICK: Duration = Duration::from_millis(200);

/// Returns the end of the lease that is written in the record.
fn record_end(
    record: &Record,
    now: zuora_core::transport::Timestamp,
    lease: &Lease,
) -> zuora_core::transport::Timestamp {
    let left = record.sent.zip(now.wall()).and_then(|(sent, wall)| sent.last.since(wall));
    (now + left.unwrap_or_default()).min(lease.end())
}

/// Returns the output of the first future, or none if the second one ends before it.
async fn first_of<T>(
    mut first: Pin<&mut impl Future<Output = T>>,
    mut second: Pin<&mut impl Future<Output = ()>>,
) -> Option<T> {
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = first.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        second.as_mut().poll(context).map(|()| None)
    })
    .await
}

async fn prepare<T: AsyncTransport>(
    client: &AsyncClient<T>,
    operation: &AnyOperation,
    items: Option<GetInvoiceItems>,
    scope: &RequestScope,
) -> Result<Prepared, Error> {
    let baseline = client.baseline_with(operation, &options(scope)).await?;
    let items = match items {
        Some(items) => {
            Some(read_items(client, items, scope).await?.into_iter().map(|item| item.id).collect())
        }
        None => None,
    };
    Ok(Prepared { baseline: baseline.map(|baseline| baseline.as_str().to_owned()), items })
}

async fn read_items<T: AsyncTransport>(
    client: &AsyncClient<T>,
    items: GetInvoiceItems,
    scope: &RequestScope,
) -> Result<Vec<SeenItem>, Error> {
    let mut pages = client.items_with(&items, &options(scope));
    let mut seen = Vec::new();
    while let Some(item) = pages.next().await {
        seen.push(SeenItem::from(&item?));
    }
    Ok(seen)
}

/// Returns the options of a read for an intent.
fn options(scope: &RequestScope) -> CallOptions {
    let mut options = CallOptions::new();
    if let Some(entity) = &scope.entity_id {
        options = options.entity_id(entity);
    }
    if let Some(orgs) = &scope.org_ids {
        options = options.org_ids(orgs.split(','));
    }
    match &scope.api_version {
        Some(version) => options.api_version(version),
        None => options,
    }
}
