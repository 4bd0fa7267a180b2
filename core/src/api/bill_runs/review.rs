//! What a bill run made, looked at by a person before it is posted.

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
use crate::transport::Timestamp;
use crate::types::{Amount, AmountError, BillRunId, BillRunNumber, Date};

/// The invoices of a bill run at one moment: how many, how much, and which.
///
/// Credit memos that the run makes, and accounts that failed in it, cannot be seen through these operations:
/// the totals are of invoices. It is plain data and can be kept as JSON text while somebody looks at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    bill_run_id: BillRunId,
    bill_run_number: BillRunNumber,
    invoices: BTreeMap<String, ReviewedInvoice>,
}

/// One invoice of a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewedInvoice {
    /// Its number; drafts may have none yet, or one that changes with posting.
    pub number: Option<String>,
    /// Id of the account.
    pub account_id: Option<String>,
    /// Its currency, such as `EUR`.
    pub currency: Option<String>,
    /// Its total with tax, in its currency.
    pub amount: Option<Amount>,
    /// Its status, such as `Draft`.
    pub status: Option<String>,
}

impl Review {
    /// Id of the run.
    pub fn bill_run_id(&self) -> &BillRunId {
        &self.bill_run_id
    }

    /// How many invoices the run made.
    pub fn invoice_count(&self) -> usize {
        self.invoices.len()
    }

    /// Each invoice by its id.
    pub fn invoices(&self) -> impl Iterator<Item = (&str, &ReviewedInvoice)> {
        self.invoices.iter().map(|(id, invoice)| (id.as_str(), invoice))
    }

    /// The sum of the invoices' amounts for each currency; an empty name stands for invoices that show none.
    ///
    /// # Errors
    /// An amount or a sum that has more digits than a decimal number holds.
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

    /// 16 hexadecimal digits that change with any invoice, amount, currency or status: for people to compare.
    pub fn fingerprint(&self) -> String {
        // FNV-1a: a checksum against change, not against forgery.
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

    /// What is different in `later`, a line for each invoice.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (id, before) in &self.invoices {
            match later.invoices.get(id) {
                None => changes.push(format!("{} is gone", before.name(id))),
                Some(after) if before.differs(after) => {
                    changes.push(format!("{} was {before} and is {after}", before.name(id)));
                }
                Some(_) => {}
            }
        }
        for (id, new) in later.invoices.iter().filter(|(id, _)| !self.invoices.contains_key(*id)) {
            changes.push(format!("{} is new: {new}", new.name(id)));
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

    /// The number does not count: a draft's may change.
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

/// A [`Machine`] that reads all invoices of a run into a [`Review`].
#[derive(Debug)]
pub struct ReviewBillRun {
    pages: Paginator<QueryInvoices>,
    review: Option<Review>,
}

impl ReviewBillRun {
    /// `run` needs its id and its number.
    ///
    /// # Errors
    /// The run lacks one of them.
    pub fn new(session: &Session, run: &BillRun) -> Result<Self> {
        let review = Review {
            bill_run_id: run.id()?.clone(),
            bill_run_number: run.number()?.clone(),
            invoices: BTreeMap::new(),
        };
        Ok(Self::again(session, review))
    }

    /// Reads anew what `review` was read from.
    fn again(session: &Session, review: Review) -> Self {
        let query = QueryInvoices::of_bill_run(review.bill_run_number.clone());
        let empty = Review { invoices: BTreeMap::new(), ..review };
        Self { pages: Paginator::new(session, query), review: Some(empty) }
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
                let over = || Error::failed("stepped out of turn");
                return Action::Done(self.review.take().ok_or_else(over));
            };
            if let Err(error) = page.iter().try_for_each(|invoice| review.add(invoice)) {
                return Action::Done(Err(error));
            }
            event = Event::Tick;
        }
    }
}

/// Posting a bill run on the condition that its invoices are still those of a review: see
/// [`Client::post_if_unchanged`](crate::Client::post_if_unchanged).
#[derive(Clone, Debug)]
pub struct PostIfUnchanged {
    post: PostBillRun,
    review: Review,
}

impl PostIfUnchanged {
    /// Posts the run that `review` was read from.
    pub fn new(review: Review) -> Self {
        Self { post: PostBillRun::new(review.bill_run_id.clone()), review }
    }

    /// See [`PostBillRun::invoice_date`].
    #[must_use]
    pub fn invoice_date(mut self, date: Date) -> Self {
        self.post = self.post.invoice_date(date);
        self
    }

    /// A [`Machine`] that reads the run's invoices again and posts only when nothing has changed.
    pub fn machine(&self, session: &Session) -> impl Machine<Output = Response<BillRun>> + Send + use<> {
        CheckThenPost {
            reading: Some(ReviewBillRun::again(session, self.review.clone())),
            review: self.review.clone(),
            call: Call::new(session, self.post.clone()),
        }
    }
}

/// Reads the run's invoices again, compares, and posts.
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
            let what =
                format!("not posted: the run has changed since it was reviewed: {}", changes.join("; "));
            return Action::Done(Err(Error::failed(what).in_operation("post_bill_run")));
        }
        self.reading = None;
        self.call.step(Event::Tick, now)
    }
}
