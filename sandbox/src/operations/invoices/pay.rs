//! Payments by test code, in place of the payment operations.

use rust_decimal::Decimal;

use crate::state::{Application, AppliedBy, EffectKind, InvoiceStatus, State};

impl State {
    /// Applies a payment and returns its id, or the reason why it is rejected.
    pub(crate) fn pay(&mut self, key: &str, amount: Decimal) -> Result<String, String> {
        let index = self.find_invoice(key).map_err(|_| format!("no invoice has the id or number {key}"))?;
        let invoice = &self.invoices[index];
        if self.has_running_job(&invoice.id) {
            return Err(format!("a job is running on invoice {key}"));
        }
        if invoice.status != InvoiceStatus::Posted {
            return Err(format!("invoice {key} is not posted"));
        }
        if amount <= Decimal::ZERO || self.tenant.round(&invoice.currency, amount) != amount {
            return Err(format!("not a payable amount in {}", invoice.currency));
        }
        if amount > invoice.balance() {
            return Err(format!("invoice {key} has a balance of {}", invoice.balance()));
        }
        let (id, now) = (self.ids.entity(), self.now);
        let by = AppliedBy::Payment(id.clone());
        let invoice = &mut self.invoices[index];
        invoice.applications.push(Application { by, amount, at: now });
        invoice.updated = now;
        self.effects.record(now, EffectKind::InvoicePaid, &invoice.id);
        self.make_pdf(index);
        Ok(id)
    }
}
