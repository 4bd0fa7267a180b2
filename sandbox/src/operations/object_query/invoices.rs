//! `GET /object-query/invoices`.

use super::filter::Value;
use super::query::{Query, Table, by_keys, list, respond};
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{Invoice, State, Tenant};
use crate::values::{Json, UnixTime};

/// Lists the invoices that match every filter, in order of creation unless sorted.
pub(crate) fn invoices(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    respond(state, |state, sorted| list(&InvoiceTable(state), request, sorted))
}

struct InvoiceTable<'s>(&'s State);

impl Table for InvoiceTable<'_> {
    const INDEXED: &'static [&'static str] = &[
        "id",
        "updateddate",
        "accountid",
        "amount",
        "balance",
        "duedate",
        "invoicedate",
        "invoicenumber",
        "reversed",
        "sourceid",
        "sourcetype",
        "status",
        "einvoicestatus",
    ];
    const FIELDS: &'static [&'static str] = FIELDS;

    fn candidates<'t>(&'t self, query: &Query, from: usize) -> Box<dyn Iterator<Item = usize> + 't> {
        let invoices = &self.0.invoices;
        if let Some(keys) = query.exact("id").or_else(|| query.exact("invoicenumber")) {
            return by_keys(keys, from, |key| invoices.find(key));
        }
        match (query.exact("sourceid"), query.exact("accountid")) {
            (Some([run]), _) if run != "null" => Box::new(invoices.of_run(run, from)),
            (_, Some([account])) => Box::new(invoices.of_account(account, from)),
            _ => Box::new((from..invoices.end()).filter(|position| invoices.get(*position).is_some())),
        }
    }

    fn value(&self, position: usize, field: &str) -> Option<Value<'_>> {
        let invoice = self.0.invoices.get(position)?;
        Some(match field {
            "id" => Value::text(&invoice.id),
            "updateddate" => Value::Time(invoice.updated.to_seconds()),
            "accountid" => Value::text(&invoice.account_id),
            "amount" => Value::Number(invoice.amount()),
            "balance" => Value::Number(invoice.balance()),
            "duedate" => Value::Date(invoice.due_date),
            "invoicedate" => Value::Date(invoice.invoice_date),
            "invoicenumber" => Value::text(&invoice.number),
            "reversed" => Value::text(if invoice.reversed { "true" } else { "false" }),
            "sourceid" => match &invoice.origin {
                Some(origin) => Value::text(&origin.run_number),
                None => Value::Absent,
            },
            "sourcetype" => Value::text(invoice.source_type()),
            "status" => Value::text(invoice.status.as_str()),
            _ => Value::Absent,
        })
    }

    fn show(&self, position: usize) -> Json {
        expanded(&self.0.invoices[position], &self.0.tenant)
    }

    fn revision(&self) -> u64 {
        self.0.invoices.changes().revision()
    }

    fn changed_since(&self, revision: u64) -> Option<Vec<usize>> {
        self.0.invoices.changes().since(revision)
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
