//! Changes by other users, as through the user interface or another client.

use rust_decimal::Decimal;

use super::sandbox::Sandbox;
use crate::http::ApiError;
use crate::state::{JobOperation, State};

/// The error of [`Sandbox::pay`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot pay {amount}: {reason}")]
pub struct PaymentError {
    amount: Decimal,
    reason: String,
}

/// The error of a change by another user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {change} {key}: {reason}")]
pub struct ChangeError {
    change: &'static str,
    key: String,
    reason: String,
}

/// Changes by another user. They have the time of the last request or call of [`advance`](Self::advance), are
/// not requests, and appear in the journal as effects without a request.
///
/// `invoice` and `run` are ids or numbers. Each method fails if no object has that id or number, or if the
/// service would reject the same request.
impl Sandbox {
    /// Pays a posted invoice in part or in full, and returns the id of the payment.
    ///
    /// Takes the place of the payment operations, which are not simulated.
    ///
    /// ```
    /// # use zuora_sandbox::Sandbox;
    /// let mut sandbox = Sandbox::demo();
    /// let error = sandbox.pay("INV00000001", rust_decimal::Decimal::ONE).unwrap_err();
    /// assert_eq!(error.to_string(), "cannot pay 1: no invoice has the id or number INV00000001");
    /// ```
    ///
    /// # Errors
    /// Fails if no posted invoice has that id or number, if a job is running on the invoice, or if the amount
    /// is not positive, has more decimals than the currency, or exceeds the balance.
    pub fn pay(&mut self, invoice: &str, amount: Decimal) -> Result<String, PaymentError> {
        self.by_hand(|state| state.pay(invoice, amount).map_err(|reason| PaymentError { amount, reason }))
    }

    /// Removes the last payment of an invoice.
    ///
    /// # Errors
    /// Fails if the invoice has no payment.
    pub fn unapply_payment(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("unapply a payment of", invoice, |state| state.unapply_payment_by_hand(invoice))
    }

    /// Posts a draft.
    ///
    /// # Errors
    /// Fails if the invoice is not a draft.
    pub fn post_invoice(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("post", invoice, |state| state.change_by_hand(invoice, JobOperation::Post(None)))
    }

    /// Makes a posted invoice a draft again; if its bill run is `Posted`, the run becomes `Completed`.
    ///
    /// ```
    /// # use zuora_sandbox::Sandbox;
    /// let mut sandbox = Sandbox::demo();
    /// let error = sandbox.unpost_invoice("INV00000001").unwrap_err();
    /// assert_eq!(error.to_string(), "cannot unpost INV00000001: Cannot find entity by key: 'INV00000001'.");
    /// ```
    ///
    /// # Errors
    /// Fails if the invoice is not posted, or if a payment or credit memo is applied.
    pub fn unpost_invoice(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("unpost", invoice, |state| state.unpost_by_hand(invoice))
    }

    /// Cancels a draft.
    ///
    /// # Errors
    /// Fails if the invoice is not a draft.
    pub fn cancel_invoice(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("cancel", invoice, |state| state.change_by_hand(invoice, JobOperation::Cancel))
    }

    /// Deletes a canceled invoice.
    ///
    /// # Errors
    /// Fails if the invoice is not canceled.
    pub fn delete_invoice(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("delete", invoice, |state| state.change_by_hand(invoice, JobOperation::Delete))
    }

    /// Reverses a posted invoice.
    ///
    /// # Errors
    /// Fails if the invoice cannot be reversed.
    pub fn reverse_invoice(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("reverse", invoice, |state| state.reverse_by_hand(invoice))
    }

    /// Writes off the balance of a posted invoice.
    ///
    /// # Errors
    /// Fails if the invoice cannot be written off.
    pub fn write_off_invoice(&mut self, invoice: &str) -> Result<(), ChangeError> {
        self.change("write off", invoice, |state| {
            state.check_settlement()?;
            state.write_off_by_hand(invoice)
        })
    }

    /// Sets the comments of an invoice, which also changes the time of its last update.
    ///
    /// # Errors
    /// Fails if the invoice is canceled or reversed.
    pub fn comment_on_invoice(&mut self, invoice: &str, comments: &str) -> Result<(), ChangeError> {
        self.change("comment on", invoice, |state| state.comment_by_hand(invoice, comments))
    }

    /// Starts posting a completed bill run.
    ///
    /// # Errors
    /// Fails if the run is not `Completed`.
    pub fn post_bill_run(&mut self, run: &str) -> Result<(), ChangeError> {
        self.change("post", run, |state| state.post_run_by_hand(run))
    }

    /// Starts canceling a bill run, but not the later runs of its schedule.
    ///
    /// # Errors
    /// Fails if the run is neither `Pending` nor `Completed`, or if one of its invoices is posted.
    pub fn cancel_bill_run(&mut self, run: &str) -> Result<(), ChangeError> {
        self.change("cancel", run, |state| state.cancel_run_by_hand(run))
    }

    /// Starts deleting a bill run.
    ///
    /// # Errors
    /// Fails if the run is neither `Canceled` nor `Error`.
    pub fn delete_bill_run(&mut self, run: &str) -> Result<(), ChangeError> {
        self.change("delete", run, |state| state.delete_run_by_hand(run))
    }

    fn change(
        &mut self,
        change: &'static str,
        key: &str,
        make: impl FnOnce(&mut State) -> Result<(), ApiError>,
    ) -> Result<(), ChangeError> {
        let reason = |error: ApiError| error.reasons.into_iter().map(|reason| reason.message).collect();
        self.by_hand(make).map_err(|error| ChangeError { change, key: key.to_owned(), reason: reason(error) })
    }

    /// Makes a change and records its effects.
    fn by_hand<T>(&mut self, make: impl FnOnce(&mut State) -> T) -> T {
        if self.history.is_empty() {
            self.remember();
        }
        let made = make(&mut self.state);
        self.collect_effects();
        self.remember();
        made
    }
}
