//! Queries for invoices with Object Query, for example for the invoices of a bill run.

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

/// Largest page size that the service accepts, in rows.
const MAX_PAGE_SIZE: u32 = 99;

/// Queries invoices, page by page.
///
/// `GET /object-query/invoices` ("Object Query")
///
/// [`Client::items`](crate::Client::items) iterates over the rows of all pages. The results contain invoices only, so
/// they do not include the credit memos of a bill run.
///
/// ```
/// use zuora_core::object_query::{Comparison, Filter, QueryInvoices};
/// # use zuora_core::testing::FakeTransport;
/// # use zuora_core::{Client, Config, DataCenter};
///
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(
/// #         request.uri().path_and_query().map(|path| path.as_str()),
/// #         Some("/object-query/invoices?pageSize=50&filter%5B%5D=sourceid.EQ%3ABR-00000016&filter%5B%5D=status.EQ%3ADraft"),
/// #     );
/// #     Ok(FakeTransport::json(200, r#"{"data":[{"id":"2c91","amount":10.50,"currency":"EUR"}]}"#))
/// # });
/// # let config = Config::new(DataCenter::UsCloud2, "00000000-0000-4000-8000-000000000001", "client-secret");
/// # let client = Client::with_transport(&config, transport)?;
/// let query = QueryInvoices::of_bill_run("BR-00000016")
///     .filter(Filter::new("status", Comparison::Equal, "Draft"))
///     .page_size(50);
/// for invoice in client.items(&query) {
///     let invoice = invoice?;
///     assert_eq!((invoice.amount()?.to_string(), invoice.currency()?), ("10.50".to_owned(), "EUR"));
/// }
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "query_invoices")]
#[doc(alias = "pagination")]
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
            page_size: MAX_PAGE_SIZE,
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
    /// Queries all invoices of the tenant, with 99 rows per page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queries the invoices that the bill run with this number created.
    pub fn of_bill_run(number: impl Into<BillRunNumber>) -> Self {
        Self::new().filter(Filter::new("sourceid", Comparison::Equal, number.into().as_str()))
    }

    /// Adds a filter. An invoice must meet all filters.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter.push(filter);
        self
    }

    /// Sorts by a field in ascending order. Earlier sort fields take precedence.
    ///
    /// ```
    /// use zuora_core::object_query::{Comparison, Filter, QueryInvoices};
    ///
    /// let overdue = QueryInvoices::new()
    ///     .filter(Filter::new("status", Comparison::Equal, "Posted"))
    ///     .filter(Filter::new("duedate", Comparison::Less, "2026-03-31"))
    ///     .ascending("duedate")
    ///     .descending("balance");
    /// # use zuora_core::Operation;
    /// # assert!(overdue.request()?.uri().query().unwrap().contains("duedate.ASC"));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.sort.push(format!("{field}.ASC"));
        self
    }

    /// Sorts by a field in descending order. Earlier sort fields take precedence.
    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.sort.push(format!("{field}.DESC"));
        self
    }

    /// Limits the response to these fields.
    #[must_use]
    pub fn fields<F: Into<String>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.fields = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Includes a related object, such as `account`, in the response. Its JSON text is stored in
    /// [`extra`](QueriedInvoice::extra).
    #[must_use]
    pub fn expand(mut self, object: impl Into<String>) -> Self {
        self.expand.push(object.into());
        self
    }

    /// Sets whether the response contains null for fields without a value. By default, such fields are absent.
    #[must_use]
    pub fn include_null_fields(mut self, include: bool) -> Self {
        self.include_null_fields = Some(include);
        self
    }

    /// Sets the number of rows per page, 1 to 99.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows;
        self
    }

    /// Continues after an earlier page. `cursor` is the [`next_page`](QueriedInvoices::next_page) of that page.
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
        if !(1..=MAX_PAGE_SIZE).contains(&self.page_size) {
            return Err(Error::invalid("pageSize", "must be 1 to 99"));
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
        json::read_rows(success, self.page_size as usize)
    }
}

