//! Any number of invoices, cut into requests that the service takes.

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

/// Most rows that one request may have.
const MOST_ROWS: usize = 50;
/// Most items that the rows of one request may have.
const MOST_ITEMS: usize = 1000;

/// A [`Machine`] that works through any number of invoices, one request of up to 50 invoices and 1,000 items each
/// time it is driven, and ends with `None`. Whatever becomes of a chunk or a row, the others go on.
///
/// Creations and postings carry an idempotency key for each chunk. With [`key_prefix`](Self::key_prefix) it is
/// made of the prefix and the chunk's content, so that a job that is started anew with the same rows within 24
/// hours finds what it has done. An update has no key and its answer no rows: where it is lost, each invoice is
/// read back.
///
/// ```
/// use zuora_core::invoices::{BulkPostInvoices, BulkJob, InvoiceToPost};
/// # use zuora_core::{Client, Config, DataCenter};
/// # use zuora_core::testing::FakeTransport;
///
/// # let world = FakeTransport::new(|request| {
/// #     let rows = String::from_utf8_lossy(request.body()).replace("\"}", "\",\"success\":true}");
/// #     Ok(FakeTransport::json(200, format!("{},\"success\":true}}", rows.trim_end_matches('}').to_owned())))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// let client = Client::with_transport(&config, world)?;
/// let drafts = (0..120).map(|n| InvoiceToPost::new(format!("{n:032x}")));
/// let mut chunks = BulkJob::<BulkPostInvoices>::new(client.session(), drafts).key_prefix("march");
/// let mut posted = 0;
/// while let Some(chunk) = client.drive(&mut chunks)? {
///     posted += chunk.results.iter().filter(|row| row.is_ok()).count();
/// }
/// # assert_eq!(posted, 120);
/// # Ok::<(), zuora_core::Error>(())
/// ```
pub struct BulkJob<B: Bulk> {
    session: Session,
    key_prefix: Option<String>,
    remaining: VecDeque<B::Row>,
    /// How many rows came before those that wait.
    passed: usize,
    /// How many chunks of each content were sent: two that are alike are two, not a repeat.
    keys: BTreeMap<u128, u32>,
    state: State<B>,
    /// What makes it useless to send more.
    hopeless: Option<Arc<Error>>,
}

/// What became of one chunk.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChunkResult<D> {
    /// ErrorPath of its first row among all rows, counted from 0.
    pub first: usize,
    /// One result for each row, in the order of the rows.
    pub results: Vec<Result<D, RowError>>,
}

/// Why a row came to nothing, or may have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RowError {
    /// Whether the row took effect.
    pub outcome: Outcome,
    /// What the service said of the row; empty when it said nothing of rows.
    pub envelope: Envelope,
    /// The failure of the whole request, shared by its rows.
    pub request: Option<Arc<Error>>,
    /// The invoice as it was read back after a lost answer.
    pub invoice: Option<Box<Invoice>>,
}

impl<B: Bulk> BulkJob<B> {
    /// Works through these rows in their order.
    pub fn new(session: &Session, rows: impl IntoIterator<Item = B::Row>) -> Self {
        Self {
            session: session.clone(),
            key_prefix: None,
            remaining: rows.into_iter().collect(),
            passed: 0,
            keys: BTreeMap::new(),
            state: State::Idle,
            hopeless: None,
        }
    }

    /// What the keys of all chunks begin with; at most 180 printable ASCII characters. Of no effect on updates,
    /// which take no key.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// How many rows are still to be sent.
    pub fn remaining(&self) -> usize {
        self.remaining.len()
    }

    /// As many of the next rows as one request takes.
    fn cut(&mut self) -> Vec<B::Row> {
        let mut items = 0;
        let mut count = 0;
        for row in self.remaining.iter().take(MOST_ROWS) {
            items += B::items(row);
            if count > 0 && items > MOST_ITEMS {
                break;
            }
            count += 1;
        }
        self.remaining.drain(..count).collect()
    }

