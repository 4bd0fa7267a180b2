//! `PUT /v1/invoices/{invoiceKey}/reverse`.

use rust_decimal::Decimal;

use super::credit_memo::credit_memo_json;
use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{EffectKind, Invoice, InvoiceStatus, JobOperation, MemoTerms, State};
use crate::values::Text;

/// Reason code of a reversal, unless the request has one.
pub(super) const REVERSAL: &str = "Invoice reversal";

/// Reverses a posted invoice with a credit memo at once, or by a job if the invoice has many items.
pub(crate) fn reverse(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    state.check_settlement()?;
    let index = state.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body =
        request.object(&state.settings, &["applyEffectiveDate", "comment", "memoDate", "reasonCode"])?;
    let reversal = read(state, index, Fields::new("", &body)?);
    let reversal = reversal.map_err(|error| error.with_resource(state.settings.invoice_code))?;
    let by_job = state.invoices[index].lines_count() > state.settings.reverse_job_above;
    match state.execute_or_queue(index, JobOperation::Reverse(reversal), by_job)? {
        (_, Some(memo)) => Ok(ResponseBody::Success(credit_memo_json(&memo))),
        (job, None) => Ok(ResponseBody::Success(state.jobs[job].started_json())),
    }
}

fn read(state: &State, index: usize, fields: Fields<'_>) -> Result<MemoTerms, ApiError> {
    let terms = state.memo_terms(&state.invoices[index], fields, REVERSAL)?;
    let effective = fields.date("applyEffectiveDate")?.unwrap_or_else(|| state.today().max(terms.date));
    if effective < terms.date {
        return Err(ApiError::value("applyEffectiveDate", "a date not before memoDate is expected"));
    }
    Ok(terms)
}

impl State {
    pub(crate) fn check_can_reverse(&self, index: usize, terms: &MemoTerms) -> Result<(), ApiError> {
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
        } else if terms.date < invoice.invoice_date {
            "The date of the memo is before the invoice date."
        } else if self.has_newer(index) {
            "A newer invoice exists for a subscription of the invoice."
        } else {
            return Ok(());
        };
        Err(ApiError::rule(message).with_resource(self.settings.invoice_code))
    }

    /// Reverses the invoice, and returns the id of the credit memo.
    pub(crate) fn reverse_invoice(&mut self, index: usize, terms: MemoTerms) -> String {
        self.invoices[index].reversed = true;
        self.invoices[index].release_charges(&mut self.ledger);
        self.effects.record(self.now, EffectKind::InvoiceReversed, &self.invoices[index].id);
        self.credit(index, terms)
    }

    /// Whether a later invoice, neither canceled nor reversed, bills one of the subscriptions.
    fn has_newer(&self, index: usize) -> bool {
        let subscriptions = |invoice: &Invoice| -> Vec<Text> {
            let subscribed = invoice.items.iter().filter_map(|item| item.subscribed.as_ref());
            subscribed.map(|one| one.subscription_id.clone()).collect()
        };
        let own = subscriptions(&self.invoices[index]);
        let later = self.invoices.of_account(&self.invoices[index].account_id, index + 1);
        let later = later.map(|later| &self.invoices[later]);
        let mut counting = later.filter(|one| one.status != InvoiceStatus::Canceled && !one.reversed);
        counting.any(|one| subscriptions(one).iter().any(|subscription| own.contains(subscription)))
    }
}
