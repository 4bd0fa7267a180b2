//! `GET /object-query/credit-memos`.

use rust_decimal::Decimal;

use super::filter::Value;
use super::query::{Query, Table, by_keys, list, respond};
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{CreditMemo, State, Tenant};
use crate::values::Json;

/// Lists the credit memos that match every filter, in order of creation unless sorted.
pub(crate) fn credit_memos(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    state.check_settlement()?;
    respond(state, |state, sorted| list(&MemoTable(state), request, sorted))
}

struct MemoTable<'s>(&'s State);

impl Table for MemoTable<'_> {
    const INDEXED: &'static [&'static str] = &[
        "id",
        "updateddate",
        "balance",
        "einvoicestatus",
        "memodate",
        "memonumber",
        "sourcetype",
        "status",
        "totalamount",
        "invoiceid",
        "accountid",
    ];
    const FIELDS: &'static [&'static str] = FIELDS;

    fn candidates<'t>(&'t self, query: &Query, from: usize) -> Box<dyn Iterator<Item = usize> + 't> {
        let memos = &self.0.credit_memos;
        if let Some([invoice]) = query.exact("invoiceid") {
            let invoice = self.0.invoices.find(invoice).and_then(|invoice| self.0.invoices.get(invoice));
            let memos = invoice.map(|invoice| invoice.memos.clone()).unwrap_or_default();
            return Box::new(memos.into_iter().filter(move |memo| *memo >= from));
        }
        if let Some(keys) = query.exact("id").or_else(|| query.exact("memonumber")) {
            return by_keys(keys, from, |key| memos.find(key));
        }
        Box::new(from..memos.end())
    }

    fn value(&self, position: usize, field: &str) -> Option<Value<'_>> {
        let memo = self.0.credit_memos.get(position)?;
        Some(match field {
            "id" => Value::text(&memo.id),
            "updateddate" => Value::Time(memo.created.to_seconds()),
            "balance" => Value::Number(Decimal::ZERO),
            "memodate" => Value::Date(memo.terms.date),
            "memonumber" => Value::text(&memo.number),
            "sourcetype" => Value::text(SOURCE_TYPE),
            "status" => Value::text(STATUS),
            "totalamount" => Value::Number(memo.amount),
            "invoiceid" => Value::text(&memo.invoice_id),
            "accountid" => Value::text(&memo.account_id),
            _ => Value::Absent,
        })
    }

    fn show(&self, position: usize) -> Json {
        self.0.credit_memos[position].json(&self.0.tenant)
    }

    fn revision(&self) -> u64 {
        // A memo does not change.
        u64::try_from(self.0.credit_memos.end()).unwrap_or(u64::MAX)
    }

    fn changed_since(&self, revision: u64) -> Option<Vec<usize>> {
        Some((usize::try_from(revision).ok()?..self.0.credit_memos.end()).collect())
    }
}

const SOURCE_TYPE: &str = "Invoice";
const STATUS: &str = "Posted";

impl CreditMemo {
    /// Shows the memo without the fields that are not set.
    fn json(&self, tenant: &Tenant) -> Json {
        let stamp = tenant.zone.iso(self.created);
        Json::non_null([
            ("id", (&self.id).into()),
            ("memoNumber", (&self.number).into()),
            ("status", STATUS.into()),
            ("invoiceId", (&self.invoice_id).into()),
            ("accountId", (&self.account_id).into()),
            ("currency", (&self.currency).into()),
            ("totalAmount", self.amount.into()),
            ("totalAmountWithoutTax", (self.amount - self.tax_amount).into()),
            ("taxAmount", self.tax_amount.into()),
            ("appliedAmount", self.amount.into()),
            ("balance", Decimal::ZERO.into()),
            ("refundAmount", Decimal::ZERO.into()),
            ("memoDate", self.terms.date.into()),
            ("reasonCode", (&self.terms.reason).into()),
            ("comments", self.terms.comment.clone().into()),
            ("reversed", false.into()),
            ("source", "AdhocFromInvoice".into()),
            ("sourceType", SOURCE_TYPE.into()),
            ("postedById", (&tenant.user_id).into()),
            ("postedOn", stamp.clone().into()),
            ("createdById", (&tenant.user_id).into()),
            ("createdDate", stamp.clone().into()),
            ("updatedById", (&tenant.user_id).into()),
            ("updatedDate", stamp.into()),
        ])
    }
}

/// Every field of a credit memo in Object Query that is not a list.
const FIELDS: &[&str] = &[
    "appliedAmount",
    "balance",
    "billToContactId",
    "billToContactSnapshotId",
    "cancelledById",
    "cancelledOn",
    "comments",
    "currency",
    "discountAmount",
    "eInvoiceStatus",
    "eInvoiceFileId",
    "eInvoiceErrorCode",
    "eInvoiceErrorMessage",
    "eInvoiceBusinessStatusUpdateId",
    "salesEreportingRequestId",
    "arEreportingRequestId",
    "exchangeRateDate",
    "excludeFromAutoApplyRules",
    "autoApplyUponPosting",
    "invoiceGroupNumber",
    "memoDate",
    "memoNumber",
    "postedById",
    "postedOn",
    "reasonCode",
    "refundAmount",
    "reversed",
    "revenueImpacting",
    "sequenceSetId",
    "communicationProfileId",
    "shipToContactSnapshotId",
    "soldToContactSnapshotId",
    "source",
    "sourceType",
    "status",
    "targetDate",
    "taxAmount",
    "taxAutoCalculation",
    "taxMessage",
    "taxStatus",
    "totalAmount",
    "totalAmountWithoutTax",
    "totalTaxExemptAmount",
    "transferredToAccounting",
    "invoiceId",
    "accountId",
    "id",
    "createdById",
    "sourceId",
    "createdDate",
    "updatedById",
    "updatedDate",
    "eReportingARStatus",
    "eReportingARErrorCode",
    "eReportingARErrorMessage",
    "debitMemoId",
    "eInvoiceBusinessStatus",
    "eInvoiceBusinessStatusReason",
    "sellerReason",
    "eReportingSalesStatus",
    "eReportingSalesErrorCode",
    "eReportingSalesErrorMessage",
];
