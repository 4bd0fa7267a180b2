//! Bulk operations on any number of invoices.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::api::invoices::Invoice;
use crate::api::invoices::bulk::{Bulk, UpdatedRow};
use crate::call::Call;
use crate::call::poller::{Poller, PollingPolicy, UntilDone};
use crate::call::reconcile::{Reconciled, Reconciliation};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::machine::{Action, Event, Machine};
use crate::model::envelope::Envelope;
use crate::operation::Effect;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// Maximum number of rows in one request.
const MAX_ROWS: usize = 50;
/// Maximum number of items in the rows of one request.
const MAX_ITEMS: usize = 1000;

/// Bulk operation on any number of invoices, as a [`Machine`].
///
/// Each time the machine is driven, it sends one request of up to 50 invoices and 1,000 items, and returns
/// the results of this chunk. It returns `None` after the last chunk. A failed row or chunk does not stop the
/// others, unless the authorization fails.
///
/// Creations and postings send an idempotency key for each chunk. With [`key_prefix`](Self::key_prefix), the
/// key consists of the prefix and a hash of the chunk. A job that is restarted with the same rows within 24
/// hours then sends the same keys and applies nothing twice. An update has no key, and its response has no
/// rows. When the outcome of an update is unknown, the job reads each of its invoices back.
///
/// ```
/// use zuora_core::invoices::{BulkPostInvoices, BulkJob, InvoiceToPost};
/// # use zuora_core::{Client, Config, DataCenter};
/// # use zuora_core::testing::FakeTransport;
///
/// # let transport = FakeTransport::new(|request| {
/// #     let rows = String::from_utf8_lossy(request.body()).replace("\"}", "\",\"success\":true}");
/// #     Ok(FakeTransport::json(200, format!("{},\"success\":true}}", rows.trim_end_matches('}').to_owned())))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, transport)?;
/// let drafts = (0..120).map(|n| InvoiceToPost::new(format!("{n:032x}")));
/// let mut job = BulkJob::<BulkPostInvoices>::new(client.session(), drafts).key_prefix("march");
/// let mut posted = 0;
/// while let Some(chunk) = client.drive(&mut job)? {
///     posted += chunk.results.iter().filter(|row| row.is_ok()).count();
/// }
/// # assert_eq!(posted, 120);
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "chunk")]
pub struct BulkJob<B: Bulk> {
    session: Session,
    key_prefix: Option<String>,
    remaining: VecDeque<B::Row>,
    /// Number of rows before the remaining ones.
    taken: usize,
    /// Number of chunks that were sent, by the hash of their content. A second chunk with equal content is
    /// not a retry of the first one, and has a different key.
    keys: BTreeMap<u128, u32>,
    state: State<B>,
    /// Error after which no further request is sent.
    fatal: Option<Arc<Error>>,
}

/// Results of one chunk of a [`BulkJob`].
#[derive(Debug)]
#[non_exhaustive]
pub struct ChunkResult<D> {
    /// Index of the first row of the chunk among all rows, counted from 0.
    pub first: usize,
    /// Results of the rows, in the order of the rows.
    pub results: Vec<Result<D, RowError>>,
}

/// Error of one row of a [`BulkJob`]: the row was not applied, or its outcome is unknown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RowError {
    /// Outcome of the row.
    pub outcome: Outcome,
    /// Ids and reasons that the service reported for the row. Empty when the whole request failed.
    pub envelope: Envelope,
    /// Error of the whole request, shared by all its rows.
    pub request: Option<Arc<Error>>,
    /// Invoice that was read back after an unknown outcome, without the changes of the row.
    pub invoice: Option<Box<Invoice>>,
}

impl<B: Bulk> BulkJob<B> {
    /// Creates the job. The rows are sent in their order.
    pub fn new(session: &Session, rows: impl IntoIterator<Item = B::Row>) -> Self {
        Self {
            session: session.clone(),
            key_prefix: None,
            remaining: rows.into_iter().collect(),
            taken: 0,
            keys: BTreeMap::new(),
            state: State::Idle,
            fatal: None,
        }
    }

