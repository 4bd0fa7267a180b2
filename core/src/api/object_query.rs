//! Object Query: the one way from a bill run to its invoices.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::api::invoices::{
    EInvoiceStatus, InvoiceSource, InvoiceSourceType, InvoiceStatus, TaxStatus, TransferredToAccounting,
};
use crate::api::shared::required_fields;
use crate::error::{Error, Result};
use crate::model::json;
use crate::model::model;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Paginated, Quota, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::open_enum::open_enum;
use crate::types::{AccountId, Amount, BillRunNumber, ContactId, Date, DateTime, InvoiceId, InvoiceNumber};

static SPEC: Spec = Spec::read("query_invoices", "/object-query/invoices").with_quota(Quota::ObjectQuery);

/// Most rows that a page may have.
const MOST: u32 = 99;

/// `GET /object-query/invoices` ("Object Query"): finds invoices, page by page.
///
/// Credit memos that a bill run made are not among them.
///
/// ```
/// use zuora_core::object_query::{Comparison, Filter, QueryInvoices};
/// use zuora_core::Operation;
/// use zuora_core::types::BillRunNumber;
///
/// let query = QueryInvoices::of_bill_run("BR-00000016")
///     .filter(Filter::new("status", Comparison::Equal, "Draft"))
///     .page_size(50);
/// assert_eq!(
///     query.request()?.uri(),
///     "/object-query/invoices?pageSize=50&filter%5B%5D=sourceid.EQ%3ABR-00000016&filter%5B%5D=status.EQ%3ADraft",
/// );
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct QueryInvoices {
    page_size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filter: Vec<Filter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sort: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expand: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_null_fields: Option<bool>,
}

impl Default for QueryInvoices {
    fn default() -> Self {
        Self {
            page_size: MOST,
            cursor: None,
            filter: Vec::new(),
            sort: Vec::new(),
            fields: Vec::new(),
            expand: Vec::new(),
            include_null_fields: None,
        }
    }
}

impl QueryInvoices {
    /// All invoices of the tenant, 99 a page.
    pub fn new() -> Self {
        Self::default()
    }

    /// The invoices that a bill run made.
    pub fn of_bill_run(number: impl Into<BillRunNumber>) -> Self {
        Self::new().filter(Filter::new("sourceid", Comparison::Equal, number.into().as_str()))
    }

    /// Only invoices that meet this filter too.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter.push(filter);
        self
    }

    /// Sorts by a field, smallest first; after what was asked for before.
    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.sort.push(format!("{field}.ASC"));
        self
    }

    /// Sorts by a field, largest first; after what was asked for before.
    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.sort.push(format!("{field}.DESC"));
        self
    }

    /// Answers these fields only.
    #[must_use]
    pub fn fields<F: Into<String>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.fields = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Answers a related object too, such as `account`; it lies in [`extra`](QueriedInvoice::extra) as JSON text.
    #[must_use]
    pub fn expand(mut self, object: impl Into<String>) -> Self {
        self.expand.push(object.into());
        self
    }

    /// Whether fields that are null are answered as null; by default they are left out.
    #[must_use]
    pub fn include_null_fields(mut self, include: bool) -> Self {
        self.include_null_fields = Some(include);
        self
    }

    /// Rows a page, 1 to 99.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows;
        self
    }

    /// Goes on where an earlier page ended: its [`next_page`](QueriedInvoices::next_page).
    #[must_use]
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

