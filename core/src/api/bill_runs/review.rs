//! Reviews of the invoices of a bill run before posting.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BillRun, PostBillRun};
use crate::api::object_query::{QueriedInvoice, QueryInvoices};
use crate::call::paginator::Paginator;
use crate::call::{Call, Response};
use crate::error::{Error, Result};
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::types::{Amount, AmountError, BillRunId, BillRunNumber, Date};

/// A snapshot of the invoices of a bill run, for a review before posting.
///
/// [`Client::review`](crate::Client::review) creates a review. The API does not list the credit memos of a run or the
/// accounts that failed in it, so a review contains invoices only. A review can be stored as JSON until it is
/// approved. Then [`PostIfUnchanged`] posts the run, unless its invoices have changed since the review.
///
/// ```
/// use zuora_core::bill_runs::{GetBillRun, PostIfUnchanged};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     let body = match request.uri().path() {
/// #         "/object-query/invoices" => r#"{"data":[{"id":"2c91","currency":"EUR","amount":10.50}]}"#,
/// #         _ => r#"{"success":true,"id":"2c98","billRunNumber":"BR-00000016","status":"Completed"}"#,
/// #     };
/// #     Ok(FakeTransport::json(200, body))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let run = client.call(&GetBillRun::new("2c98"))?;
/// let review = client.review(&run)?;
/// assert_eq!(review.invoice_count(), 1);
/// assert_eq!(review.totals()?["EUR"].to_string(), "10.50");
///
/// client.post_if_unchanged(&PostIfUnchanged::new(review))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    bill_run_id: BillRunId,
    bill_run_number: BillRunNumber,
    invoices: BTreeMap<String, ReviewedInvoice>,
}

/// An invoice in a [`Review`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewedInvoice {
    /// Number of the invoice. The number of a draft may be absent, or may change when the invoice is posted.
    pub number: Option<String>,
    /// Id of the account that owes the invoice.
    pub account_id: Option<String>,
    /// Currency of the invoice, an ISO 4217 code such as `EUR`.
    pub currency: Option<String>,
    /// Total amount of the invoice including tax, in its currency.
    pub amount: Option<Amount>,
    /// Status of the invoice, such as `Draft`.
    pub status: Option<String>,
}

impl Review {
    /// Returns the id of the bill run.
    pub fn bill_run_id(&self) -> &BillRunId {
        &self.bill_run_id
    }

    /// Returns the number of invoices that the run created.
    pub fn invoice_count(&self) -> usize {
        self.invoices.len()
    }

    /// Iterates over the invoices, as pairs of an id and an invoice.
    pub fn invoices(&self) -> impl Iterator<Item = (&str, &ReviewedInvoice)> {
        self.invoices.iter().map(|(id, invoice)| (id.as_str(), invoice))
    }

    /// Returns the total amount of the invoices for each currency, by its ISO 4217 code. The total of invoices without
    /// a currency has an empty code.
    ///
    /// # Errors
    /// [`AmountError::TooManyDigits`] if an amount or a total cannot be represented exactly.
    pub fn totals(&self) -> Result<BTreeMap<String, Amount>, AmountError> {
        let mut totals = BTreeMap::<String, Amount>::new();
        for invoice in self.invoices.values() {
            let Some(amount) = &invoice.amount else { continue };
            let total =
                totals.entry(invoice.currency.clone().unwrap_or_default()).or_insert_with(|| Amount::from(0));
            *total = total.checked_add(amount)?;
        }
        Ok(totals)
    }

    /// Returns a checksum of 16 hexadecimal digits over the ids, accounts, currencies, amounts and statuses of the
    /// invoices. Reviewers can compare it.
    pub fn fingerprint(&self) -> String {
        // FNV-1a detects accidental changes, but not forgery.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |text: &str| {
            for byte in text.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for (id, invoice) in &self.invoices {
            mix(id);
            mix(invoice.account_id.as_deref().unwrap_or_default());
            mix(invoice.currency.as_deref().unwrap_or_default());
            mix(&invoice.amount.as_ref().map(ToString::to_string).unwrap_or_default());
            mix(invoice.status.as_deref().unwrap_or_default());
        }
        format!("{hash:016x}")
    }

    /// Describes the differences between this review and a `later` one, with one line for each changed invoice.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (id, before) in &self.invoices {
            match later.invoices.get(id) {
                None => changes.push(format!("{} was removed", before.name(id))),
                Some(after) if before.differs(after) => {
                    changes.push(format!("{} changed from {before} to {after}", before.name(id)));
                }
                Some(_) => {}
            }
        }
        for (id, new) in later.invoices.iter().filter(|(id, _)| !self.invoices.contains_key(*id)) {
            changes.push(format!("{} was added ({new})", new.name(id)));
        }
        changes
    }

    fn add(&mut self, invoice: &QueriedInvoice) -> Result<()> {
        let text = |field: Option<&dyn ToString>| field.map(ToString::to_string);
        let id = invoice.id()?;
        self.invoices.insert(
            id.to_string(),
            ReviewedInvoice {
                number: text(invoice.number.as_ref().map(|number| number as &dyn ToString)),
                account_id: text(invoice.account_id.as_ref().map(|id| id as &dyn ToString)),
                currency: invoice.currency.clone().map(Into::into),
                amount: invoice.amount.clone(),
                status: text(invoice.status.as_ref().map(|status| status as &dyn ToString)),
            },
        );
        Ok(())
    }
}

