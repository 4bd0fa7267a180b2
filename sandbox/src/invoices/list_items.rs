//! `GET /v1/invoices/{invoiceKey}/items`.

use rust_decimal::Decimal;

use super::{Invoice, Item};
use crate::call::Call;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

const DEFAULT_PAGE: usize = 20;
const LARGEST_PAGE: usize = 40;

/// One page of the items of an invoice, in the order in which they were made.
pub(crate) fn list_items(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let invoice = &world.invoices[world.find_invoice(keys.first().copied().unwrap_or_default())?];
    let rows: Vec<Json> = invoice.items.iter().map(|item| item.json(invoice)).collect();
    let (rows, next) = page(rows, call);
    Ok(Reply::Success(Json::filled([("invoiceItems", Json::Array(rows)), ("nextPage", next.into())])))
}

/// The rows of the page that the call asks for, and the link to the page after it. A page size that is too
/// large is cut, one that makes no sense is taken as absent, and `page` counts only beside a `pageSize`.
pub(crate) fn page(rows: Vec<Json>, call: &Call) -> (Vec<Json>, Option<String>) {
    let positive = |name: &str| call.query(name)?.parse::<usize>().ok().filter(|number| *number > 0);
    let size = positive("pageSize").map_or(DEFAULT_PAGE, |size| size.min(LARGEST_PAGE));
    let number = call.query("pageSize").and_then(|_| positive("page")).unwrap_or(1);
    let start = (number - 1).saturating_mul(size);
    let more = rows.len() > start.saturating_add(size);
    let next = more.then(|| format!("{}{}?page={}&pageSize={size}", call.base_url, call.path, number + 1));
    (rows.into_iter().skip(start).take(size).collect(), next)
}

impl Item {
    pub(crate) fn json(&self, invoice: &Invoice) -> Json {
        Json::filled([
            ("id", (&self.id).into()),
            ("chargeId", (&self.charge_id).into()),
            ("chargeName", (&self.charge_name).into()),
            ("chargeType", self.charge_type.wire().into()),
            ("chargeAmount", self.amount.into()),
            ("chargeDate", format!("{} 00:00:00", invoice.invoice_date).into()),
            ("chargeDescription", "".into()),
            ("description", "".into()),
            ("taxAmount", Decimal::ZERO.into()),
            ("balance", self.amount.into()),
            ("availableToCreditAmount", self.amount.into()),
            ("quantity", self.quantity.into()),
            ("unitPrice", self.unit_price.into()),
            ("unitOfMeasure", self.unit_of_measure.clone().into()),
            ("serviceStartDate", self.service_start.into()),
            ("serviceEndDate", self.service_end.into()),
            ("processingType", "Charge".into()),
            ("sourceItemType", "SubscriptionComponent".into()),
            ("subscriptionId", (&self.subscription_id).into()),
            ("subscriptionName", (&self.subscription_name).into()),
            ("productName", (&self.product_name).into()),
            ("productRatePlanChargeId", (&self.product_rate_plan_charge_id).into()),
            ("sku", (&self.sku).into()),
            ("accountingCode", (&self.accounting_code).into()),
            ("soldToContactId", (&invoice.sold_to_contact_id).into()),
            ("excludeItemBillingFromRevenueAccounting", false.into()),
            ("taxationItems", Json::object([("data", Json::Array(Vec::new()))])),
        ])
    }
}
