//! Credit memos of reversals and write-offs.

use crate::http::{ApiError, Fields};
use crate::state::{Application, Invoice, SettledBy, State};
use crate::values::{Date, Json};

/// Shows the result of a reversal or a write-off.
pub(crate) fn credit_memo_json(id: &str) -> Json {
    Json::object([("creditMemo", Json::object([("id", id.into())]))])
}

impl State {
    /// Applies a credit memo over the balance, and returns its id.
    pub(crate) fn credit(&mut self, index: usize) -> String {
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

    pub(crate) fn check_settlement(&self) -> Result<(), ApiError> {
        match self.settings.invoice_settlement {
            true => Ok(()),
            false => Err(ApiError::permission("The operation needs Invoice Settlement.")),
        }
    }

    /// Reads the date of a memo, by default the current date; validates comment and reason code as well.
    pub(crate) fn memo_date(&self, invoice: &Invoice, fields: Fields<'_>) -> Result<Date, ApiError> {
        fields.text_within("comment", 255)?;
        let reasons: Vec<&str> = self.settings.reason_codes.iter().map(String::as_str).collect();
        fields.one_of("reasonCode", &reasons)?;
        let date = fields.date("memoDate")?.unwrap_or_else(|| self.today());
        match date < invoice.invoice_date {
            true => Err(ApiError::value("memoDate", "a date not before the invoice date is expected")),
            false => Ok(date),
        }
    }
}
