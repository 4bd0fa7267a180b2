//! `GET /object-query/credit-memos`.

use rust_decimal::Decimal;

use super::query::{Query, Table, by_keys, list, respond};
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{CreditMemo, State, Store, Tenant};
use crate::values::Json;

/// Lists the credit memos that match every filter, in order of creation unless sorted.
pub(crate) fn credit_memos(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    state.check_settlement()?;
    state.credit_memos.refresh_columns();
    respond(state, |state, ends| list(&MemoTable(state), request, ends))
}

struct MemoTable<'s>(&'s State);

impl Table for MemoTable<'_> {
    type Row = CreditMemo;

    const FIELDS: &'static [&'static str] = FIELDS;

    fn store(&self) -> &Store<CreditMemo> {
        &self.0.credit_memos
    }

    fn candidates<'t>(&'t self, query: &Query, from: usize) -> Option<Box<dyn Iterator<Item = usize> + 't>> {
        let memos = &self.0.credit_memos;
        let exact = |field| query.exact::<CreditMemo>(field);
        if let Some([invoice]) = exact("invoiceid") {
            let invoice = self.0.invoices.find(invoice).and_then(|invoice| self.0.invoices.get(invoice));
            let memos = invoice.map(|invoice| invoice.memos.clone()).unwrap_or_default();
            return Some(Box::new(memos.into_iter().filter(move |memo| *memo >= from)));
        }
        let keys = exact("id").or_else(|| exact("memonumber"))?;
        Some(by_keys(keys, from, |key| memos.find(key)))
    }

    fn show(&self, position: usize) -> Json {
        self.0.credit_memos[position].json(&self.0.tenant)
    }
}

impl CreditMemo {
    /// Shows the memo without the fields that are not set.
    fn json(&self, tenant: &Tenant) -> Json {
        let stamp = tenant.zone.iso(self.created);
        Json::non_null([
            ("id", (&self.id).into()),
            ("memoNumber", (&self.number).into()),
            ("status", Self::STATUS.into()),
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
            ("sourceType", Self::SOURCE_TYPE.into()),
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
