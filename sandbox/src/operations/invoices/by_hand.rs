//! Changes of invoices by another user.

use super::reverse::REVERSAL;
use super::write_off::WRITE_OFF;
use crate::http::ApiError;
use crate::state::{AppliedBy, BillRunStatus, EffectKind, InvoiceStatus, JobOperation, MemoTerms, State};

impl State {
    /// Executes an operation at once, however large the invoice is.
    pub(crate) fn change_by_hand(&mut self, key: &str, operation: JobOperation) -> Result<(), ApiError> {
        let index = self.find_idle_invoice(key)?;
        self.execute_or_queue(index, operation, false).map(drop)
    }

    /// Reverses an invoice with a credit memo of the current date.
    pub(crate) fn reverse_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        self.check_settlement()?;
        let index = self.find_idle_invoice(key)?;
        let memo_date = self.today().max(self.invoices[index].invoice_date);
        self.change_by_hand(key, JobOperation::Reverse(MemoTerms::new(memo_date, REVERSAL)))
    }

    /// Writes an invoice off with a credit memo of the current date.
    pub(crate) fn write_off_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        self.check_settlement()?;
        let index = self.find_idle_invoice(key)?;
        let memo_date = self.today().max(self.invoices[index].invoice_date);
        self.change_by_hand(key, JobOperation::WriteOff(MemoTerms::new(memo_date, WRITE_OFF)))
    }

    /// Makes a posted invoice a draft again, and its posted run completed again.
    pub(crate) fn unpost_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        let index = self.find_idle_invoice(key)?;
        self.check_can_unpost(index)?;
        let now = self.now;
        let invoice = &mut self.invoices[index];
        invoice.status = InvoiceStatus::Draft;
        invoice.posted = None;
        invoice.updated = now;
        invoice.outdate_pdf(now);
        self.effects.record(now, EffectKind::InvoiceUnposted, &invoice.id);
        let origin = self.invoices[index].origin.as_ref();
        let posted_run = origin.and_then(|origin| self.runs.find(&origin.run_id));
        if let Some(run) = posted_run.filter(|run| self.runs[*run].status == BillRunStatus::Posted) {
            self.set_run_status(run, BillRunStatus::Completed);
        }
        Ok(())
    }

    fn check_can_unpost(&self, index: usize) -> Result<(), ApiError> {
        let invoice = &self.invoices[index];
        if invoice.status != InvoiceStatus::Posted {
            return Err(ApiError::rule("Invoice must be in Posted status to unpost"));
        }
        match invoice.applications.is_empty() && !invoice.reversed {
            true => Ok(()),
            false => Err(ApiError::rule(
                "An invoice to which payments or credit memos are applied cannot be unposted.",
            )),
        }
    }

    /// Removes the last payment of an invoice.
    pub(crate) fn unapply_payment_by_hand(&mut self, key: &str) -> Result<(), ApiError> {
        let index = self.find_idle_invoice(key)?;
        let now = self.now;
        let invoice = &mut self.invoices[index];
        let payment = invoice.applications.iter().rposition(|part| matches!(part.by, AppliedBy::Payment(_)));
        let payment = payment.ok_or_else(|| ApiError::rule("No payment is applied to the invoice."))?;
        invoice.applications.remove(payment);
        invoice.updated = now;
        self.effects.record(now, EffectKind::PaymentUnapplied, &invoice.id);
        self.make_pdf(index);
        Ok(())
    }

    /// Sets the comments of an invoice.
    pub(crate) fn comment_by_hand(&mut self, key: &str, comments: &str) -> Result<(), ApiError> {
        let index = self.find_idle_invoice(key)?;
        let invoice = &mut self.invoices[index];
        if invoice.status == InvoiceStatus::Canceled || invoice.reversed {
            return Err(ApiError::rule("An invoice that is canceled or reversed cannot be changed."));
        }
        invoice.comments = Some(comments.to_owned());
        invoice.updated = self.now;
        self.effects.record(self.now, EffectKind::InvoiceUpdated, &invoice.id);
        self.make_pdf(index);
        Ok(())
    }
}
