//! Reviews of the invoices of a bill run before posting.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BillRun, PostBillRun};
use crate::api::invoices::InvoiceStatus;
use crate::api::object_query::{QueriedInvoice, QueryInvoices};
use crate::api::shared::{missing, readable};
use crate::call::paginator::Paginator;
use crate::call::{Call, Response};
use crate::error::{Error, Result};
use crate::machine::{Action, Event, Machine, ready};
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Timestamp;
use crate::types::{
    AccountId, Amount, AmountError, BillRunId, BillRunNumber, Date, InvoiceId, InvoiceNumber,
};

/// A snapshot of the invoices of a bill run, for a review before posting.
///
/// [`Client::review`](crate::Client::review) creates a review, and fails if it cannot show the whole run: see
/// [`ReviewBillRun`]. The API does not list the credit memos of a run or the
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
#[serde(rename_all = "camelCase")]
pub struct Review {
    bill_run_id: BillRunId,
    bill_run_number: BillRunNumber,
    invoices: Rows,
}

/// The invoices, ordered by id. A large run has 100,000 of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ReviewedInvoice>", into = "Vec<ReviewedInvoice>")]
struct Rows(Vec<Row>);

#[derive(Clone, Debug, PartialEq)]
struct Row {
    id: Key,
    account_id: Option<Key>,
    number: Option<Box<str>>,
    currency: Arc<str>,
    amount: Amount,
    status: Option<Arc<str>>,
}

/// An id of 32 hexadecimal digits in 16 bytes, or any other text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Hex([u8; 16]),
    Text(Box<str>),
}

/// An invoice in a [`Review`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReviewedInvoice {
    /// Id of the invoice.
    pub id: InvoiceId,
    /// Number of the invoice. The number of a draft may be absent, or may change when the invoice is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<InvoiceNumber>,
    /// Id of the account that owes the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Currency of the invoice, an ISO 4217 code such as `EUR`.
    pub currency: String,
    /// Total amount of the invoice including tax, in its currency.
    pub amount: Amount,
    /// Status of the invoice, such as `Draft`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<InvoiceStatus>,
}

impl Review {
    /// Returns the id of the bill run.
    pub fn bill_run_id(&self) -> &BillRunId {
        &self.bill_run_id
    }

    /// Returns the number of invoices that the run created.
    pub fn invoice_count(&self) -> usize {
        self.invoices.0.len()
    }

    /// Returns whether the run created no invoice.
    pub fn is_empty(&self) -> bool {
        self.invoices.0.is_empty()
    }

    /// Iterates over the invoices, ordered by id.
    pub fn invoices(&self) -> impl Iterator<Item = ReviewedInvoice> {
        self.invoices.0.iter().map(Row::invoice)
    }

    /// Returns the total amount of the invoices for each currency, by its ISO 4217 code.
    ///
    /// # Errors
    /// [`AmountError::TooManyDigits`] if an amount or a total cannot be represented exactly.
    pub fn totals(&self) -> Result<BTreeMap<String, Amount>, AmountError> {
        let mut totals = BTreeMap::<String, Amount>::new();
        for row in &self.invoices.0 {
            match totals.get_mut(&*row.currency) {
                Some(total) => *total = total.checked_add(&row.amount)?,
                None => {
                    totals.insert(row.currency.to_string(), Amount::ZERO.checked_add(&row.amount)?);
                }
            }
        }
        Ok(totals)
    }

    /// Returns a checksum of 24 hexadecimal digits over the run and the ids, accounts, currencies, amounts and statuses
    /// of its invoices. Two reviews with the same fingerprint show the same invoices: it is the start of a BLAKE3 hash.
    pub fn fingerprint(&self) -> String {
        let mut hash = blake3::Hasher::new();
        let mut mix = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        mix(self.bill_run_id.as_str());
        for row in &self.invoices.0 {
            mix(&row.id.to_string());
            mix(&row.account_id.as_ref().map(ToString::to_string).unwrap_or_default());
            mix(&row.currency);
            // Equal amounts may differ in their zeros.
            mix(&row
                .amount
                .to_decimal()
                .map_or_else(|_| row.amount.to_string(), |d| d.normalize().to_string()));
            mix(row.status.as_deref().unwrap_or_default());
        }
        hash.finalize().to_hex()[..24].to_owned()
    }

