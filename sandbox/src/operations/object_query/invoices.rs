//! `GET /object-query/invoices`.

use super::query::{Query, Table, by_keys, list, respond};
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{Invoice, State, Store, Tenant};
use crate::values::{Json, UnixTime};

/// Lists the invoices that match every filter, in order of creation unless sorted.
pub(crate) fn invoices(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    state.invoices.refresh_columns();
    respond(state, |state, ends| list(&InvoiceTable(state), request, ends))
}

struct InvoiceTable<'s>(&'s State);

impl Table for InvoiceTable<'_> {
    type Row = Invoice;

    const FIELDS: &'static [&'static str] = FIELDS;

    fn store(&self) -> &Store<Invoice> {
        self.0.invoices.store()
    }

    fn candidates<'t>(&'t self, query: &Query, from: usize) -> Option<Box<dyn Iterator<Item = usize> + 't>> {
        let invoices = &self.0.invoices;
        let exact = |field| query.exact::<Invoice>(field);
        if let Some(keys) = exact("id").or_else(|| exact("invoicenumber")) {
            return Some(by_keys(keys, from, |key| invoices.find(key)));
        }
        match (exact("sourceid"), exact("accountid")) {
            (Some([run]), _) if run != "null" => Some(Box::new(invoices.of_run(run, from))),
            (_, Some([account])) => Some(Box::new(invoices.of_account(account, from))),
            _ => None,
        }
    }

    fn show(&self, position: usize) -> Json {
        expanded(&self.0.invoices[position], &self.0.tenant)
    }
}

/// Shows an invoice as one row, without the fields that are not set.
fn expanded(invoice: &Invoice, tenant: &Tenant) -> Json {
    let stamp = |at: UnixTime| tenant.zone.iso(at);
    let midnight = |at: UnixTime| tenant.zone.at_hour(tenant.zone.date(at), 0);
    invoice
        .common_members(tenant)
        .member("isSplit", false)
        .member("reversed", invoice.reversed)
        .member("postedDate", invoice.posted.map(|at| stamp(midnight(at))))
        .member("lastEmailSentDate", invoice.emailed.map(stamp))
        .member("createdDate", stamp(invoice.created))
        .member("updatedDate", stamp(invoice.updated))
        .members(invoice.extra_fields.iter())
        .finish()
}

/// Every field of an invoice in Object Query.
const FIELDS: &[&str] = &[
    "accountId",
    "adjustmentAmount",
    "amount",
    "amountWithoutTax",
    "autoPay",
    "balance",
    "billToContactId",
    "billToContactSnapshotId",
    "comments",
    "creditBalanceAdjustmentAmount",
    "creditMemoAmount",
    "currency",
    "dueDate",
    "includesOneTime",
    "includesRecurring",
    "includesUsage",
    "invoiceDate",
    "invoiceGroupNumber",
    "invoiceNumber",
    "isSplit",
    "lastEmailSentDate",
    "organizationId",
    "paymentAmount",
    "postedBy",
    "postedDate",
    "refundAmount",
    "reversed",
    "sequenceSetId",
    "soldToContactId",
    "soldToContactSnapshotId",
    "shipToContactId",
    "shipToContactSnapshotId",
    "source",
    "sourceId",
    "sourceType",
    "status",
    "targetDate",
    "taxAmount",
    "taxExemptAmount",
    "taxStatus",
    "taxMessage",
    "templateId",
    "communicationProfileId",
    "transferredToAccounting",
    "eInvoiceStatus",
    "eInvoiceFileId",
    "eInvoiceErrorCode",
    "eInvoiceErrorMessage",
    "eInvoiceBusinessStatusUpdateId",
    "salesEreportingRequestId",
    "arEreportingRequestId",
    "paymentLink",
    "id",
    "createdById",
    "createdDate",
    "updatedById",
    "updatedDate",
    "eReportingARStatus",
    "eReportingARErrorCode",
    "eReportingARErrorMessage",
    "eInvoiceBusinessStatus",
    "eInvoiceBusinessStatusReason",
    "sellerReason",
    "paymentTerm",
    "eReportingSalesStatus",
    "eReportingSalesErrorCode",
    "eReportingSalesErrorMessage",
];
