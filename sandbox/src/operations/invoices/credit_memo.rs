//! Credit memos of reversals and write-offs.

use rust_decimal::Decimal;

use crate::http::{ApiError, Fields};
use crate::state::{Application, AppliedBy, CreditMemo, Invoice, MemoTerms, State};
use crate::values::Json;

/// Shows the result of a reversal or a write-off.
pub(crate) fn credit_memo_json(id: &str) -> Json {
    Json::object([("creditMemo", Json::object([("id", id.into())]))])
}

impl State {
    /// Creates a credit memo over the balance, applies it, and returns its id.
    pub(crate) fn credit(&mut self, index: usize, terms: MemoTerms) -> String {
        let (id, now) = (self.ids.entity(), self.now);
        let invoice = &mut self.invoices[index];
        let before = credited_tax(invoice);
        let amount = invoice.balance();
        if !amount.is_zero() {
            let by = AppliedBy::CreditMemo(id.clone());
            invoice.applications.push(Application { by, amount, at: now });
        }
        invoice.updated = now;
        let memo = CreditMemo {
            id: id.clone(),
            number: self.ids.memo_number(),
            invoice_id: invoice.id.clone(),
            account_id: invoice.account_id.clone(),
            currency: invoice.currency.clone(),
            amount,
            tax_amount: credited_tax(invoice) - before,
            terms,
            created: now,
        };
        let memo = self.credit_memos.push(memo);
        self.invoices[index].memos.push(memo);
        self.make_pdf(index);
        id
    }

    pub(crate) fn check_settlement(&self) -> Result<(), ApiError> {
        match self.settings.invoice_settlement {
            true => Ok(()),
            false => Err(ApiError::permission("The operation needs Invoice Settlement.")),
        }
    }

    /// Reads date, reason code and comment of a memo. The current date and the usual reason are the defaults.
    pub(crate) fn memo_terms(
        &self,
        invoice: &Invoice,
        fields: Fields<'_>,
        usual_reason: &str,
    ) -> Result<MemoTerms, ApiError> {
        let comment = fields.text_within("comment", 255)?.map(str::to_owned);
        let reasons: Vec<&str> = self.settings.reason_codes.iter().map(String::as_str).collect();
        let reason = fields.one_of("reasonCode", &reasons)?.unwrap_or(usual_reason).to_owned();
        let date = fields.date("memoDate")?.unwrap_or_else(|| self.today());
        match date < invoice.invoice_date {
            true => Err(ApiError::value("memoDate", "a date not before the invoice date is expected")),
            false => Ok(MemoTerms { date, reason, comment }),
        }
    }
}

/// Returns the credited amount of the taxes of an invoice.
fn credited_tax(invoice: &Invoice) -> Decimal {
    let lines = invoice.lines();
    lines.iter().flat_map(|lines| lines.iter().skip(1)).map(|line| line.credited).sum()
}
