//! `GET /object-query/invoices`: filters, sorts, selected fields and pages.

use std::borrow::Cow;
use std::cmp::Ordering;

use http::StatusCode;
use rust_decimal::Decimal;

use crate::http::{ApiError, ApiRequest, ResponseBody};
use crate::state::{ChargeType, Invoice, State, Tenant};
use crate::values::{Json, UnixTime, parse_iso};

/// Fields that a filter or a sort can name.
const INDEXED: [&str; 13] = [
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

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 99;

/// Lists the invoices that match every filter, in order of creation unless sorted.
pub(crate) fn invoices(
    state: &mut State,
    request: &ApiRequest,
    _keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    list(state, request).map_err(|error| error.with_status(StatusCode::BAD_REQUEST))
}

fn list(state: &State, request: &ApiRequest) -> Result<ResponseBody, ApiError> {
    let known = ["pageSize", "cursor", "sort[]", "filter[]", "fields[]", "includeNullFields"];
    if let Some((name, _)) = request.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(ApiError::query(format!("The query parameter '{name}' is not supported.")));
    }
    let values = |name: &'static str| {
        request.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let size = page_size(request.query("pageSize"))?;
    let start = cursor(request.query("cursor"))?;
    let filters = values("filter[]").map(Filter::read).collect::<Result<Vec<_>, _>>()?;
    let sorts = values("sort[]").map(read_sort).collect::<Result<Vec<_>, _>>()?;
    let nulls = request.query("includeNullFields") == Some("true");

    let row = |invoice: &Invoice| expanded(invoice, &state.tenant);
    let mut rows: Vec<Json> = state.invoices.iter().map(row).collect();
    rows.retain(|row| filters.iter().all(|filter| filter.matches(row)));
    rows.sort_by(|left, right| {
        let each = sorts.iter().map(|(field, descending)| {
            let order = order(indexed(left, field), indexed(right, field));
            if *descending { order.reverse() } else { order }
        });
        each.fold(Ordering::Equal, Ordering::then)
    });
    let names = shown_fields(values("fields[]"))?;
    let more = rows.len() > start.saturating_add(size);
    let page = rows.into_iter().skip(start).take(size).map(|row| shown(row, &names, nulls));
    Ok(ResponseBody::Plain(Json::non_null([
        ("nextPage", more.then(|| format!("{:08x}", start + size)).into()),
        ("data", Json::Array(page.collect())),
    ])))
}

fn page_size(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(DEFAULT_PAGE_SIZE) };
    let size = text.parse().ok().filter(|size| (1..=MAX_PAGE_SIZE).contains(size));
    size.ok_or_else(|| ApiError::query("The query parameter 'pageSize' must be from 1 to 99."))
}

fn cursor(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(0) };
    let start = usize::from_str_radix(text, 16).ok().filter(|_| text.len() == 8);
    start.ok_or_else(|| ApiError::query("The query parameter 'cursor' is not one that was handed out."))
}

/// A filter of the form `FIELD.OP:VALUE`.
struct Filter {
    field: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    StartsWith,
    In,
    AtLeast,
    AtMost,
}

impl Filter {
    fn read(text: &str) -> Result<Self, ApiError> {
        let invalid = || ApiError::query(format!("The filter '{text}' is not of the form FIELD.OP:VALUE."));
        let (left, value) = text.split_once(':').ok_or_else(invalid)?;
        let (field, operator) = left.rsplit_once('.').ok_or_else(invalid)?;
        let operator = match operator {
            "EQ" => Operator::Equal,
            "NE" => Operator::NotEqual,
            "LT" => Operator::Less,
            "GT" => Operator::Greater,
            "SW" => Operator::StartsWith,
            "IN" => Operator::In,
            "GE" => Operator::AtLeast,
            "LE" => Operator::AtMost,
            _ => return Err(invalid()),
        };
        let values = match operator {
            Operator::In => {
                value.trim_matches(['[', ']']).split(',').map(|value| value.trim().to_owned()).collect()
            }
            _ => vec![value.to_owned()],
        };
        Ok(Self { field: read_field(field)?, operator, values })
    }

    fn matches(&self, row: &Json) -> bool {
        let field = indexed(row, &self.field);
        let values = || self.values.iter().map(|value| order(field, Some(&Json::from(value))));
        let any = |wanted: fn(Ordering) -> bool| field.is_some() && values().any(wanted);
        match self.operator {
            Operator::Equal | Operator::In => any(Ordering::is_eq),
            Operator::NotEqual => values().all(Ordering::is_ne),
            Operator::Less => any(Ordering::is_lt),
            Operator::Greater => any(Ordering::is_gt),
            Operator::AtLeast => any(Ordering::is_ge),
            Operator::AtMost => any(Ordering::is_le),
            Operator::StartsWith => {
                let text = field.map(plain).unwrap_or_default();
                self.values.iter().any(|value| text.starts_with(value.as_str()))
            }
        }
    }
}

/// Parses a sort of the form `FIELD.ASC` or `FIELD.DESC`; the flag is whether the order is descending.
fn read_sort(text: &str) -> Result<(String, bool), ApiError> {
    let invalid =
        || ApiError::query(format!("The sort '{text}' is not of the form FIELD.ASC or FIELD.DESC."));
    let (field, direction) = text.rsplit_once('.').ok_or_else(invalid)?;
    let descending = match direction {
        "ASC" => false,
        "DESC" => true,
        _ => return Err(invalid()),
    };
    Ok((read_field(field)?, descending))
}

fn read_field(name: &str) -> Result<String, ApiError> {
    let name = name.to_ascii_lowercase();
    match INDEXED.contains(&name.as_str()) {
        true => Ok(name),
        false => Err(ApiError::query(format!("The field '{name}' cannot be filtered or sorted by."))),
    }
}

/// Returns the member of that name, ignoring case.
fn indexed<'a>(row: &'a Json, field: &str) -> Option<&'a Json> {
    let Json::Object(members) = row else { return None };
    members.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value)
}

fn plain(value: &Json) -> Cow<'_, str> {
    match value {
        Json::Text(text) | Json::Number(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Compares timestamps as points in time, numbers as numbers, everything else as text. A field that is not
/// set is first.
fn order(left: Option<&Json>, right: Option<&Json>) -> Ordering {
    let (Some(left), Some(right)) = (left, right) else { return left.is_some().cmp(&right.is_some()) };
    let (left_text, right_text) = (plain(left), plain(right));
    match (parse_iso(&left_text), parse_iso(&right_text), left.decimal(), right.decimal()) {
        (Some(left), Some(right), ..) => left.cmp(&right),
        (_, _, Some(left), Some(right)) => left.cmp(&right),
        _ => left_text.cmp(&right_text),
    }
}

/// Parses `fields[]` parameters, each with one or more names; an empty list selects all fields.
fn shown_fields<'a>(values: impl Iterator<Item = &'a str>) -> Result<Vec<&'static str>, ApiError> {
    let names = values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| EXPANDED.into_iter().find(|known| known.eq_ignore_ascii_case(name));
    names
        .map(|name| known(name).ok_or_else(|| ApiError::query(format!("The field '{name}' is unknown."))))
        .collect()
}

fn shown(row: Json, names: &[&'static str], nulls: bool) -> Json {
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    let Json::Object(mut members) = row else { return row };
    if nulls {
        for name in EXPANDED {
            if !members.iter().any(|(known, _)| known == name) {
                members.push((Cow::Borrowed(name), Json::Null));
            }
        }
    }
    members.retain(|(name, _)| wanted(name));
    Json::Object(members)
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
const EXPANDED: [&str; 67] = [
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