    /// Sets the prefix of the idempotency keys, at most 180 printable ASCII characters. It has no effect on
    /// updates, which send no key.
    #[doc(alias = "idempotency")]
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Returns the number of rows that are not sent yet.
    pub fn remaining(&self) -> usize {
        self.remaining.len()
    }

    /// Takes as many of the next rows as one request can have.
    fn take_rows(&mut self) -> Vec<B::Row> {
        let mut items = 0;
        let mut count = 0;
        for row in self.remaining.iter().take(MAX_ROWS) {
            items += B::items(row);
            if count > 0 && items > MAX_ITEMS {
                break;
            }
            count += 1;
        }
        self.remaining.drain(..count).collect()
    }

    /// Separates the rows that cannot be sent, because one of them would fail the whole request.
    fn prepare(&mut self) -> Prepared<B> {
        let rows = self.take_rows();
        let first = self.taken;
        self.taken += rows.len();
        let all_valid = B::from_rows(rows.clone()).request().is_ok();
        let mut prepared = Prepared { first, results: Vec::with_capacity(rows.len()), sent: Vec::new() };
        for (index, row) in rows.into_iter().enumerate() {
            let valid = if all_valid { Ok(()) } else { B::from_rows(vec![row.clone()]).request().map(drop) };
            prepared.results.push(match (valid, &self.fatal) {
                (Err(error), _) => Some(Err(RowError::of_request(&Arc::new(error)))),
                (Ok(()), Some(fatal)) => Some(Err(RowError::unsent(fatal))),
                (Ok(()), None) => {
                    prepared.sent.push((index, row));
                    None
                }
            });
        }
        prepared
    }

    fn options(&mut self, bulk: &B) -> Result<CallOptions> {
        let options = CallOptions::new();
        match &self.key_prefix {
            Some(prefix) if bulk.spec().effect == Effect::Keyed => {
                let content = fingerprint(bulk.request()?.body());
                let count = self.keys.entry(content).or_default();
                *count += 1;
                Ok(options.idempotency_key(format!("{prefix}-{content:032x}-{count}")))
            }
            _ => Ok(options),
        }
    }

    fn begin(&mut self) -> State<B> {
        let prepared = self.prepare();
        if prepared.sent.is_empty() {
            return State::ReadBack { prepared, error: None, next: 0, read: None };
        }
        let bulk = prepared.bulk();
        match self.options(&bulk) {
            Ok(options) => {
                State::Sent { call: Box::new(Call::with_options(&self.session, bulk, &options)), prepared }
            }
            Err(error) => prepared.all_failed(&Arc::new(error)),
        }
    }
}

impl<B: Bulk> Machine for BulkJob<B> {
    type Output = Option<ChunkResult<B::Applied>>;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Self::Output> {
        loop {
            match std::mem::replace(&mut self.state, State::Idle) {
                State::Idle if self.remaining.is_empty() => return Action::Done(Ok(None)),
                State::Idle => self.state = self.begin(),
                State::Sent { mut call, prepared } => match call.step(event, now) {
                    Action::Send(request, limits) => {
                        self.state = State::Sent { call, prepared };
                        return Action::Send(request, limits);
                    }
                    Action::Wait(until) => {
                        self.state = State::Sent { call, prepared };
                        return Action::Wait(until);
                    }
                    Action::Done(Ok(response)) => {
                        let results = call.operation().results(response.into_inner());
                        self.state = prepared.with_results(results);
                        event = Event::Tick;
                    }
                    Action::Done(Err(error)) => {
                        let error = Arc::new(error);
                        if error.kind() == ErrorKind::Auth {
                            self.fatal = Some(Arc::clone(&error));
                        }
                        self.state = prepared.all_failed(&error);
                        event = Event::Tick;
                    }
                },
                State::ReadBack { mut prepared, error, next, read: Some(mut read) } => {
                    match read.step(event, now) {
                        Action::Send(request, limits) => {
                            self.state = State::ReadBack { prepared, error, next, read: Some(read) };
                            return Action::Send(request, limits);
                        }
                        Action::Wait(until) => {
                            self.state = State::ReadBack { prepared, error, next, read: Some(read) };
                            return Action::Wait(until);
                        }
                        Action::Done(reconciled) => {
                            prepared.reconcile(next, reconciled);
                            self.state = State::ReadBack { prepared, error, next: next + 1, read: None };
                            event = Event::Tick;
                        }
                    }
                }
                State::ReadBack { prepared, error: Some(error), next, read: None }
                    if next < prepared.sent.len() =>
                {
                    let read = prepared.read_back(next, &error, &self.session);
                    let skip = usize::from(read.is_none());
                    self.state = State::ReadBack { prepared, error: Some(error), next: next + skip, read };
                }
                State::ReadBack { prepared, .. } => return Action::Done(Ok(Some(prepared.chunk()))),
            }
        }
    }
}