    /// Describes the differences between this review and a `later` one, with one line for each changed invoice.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for before in &self.invoices.0 {
            match later.invoices.get(&before.id) {
                None => changes.push(format!("{} was removed", before.name())),
                Some(after) if before.differs(after) => {
                    changes.push(format!("{} changed from {before} to {after}", before.name()));
                }
                Some(_) => {}
            }
        }
        for new in later.invoices.0.iter().filter(|new| self.invoices.get(&new.id).is_none()) {
            changes.push(format!("{} was added ({new})", new.name()));
        }
        changes
    }
}

impl Rows {
    /// Orders the rows.
    ///
    /// # Errors
    /// Two rows with the same id: one of them would be lost, or counted twice.
    fn sorted(mut rows: Vec<Row>) -> Result<Self> {
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        rows.shrink_to_fit();
        match rows.windows(2).find(|pair| pair[0].id == pair[1].id) {
            Some(pair) => Err(Error::unreadable("data.id", format!("{} occurs in two rows", pair[0].id))),
            None => Ok(Self(rows)),
        }
    }

    fn get(&self, id: &Key) -> Option<&Row> {
        self.0.binary_search_by(|row| row.id.cmp(id)).ok().and_then(|index| self.0.get(index))
    }
}

impl TryFrom<Vec<ReviewedInvoice>> for Rows {
    type Error = Error;

    fn try_from(invoices: Vec<ReviewedInvoice>) -> Result<Self> {
        let mut words = Words::default();
        let row = |invoice: ReviewedInvoice| Row {
            id: Key::of(invoice.id.as_str()),
            account_id: invoice.account_id.map(|id| Key::of(id.as_str())),
            number: invoice.number.map(|number| number.as_str().into()),
            currency: words.share(&invoice.currency),
            amount: invoice.amount,
            status: invoice.status.map(|status| words.share(status.as_str())),
        };
        Self::sorted(invoices.into_iter().map(row).collect())
    }
}

impl From<Rows> for Vec<ReviewedInvoice> {
    fn from(rows: Rows) -> Self {
        rows.0.iter().map(Row::invoice).collect()
    }
}

/// Currencies and statuses, each of which is stored once.
#[derive(Debug, Default)]
struct Words(Vec<Arc<str>>);

impl Words {
    fn share(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|known| &***known == word) {
            return known.clone();
        }
        let word = Arc::<str>::from(word);
        // Anything else is not one of a few words.
        if self.0.len() < 256 {
            self.0.push(word.clone());
        }
        word
    }
}

impl Key {
    fn of(id: &str) -> Self {
        let mut bytes = [0; 16];
        let is_hex = id.len() == 32
            && id.as_bytes().chunks_exact(2).zip(&mut bytes).all(|(digits, byte)| {
                let digit = |digit: u8| match digit {
                    b'0'..=b'9' => Some(digit - b'0'),
                    b'a'..=b'f' => Some(digit - b'a' + 10),
                    _ => None,
                };
                match (digit(digits[0]), digit(digits[1])) {
                    (Some(high), Some(low)) => {
                        *byte = high << 4 | low;
                        true
                    }
                    _ => false,
                }
            });
        if is_hex { Self::Hex(bytes) } else { Self::Text(id.into()) }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hex(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Row {
    /// Creates the row of an invoice.
    ///
    /// # Errors
    /// An invoice without an amount or a currency, or with a value that cannot be read.
    fn of(invoice: &QueriedInvoice, words: &mut Words) -> Result<Self> {
        for name in ["data.invoiceNumber", "data.accountId", "data.status"] {
            readable(&invoice.extra, name)?;
        }
        let currency = invoice.currency()?;
        if currency.trim().is_empty() {
            return Err(missing("data.currency"));
        }
        Ok(Self {
            id: Key::of(invoice.id()?.as_str()),
            account_id: invoice.account_id.as_ref().map(|id| Key::of(id.as_str())),
            number: invoice.number.as_ref().map(|number| number.as_str().into()),
            currency: words.share(currency),
            amount: invoice.amount()?.clone(),
            status: invoice.status.as_ref().map(|status| words.share(status.as_str())),
        })
    }

    fn invoice(&self) -> ReviewedInvoice {
        ReviewedInvoice {
            id: self.id.to_string().into(),
            number: self.number.as_deref().map(Into::into),
            account_id: self.account_id.as_ref().map(|id| id.to_string().into()),
            currency: self.currency.to_string(),
            amount: self.amount.clone(),
            status: self.status.as_deref().map(Into::into),
        }
    }

    fn name(&self) -> String {
        self.number.as_deref().map_or_else(|| self.id.to_string(), ToOwned::to_owned)
    }

    /// Compares everything except the number, because the number of a draft may change.
    fn differs(&self, other: &Self) -> bool {
        (&self.account_id, &self.currency, &self.amount, &self.status)
            != (&other.account_id, &other.currency, &other.amount, &other.status)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)?;
        self.status.as_ref().map_or(Ok(()), |status| write!(f, " {status}"))
    }
}

/// A [`Machine`] that reads all invoices of a bill run into a [`Review`].
///
/// It fails rather than show less than the whole run: an invoice without an amount or a currency, two rows with one id
/// and a number of invoices other than the expected one are errors, and so is a run without invoices unless
/// [`allow_empty`](Self::allow_empty) is set.
#[derive(Debug)]
pub struct ReviewBillRun {
    pages: Paginator<QueryInvoices>,
    run: Option<(BillRunId, BillRunNumber)>,
    rows: Vec<Row>,
    words: Words,
    allows_empty: bool,
    expected: Option<usize>,
}

/// Field of a run that contains the number of its invoices, where the service reports it.
const INVOICE_COUNT: &str = "numberOfInvoices";

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
        let expected = run.extra.get::<usize>(INVOICE_COUNT)?;
        Ok(Self { expected, ..Self::of(session, run.id()?.clone(), run.number()?.clone(), options) })
    }

