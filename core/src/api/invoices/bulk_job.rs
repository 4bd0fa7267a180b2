//! Bulk operations on any number of invoices.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api::invoices::bulk::Bulk;
use crate::api::invoices::bulk_ledger::{Entry, Ledger, State};
use crate::api::invoices::bulk_result::{AppliedRow, BulkEvent, RowState};
use crate::api::invoices::bulk_run::Run;
use crate::api::invoices::bulk_saved;
use crate::error::{Error, Outcome, Result};
use crate::machine::{Action, Event, Machine};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;

/// Bulk operation on any number of invoices, as a [`Machine`] whose state can be saved.
///
/// Every row has a name that the caller chooses, such as the id of an order. The job sends requests of up to 50
/// rows and 1,000 items. Each time it is driven, it returns a [`BulkEvent`]: a checkpoint before each request, and
/// the results of some rows after each response. It returns `None` when no row can be sent any more. A row or a
/// chunk that is rejected does not stop the others.
///
/// ```
/// use zuora_core::invoices::{BulkEvent, BulkJob, BulkPostInvoices, InvoiceToPost};
/// # use zuora_core::{Client, Config, DataCenter};
/// # use zuora_core::testing::FakeTransport;
///
/// # let transport = FakeTransport::new(|request| {
/// #     let rows = String::from_utf8_lossy(request.body()).replace("\"}", "\",\"success\":true}");
/// #     Ok(FakeTransport::json(200, format!("{},\"success\":true}}", rows.trim_end_matches('}').to_owned())))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "secret");
/// # let client = Client::with_transport(&config, transport)?;
/// # let file = std::cell::RefCell::new(String::new());
/// # let save = |state: String| file.replace(state);
/// let drafts = (0..120).map(|n| (format!("order {n}"), InvoiceToPost::new(format!("{n:032x}"))));
/// let mut job = BulkJob::<BulkPostInvoices>::new(client.session(), drafts)?;
/// let mut posted = 0;
/// while let Some(event) = client.drive(&mut job)? {
///     save(job.to_json()?); // to a file or a database, before anything else is sent
///     if let BulkEvent::Chunk(chunk) = event {
///         posted += chunk.rows.iter().filter(|row| row.result.is_ok()).count();
///     }
/// }
/// # assert_eq!(posted, 120);
/// # let text = file.into_inner();
/// # let job = BulkJob::<BulkPostInvoices>::from_json(client.session(), &text)?;
/// # assert_eq!((job.remaining(), job.in_doubt()), (0, 0));
/// # Ok::<(), zuora_core::Error>(())
/// ```
///
/// # A process that is killed
///
/// Continue the job from its last state with [`from_json`](Self::from_json). A chunk that may have been sent is in
/// doubt. The job sends it again with the same bytes under the same idempotency key, and the service returns the
/// result of the first time. A row in doubt cannot be mended, because its chunk would become another one.
///
/// The service keeps a key for 24 hours. The job trusts it for 23 hours and 45 minutes from the first possible
/// sending, by the wall clock. After that it sends nothing of the chunk: it looks invoices up by the numbers that
/// the caller chose, or reads the invoices to post. The other rows are given up as [`RowState::Unknown`].
/// [`CreateStandaloneInvoice::invoice_number`](crate::invoices::CreateStandaloneInvoice::invoice_number) makes every
/// creation decidable. A state whose transport has no wall clock has no known age.
///
/// A row that the response to a retry rejects was not applied, because the response is the stored one or that of the
/// only work under the key. This assumes what the service documents: that it stores the first response under a key,
/// whether success or failure. Whether that includes its failures with status 5xx is not documented. A service that has
/// reported one under the key, and then begins the work again, may reject a row that it has created before. The job
/// looks this row up by its number or id, or gives it up as [`RowState::Unknown`]. It does the same after a restart
/// from a state that was saved before the response: an earlier process may have received such a failure.
///
/// An update has no key, and is never sent again. When its outcome is unknown, the job reads each invoice back; see
/// [`RowError::outcome`](crate::invoices::RowError::outcome) of each row.
///
/// Only one process may drive a job at a time.
///
/// # A job without its state
///
/// With [`key_prefix`](Self::key_prefix), the key of a chunk consists of the prefix, a SHA-256 hash of the content,
/// and a counter for chunks with equal content. A job that starts from the beginning with *the same rows in the same
/// order* within 24 hours has the same keys, and applies nothing twice. This does not protect a job in which a row
/// was added, removed or mended: the chunk of this row and all later chunks have other keys, and the service applies
/// their rows again. Only the saved state protects such a job.
///
/// Without a prefix, each chunk has a random key, and only the saved state protects the job.
#[doc(alias = "chunk")]
#[doc(alias = "batch")]
#[doc(alias = "resume")]
pub struct BulkJob<B: Bulk> {
    pub(super) session: Session,
    pub(super) options: CallOptions,
    pub(super) timeout: Option<Duration>,
    pub(super) ledger: Ledger,
    pub(super) run: Run<B>,
}

