//! `GET /object-query/invoices`.

use rust_decimal::Decimal;

use super::filter::Value;
use super::query::{Query, Table, by_keys, list, respond};
use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{ChargeType, Invoice, State, Tenant};
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
            "duedate" => Value::text(invoice.due_date.to_string()),
            "invoicedate" => Value::text(invoice.invoice_date.to_string()),
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
    let zero = || Json::from(Decimal::ZERO);
    let origin = invoice.origin.as_ref();
    let stamp = |at: UnixTime| Json::from(tenant.zone.iso(at));
    Json::non_null([
        ("id", (&invoice.id).into()),
        ("invoiceNumber", (&invoice.number).into()),
        ("accountId", (&invoice.account_id).into()),
        ("status", invoice.status.as_str().into()),
        ("amount", invoice.amount().into()),
        ("amountWithoutTax", invoice.amount_without_tax().into()),
        ("taxAmount", invoice.tax_amount().into()),
        ("taxExemptAmount", invoice.tax_exempt_amount().into()),
        ("balance", invoice.balance().into()),
        ("adjustmentAmount", zero()),
        ("creditMemoAmount", invoice.credited().into()),
        ("paymentAmount", invoice.paid().into()),
        ("refundAmount", zero()),
        ("currency", (&invoice.currency).into()),
        ("autoPay", invoice.auto_pay.into()),
        ("paymentTerm", (&invoice.payment_term).into()),
        ("billToContactId", (&invoice.bill_to_contact_id).into()),
        ("soldToContactId", (&invoice.sold_to_contact_id).into()),
        ("shipToContactId", invoice.ship_to_contact_id.clone().into()),
        ("comments", invoice.comments.clone().into()),
        ("templateId", invoice.template_id.clone().into()),
        ("communicationProfileId", invoice.communication_profile_id.clone().into()),
        ("invoiceDate", invoice.invoice_date.into()),
        ("dueDate", invoice.due_date.into()),
        ("targetDate", origin.map(|origin| origin.target_date).into()),
        ("includesOneTime", invoice.includes(ChargeType::OneTime).into()),
        ("includesRecurring", invoice.includes(ChargeType::Recurring).into()),
        ("includesUsage", invoice.includes(ChargeType::Usage).into()),
        ("isSplit", false.into()),
        ("reversed", invoice.reversed.into()),
        ("source", invoice.source().into()),
        ("sourceId", origin.map(|origin| &origin.run_number).into()),
        ("sourceType", invoice.source_type().into()),
        ("transferredToAccounting", (&invoice.transferred).into()),
        ("postedBy", invoice.posted.map(|_| &tenant.user_id).into()),
        ("postedDate", invoice.posted.map(|at| stamp(tenant.zone.at_hour(tenant.zone.date(at), 0))).into()),
        ("lastEmailSentDate", invoice.emailed.map(stamp).into()),
        ("createdById", (&tenant.user_id).into()),
        ("createdDate", stamp(invoice.created)),
        ("updatedById", (&tenant.user_id).into()),
        ("updatedDate", stamp(invoice.updated)),
    ])
    .append(invoice.extra_fields.all())
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