    /// Creates a machine that reads the invoices of the run of `review` again.
    fn repeat(session: &Session, review: &Review, options: &CallOptions) -> Self {
        let run = Self::of(session, review.bill_run_id.clone(), review.bill_run_number.clone(), options);
        run.allow_empty()
    }

    fn of(session: &Session, id: BillRunId, number: BillRunNumber, options: &CallOptions) -> Self {
        let query = QueryInvoices::of_bill_run(number.clone());
        Self {
            pages: Paginator::with_options(session, query, options),
            run: Some((id, number)),
            rows: Vec::new(),
            words: Words::default(),
            allows_empty: false,
            expected: None,
        }
    }

    /// Accepts a run without invoices. Otherwise an empty list is an error, because it may also mean that the invoices
    /// are not visible yet, or not to this user.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.allows_empty = true;
        self
    }

    /// Expects this number of invoices, for example the number that the user interface shows for the run. By default,
    /// the number is expected that the run itself reports as `numberOfInvoices`, if it does.
    #[must_use]
    pub fn expect_invoices(mut self, count: usize) -> Self {
        self.expected = Some(count);
        self
    }

    fn finish(&mut self) -> Result<Review> {
        let (bill_run_id, bill_run_number) =
            self.run.take().ok_or_else(|| Error::failed("the machine has already finished"))?;
        let count = self.rows.len();
        let what = match self.expected {
            Some(expected) if expected != count => {
                format!("bill run {bill_run_number} has {expected} invoices, but {count} were listed")
            }
            None if count == 0 && !self.allows_empty => {
                format!("bill run {bill_run_number} lists no invoices; use `allow_empty` if that is expected")
            }
            _ => {
                let invoices = Rows::sorted(std::mem::take(&mut self.rows))?;
                return Ok(Review { bill_run_id, bill_run_number, invoices });
            }
        };
        Err(Error::failed(what).in_operation("query_invoices"))
    }
}

impl Machine for ReviewBillRun {
    type Output = Review;

