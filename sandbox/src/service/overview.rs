//! The tenant at a glance: bill runs, invoices, totals, and what was billed each month.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::sandbox::Sandbox;
use crate::state::{BillRun, Invoice, InvoiceStatus};
use crate::values::{Json, SettingValue as _};

/// Sums of the invoices in one currency.
#[derive(Default)]
struct Totals {
    drafts: Decimal,
    posted: Decimal,
    balance: Decimal,
}

impl Sandbox {
    /// Shows the newest bill runs and invoices, at most `limit` of each, and sums over all. Amounts are texts,
    /// so that no reader rounds them.
    pub(crate) fn overview(&self, limit: usize) -> Json {
        let state = &self.state;
        let mut totals: BTreeMap<&str, Totals> = BTreeMap::new();
        let mut billed: BTreeMap<(String, &str), Decimal> = BTreeMap::new();
        let mut per_run: BTreeMap<&str, usize> = BTreeMap::new();
        for invoice in state.invoices.iter() {
            if let Some(origin) = &invoice.origin {
                *per_run.entry(&origin.run_id).or_default() += 1;
            }
            let sums = totals.entry(&invoice.currency).or_default();
            let amount = invoice.amount();
            match invoice.status {
                InvoiceStatus::Draft => sums.drafts = sums.drafts.saturating_add(amount),
                InvoiceStatus::Posted => {
                    sums.posted = sums.posted.saturating_add(amount);
                    sums.balance = sums.balance.saturating_add(invoice.balance());
                    let month = invoice.invoice_date.to_string()[..7].to_owned();
                    let sum = billed.entry((month, &invoice.currency)).or_default();
                    *sum = sum.saturating_add(amount);
                }
                InvoiceStatus::Canceled => {}
            }
        }
        let runs = state.runs.iter().rev().take(limit);
        let runs =
            runs.map(|run| self.run_row(run, per_run.get(run.id.as_str()).copied().unwrap_or_default()));
        let invoices = state.invoices.iter().rev().take(limit).map(|invoice| self.invoice_row(invoice));
        let totals = totals.into_iter().map(|(currency, sums)| {
            Json::object([
                ("currency", currency.into()),
                ("drafts", self.amount(currency, sums.drafts)),
                ("posted", self.amount(currency, sums.posted)),
                ("balance", self.amount(currency, sums.balance)),
            ])
        });
        let billed = billed.into_iter().map(|((month, currency), amount)| {
            Json::object([
                ("month", month.into()),
                ("currency", currency.into()),
                ("amount", self.amount(currency, amount)),
            ])
        });
        Json::object([
            ("now", self.now().to_utc().into()),
            ("today", state.today().into()),
            ("frozen", self.is_clock_frozen().into()),
            ("accounts", state.tenant.accounts.len().to_json()),
            ("bill_run_count", state.runs.len().to_json()),
            ("invoice_count", state.invoices.len().to_json()),
            ("bill_runs", Json::Array(runs.collect())),
            ("invoices", Json::Array(invoices.collect())),
            ("totals", Json::Array(totals.collect())),
            ("billed", Json::Array(billed.collect())),
        ])
    }

    /// Writes an amount with the decimals of its currency.
    fn amount(&self, currency: &str, amount: Decimal) -> Json {
        let decimals = self.state.tenant.currencies.get(currency).copied().unwrap_or(2);
        let decimals = decimals.max(amount.normalize().scale());
        format!("{amount:.0$}", usize::try_from(decimals).unwrap_or(2)).into()
    }

    fn run_row(&self, run: &BillRun, invoices: usize) -> Json {
        let dates = run.dates();
        Json::object([
            ("id", (&run.id).into()),
            ("number", (&run.number).into()),
            ("status", run.status.as_str().into()),
            ("invoice_date", dates.invoice.into()),
            ("target_date", dates.target.into()),
            ("created", self.state.tenant.zone.iso(run.created).into()),
            ("invoices", invoices.to_json()),
        ])
    }

    fn invoice_row(&self, invoice: &Invoice) -> Json {
        let account = self.state.tenant.account(&invoice.account_id);
        Json::non_null([
            ("id", (&invoice.id).into()),
            ("number", (&invoice.number).into()),
            ("status", invoice.status.as_str().into()),
            ("account", account.map(|account| &account.account_number).into()),
            ("account_name", account.map(|account| &account.name).into()),
            ("currency", (&invoice.currency).into()),
            ("amount", self.amount(&invoice.currency, invoice.amount())),
            ("balance", self.amount(&invoice.currency, invoice.balance())),
            ("invoice_date", invoice.invoice_date.into()),
            ("due_date", invoice.due_date.into()),
            ("bill_run", invoice.origin.as_ref().map(|origin| &origin.run_number).into()),
        ])
    }
}