impl ReviewedInvoice {
    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.number.as_deref().unwrap_or(id)
    }

    /// Compares everything except the number, because the number of a draft may change.
    fn differs(&self, other: &Self) -> bool {
        let facts = |invoice: &Self| {
            (
                invoice.account_id.clone(),
                invoice.currency.clone(),
                invoice.amount.clone(),
                invoice.status.clone(),
            )
        };
        facts(self) != facts(other)
    }
}

impl fmt::Display for ReviewedInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.amount.as_ref().map(ToString::to_string);
        let shown = [amount.as_deref(), self.currency.as_deref(), self.status.as_deref()];
        f.write_str(&shown.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

/// A [`Machine`] that reads all invoices of a bill run into a [`Review`].
#[derive(Debug)]
pub struct ReviewBillRun {
    pages: Paginator<QueryInvoices>,
    review: Option<Review>,
}

impl ReviewBillRun {
    /// Creates a machine for a bill run.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the id or the number of `run` is absent.
    pub fn new(session: &Session, run: &BillRun) -> Result<Self> {
        Self::with_options(session, run, &CallOptions::default())
    }

    /// Creates a machine for a bill run, with settings for each call.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_options(session: &Session, run: &BillRun, options: &CallOptions) -> Result<Self> {
        let review = Review {
            bill_run_id: run.id()?.clone(),
            bill_run_number: run.number()?.clone(),
            invoices: BTreeMap::new(),
        };
        Ok(Self::repeat(session, review, options))
    }

    /// Creates a machine that reads the invoices of the run of `review` again.
    fn repeat(session: &Session, review: Review, options: &CallOptions) -> Self {
        let query = QueryInvoices::of_bill_run(review.bill_run_number.clone());
        let empty = Review { invoices: BTreeMap::new(), ..review };
        Self { pages: Paginator::with_options(session, query, options), review: Some(empty) }
    }
}

impl Machine for ReviewBillRun {
    type Output = Review;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Review> {
        loop {
            let page = match ready!(self.pages.step(event, now)) {
                Ok(page) => page,
                Err(error) => return Action::Done(Err(error)),
            };
            let (Some(review), Some(page)) = (&mut self.review, page) else {
                let finished = || Error::failed("the machine has already finished");
                return Action::Done(self.review.take().ok_or_else(finished));
            };
            if let Err(error) = page.iter().try_for_each(|invoice| review.add(invoice)) {
                return Action::Done(Err(error));
            }
            event = Event::Tick;
        }
    }
}

/// A request to post a bill run only if its invoices have not changed since a [`Review`].
///
/// Execute it with [`Client::post_if_unchanged`](crate::Client::post_if_unchanged). [`Review`] has an example.
#[doc(alias = "compare and set")]
#[derive(Clone, Debug)]
pub struct PostIfUnchanged {
    post: PostBillRun,
    review: Review,
}

impl PostIfUnchanged {
    /// Creates a request to post the run of `review`.
    pub fn new(review: Review) -> Self {
        Self { post: PostBillRun::new(review.bill_run_id.clone()), review }
    }

    /// Sets the date of all invoices and credit memos of the run. See [`PostBillRun::invoice_date`].
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.post = self.post.invoice_date(date);
        self
    }

    /// Returns a [`Machine`] that reads the invoices of the run again and posts the run if they have not changed.
    pub fn machine(&self, session: &Session) -> impl Machine<Output = Response<BillRun>> + Send + use<> {
        self.machine_with(session, &CallOptions::default())
    }

    /// Returns the [`machine`](Self::machine) with settings for each call.
    pub fn machine_with(
        &self,
        session: &Session,
        options: &CallOptions,
    ) -> impl Machine<Output = Response<BillRun>> + Send + use<> {
        CheckThenPost {
            reading: Some(ReviewBillRun::repeat(session, self.review.clone(), options)),
            review: self.review.clone(),
            call: Call::with_options(session, self.post.clone(), options),
        }
    }
}

/// The machine that reads the invoices of the run again, compares them with the review, and posts the run.
#[derive(Debug)]
struct CheckThenPost {
    reading: Option<ReviewBillRun>,
    review: Review,
    call: Call<PostBillRun>,
}

impl Machine for CheckThenPost {
    type Output = Response<BillRun>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        let Some(reading) = &mut self.reading else {
            return self.call.step(event, now);
        };
        let later = match ready!(reading.step(event, now)) {
            Ok(later) => later,
            Err(error) => return Action::Done(Err(error)),
        };
        let changes = self.review.changes(&later);
        if !changes.is_empty() {
            let what = format!(
                "bill run not posted because its invoices changed after the review ({})",
                changes.join("; ")
            );
            return Action::Done(Err(Error::failed(what).in_operation("post_bill_run")));
        }
        self.reading = None;
        self.call.step(Event::Tick, now)
    }
}