    fn step(&mut self, mut event: Event, now: Timestamp) -> Action<Review> {
        loop {
            let page = match ready!(self.pages.step(event, now)) {
                Ok(Some(page)) => page,
                Ok(None) => return Action::Done(self.finish()),
                Err(error) => return Action::Done(Err(error)),
            };
            for invoice in page.iter() {
                match Row::of(invoice, &mut self.words) {
                    Ok(row) => self.rows.push(row),
                    Err(error) => return Action::Done(Err(error.in_operation("query_invoices"))),
                }
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
    allows_empty: bool,
}

/// Number of changed invoices that an error describes.
const DESCRIBED_CHANGES: usize = 20;

impl PostIfUnchanged {
    /// Creates a request to post the run of `review`.
    pub fn new(review: Review) -> Self {
        Self { post: PostBillRun::new(review.bill_run_id.clone()), review, allows_empty: false }
    }

    /// Posts the run even if the review contains no invoices. The run may still contain credit memos, which no review
    /// shows.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.allows_empty = true;
        self
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
            reading: Some(ReviewBillRun::repeat(session, &self.review, options)),
            review: self.review.clone(),
            is_unconfirmed: self.review.is_empty() && !self.allows_empty,
            call: Call::with_options(session, self.post.clone(), options),
        }
    }
}

/// The machine that reads the invoices of the run again, compares them with the review, and posts the run.
#[derive(Debug)]
struct CheckThenPost {
    reading: Option<ReviewBillRun>,
    review: Review,
    /// Whether the review is empty and nothing says that it may be.
    is_unconfirmed: bool,
    call: Call<PostBillRun>,
}

impl Machine for CheckThenPost {
    type Output = Response<BillRun>;

