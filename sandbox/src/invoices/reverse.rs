//! `PUT /v1/invoices/{invoiceKey}/reverse`.

use rust_decimal::Decimal;

use super::{Application, Invoice, InvoiceStatus, SettledBy};
use crate::call::{Call, Fields};
use crate::jobs::Work;
use crate::json::Json;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::time::Date;
use crate::world::World;

/// The day of the memo that takes an invoice back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reversal {
    memo_date: Date,
}

/// Takes a posted invoice back with a credit memo: at once, or by a job when it has many items.
pub(crate) fn reverse(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    world.check_settlement()?;
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = call.object(&world.settings, &["applyEffectiveDate", "comment", "memoDate", "reasonCode"])?;
    let reversal = read(world, index, Fields::new("", &body)?);
    let reversal = reversal.map_err(|refusal| refusal.of_resource(world.settings.invoice_code))?;
    let by_job = world.invoices[index].lines_count() > world.settings.reverse_job_above;
    match world.work(index, Work::Reverse(reversal), by_job)? {
        (_, Some(memo)) => Ok(Reply::Success(memo_json(&memo))),
        (job, None) => Ok(Reply::Success(world.jobs[job].started())),
    }
}

fn read(world: &World, index: usize, fields: Fields<'_>) -> Result<Reversal, Refusal> {
    let memo_date = world.memo_date(&world.invoices[index], fields)?;
    let effective = fields.date("applyEffectiveDate")?.unwrap_or_else(|| world.today().max(memo_date));
    if effective < memo_date {
        return Err(Refusal::value("applyEffectiveDate", "a date not before memoDate is expected"));
    }
    Ok(Reversal { memo_date })
}

/// The answer of a reversal or a write-off.
pub(super) fn memo_json(id: &str) -> Json {
    Json::object([("creditMemo", Json::object([("id", id.into())]))])
}

impl World {
    pub(crate) fn why_not_reverse(&self, index: usize, reversal: Reversal) -> Result<(), Refusal> {
        let invoice = &self.invoices[index];
        let amount = invoice.amount();
        let zero_items = invoice.items.iter().all(|item| item.net().is_zero() && item.tax().is_zero());
        let message = if invoice.status != InvoiceStatus::Posted {
            "Only invoices with Posted status can be reversed."
        } else if invoice.reversed {
            "The invoice is reversed already."
        } else if !invoice.applications.is_empty() {
            "An invoice to which payments or credit memos are applied cannot be reversed."
        } else if amount < Decimal::ZERO {
            "An invoice with a negative total cannot be reversed."
        } else if zero_items && !self.settings.mirror_zero_items {
            "An invoice of nothing but zeros cannot be reversed."
        } else if invoice.lines_count() > self.settings.reverse_items {
            "The invoice has too many items to be reversed."
        } else if reversal.memo_date < invoice.invoice_date {
            "The date of the memo is before the invoice date."
        } else if self.has_newer(index) {
            "A newer invoice exists for a subscription of the invoice."
        } else {
            return Ok(());
        };
        Err(Refusal::rule(message).of_resource(self.settings.invoice_code))
    }

    /// Gives the id of the credit memo.
    pub(crate) fn reverse_invoice(&mut self, index: usize) -> String {
        self.invoices[index].reversed = true;
        self.invoices[index].give_back(&mut self.ledger);
        self.credit(index)
    }

    /// Applies a credit memo of all that is left to pay.
    pub(super) fn credit(&mut self, index: usize) -> String {
        let memo = self.ids.entity();
        let now = self.now;
        let invoice = &mut self.invoices[index];
        let amount = invoice.balance();
        if !amount.is_zero() {
            let by = SettledBy::CreditMemo(memo.clone());
            invoice.applications.push(Application { by, amount, at: now });
        }
        invoice.updated = now;
        self.make_pdf(index);
        memo
    }

    pub(super) fn check_settlement(&self) -> Result<(), Refusal> {
        match self.settings.invoice_settlement {
            true => Ok(()),
            false => Err(Refusal::permission("The operation needs Invoice Settlement.")),
        }
    }

    /// The day of a memo: today unless another is given. Comment and reason are checked with it.
    pub(super) fn memo_date(&self, invoice: &Invoice, fields: Fields<'_>) -> Result<Date, Refusal> {
        fields.text_within("comment", 255)?;
        let reasons: Vec<&str> = self.settings.reason_codes.iter().map(String::as_str).collect();
        fields.one_of("reasonCode", &reasons)?;
        let date = fields.date("memoDate")?.unwrap_or_else(|| self.today());
        match date < invoice.invoice_date {
            true => Err(Refusal::value("memoDate", "a date not before the invoice date is expected")),
            false => Ok(date),
        }
    }

    /// Whether a later invoice that counts bills a subscription of this one.
    fn has_newer(&self, index: usize) -> bool {
        let subscriptions = |invoice: &Invoice| -> Vec<String> {
            let subscribed = invoice.items.iter().filter_map(|item| item.subscribed.as_ref());
            subscribed.map(|one| one.subscription_id.clone()).collect()
        };
        let own = subscriptions(&self.invoices[index]);
        let later = self.invoices.iter().skip(index + 1);
        let mut counting = later.filter(|one| one.status != InvoiceStatus::Canceled && !one.reversed);
        counting.any(|one| subscriptions(one).iter().any(|subscription| own.contains(subscription)))
    }
}