enum State<B: Bulk> {
    Idle,
    Sent {
        call: Box<Call<B>>,
        prepared: Prepared<B>,
    },
    /// Every row has a result. The rows with an unknown outcome are read back one after the other.
    ReadBack {
        prepared: Prepared<B>,
        error: Option<Arc<Error>>,
        next: usize,
        read: Option<RowReconciliation>,
    },
}

type RowReconciliation = Box<UntilDone<Reconciliation<UpdatedRow>>>;

/// Chunk that is being sent. A result is `None` until the response is received.
struct Prepared<B: Bulk> {
    first: usize,
    results: Vec<Option<Result<B::Applied, RowError>>>,
    /// Rows of the request, each with the index of its result.
    sent: Vec<(usize, B::Row)>,
}

impl<B: Bulk> Prepared<B> {
    fn bulk(&self) -> B {
        B::from_rows(self.sent.iter().map(|(_, row)| row.clone()).collect())
    }

    fn with_results(mut self, results: Vec<Result<B::Applied, Envelope>>) -> State<B> {
        let mut results = results.into_iter();
        for (index, _) in &self.sent {
            self.results[*index] = Some(match results.next() {
                Some(Ok(applied)) => Ok(applied),
                Some(Err(envelope)) => Err(RowError::of_row(envelope)),
                None => Err(RowError::without_result()),
            });
        }
        State::ReadBack { prepared: self, error: None, next: 0, read: None }
    }

    fn all_failed(mut self, error: &Arc<Error>) -> State<B> {
        for (index, _) in &self.sent {
            self.results[*index] = Some(Err(RowError::of_request(error)));
        }
        let unknown = (error.outcome() == Outcome::Unknown).then(|| Arc::clone(error));
        State::ReadBack { prepared: self, error: unknown, next: 0, read: None }
    }

    /// Returns the machine that reads the invoice of a row back, if the changes of the row are visible in the
    /// invoice.
    fn read_back(&self, next: usize, error: &Error, session: &Session) -> Option<RowReconciliation> {
        let update = B::read_back(&self.sent.get(next)?.1)?;
        Some(Box::new(
            Poller::new(session, Reconciliation::new(&update, error), PollingPolicy::default()).until_done(),
        ))
    }

    fn reconcile(&mut self, next: usize, reconciled: Result<Reconciled<Invoice>>) {
        let Some((index, row)) = self.sent.get(next) else { return };
        let slot = &mut self.results[*index];
        match (reconciled, B::applied(row), slot) {
            (Ok(Reconciled::Applied(_)), Some(applied), slot) => *slot = Some(Ok(applied)),
            (Ok(Reconciled::NotApplied(invoice)), _, Some(Err(error))) => {
                if B::is_conclusive(row) {
                    error.outcome = Outcome::NotApplied;
                }
                error.invoice = invoice.map(Box::new);
            }
            _ => {}
        }
    }

    fn chunk(self) -> ChunkResult<B::Applied> {
        let without_result = || Err(RowError::without_result());
        let results = self.results.into_iter().map(|slot| slot.unwrap_or_else(without_result)).collect();
        ChunkResult { first: self.first, results }
    }
}