    fn step(&mut self, event: Event, now: Timestamp) -> Action<Self::Output> {
        if self.is_unconfirmed {
            let why = "contains no invoices; use `allow_empty` to post the run anyway";
            return Action::Done(Err(Error::invalid("review", why).in_operation("post_bill_run")));
        }
        let Some(reading) = &mut self.reading else {
            return self.call.step(event, now);
        };
        let later = match ready!(reading.step(event, now)) {
            Ok(later) => later,
            Err(error) => return Action::Done(Err(error)),
        };
        let mut changes = self.review.changes(&later);
        if !changes.is_empty() {
            if changes.len() > DESCRIBED_CHANGES {
                let more = changes.len() - DESCRIBED_CHANGES;
                changes.truncate(DESCRIBED_CHANGES);
                changes.push(format!("{more} more"));
            }
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::testing::FakeTransport;
    use crate::{Client, Config, DataCenter, ErrorKind, Outcome};

    fn run() -> BillRun {
        serde_json::from_str(r#"{"id":"2c98","billRunNumber":"BR-1"}"#).unwrap()
    }

    fn review(pages: &[&str]) -> Result<Review> {
        review_with(pages, &run(), |machine| machine)
    }

    fn review_with(
        pages: &[&str],
        run: &BillRun,
        options: impl Fn(ReviewBillRun) -> ReviewBillRun,
    ) -> Result<Review> {
        let rest = RefCell::new(pages.iter());
        let transport = FakeTransport::new(|_| {
            Ok(FakeTransport::json(200, rest.borrow_mut().next().map_or("{}", |page| page).to_owned()))
        });
        let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
        client.drive(options(ReviewBillRun::new(client.session(), run)?))
    }

    fn page(rows: &str) -> String {
        format!(r#"{{"data":[{rows}]}}"#)
    }

    const A: &str = r#"{"id":"8ad096f60000000000000000000000c2","invoiceNumber":"INV1","accountId":"2C98","currency":"EUR","amount":10.50,"status":"Draft"}"#;
    const B: &str = r#"{"id":"b","currency":"USD","amount":1}"#;

    #[test]
    fn a_review_shows_every_invoice_or_fails() {
        let whole = review(&[&page(&[A, B].join(","))]).unwrap();
        assert_eq!(whole.invoice_count(), 2);
        assert_eq!(whole.totals().unwrap()["EUR"].to_string(), "10.50");
        let first = whole.invoices().next().unwrap();
        assert_eq!(
            (first.id.as_str(), first.account_id.unwrap().as_str()),
            ("8ad096f60000000000000000000000c2", "2C98")
        );
        assert_eq!((first.number.unwrap().as_str(), first.status), ("INV1", Some(InvoiceStatus::Draft)));

        for (rows, field) in [
            (r#"{"id":"b","currency":"USD"}"#, "data.amount"),
            (r#"{"id":"b","currency":"USD","amount":""}"#, "data.amount"),
            (r#"{"id":"b","currency":"USD","amount":"1,5"}"#, "data.amount"),
            (r#"{"id":"b","currency":"USD","amount":1,"amount":2}"#, "data.amount"),
            (r#"{"id":"b","amount":1}"#, "data.currency"),
            (r#"{"id":"b","amount":1,"currency":""}"#, "data.currency"),
            (r#"{"id":"b","amount":1,"currency":"USD","status":[]}"#, "data.status"),
            (r#"{"currency":"USD","amount":1}"#, "data.id"),
            (&[B, B].join(","), "data.id"),
        ] {
            let error = review(&[&page(rows)]).unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Decode, Some(field)), "{rows}");
        }
        let apart = [page(B).replace(']', r#"],"nextPage":"c""#), page(B).replace("1", "2")];
        assert!(review(&[&apart[0], &apart[1]]).unwrap_err().to_string().contains("two rows"));
    }

    #[test]
    fn a_page_without_rows_does_not_end_a_review() {
        let pages = [r#"{"data":[],"nextPage":"c1"}"#, r#"{"data":[],"nextPage":"c2"}"#, &page(A)];
        assert_eq!(review(&pages).unwrap().invoice_count(), 1);
    }

    #[test]
    fn an_empty_or_short_list_needs_an_explicit_word() {
        let error = review(&[&page("")]).unwrap_err();
        assert!(error.kind() == ErrorKind::Failed && error.to_string().contains("allow_empty"), "{error}");
        let empty = review_with(&[&page("")], &run(), ReviewBillRun::allow_empty).unwrap();
        assert!(empty.is_empty());
        let error = review_with(&[&page(A)], &run(), |machine| machine.expect_invoices(2)).unwrap_err();
        assert!(error.to_string().contains("has 2 invoices, but 1"), "{error}");
        let mut counted = run();
        counted.set_custom(INVOICE_COUNT, &3).unwrap();
        assert!(review_with(&[&page(A)], &counted, ReviewBillRun::allow_empty).is_err());
        counted.set_custom(INVOICE_COUNT, &1).unwrap();
        assert!(review_with(&[&page(A)], &counted, |machine| machine).is_ok());

        let transport = FakeTransport::new(|request| {
            Ok(match request.method().as_str() {
                "GET" => FakeTransport::json(200, r#"{"data":[]}"#),
                _ => FakeTransport::json(200, r#"{"success":true,"status":"PostInProgress"}"#),
            })
        });
        let config = Config::with_token(DataCenter::UsCloud2, "token");
        let client = Client::with_transport(&config, transport).unwrap();
        let error = client.post_if_unchanged(&PostIfUnchanged::new(empty.clone())).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Build, Outcome::NotApplied));
        assert!(client.post_if_unchanged(&PostIfUnchanged::new(empty).allow_empty()).is_ok());
    }

    #[test]
    fn a_review_is_kept_as_json_and_its_fingerprint_shows_any_change() {
        let kept = review(&[&page(&[B, A].join(","))]).unwrap();
        let text = serde_json::to_string(&kept).unwrap();
        let again: Review = serde_json::from_str(&text).unwrap();
        assert_eq!((&again, again.fingerprint()), (&kept, kept.fingerprint()));
        assert_eq!(kept.fingerprint().len(), 24);
        for (before, after) in [("10.50", "10.51"), ("EUR", "USD"), ("2C98", "2c98"), ("Draft", "Posted")] {
            let changed = review(&[&page(&[B, A].join(",")).replace(before, after)]).unwrap();
            assert_ne!(changed.fingerprint(), kept.fingerprint(), "{before}");
            assert_eq!(kept.changes(&changed).len(), 1);
        }
        for (before, after) in [("10.50", "10.5"), ("INV1", "INV2")] {
            let same = review(&[&page(&[B, A].join(",")).replace(before, after)]).unwrap();
            assert_eq!((same.fingerprint(), kept.changes(&same)), (kept.fingerprint(), vec![]));
        }
        let twice = text.replace(r#""id":"b""#, r#""id":"8ad096f60000000000000000000000c2""#);
        assert!(serde_json::from_str::<Review>(&twice).is_err());
    }

    #[test]
    fn rows_are_small_and_ids_are_kept_to_the_letter() {
        assert!(size_of::<Row>() <= 120, "{}", size_of::<Row>());
        for id in ["8ad096f60000000000000000000000c2", "8AD096F60000000000000000000000C2", "é", "", "INV1"] {
            assert_eq!(Key::of(id).to_string(), id);
        }
    }
}