impl Paginated for QueryInvoices {
    type Item = QueriedInvoice;

    fn into_page(&self, page: QueriedInvoices) -> (Vec<QueriedInvoice>, Option<Self>) {
        let cursor = page.next_page.filter(|cursor| !cursor.trim().is_empty());
        (page.data, cursor.map(|cursor| self.clone().cursor(cursor)))
    }
}

/// A filter that compares a field with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    field: String,
    comparison: Comparison,
    value: String,
}

impl Filter {
    /// Creates a filter that compares a field with a value.
    ///
    /// Invoices can be filtered by `id`, `updateddate`, `accountid`, `amount`, `balance`, `duedate`, `invoicedate`,
    /// `invoicenumber`, `reversed`, `sourceid`, `sourcetype`, `status`, `einvoicestatus` and indexed custom fields.
    pub fn new(field: impl Into<String>, comparison: Comparison, value: impl Into<String>) -> Self {
        Self { field: field.into(), comparison, value: value.into() }
    }
}

/// Formats the filter as sent to the service, for example `status.EQ:Draft`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}:{}", self.field, self.comparison, self.value)
    }
}

open_enum! {
    /// Comparison operator of a filter.
    pub enum Comparison {
        /// Equal to the value.
        Equal = "EQ",
        /// Not equal to the value.
        NotEqual = "NE",
        /// Less than the value.
        Less = "LT",
        /// Less than or equal to the value.
        LessOrEqual = "LE",
        /// Greater than the value.
        Greater = "GT",
        /// Greater than or equal to the value.
        GreaterOrEqual = "GE",
        /// Starts with the value.
        StartsWith = "SW",
        /// Equal to one of several values.
        In = "IN",
    }
}