impl RowError {
    fn of_row(envelope: Envelope) -> Self {
        Self { outcome: Outcome::NotApplied, envelope, request: None, invoice: None }
    }

    fn of_request(error: &Arc<Error>) -> Self {
        let outcome = error.outcome();
        Self { outcome, envelope: Envelope::default(), request: Some(Arc::clone(error)), invoice: None }
    }

    /// Creates the error of a row that is not sent, because an earlier request failed.
    fn unsent(error: &Arc<Error>) -> Self {
        Self { outcome: Outcome::NotApplied, ..Self::of_request(error) }
    }

    /// Creates the error of a row that has no result in the response.
    fn without_result() -> Self {
        Self { outcome: Outcome::Unknown, envelope: Envelope::default(), request: None, invoice: None }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.envelope.reasons.first(), &self.request) {
            (Some(first), _) => write!(f, "{first}")?,
            (None, Some(request)) => return write!(f, "{request}"),
            (None, None) => f.write_str("the response has no result for this row")?,
        }
        match self.outcome {
            Outcome::NotApplied => f.write_str(" (not applied)"),
            Outcome::Applied => f.write_str(" (applied)"),
            Outcome::Unknown => f.write_str(" (outcome unknown)"),
        }
    }
}

impl std::error::Error for RowError {}