impl Operation for QueryInvoices {
    type Output = QueriedInvoices;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        if !(1..=MOST).contains(&self.page_size) {
            return Err(Error::invalid("pageSize", "is 1 to 99"));
        }
        let mut target = RequestBuilder::new(&SPEC).query_number("pageSize", self.page_size);
        if let Some(cursor) = &self.cursor {
            target = target.query("cursor", cursor);
        }
        for filter in &self.filter {
            target = target.query("filter[]", &filter.to_string());
        }
        for (name, values) in [("sort[]", &self.sort), ("expand[]", &self.expand), ("fields[]", &self.fields)]
        {
            for value in values {
                target = target.query(name, value);
            }
        }
        if let Some(include) = self.include_null_fields {
            target = target.query("includeNullFields", if include { "true" } else { "false" });
        }
        target.empty()
    }

    fn parse(&self, success: &HttpResponse) -> Result<QueriedInvoices> {
        json::read(success.body())
    }
}

impl Paginated for QueryInvoices {
    type Item = QueriedInvoice;

    fn into_page(&self, page: QueriedInvoices) -> (Vec<QueriedInvoice>, Option<Self>) {
        let cursor = page.next_page.filter(|cursor| !cursor.is_empty() && !page.data.is_empty());
        (page.data, cursor.map(|cursor| self.clone().cursor(cursor)))
    }
}

/// A condition that a row must meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    field: String,
    comparison: Comparison,
    value: String,
}

impl Filter {
    /// A field compared with a value. Of an invoice can be compared: `id`, `updateddate`, `accountid`, `amount`,
    /// `balance`, `duedate`, `invoicedate`, `invoicenumber`, `reversed`, `sourceid`, `sourcetype`, `status`,
    /// `einvoicestatus`, and custom fields that are indexed.
    pub fn new(field: impl Into<String>, comparison: Comparison, value: impl Into<String>) -> Self {
        Self { field: field.into(), comparison, value: value.into() }
    }
}

/// As it is sent: `status.EQ:Draft`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}:{}", self.field, self.comparison, self.value)
    }
}

open_enum! {
    /// How a filter compares.
    pub enum Comparison {
        /// Equal.
        Equal = "EQ",
        /// Not equal.
        NotEqual = "NE",
        /// Less.
        Less = "LT",
        /// Less or equal.
        LessOrEqual = "LE",
        /// Greater.
        Greater = "GT",
        /// Greater or equal.
        GreaterOrEqual = "GE",
        /// Starts with.
        StartsWith = "SW",
        /// One of several.
        In = "IN",
    }
}