    /// Sorts out the rows that cannot be sent, so that they do not take the others along.
    fn prepare(&mut self) -> Prepared<B> {
        let rows = self.cut();
        let first = self.passed;
        self.passed += rows.len();
        let all_sound = B::from_rows(rows.clone()).request().is_ok();
        let mut prepared = Prepared { first, results: Vec::with_capacity(rows.len()), sent: Vec::new() };
        for (place, row) in rows.into_iter().enumerate() {
            let sound = if all_sound { Ok(()) } else { B::from_rows(vec![row.clone()]).request().map(drop) };
            prepared.results.push(match (sound, &self.hopeless) {
                (Err(error), _) => Some(Err(RowError::of_request(&Arc::new(error)))),
                (Ok(()), Some(hopeless)) => Some(Err(RowError::unsent(hopeless))),
                (Ok(()), None) => {
                    prepared.sent.push((place, row));
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
            return State::ReadBack { prepared, error: None, next: 0, look: None };
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
                    Action::Done(Ok(answer)) => {
                        let results = call.operation().results(answer.into_inner());
                        self.state = prepared.answered(results);
                        event = Event::Tick;
                    }
                    Action::Done(Err(error)) => {
                        let error = Arc::new(error);
                        if error.kind() == ErrorKind::Auth {
                            self.hopeless = Some(Arc::clone(&error));
                        }
                        self.state = prepared.all_failed(&error);
                        event = Event::Tick;
                    }
                },
                State::ReadBack { mut prepared, error, next, look: Some(mut look) } => {
                    match look.step(event, now) {
                        Action::Send(request, limits) => {
                            self.state = State::ReadBack { prepared, error, next, look: Some(look) };
                            return Action::Send(request, limits);
                        }
                        Action::Wait(until) => {
                            self.state = State::ReadBack { prepared, error, next, look: Some(look) };
                            return Action::Wait(until);
                        }
                        Action::Done(reconciled) => {
                            prepared.reconcile(next, reconciled);
                            self.state = State::ReadBack { prepared, error, next: next + 1, look: None };
                            event = Event::Tick;
                        }
                    }
                }
                State::ReadBack { prepared, error: Some(error), next, look: None }
                    if next < prepared.sent.len() =>
                {
                    let look = prepared.look(next, &error, &self.session);
                    let skip = usize::from(look.is_none());
                    self.state = State::ReadBack { prepared, error: Some(error), next: next + skip, look };
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
    /// Every row has a result; those whose outcome is unknown are read, one after the other.
    ReadBack {
        prepared: Prepared<B>,
        error: Option<Arc<Error>>,
        next: usize,
        look: Option<Look>,
    },
}

type Look = Box<UntilDone<Reconciliation<UpdatedRow>>>;

/// A chunk on its way: a result that is `None` is one that has still to come.
struct Prepared<B: Bulk> {
    first: usize,
    results: Vec<Option<Result<B::Applied, RowError>>>,
    /// The rows that are sent, each with its place among the results.
    sent: Vec<(usize, B::Row)>,
}

impl<B: Bulk> Prepared<B> {
    fn bulk(&self) -> B {
        B::from_rows(self.sent.iter().map(|(_, row)| row.clone()).collect())
    }

    fn answered(mut self, results: Vec<Result<B::Applied, Envelope>>) -> State<B> {
        let mut results = results.into_iter();
        for (place, _) in &self.sent {
            self.results[*place] = Some(match results.next() {
                Some(Ok(done)) => Ok(done),
                Some(Err(envelope)) => Err(RowError::of_row(envelope)),
                None => Err(RowError::unmentioned()),
            });
        }
        State::ReadBack { prepared: self, error: None, next: 0, look: None }
    }

    fn all_failed(mut self, error: &Arc<Error>) -> State<B> {
        for (place, _) in &self.sent {
            self.results[*place] = Some(Err(RowError::of_request(error)));
        }
        let unknown = (error.outcome() == Outcome::Unknown).then(|| Arc::clone(error));
        State::ReadBack { prepared: self, error: unknown, next: 0, look: None }
    }

    /// Reads a row's invoice back, where that tells what became of the row.
    fn look(&self, next: usize, error: &Error, session: &Session) -> Option<Look> {
        let update = B::read_back(&self.sent.get(next)?.1)?;
        Some(Box::new(
            Poller::new(session, Reconciliation::new(&update, error), PollingPolicy::default()).until_done(),
        ))
    }

    fn reconcile(&mut self, next: usize, reconciled: Result<Reconciled<Invoice>>) {
        let Some((place, row)) = self.sent.get(next) else { return };
        let slot = &mut self.results[*place];
        match (reconciled, B::applied(row), slot) {
            (Ok(Reconciled::Applied(_)), Some(done), slot) => *slot = Some(Ok(done)),
            (Ok(Reconciled::NotApplied(invoice)), _, Some(Err(failure))) => {
                if B::is_conclusive(row) {
                    failure.outcome = Outcome::NotApplied;
                }
                failure.invoice = invoice.map(Box::new);
            }
            _ => {}
        }
    }

    fn chunk(self) -> ChunkResult<B::Applied> {
        let unmentioned = || Err(RowError::unmentioned());
        let results = self.results.into_iter().map(|slot| slot.unwrap_or_else(unmentioned)).collect();
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

    /// Held back because of what became of another request.
    fn unsent(error: &Arc<Error>) -> Self {
        Self { outcome: Outcome::NotApplied, ..Self::of_request(error) }
    }

    /// The request worked, but its answer has no row for this one.
    fn unmentioned() -> Self {
        Self { outcome: Outcome::Unknown, envelope: Envelope::default(), request: None, invoice: None }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.envelope.reasons.first(), &self.request) {
            (Some(first), _) => write!(f, "{first}")?,
            (None, Some(request)) => return write!(f, "{request}"),
            (None, None) => f.write_str("the answer says nothing of this row")?,
        }
        match self.outcome {
            Outcome::NotApplied => f.write_str(" (nothing happened)"),
            Outcome::Applied => f.write_str(" (it happened)"),
            Outcome::Unknown => f.write_str(" (it may have happened)"),
        }
    }
}

impl std::error::Error for RowError {}

/// FNV-1a with 128 bits: equal content, equal key. It guards against change, not against forgery.
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

    fn client<F>(answer: F) -> Client<FakeTransport<F>>
    where
        F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>,
    {
        let config = Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
        Client::with_transport(&config, FakeTransport::new(answer)).unwrap()
    }

    fn all<B: Bulk, F: Fn(&HttpRequest) -> Result<HttpResponse, TransportError>>(
        client: &Client<FakeTransport<F>>,
        mut chunks: BulkJob<B>,
    ) -> Vec<Result<B::Applied, RowError>> {
        let mut results = Vec::new();
        while let Some(chunk) = client.drive(&mut chunks).unwrap() {
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
    fn rows_come_back_in_order_and_a_failed_one_hides_no_other() {
        let sizes = Mutex::new(Vec::new());
        let client = client(|request| {
            let answer = echo(request);
            sizes.lock().unwrap().push(request.body().len());
            Ok(answer)
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
    fn a_restart_finds_its_keys_and_chunks_that_are_alike_have_their_own() {
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
    fn an_update_whose_answer_is_lost_is_read_back_invoice_by_invoice() {
        let client = client(|request| match request.uri().path() {
            "/v1/invoices" => Err(TransportError::maybe_sent("cut")),
            "/v1/invoices/held" => {
                Ok(FakeTransport::json(200, r#"{"success":true,"autoPay":true,"comments":"x "}"#))
            }
            "/v1/invoices/gone" => Ok(FakeTransport::json(404, r#"{"reasons":[{"code":50000040}]}"#)),
            _ => Ok(FakeTransport::json(200, r#"{"success":true,"autoPay":false}"#)),
        });
        let pays = InvoicePatch::default().auto_pay(true);
        let rows = [
            ("held", pays.clone()),
            ("other", pays.clone()),
            ("gone", pays.clone()),
            ("held", pays.comments("x")),
        ];
        let rows = rows.map(|(id, changes)| (InvoiceId::from(id), changes));
        let results = all(&client, BulkJob::<BulkUpdateInvoices>::new(client.session(), rows));
        assert_eq!(results[0].as_ref().unwrap().as_str(), "held");
        let outcomes: Vec<_> = results[1..].iter().map(|row| row.as_ref().unwrap_err().outcome).collect();
        assert_eq!(outcomes, [Outcome::NotApplied, Outcome::Unknown, Outcome::Unknown]);
        assert!(results[3].as_ref().unwrap_err().invoice.is_some(), "shown, for a person to judge");
        let now = crate::transport::Transport::now(client.transport());
        assert!(now.elapsed() >= Duration::from_secs(130), "not before the service has certainly let go");
    }

    #[test]
    fn a_large_invoice_takes_a_request_for_itself() {
        let day = "2024-06-01".parse().unwrap();
        let invoice = |items| {
            let item = crate::api::invoices::NewInvoiceItem::named("x", 1, day);
            CreateStandaloneInvoice::new(crate::types::AccountId::from("a"), day, vec![item; items])
        };
        let requests = Mutex::new(0);
        let client = client(|_| {
            *requests.lock().unwrap() += 1;
            Ok(FakeTransport::json(
                200,
                r#"{"success":true,"invoices":[{"id":"1","success":true},{"id":"2","success":true}]}"#,
            ))
        });
        let rows = [invoice(1), invoice(1000), invoice(600), invoice(400), invoice(1001)];
        let results = all(&client, BulkJob::<BulkCreateStandaloneInvoices>::new(client.session(), rows));
        assert_eq!(*requests.lock().unwrap(), 3);
        assert_eq!(results[4].as_ref().unwrap_err().request.as_ref().unwrap().kind(), ErrorKind::Build);
        assert!(results[..4].iter().all(Result::is_ok));
    }
}
