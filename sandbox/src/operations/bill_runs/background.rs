//! Status transitions of bill runs.
//!
//! ```text
//!                    autoPost ┌───────────────┐
//! Pending → Processing → Completed → PostInProgress → Posted
//!    │          └→ Error     │  └←── a document failed ┘
//!    └──── CancelInProgress ─┘
//!                 └→ Canceled or Error → RemoveInProgress → gone
//! ```

use std::sync::Arc;

use crate::state::{
    Account, BackgroundJob, BillRun, BillRunStatus, Charge, EffectKind, Invoice, InvoiceStatus, Origin,
    Progress, State, due_charges,
};

/// Maximum number of documents per slice of background work.
const SLICE: usize = 250;
/// Maximum number of accounts per slice that are searched for charges.
const SLICE_ACCOUNTS: usize = 2500;

impl State {
    /// Advances a run whose transition is due, by one slice. Returns whether more slices follow.
    pub(crate) fn advance_bill_run(&mut self, index: usize) -> bool {
        let cause = self.runs[index].cause.clone();
        let outer = std::mem::replace(&mut self.effects.cause, cause);
        match self.runs[index].status {
            BillRunStatus::Pending => self.start_run(index),
            BillRunStatus::Processing => self.complete_run(index),
            BillRunStatus::PostInProgress => self.finish_posting(index),
            BillRunStatus::CancelInProgress => self.finish_canceling(index),
            BillRunStatus::RemoveInProgress => self.remove_run(index),
            BillRunStatus::Completed
            | BillRunStatus::Error
            | BillRunStatus::Canceled
            | BillRunStatus::Posted => {}
        }
        self.effects.cause = outer;
        self.runs.get(index).is_some_and(|run| run.progress.slices > 0)
    }

    /// Starts a run; the next run of its schedule is created at the same time.
    fn start_run(&mut self, index: usize) {
        self.set_run_status(index, BillRunStatus::Processing);
        self.add_next_run(index);
    }

    fn complete_run(&mut self, index: usize) {
        if self.is_first_slice(index) {
            if self.take_failure(BackgroundJob::Billing) {
                self.set_run_status(index, BillRunStatus::Error);
                return;
            }
            self.runs[index].account_failure = self.take_billing_failure();
        }
        if self.bill(index) {
            let auto_post = self.runs[index].plan.auto_post;
            let next = if auto_post { BillRunStatus::PostInProgress } else { BillRunStatus::Completed };
            self.set_run_status(index, next);
        }
    }

    /// Creates a draft for each account that has charges due, in one slice of the accounts. Returns whether it
    /// was the last slice.
    fn bill(&mut self, index: usize) -> bool {
        let run = self.runs[index].clone();
        let tenant = Arc::clone(&self.tenant);
        let accounts = match run.plan.scope.account() {
            Some(id) => tenant.account(id).map_or(&[][..], std::slice::from_ref),
            None => &tenant.accounts[..],
        };
        if !run.plan.subscriptions {
            return true;
        }
        let dates = run.dates();
        let origin = Arc::new(Origin {
            run_id: run.id.clone(),
            run_number: run.number.clone(),
            invoice_date: dates.invoice,
            target_date: dates.target,
        });
        let mut progress = run.progress;
        let (first, last) = (progress.documents, accounts.len().min(progress.next + SLICE_ACCOUNTS));
        while progress.next < last && progress.documents < first + SLICE {
            let account = &accounts[progress.next];
            progress.next += 1;
            progress.documents += usize::from(self.bill_account(&run, &origin, account, progress.documents));
        }
        progress.slices += 1;
        self.runs[index].progress = progress;
        progress.next >= accounts.len()
    }

    /// Creates the draft of one account; whether anything was due. `document` is its position in the run.
    fn bill_account(
        &mut self,
        run: &BillRun,
        origin: &Arc<Origin>,
        account: &Account,
        document: usize,
    ) -> bool {
        let dates = run.dates();
        let wanted = |subscription: &_, charge: &Charge| {
            !run.plan.excluded.contains(&charge.charge_type)
                && run.plan.scope.covers(account, subscription, charge, &dates)
        };
        if !run.plan.includes_organization(account.organization_id.as_deref()) {
            return false;
        }
        let rows = due_charges(&self.tenant, &self.ledger, account, dates.target, wanted);
        let invoiced = || self.invoices.of_account(&account.id, 0).next().is_some();
        if rows.is_empty() || (run.plan.catch_up && invoiced()) {
            return false;
        }
        if run.account_failure == Some(document) {
            return true;
        }
        for row in &rows {
            self.ledger.bill(&row.charge.id, row.start);
        }
        if !run.plan.catch_up {
            let (origin, number) = (Arc::clone(origin), self.draft_number());
            let invoice =
                Invoice::of_run(&mut self.ids, &self.tenant, account, &rows, origin, number, self.now);
            self.effects.record(self.now, EffectKind::InvoiceCreated, &invoice.id);
            self.invoices.push(invoice);
        }
        true
    }