model! {
    /// A page of invoices that were found.
    pub response QueriedInvoices {
        /// The invoices.
        pub data: Vec<QueriedInvoice> = "data",
        /// The cursor of the next page; none on the last one.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// An invoice as Object Query shows it: more fields than [`Invoice`](crate::api::invoices::Invoice), and stamps with an
    /// offset. Amounts are in [`currency`](Self::currency).
    pub struct QueriedInvoice {
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Number of the invoice. That of a draft may change when it is posted.
        pub number: Option<InvoiceNumber> = "invoiceNumber",
        /// Where it stands.
        pub status: Option<InvoiceStatus> = "status",
        /// The account that owes it.
        pub account_id: Option<AccountId> = "accountId",
        /// Currency of all amounts, an ISO 4217 code.
        pub currency: Option<Box<str>> = "currency",
        /// Its whole amount, tax included.
        pub amount: Option<Amount> = "amount",
        /// Its amount before tax.
        pub amount_without_tax: Option<Amount> = "amountWithoutTax",
        /// Its tax.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// The part that is free of tax.
        pub tax_exempt_amount: Option<Amount> = "taxExemptAmount",
        /// What is still owed.
        pub balance: Option<Amount> = "balance",
        /// What payments have settled.
        pub payment_amount: Option<Amount> = "paymentAmount",
        /// What credit memos have settled.
        pub credit_memo_amount: Option<Amount> = "creditMemoAmount",
        /// What a credit balance has settled.
        pub credit_balance_adjustment_amount: Option<Amount> = "creditBalanceAdjustmentAmount",
        /// What adjustments have changed.
        pub adjustment_amount: Option<Amount> = "adjustmentAmount",
        /// What was paid back.
        pub refund_amount: Option<Amount> = "refundAmount",
        /// Date on the invoice.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Day by which it is to be paid.
        pub due_date: Option<Date> = "dueDate",
        /// Charges due on this day or before were billed.
        pub target_date: Option<Date> = "targetDate",
        /// When it was posted.
        pub posted_date: Option<DateTime> = "postedDate",
        /// Id of the user who posted it.
        pub posted_by: Option<Box<str>> = "postedBy",
        /// Text on the invoice.
        pub comments: Option<Box<str>> = "comments",
        /// Whether the account pays it without being asked.
        pub auto_pay: Option<bool> = "autoPay",
        /// What made it.
        pub source: Option<InvoiceSource> = "source",
        /// Number of the bill run when one made it.
        pub source_id: Option<Box<str>> = "sourceId",
        /// What it bills.
        pub source_type: Option<InvoiceSourceType> = "sourceType",
        /// Whether it was reversed.
        pub reversed: Option<bool> = "reversed",
        /// Whether it came out of a split.
        pub is_split: Option<bool> = "isSplit",
        /// Whether it has one-time charges.
        pub includes_one_time: Option<bool> = "includesOneTime",
        /// Whether it has recurring charges.
        pub includes_recurring: Option<bool> = "includesRecurring",
        /// Whether it has usage charges.
        pub includes_usage: Option<bool> = "includesUsage",
        /// Number that keeps the charges of one account on several invoices apart.
        pub invoice_group_number: Option<Box<str>> = "invoiceGroupNumber",
        /// The organization, on tenants that have several.
        pub organization_id: Option<Box<str>> = "organizationId",
        /// Term of payment, such as `Net 30`.
        pub payment_term: Option<Box<str>> = "paymentTerm",
        /// Link under which it can be paid.
        pub payment_link: Option<Box<str>> = "paymentLink",
        /// The sequence that its number comes from.
        pub sequence_set_id: Option<Box<str>> = "sequenceSetId",
        /// The template that it is printed with.
        pub template_id: Option<Box<str>> = "templateId",
        /// The profile by which notifications about it are sent.
        pub communication_profile_id: Option<Box<str>> = "communicationProfileId",
        /// Whom the bill goes to.
        pub bill_to_contact_id: Option<ContactId> = "billToContactId",
        /// That contact as it was when the invoice was posted.
        pub bill_to_contact_snapshot_id: Option<Box<str>> = "billToContactSnapshotId",
        /// Whom it was sold to.
        pub sold_to_contact_id: Option<ContactId> = "soldToContactId",
        /// That contact as it was when the invoice was posted.
        pub sold_to_contact_snapshot_id: Option<Box<str>> = "soldToContactSnapshotId",
        /// Whom it was shipped to.
        pub ship_to_contact_id: Option<ContactId> = "shipToContactId",
        /// That contact as it was when the invoice was posted.
        pub ship_to_contact_snapshot_id: Option<Box<str>> = "shipToContactSnapshotId",
        /// How its taxes were worked out.
        pub tax_status: Option<TaxStatus> = "taxStatus",
        /// What the tax engine said.
        pub tax_message: Option<Box<str>> = "taxMessage",
        /// Whether it has been handed to an accounting system.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Where its electronic form stands.
        pub e_invoice_status: Option<EInvoiceStatus> = "eInvoiceStatus" | "einvoiceStatus",
        /// File of its electronic form.
        pub e_invoice_file_id: Option<Box<str>> = "eInvoiceFileId" | "einvoiceFileId",
        /// Code of what went wrong with its electronic form.
        pub e_invoice_error_code: Option<Box<str>> = "eInvoiceErrorCode" | "einvoiceErrorCode",
        /// What went wrong with its electronic form.
        pub e_invoice_error_message: Option<Box<str>> = "eInvoiceErrorMessage" | "einvoiceErrorMessage",
        /// What the buyer's side made of the electronic form.
        pub e_invoice_business_status: Option<Box<str>> = "eInvoiceBusinessStatus" | "einvoiceBusinessStatus",
        /// Why.
        pub e_invoice_business_status_reason: Option<String> =
            "eInvoiceBusinessStatusReason" | "einvoiceBusinessStatusReason",
        /// The message that changed that status last.
        pub e_invoice_business_status_update_id: Option<String> =
            "eInvoiceBusinessStatusUpdateId" | "einvoiceBusinessStatusUpdateId",
        /// What the seller gave as a reason.
        pub seller_reason: Option<Box<str>> = "sellerReason",
        /// Request by which its sales were reported electronically.
        pub sales_ereporting_request_id: Option<Box<str>> = "salesEreportingRequestId",
        /// Where that report stands.
        pub e_reporting_sales_status: Option<Box<str>> = "eReportingSalesStatus",
        /// Code of what went wrong with that report.
        pub e_reporting_sales_error_code: Option<Box<str>> = "eReportingSalesErrorCode",
        /// What went wrong with that report.
        pub e_reporting_sales_error_message: Option<Box<str>> = "eReportingSalesErrorMessage",
        /// Request by which its receivables were reported electronically.
        pub ar_ereporting_request_id: Option<Box<str>> = "arEreportingRequestId",
        /// Where that report stands.
        pub e_reporting_ar_status: Option<Box<str>> = "eReportingARStatus",
        /// Code of what went wrong with that report.
        pub e_reporting_ar_error_code: Option<Box<str>> = "eReportingARErrorCode",
        /// What went wrong with that report.
        pub e_reporting_ar_error_message: Option<Box<str>> = "eReportingARErrorMessage",
        /// When it was e-mailed last.
        pub last_email_sent_date: Option<DateTime> = "lastEmailSentDate",
        /// Id of the user who created it.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// When it was created.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who changed it last.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// When it was changed last.
        pub updated_date: Option<DateTime> = "updatedDate",
    }
}

required_fields! {
    QueriedInvoice {
        /// Returns the id of the invoice.
        id: InvoiceId = "data.id",
        /// Returns the total amount of the invoice, including tax, in the currency of the invoice.
        amount: Amount = "data.amount",
        /// Returns the currency of the amounts, an ISO 4217 code.
        currency: str = "data.currency",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn pages_follow_the_cursor_to_its_end() {
        let query = QueryInvoices::of_bill_run("BR-1").ascending("invoicenumber").fields(["id", "amount"]);
        let read =
            |body: &'static str| query.into_page(query.parse(&HttpResponse::new(Bytes::from(body))).unwrap());
        let (rows, next) = read(r#"{"data":[{"id":"1","amount":1.10}],"nextPage":"W3=+"}"#);
        assert_eq!(rows[0].amount().unwrap().to_string(), "1.10");
        assert_eq!(
            next.unwrap().request().unwrap().uri(),
            "/object-query/invoices?pageSize=99&cursor=W3%3D%2B&filter%5B%5D=sourceid.EQ%3ABR-1\
            &sort%5B%5D=invoicenumber.ASC&fields%5B%5D=id&fields%5B%5D=amount"
        );
        assert!(read(r#"{"data":[{"id":"2"}]}"#).1.is_none());
        assert!(read(r#"{"data":[],"nextPage":"more"}"#).1.is_none());
    }

    #[test]
    fn page_sizes_that_the_service_refuses_are_not_sent() {
        for size in [0, 100] {
            let error = QueryInvoices::new().page_size(size).request().unwrap_err();
            assert_eq!(error.field(), Some("pageSize"));
        }
    }

    #[test]
    fn a_query_can_lie_in_a_queue() {
        let query = QueryInvoices::of_bill_run("BR-1").descending("amount").cursor("c").expand("account");
        let text = serde_json::to_string(&query).unwrap();
        assert_eq!(serde_json::from_str::<QueryInvoices>(&text).unwrap(), query);
    }
}