/// Returns the 128-bit FNV-1a hash of a body, which makes the key of equal bodies equal. It detects changes,
/// but does not resist forgery.
fn fingerprint(content: &[u8]) -> u128 {
    content.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::api::invoices::{
        BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CreateStandaloneInvoice,
        InvoicePatch, InvoiceToPost,
    };
    use crate::client::blocking::Client;
    use crate::session::config::Config;
    use crate::testing::FakeTransport;
    use crate::transport::{HttpRequest, HttpResponse, TransportError};
    use crate::types::InvoiceId;

    fn client<F>(respond: F) -> Client<FakeTransport<F>>
    where
        F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>,
    {
        let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
        Client::with_transport(&config, FakeTransport::new(respond)).unwrap()
    }

    fn all<B: Bulk, F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>>(
        client: &Client<FakeTransport<F>>,
        mut job: BulkJob<B>,
    ) -> Vec<Result<B::Applied, RowError>> {
        let mut results = Vec::new();
        while let Some(chunk) = client.drive(&mut job).unwrap() {
            assert_eq!(chunk.first, results.len());
            results.extend(chunk.results);
        }
        results
    }

    fn echo(request: &HttpRequest) -> HttpResponse {
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let rows: Vec<_> = body["invoices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let fails = row["id"].as_str().is_some_and(|id| id.starts_with("bad"));
                let reasons =
                    r#"[{"code":59210020,"message":"Only invoices with Draft status can be posted."}]"#;
                format!(
                    r#"{{"id":{},"success":{},"reasons":{}}}"#,
                    row["id"],
                    !fails,
                    if fails { reasons } else { "[]" }
                )
            })
            .collect();
        FakeTransport::json(200, format!(r#"{{"success":true,"invoices":[{}]}}"#, rows.join(",")))
    }

    #[test]
    fn results_are_in_the_order_of_the_rows_and_a_failed_row_affects_no_other() {
        let sizes = Mutex::new(Vec::new());
        let client = client(|request| {
            let response = echo(request);
            sizes.lock().unwrap().push(request.body().len());
            Ok(response)
        });
        let ids = (0..120).map(|n| if n % 50 == 7 { format!("bad{n}") } else { format!("id{n}") });
        let mut rows: Vec<_> = ids.map(InvoiceToPost::new).collect();
        rows[60] = InvoiceToPost::default();
        let results = all(&client, BulkJob::<BulkPostInvoices>::new(client.session(), rows));
        assert_eq!((results.len(), sizes.lock().unwrap().len()), (120, 3));
        let failed: Vec<_> =
            results.iter().enumerate().filter(|(_, row)| row.is_err()).map(|(n, _)| n).collect();
        assert_eq!(failed, [7, 57, 60, 107]);
        assert!(results[57].as_ref().unwrap_err().to_string().starts_with("[59210020] Only invoices"));
        let unsent = results[60].as_ref().unwrap_err().request.as_ref().unwrap();
        assert_eq!((unsent.kind(), unsent.field()), (ErrorKind::Build, Some("invoices[0].id")));
    }

    #[test]
    fn a_restart_sends_the_same_keys_and_equal_chunks_have_different_keys() {
        let keys = Mutex::new(Vec::new());
        let client = client(|request| {
            keys.lock().unwrap().push(request.headers()["idempotency-key"].to_str().unwrap().to_owned());
            Ok(echo(request))
        });
        for _ in 0..2 {
            let rows = vec![InvoiceToPost::new("same"); 100];
            all(&client, BulkJob::<BulkPostInvoices>::new(client.session(), rows).key_prefix("march"));
        }
        let keys = keys.into_inner().unwrap();
        assert_eq!(keys[..2], keys[2..]);
        assert_ne!(keys[0], keys[1]);
        assert!(keys[0].starts_with("march-") && keys[0].len() < 240);
    }

    #[test]
    fn an_update_with_an_unknown_outcome_is_read_back_invoice_by_invoice() {
        let client = client(|request| match request.uri().path() {
            "/v1/invoices" => Err(TransportError::maybe_sent("cut")),
            "/v1/invoices/updated" => {
                Ok(FakeTransport::json(200, r#"{"success":true,"autoPay":true,"comments":"x "}"#))
            }
            "/v1/invoices/deleted" => Ok(FakeTransport::json(404, r#"{"reasons":[{"code":50000040}]}"#)),
            _ => Ok(FakeTransport::json(200, r#"{"success":true,"autoPay":false}"#)),
        });
        let auto_pay = InvoicePatch::default().auto_pay(true);
        let rows = [
            ("updated", auto_pay.clone()),
            ("other", auto_pay.clone()),
            ("deleted", auto_pay.clone()),
            ("updated", auto_pay.comments("x")),
        ];
        let rows = rows.map(|(id, changes)| (InvoiceId::from(id), changes));
        let results = all(&client, BulkJob::<BulkUpdateInvoices>::new(client.session(), rows));
        assert_eq!(results[0].as_ref().unwrap().as_str(), "updated");
        let outcomes: Vec<_> = results[1..].iter().map(|row| row.as_ref().unwrap_err().outcome).collect();
        assert_eq!(outcomes, [Outcome::NotApplied, Outcome::Unknown, Outcome::Unknown]);
        assert!(
            results[3].as_ref().unwrap_err().invoice.is_some(),
            "the invoice is returned for manual review"
        );
        let now = crate::transport::Transport::now(client.transport());
        assert!(
            now.elapsed() >= Duration::from_secs(130),
            "the outcome is decided only after the service has certainly finished"
        );
    }

    #[test]
    fn a_large_invoice_is_sent_in_a_separate_request() {
        let day = "2024-06-01".parse().unwrap();
        let invoice = |items| {
            let item = crate::api::invoices::NewInvoiceItem::named("x", 1, day);
            CreateStandaloneInvoice::new(crate::types::AccountId::from("a"), day, vec![item; items])
        };
        let requests = Mutex::new(0);
        let client = client(|request| {
            *requests.lock().unwrap() += 1;
            Ok(echo(request))
        });
        let rows = [invoice(1), invoice(1000), invoice(600), invoice(400), invoice(1001)];
        let results = all(&client, BulkJob::<BulkCreateStandaloneInvoices>::new(client.session(), rows));
        assert_eq!(*requests.lock().unwrap(), 3);
        assert_eq!(results[4].as_ref().unwrap_err().request.as_ref().unwrap().kind(), ErrorKind::Build);
        assert!(results[..4].iter().all(Result::is_ok));
    }
}