impl<B: Bulk> BulkJob<B> {
    /// Creates the job from rows and their names. The rows are sent in their order.
    ///
    /// The rows are taken from the iterator one at a time. Each is written as JSON once, and the job keeps only this
    /// text, from which the body of a request is joined: a restart needs the rows that remain.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) if two rows have one name or a row cannot be written as JSON. A
    /// row that the service would reject is no error: the job rejects it without sending it.
    pub fn new<N: Into<String>>(
        session: &Session,
        rows: impl IntoIterator<Item = (N, B::Row)>,
    ) -> Result<Self> {
        let mut ledger = Ledger::default();
        for (name, row) in rows {
            ledger.add(entry::<B>(name.into(), row)?)?;
        }
        Ok(Self::of_ledger(session, ledger))
    }

    /// Continues a job from its saved state. The chunks in doubt come first.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if [`to_json`](Self::to_json) of the same operation did not
    /// write the text.
    pub fn from_json(session: &Session, text: &str) -> Result<Self> {
        Ok(Self::of_ledger(
            session,
            bulk_saved::read(text, B::fixed_spec(), |row| B::from_text(row).is_ok())?,
        ))
    }

    fn of_ledger(session: &Session, ledger: Ledger) -> Self {
        Self {
            session: session.clone(),
            options: CallOptions::default(),
            timeout: None,
            ledger,
            run: Run::default(),
        }
    }

    /// Returns the state of the job as JSON text, without the token. It is exact in every store, because rows and
    /// bodies are strings in it.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) if the state cannot be written.
    pub fn to_json(&self) -> Result<String> {
        bulk_saved::write(&self.ledger, B::fixed_spec(), self.run.being_sent())
    }