    fn finish_posting(&mut self, index: usize) {
        if self.is_first_slice(index) {
            self.runs[index].failing = self.documents_that_fail(index);
        }
        let (positions, is_last) = self.take_slice(index);
        let (failing, date) = (self.runs[index].failing.clone(), self.runs[index].posted_as_of);
        for draft in positions {
            if self.invoices[draft].status == InvoiceStatus::Draft && !failing.contains(&draft) {
                self.post_invoice(draft, date);
            }
        }
        if !is_last {
            return;
        }
        let failed = !failing.is_empty();
        self.set_run_status(index, if failed { BillRunStatus::Completed } else { BillRunStatus::Posted });
        if self.runs[index].plan.auto_email && !failed && self.settings.invoice_mail {
            self.email_invoices(index, false);
        }
    }

    /// Returns the drafts that fail to be posted: the one at the planned position, or the last one.
    fn documents_that_fail(&mut self, index: usize) -> Vec<usize> {
        let last_fails = self.take_failure(BackgroundJob::Posting);
        let planned = self.runs[index].document_failure.take().or_else(|| self.take_posting_failure());
        if !last_fails && planned.is_none() {
            return Vec::new();
        }
        let run = &self.runs[index].number;
        let is_draft = |draft: &usize| self.invoices[*draft].status == InvoiceStatus::Draft;
        let mut drafts: Vec<usize> = self.invoices.of_run(run, 0).filter(is_draft).collect();
        let mut failing = Vec::new();
        failing.extend(planned.filter(|at| *at < drafts.len()).map(|at| drafts.remove(at)));
        failing.extend(drafts.pop().filter(|_| last_fails));
        failing
    }

    fn finish_canceling(&mut self, index: usize) {
        let (positions, is_last) = self.take_slice(index);
        for position in positions {
            let invoice = &mut self.invoices[position];
            if invoice.status == InvoiceStatus::Draft {
                invoice.cancel(&mut self.ledger, self.now);
                self.effects.record(self.now, EffectKind::InvoiceCanceled, &invoice.id);
            }
        }
        if is_last {
            self.set_run_status(index, BillRunStatus::Canceled);
        }
    }

    fn remove_run(&mut self, index: usize) {
        let (positions, is_last) = self.take_slice(index);
        for position in positions {
            if self.invoices[position].status == InvoiceStatus::Canceled {
                self.delete_invoice(position);
            }
        }
        if is_last {
            self.active_runs.remove(&index);
            if let Some(run) = self.runs.remove(index) {
                self.record(EffectKind::BillRunDeleted, &run.id);
            }
        }
    }

    fn is_first_slice(&self, index: usize) -> bool {
        self.runs[index].progress == Progress::default()
    }

    /// Returns the positions of the next invoices of the run, and whether they are the last ones.
    fn take_slice(&mut self, index: usize) -> (Vec<usize>, bool) {
        let run = &self.runs[index];
        let mut rest = self.invoices.of_run(&run.number, run.progress.next);
        let positions: Vec<usize> = rest.by_ref().take(SLICE).collect();
        let next = rest.next();
        drop(rest);
        if let Some(next) = next {
            let progress = &mut self.runs[index].progress;
            progress.next = next;
            progress.slices += 1;
        }
        (positions, next.is_none())
    }

    /// Creates the next run of a schedule; `None` if the schedule has ended.
    pub(super) fn add_next_run(&mut self, index: usize) -> Option<usize> {
        let (today, zone) = (self.today(), self.tenant.zone);
        let run = &self.runs[index];
        let schedule = run.plan.schedule.as_ref()?;
        // Days that passed in the meantime are skipped.
        let mut day = schedule.next(run.day)?;
        while day < today {
            day = schedule.next(day)?;
        }
        let mut next = run.clone();
        next.id = self.ids.entity();
        next.number = self.ids.run_number();
        next.day = day;
        next.starts = Some(zone.at_hour(day, schedule.hour));
        next.invoice_date = next.invoice_date.for_next_run();
        next.target_date = next.target_date.for_next_run();
        next.created = self.now;
        let index = self.add_run(next);
        self.set_run_status(index, BillRunStatus::Pending);
        Some(index)
    }
}
