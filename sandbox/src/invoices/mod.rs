//! Invoices and their items.

mod get;
mod list_items;

pub(crate) use get::get;
pub(crate) use list_items::list_items;
use rust_decimal::Decimal;

use crate::billing::{Due, Ledger};
use crate::refusal::Refusal;
use crate::tenant::{Account, ChargeType};
use crate::time::{Date, UnixTime};
use crate::world::{Ids, World};

/// One invoice; what it shows of its account stands as it was when the invoice was made.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) status: InvoiceStatus,
    pub(crate) account_id: String,
    pub(crate) currency: String,
    pub(crate) payment_term: String,
    pub(crate) auto_pay: bool,
    pub(crate) bill_to_contact_id: String,
    pub(crate) sold_to_contact_id: String,
    pub(crate) invoice_date: Date,
    pub(crate) due_date: Date,
    /// Where a run made it.
    pub(crate) origin: Origin,
    pub(crate) created: UnixTime,
    pub(crate) updated: UnixTime,
    pub(crate) posted: Option<Date>,
    pub(crate) emailed: Option<UnixTime>,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvoiceStatus {
    Draft,
    Posted,
    Canceled,
}

/// The run that made an invoice, and the dates that it worked with.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) run_id: String,
    pub(crate) run_number: String,
    pub(crate) invoice_date: Date,
    pub(crate) target_date: Date,
}

/// One charge for one period.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) subscription_id: String,
    pub(crate) subscription_name: String,
    pub(crate) charge_id: String,
    pub(crate) charge_name: String,
    pub(crate) charge_type: ChargeType,
    pub(crate) product_name: String,
    pub(crate) product_rate_plan_charge_id: String,
    pub(crate) sku: String,
    pub(crate) accounting_code: String,
    pub(crate) unit_of_measure: Option<String>,
    pub(crate) unit_price: Decimal,
    pub(crate) quantity: Decimal,
    /// Rounded, without tax.
    pub(crate) amount: Decimal,
    pub(crate) service_start: Date,
    pub(crate) service_end: Date,
}

impl InvoiceStatus {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Posted => "Posted",
            Self::Canceled => "Canceled",
        }
    }
}

impl Invoice {
    /// The draft of a bill run for one account.
    pub(crate) fn of_run(
        ids: &mut Ids,
        account: &Account,
        rows: &[Due<'_>],
        origin: Origin,
        now: UnixTime,
    ) -> Self {
        Self {
            id: ids.entity(),
            number: ids.invoice_number(),
            status: InvoiceStatus::Draft,
            account_id: account.id.clone(),
            currency: account.currency.clone(),
            payment_term: account.payment_term.clone(),
            auto_pay: account.auto_pay,
            bill_to_contact_id: account.bill_to_contact_id.clone(),
            sold_to_contact_id: account.sold_to_contact_id.clone(),
            invoice_date: origin.invoice_date,
            due_date: due_date(origin.invoice_date, &account.payment_term),
            origin,
            created: now,
            updated: now,
            posted: None,
            emailed: None,
            items: rows.iter().map(|row| Item::of_charge(ids.entity(), row)).collect(),
        }
    }

    pub(crate) fn is_of_run(&self, run: &str) -> bool {
        self.origin.run_id == run
    }

    /// The sum of the items.
    pub(crate) fn amount(&self) -> Decimal {
        self.items.iter().fold(Decimal::ZERO, |sum, item| sum.saturating_add(item.amount))
    }

    pub(crate) fn includes(&self, charge_type: ChargeType) -> bool {
        self.items.iter().any(|item| item.charge_type == charge_type)
    }

    /// Posts a draft, on another invoice date when one is given.
    pub(crate) fn post(&mut self, invoice_date: Option<Date>, today: Date, now: UnixTime) {
        if let Some(date) = invoice_date {
            self.invoice_date = date;
            self.due_date = due_date(date, &self.payment_term);
        }
        self.status = InvoiceStatus::Posted;
        self.posted = Some(today);
        self.updated = now;
    }

    /// Cancels the invoice; its charges can be billed again.
    pub(crate) fn cancel(&mut self, ledger: &mut Ledger, now: UnixTime) {
        self.status = InvoiceStatus::Canceled;
        self.updated = now;
        for item in &self.items {
            ledger.give_back(&item.charge_id, item.service_start);
        }
    }
}

impl Item {
    fn of_charge(id: String, due: &Due<'_>) -> Self {
        let charge = due.charge;
        Self {
            id,
            subscription_id: due.subscription.id.clone(),
            subscription_name: due.subscription.name.clone(),
            charge_id: charge.id.clone(),
            charge_name: charge.name.clone(),
            charge_type: charge.charge_type,
            product_name: charge.product_name.clone(),
            product_rate_plan_charge_id: charge.product_rate_plan_charge_id.clone(),
            sku: charge.sku.clone(),
            accounting_code: charge.accounting_code.clone(),
            unit_of_measure: charge.unit_of_measure.clone(),
            unit_price: charge.price,
            quantity: due.quantity,
            amount: due.amount,
            service_start: due.start,
            service_end: due.end,
        }
    }
}

impl World {
    /// Where the invoice with that id or number stands.
    pub(crate) fn find_invoice(&self, key: &str) -> Result<usize, Refusal> {
        let found = self.invoices.iter().position(|invoice| invoice.id == key || invoice.number == key);
        found.ok_or_else(|| Refusal::no_entity(key))
    }
}

/// `Net 30` is due after 30 days, every other term at once.
fn due_date(invoice_date: Date, payment_term: &str) -> Date {
    let days = payment_term.strip_prefix("Net ").and_then(|days| days.parse().ok());
    invoice_date.plus_days(days.unwrap_or(0))
}