model! {
    /// A page of the results of [`QueryInvoices`].
    pub response QueriedInvoices {
        /// Invoices of the page.
        pub data: Vec<QueriedInvoice> = "data",
        /// Cursor of the next page. Absent on the last page.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// An invoice as reported by Object Query.
    ///
    /// It has more fields than [`Invoice`](crate::api::invoices::Invoice), and its timestamps have a UTC offset. All
    /// amounts are in [`currency`](Self::currency).
    #[doc(alias = "ExpandedInvoice")]
    pub struct QueriedInvoice {
        /// Id of the invoice.
        pub id: Option<InvoiceId> = "id",
        /// Number of the invoice. The number of a draft may change when the invoice is posted.
        pub number: Option<InvoiceNumber> = "invoiceNumber",
        /// Status of the invoice.
        pub status: Option<InvoiceStatus> = "status",
        /// Id of the account that owes the invoice.
        pub account_id: Option<AccountId> = "accountId",
        /// Currency of all amounts, an ISO 4217 code.
        pub currency: Option<Box<str>> = "currency",
        /// Total amount including tax, in the currency of the invoice.
        pub amount: Option<Amount> = "amount",
        /// Total amount excluding tax, in the currency of the invoice.
        pub amount_without_tax: Option<Amount> = "amountWithoutTax",
        /// Tax amount, in the currency of the invoice.
        pub tax_amount: Option<Amount> = "taxAmount",
        /// Tax-exempt amount, in the currency of the invoice.
        pub tax_exempt_amount: Option<Amount> = "taxExemptAmount",
        /// Outstanding amount, in the currency of the invoice.
        pub balance: Option<Amount> = "balance",
        /// Amount of the payments applied to the invoice, in the currency of the invoice.
        pub payment_amount: Option<Amount> = "paymentAmount",
        /// Amount of the credit memos applied to the invoice, in the currency of the invoice.
        pub credit_memo_amount: Option<Amount> = "creditMemoAmount",
        /// Amount of the credit balance applied to the invoice, in the currency of the invoice.
        pub credit_balance_adjustment_amount: Option<Amount> = "creditBalanceAdjustmentAmount",
        /// Amount of the adjustments to the invoice, in the currency of the invoice.
        pub adjustment_amount: Option<Amount> = "adjustmentAmount",
        /// Amount refunded, in the currency of the invoice.
        pub refund_amount: Option<Amount> = "refundAmount",
        /// Invoice date.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Date on which payment is due.
        pub due_date: Option<Date> = "dueDate",
        /// Target date. The invoice bills charges that were due on or before this date.
        pub target_date: Option<Date> = "targetDate",
        /// Time of posting, with a UTC offset.
        pub posted_date: Option<DateTime> = "postedDate",
        /// Id of the user who posted the invoice.
        pub posted_by: Option<Box<str>> = "postedBy",
        /// Comments on the invoice.
        pub comments: Option<Box<str>> = "comments",
        /// Whether automatic payment is enabled for the invoice.
        pub auto_pay: Option<bool> = "autoPay",
        /// Source of the invoice, such as a bill run.
        pub source: Option<InvoiceSource> = "source",
        /// Number of the bill run that created the invoice, if the source is a bill run.
        pub source_id: Option<Box<str>> = "sourceId",
        /// Type of the items that the invoice bills.
        pub source_type: Option<InvoiceSourceType> = "sourceType",
        /// Whether the invoice was reversed.
        pub reversed: Option<bool> = "reversed",
        /// Whether the invoice results from splitting another invoice.
        pub is_split: Option<bool> = "isSplit",
        /// Whether the invoice includes one-time charges.
        pub includes_one_time: Option<bool> = "includesOneTime",
        /// Whether the invoice includes recurring charges.
        pub includes_recurring: Option<bool> = "includesRecurring",
        /// Whether the invoice includes usage charges.
        pub includes_usage: Option<bool> = "includesUsage",
        /// Number of the invoice group, which separates the charges of one account into several invoices.
        pub invoice_group_number: Option<Box<str>> = "invoiceGroupNumber",
        /// Id of the organization, for tenants with the Multi-Org feature.
        pub organization_id: Option<Box<str>> = "organizationId",
        /// Payment term, such as `Net 30`.
        pub payment_term: Option<Box<str>> = "paymentTerm",
        /// Payment link of the invoice.
        pub payment_link: Option<Box<str>> = "paymentLink",
        /// Id of the sequence set that determines the invoice number.
        pub sequence_set_id: Option<Box<str>> = "sequenceSetId",
        /// Id of the template for the PDF file of the invoice.
        pub template_id: Option<Box<str>> = "templateId",
        /// Id of the communication profile for notifications about the invoice.
        pub communication_profile_id: Option<Box<str>> = "communicationProfileId",
        /// Id of the bill-to contact.
        pub bill_to_contact_id: Option<ContactId> = "billToContactId",
        /// Id of the snapshot of the bill-to contact at the time of posting.
        pub bill_to_contact_snapshot_id: Option<Box<str>> = "billToContactSnapshotId",
        /// Id of the sold-to contact.
        pub sold_to_contact_id: Option<ContactId> = "soldToContactId",
        /// Id of the snapshot of the sold-to contact at the time of posting.
        pub sold_to_contact_snapshot_id: Option<Box<str>> = "soldToContactSnapshotId",
        /// Id of the ship-to contact.
        pub ship_to_contact_id: Option<ContactId> = "shipToContactId",
        /// Id of the snapshot of the ship-to contact at the time of posting.
        pub ship_to_contact_snapshot_id: Option<Box<str>> = "shipToContactSnapshotId",
        /// Status of the tax calculation.
        pub tax_status: Option<TaxStatus> = "taxStatus",
        /// Message of the tax engine.
        pub tax_message: Option<Box<str>> = "taxMessage",
        /// Status of the transfer to an accounting system.
        pub transferred_to_accounting: Option<TransferredToAccounting> = "transferredToAccounting",
        /// Status of the e-invoice file.
        pub e_invoice_status: Option<EInvoiceStatus> = "eInvoiceStatus" | "einvoiceStatus",
        /// Id of the e-invoice file.
        pub e_invoice_file_id: Option<Box<str>> = "eInvoiceFileId" | "einvoiceFileId",
        /// Code of the error in the generation of the e-invoice file.
        pub e_invoice_error_code: Option<Box<str>> = "eInvoiceErrorCode" | "einvoiceErrorCode",
        /// Message of the error in the generation of the e-invoice file.
        pub e_invoice_error_message: Option<Box<str>> = "eInvoiceErrorMessage" | "einvoiceErrorMessage",
        /// Business status of the e-invoice, reported by the buyer's side.
        pub e_invoice_business_status: Option<Box<str>> = "eInvoiceBusinessStatus" | "einvoiceBusinessStatus",
        /// Reason for the business status of the e-invoice.
        pub e_invoice_business_status_reason: Option<String> =
            "eInvoiceBusinessStatusReason" | "einvoiceBusinessStatusReason",
        /// Id of the message that last updated the business status of the e-invoice.
        pub e_invoice_business_status_update_id: Option<String> =
            "eInvoiceBusinessStatusUpdateId" | "einvoiceBusinessStatusUpdateId",
        /// Reason given by the seller.
        pub seller_reason: Option<Box<str>> = "sellerReason",
        /// Id of the e-reporting request for the sales.
        pub sales_ereporting_request_id: Option<Box<str>> = "salesEreportingRequestId",
        /// Status of the e-reporting of the sales.
        pub e_reporting_sales_status: Option<Box<str>> = "eReportingSalesStatus",
        /// Code of the error in the e-reporting of the sales.
        pub e_reporting_sales_error_code: Option<Box<str>> = "eReportingSalesErrorCode",
        /// Message of the error in the e-reporting of the sales.
        pub e_reporting_sales_error_message: Option<Box<str>> = "eReportingSalesErrorMessage",
        /// Id of the e-reporting request for the accounts receivable.
        pub ar_ereporting_request_id: Option<Box<str>> = "arEreportingRequestId",
        /// Status of the e-reporting of the accounts receivable.
        pub e_reporting_ar_status: Option<Box<str>> = "eReportingARStatus",
        /// Code of the error in the e-reporting of the accounts receivable.
        pub e_reporting_ar_error_code: Option<Box<str>> = "eReportingARErrorCode",
        /// Message of the error in the e-reporting of the accounts receivable.
        pub e_reporting_ar_error_message: Option<Box<str>> = "eReportingARErrorMessage",
        /// Time at which the invoice was last e-mailed, with a UTC offset.
        pub last_email_sent_date: Option<DateTime> = "lastEmailSentDate",
        /// Id of the user who created the invoice.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// Time of creation, with a UTC offset.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who last updated the invoice.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// Time of the last update, with a UTC offset.
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
    fn pages_follow_the_cursor_to_the_last_page() {
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
        for end in ["null", r#""""#, r#"" ""#] {
            assert!(
                read(Box::leak(format!(r#"{{"data":[{{"id":"2"}}],"nextPage":{end}}}"#).into())).1.is_none()
            );
        }
        let (rows, next) = read(r#"{"data":[],"nextPage":"more"}"#);
        assert!(rows.is_empty() && next.is_some(), "an empty page with a cursor is not the last one");
    }

    #[test]
    fn invalid_page_sizes_are_not_sent() {
        for size in [0, 100] {
            let error = QueryInvoices::new().page_size(size).request().unwrap_err();
            assert_eq!(error.field(), Some("pageSize"));
        }
    }

    #[test]
    fn a_query_can_be_queued() {
        let query = QueryInvoices::of_bill_run("BR-1").descending("amount").cursor("c").expand("account");
        let text = serde_json::to_string(&query).unwrap();
        assert_eq!(serde_json::from_str::<QueryInvoices>(&text).unwrap(), query);
    }
}