    /// Sets the prefix of the idempotency keys, 1 to 180 printable ASCII characters. It has no effect on updates,
    /// which send no key, and on chunks that were made before.
    #[doc(alias = "idempotency")]
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.ledger.key_prefix = Some(prefix.into());
        self
    }

    /// Sets the options of every request and read, such as the entity. An idempotency key in them is ignored. A job
    /// that is continued needs the same entity and organizations. A [`token`](CallOptions::token) is not saved: set it
    /// again to continue for the same user.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the time from the first drive to `None` or an error, including all waits and reads. When it is over,
    /// driving the job fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout); driving it again starts the time
    /// anew. By default, each chunk has 15 minutes.
    #[doc(alias = "deadline")]
    #[must_use]
    pub fn timeout(mut self, span: Duration) -> Self {
        self.timeout = Some(span);
        self
    }

    /// Returns the number of rows that are still to be sent.
    pub fn remaining(&self) -> usize {
        self.ledger.count(|state| *state == State::Remaining)
    }

    /// Returns the number of rows whose outcome is unknown but can still be determined by driving the job again.
    pub fn in_doubt(&self) -> usize {
        self.ledger.count(|state| *state == State::InDoubt)
    }

    /// Iterates over the names and states of all rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = (&str, RowState<'_>)> {
        self.ledger.entries.iter().map(|entry| (&*entry.name, entry.state()))
    }

    /// Returns the state of a row, or `None` if no row has this name.
    pub fn state(&self, name: &str) -> Option<RowState<'_>> {
        let place = self.ledger.places.get(name)?;
        self.ledger.entries.get(*place).map(Entry::state)
    }

    /// Replaces a row that was rejected, or that remains. The new row is sent when the job is driven.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) if no row has this name, if the row was applied, or if its
    /// outcome is unknown.
    pub fn mend(&mut self, name: &str, row: B::Row) -> Result<()> {
        let mended = entry::<B>(name.to_owned(), row)?;
        let place = self.resendable(name)?;
        let name = Arc::clone(&self.ledger.entries[place].name);
        self.ledger.entries[place] = Entry { name, ..mended };
        self.ledger.set(place, State::Remaining);
        Ok(())
    }

    /// Lets a row that was rejected remain, to be sent again as it is. Use it when the cause is mended elsewhere.
    ///
    /// # Errors
    /// As for [`mend`](Self::mend).
    pub fn retry(&mut self, name: &str) -> Result<()> {
        let place = self.resendable(name)?;
        self.ledger.set(place, State::Remaining);
        Ok(())
    }

    /// Gives all chunks in doubt up: they are not sent again, and their rows become [`RowState::Unknown`].
    pub fn give_up(&mut self) {
        self.run = Run::default();
        self.ledger.give_up();
    }

    /// Sets the outcome of a row that is [`RowState::Unknown`], after a person or another program has determined it.
    /// A row that was not applied becomes rejected, and can then be mended or retried.
    ///
    /// ```
    /// use zuora_core::Outcome;
    /// use zuora_core::invoices::{BulkJob, BulkPostInvoices, InvoiceToPost, RowState};
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport, transport::TransportError};
    /// # let transport = FakeTransport::new(|_| Err(TransportError::maybe_sent("connection reset")));
    /// # let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
    /// # let client = Client::with_transport(&config, transport)?;
    ///
    /// let mut job = BulkJob::<BulkPostInvoices>::new(client.session(), [("march", InvoiceToPost::new("8a1"))])?;
    /// # while let Ok(Some(_)) = client.drive(&mut job) {}
    /// // Driven, without a response. A day later, a person has looked at the invoice:
    /// job.give_up();
    /// assert!(matches!(job.state("march"), Some(RowState::Unknown)));
    /// job.resolve("march", Outcome::Applied)?;
    /// assert!(matches!(job.state("march"), Some(RowState::Applied(_))));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build) if no row has this name, or if the row has another state. A row in
    /// doubt can be decided only after [`give_up`](Self::give_up).
    pub fn resolve(&mut self, name: &str, outcome: Outcome) -> Result<()> {
        let place = self.place(name)?;
        if self.ledger.entries[place].state != State::Unknown {
            return Err(Error::invalid(
                "name",
                format!("must name a row that was given up, and row {name:?} was not"),
            ));
        }
        match outcome {
            Outcome::Applied => self.ledger.set(place, State::Applied(AppliedRow::default())),
            Outcome::NotApplied => self.ledger.set(place, State::Rejected(Vec::new())),
            Outcome::Unknown => {}
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Result<usize> {
        let place = self.ledger.places.get(name).copied();
        place.ok_or_else(|| {
            Error::invalid("name", format!("must name a row of the job, and no row has the name {name:?}"))
        })
    }

    fn resendable(&self, name: &str) -> Result<usize> {
        let place = self.place(name)?;
        let why = match &self.ledger.entries[place].state {
            State::Remaining | State::Rejected(_) => return Ok(place),
            State::Applied(_) => "was applied",
            State::InDoubt => "is in doubt: drive the job until its outcome is known",
            State::Unknown => "has an unknown outcome: determine it and call `resolve`",
        };
        Err(Error::invalid("name", format!("must name a row that may be sent again, but row {name:?} {why}")))
    }
}

fn entry<B: Bulk>(name: String, row: B::Row) -> Result<Entry> {
    let is_invalid = B::check(&row).is_err();
    let items = B::items(&row);
    let text = B::to_text(row).map_err(|error| Error::invalid(format!("row {name:?}"), error.to_string()))?;
    Ok(Entry { name: name.into(), row: text.into(), items, is_invalid, state: State::Remaining })
}

impl<B: Bulk> Machine for BulkJob<B> {
    type Output = Option<BulkEvent<B::Applied>>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        self.advance(event, now)
    }
}

/// Prints counts, and neither rows nor bodies.
impl<B: Bulk> fmt::Debug for BulkJob<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkJob")
            .field("operation", &B::fixed_spec().name)
            .field("rows", &self.ledger.entries.len())
            .field("remaining", &self.remaining())
            .field("in_doubt", &self.in_doubt())
            .field("applied", &self.ledger.count(|state| matches!(state, State::Applied(_))))
            .field("rejected", &self.ledger.count(|state| matches!(state, State::Rejected(_))))
            .field("unknown", &self.ledger.count(|state| *state == State::Unknown))
            .finish_non_exhaustive()
    }
}
