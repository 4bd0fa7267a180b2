//! Status transitions of bill runs.
//!
//! ```text
//!                    autoPost ┌───────────────┐
//! Pending → Processing → Completed → PostInProgress → Posted
//!    │          └→ Error     │  └←── a document failed ┘
//!    └──── CancelInProgress ─┘
//!                 └→ Canceled or Error → RemoveInProgress → gone
//! ```

use crate::state::{
    BackgroundJob, BillRun, BillRunStatus, Charge, EffectKind, Invoice, InvoiceStatus, Origin, State,
    due_charges,
};

impl State {
    /// Advances a run whose transition is due.
    pub(crate) fn advance_bill_run(&mut self, index: usize) {
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
    }

    /// Starts a run; the next run of its schedule is created at the same time.
    fn start_run(&mut self, index: usize) {
        self.set_run_status(index, BillRunStatus::Processing);
        self.add_next_run(index);
    }

    fn complete_run(&mut self, index: usize) {
        if self.take_failure(BackgroundJob::Billing) {
            self.set_run_status(index, BillRunStatus::Error);
            return;
        }
        let run = self.runs[index].clone();
        self.bill(&run);
        let next = if run.plan.auto_post { BillRunStatus::PostInProgress } else { BillRunStatus::Completed };
        self.set_run_status(index, next);
    }

    /// Creates a draft for each account that has charges due.
    fn bill(&mut self, run: &BillRun) {
        if !run.plan.subscriptions {
            return;
        }
        let dates = run.dates();
        for account in &self.tenant.accounts {
            let wanted = |subscription: &_, charge: &Charge| {
                !run.plan.excluded.contains(&charge.charge_type)
                    && run.plan.scope.covers(account, subscription, charge, &dates)
            };
            let rows = due_charges(&self.tenant, &self.ledger, account, dates.target, wanted);
            let invoiced = || self.invoices.iter().any(|invoice| invoice.account_id == account.id);
            if rows.is_empty() || (run.plan.catch_up && invoiced()) {
                continue;
            }
            for row in &rows {
                self.ledger.bill(&row.charge.id, row.start);
            }
            if !run.plan.catch_up {
                let origin = Origin {
                    run_id: run.id.clone(),
                    run_number: run.number.clone(),
                    invoice_date: dates.invoice,
                    target_date: dates.target,
                };
                let invoice = Invoice::of_run(&mut self.ids, account, &rows, origin, self.now);
                self.effects.record(self.now, EffectKind::InvoiceCreated, &invoice.id);
                self.invoices.push(invoice);
            }
        }
    }

    fn finish_posting(&mut self, index: usize) {
        let run = self.runs[index].clone();
        let failing = self.take_failure(BackgroundJob::Posting);
        let is_draft =
            |invoice: &Invoice| invoice.is_of_run(&run.id) && invoice.status == InvoiceStatus::Draft;
        let mut drafts: Vec<usize> =
            (0..self.invoices.len()).filter(|draft| is_draft(&self.invoices[*draft])).collect();
        // On failure, only one document fails: the one at the planned position, or the last one.
        let at = run.document_failure.or_else(|| self.take_posting_failure());
        let failed_at = at.filter(|at| *at < drafts.len()).map(|at| drafts.remove(at)).is_some();
        let failed = (failing && drafts.pop().is_some()) || failed_at;
        for draft in drafts {
            self.post_invoice(draft, run.posted_as_of);
        }
        self.set_run_status(index, if failed { BillRunStatus::Completed } else { BillRunStatus::Posted });
        if run.plan.auto_email && !failed {
            self.email_invoices(&run, false);
        }
    }

    fn finish_canceling(&mut self, index: usize) {
        let (now, run) = (self.now, self.runs[index].id.clone());
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.is_of_run(&run)) {
            if invoice.status == InvoiceStatus::Draft {
                invoice.cancel(&mut self.ledger, now);
                self.effects.record(now, EffectKind::InvoiceCanceled, &invoice.id);
            }
        }
        self.set_run_status(index, BillRunStatus::Canceled);
    }

    fn remove_run(&mut self, index: usize) {
        let run = self.runs.remove(index).id;
        let (now, effects) = (self.now, &mut self.effects);
        self.invoices.retain(|invoice| {
            let removed = invoice.is_of_run(&run) && invoice.status == InvoiceStatus::Canceled;
            if removed {
                effects.record(now, EffectKind::InvoiceDeleted, &invoice.id);
            }
            !removed
        });
        self.record(EffectKind::BillRunDeleted, &run);
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
        self.runs.push(next);
        let index = self.runs.len() - 1;
        self.set_run_status(index, BillRunStatus::Pending);
        Some(index)
    }
}
