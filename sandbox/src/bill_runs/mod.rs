//! Bill runs: their statuses, and what happens to them in the background.
//!
//! ```text
//!                    autoPost ┌───────────────┐
//! Pending → Processing → Completed → PostInProgress → Posted
//!    │          └→ Error     │  └←── a document failed ┘
//!    └──── CancelInProgress ─┘
//!                 └→ Canceled or Error → RemoveInProgress → gone
//! ```

mod calls;
mod condition;
mod create;
mod schedule;
mod scope;

use std::time::Duration;

pub(crate) use calls::{cancel, delete, email, get, post};
pub(crate) use create::create;

use self::condition::Dates;
use self::schedule::{DateRule, Schedule};
use self::scope::Scope;
use crate::billing::due;
use crate::invoices::{Invoice, InvoiceStatus, Origin};
use crate::json::Json;
use crate::sandbox::Background;
use crate::tenant::{Charge, ChargeType, Tenant};
use crate::time::{Date, UnixTime};
use crate::world::World;

/// One bill run.
#[derive(Clone)]
pub(crate) struct BillRun {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) status: Status,
    /// When the status was entered.
    since: UnixTime,
    created: UnixTime,
    updated: UnixTime,
    /// The day for which the run runs, where the tenant is.
    day: Date,
    /// When a scheduled run starts.
    starts: Option<UnixTime>,
    /// Runs of one schedule share it: the id of the first.
    series: String,
    invoice_date: DateRule,
    target_date: DateRule,
    /// What `postBillRun` was given.
    posted_as_of: Option<Date>,
    plan: Plan,
}

/// What stays the same over all the runs of a schedule.
#[derive(Clone)]
struct Plan {
    name: Option<String>,
    scope: Scope,
    /// The filters and organizations as they came.
    filters: Json,
    organizations: Json,
    excluded: Vec<ChargeType>,
    schedule: Option<Schedule>,
    catch_up: bool,
    auto_post: bool,
    auto_email: bool,
    auto_renewal: bool,
    no_email_for_zero: bool,
    subscriptions: bool,
    order_line_items: bool,
}

/// `Paused` is missing: no call of the API leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Processing,
    Completed,
    Error,
    Canceled,
    Posted,
    PostInProgress,
    CancelInProgress,
    RemoveInProgress,
}

impl Status {
    fn wire(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Completed => "Completed",
            Self::Error => "Error",
            Self::Canceled => "Canceled",
            Self::Posted => "Posted",
            Self::PostInProgress => "PostInProgress",
            Self::CancelInProgress => "CancelInProgress",
            Self::RemoveInProgress => "RemoveInProgress",
        }
    }
}

impl BillRun {
    /// When the run moves on by itself; never, in a status that lasts.
    pub(crate) fn due(&self, processing: Duration) -> Option<UnixTime> {
        match self.status {
            Status::Pending => Some(self.starts.unwrap_or_else(|| self.since.after(processing))),
            Status::Processing
            | Status::PostInProgress
            | Status::CancelInProgress
            | Status::RemoveInProgress => Some(self.since.after(processing)),
            Status::Completed | Status::Error | Status::Canceled | Status::Posted => None,
        }
    }

    fn enter(&mut self, status: Status, now: UnixTime) {
        self.status = status;
        self.since = now;
        self.updated = now;
    }

    fn dates(&self) -> Dates {
        Dates {
            run: self.day,
            invoice: self.invoice_date.on(self.day),
            target: self.target_date.on(self.day),
        }
    }

    fn json(&self, tenant: &Tenant) -> Json {
        let (batches, cycle_day) = self.plan.scope.shown();
        let [invoice_date, invoice_days, invoice_months, invoice_day] = self.invoice_date.shown();
        let [target_date, target_days, target_months, target_day] = self.target_date.shown();
        let excluded: Vec<&str> = self.plan.excluded.iter().map(|kind| kind.wire()).collect();
        let schedule = self.plan.schedule.as_ref();
        let mut json = Json::filled([
            ("id", (&self.id).into()),
            ("billRunNumber", (&self.number).into()),
            ("name", self.plan.name.clone().into()),
            ("status", self.status.wire().into()),
            ("billRunFilters", self.plan.filters.clone()),
            ("organizationLabels", self.plan.organizations.clone()),
            ("autoEmail", self.plan.auto_email.into()),
            ("autoPost", self.plan.auto_post.into()),
            ("autoRenewal", self.plan.auto_renewal.into()),
            ("noEmailForZeroAmountInvoice", self.plan.no_email_for_zero.into()),
            ("includeSubscriptions", self.plan.subscriptions.into()),
            ("includeOrderLineItems", self.plan.order_line_items.into()),
            ("invoiceDate", invoice_date),
            ("invoiceDateOffset", invoice_days),
            ("invoiceDateMonthOffset", invoice_months),
            ("invoiceDateDayOfMonth", invoice_day),
            ("targetDate", target_date),
            ("targetDateOffset", target_days),
            ("targetDateMonthOffset", target_months),
            ("targetDateDayOfMonth", target_day),
            ("schedule", schedule.map(Schedule::json).into()),
            (
                "scheduledExecutionTime",
                schedule.map(|schedule| format!("{} {:02}:00:00", self.day, schedule.hour)).into(),
            ),
            ("createdById", (&tenant.user_id).into()),
            ("createdDate", tenant.zone.stamp(self.created).into()),
            ("updatedById", (&tenant.user_id).into()),
            ("updatedDate", tenant.zone.stamp(self.updated).into()),
        ]);
        // These three are shown as null when they do not apply.
        for (name, value) in [
            ("batches", batches),
            ("billCycleDay", cycle_day),
            ("chargeTypeToExclude", if excluded.is_empty() { Json::Null } else { excluded.into() }),
        ] {
            json = json.led_by(name, value);
        }
        json
    }
}

impl World {
    /// Moves a run on whose time has come.
    pub(crate) fn step_run(&mut self, index: usize) {
        let status = self.runs[index].status;
        match status {
            Status::Pending => self.start_run(index),
            Status::Processing => self.complete_run(index),
            Status::PostInProgress => self.finish_posting(index),
            Status::CancelInProgress => self.finish_canceling(index),
            Status::RemoveInProgress => self.remove_run(index),
            Status::Completed | Status::Error | Status::Canceled | Status::Posted => {}
        }
    }

    /// A scheduled run leaves its successor behind.
    fn start_run(&mut self, index: usize) {
        let now = self.now;
        self.runs[index].enter(Status::Processing, now);
        self.add_next_run(index);
    }

    fn complete_run(&mut self, index: usize) {
        let now = self.now;
        if self.fails(Background::Billing) {
            self.runs[index].enter(Status::Error, now);
            return;
        }
        let run = self.runs[index].clone();
        self.bill(&run);
        let next = if run.plan.auto_post { Status::PostInProgress } else { Status::Completed };
        self.runs[index].enter(next, now);
    }

    /// Makes a draft for each account of the run that owes something.
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
            let rows = due(&self.tenant, &self.ledger, account, dates.target, wanted);
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
                self.invoices.push(Invoice::of_run(&mut self.ids, account, &rows, origin, self.now));
            }
        }
    }

    fn finish_posting(&mut self, index: usize) {
        let now = self.now;
        let run = self.runs[index].clone();
        let failing = self.fails(Background::Posting);
        let is_draft =
            |invoice: &Invoice| invoice.is_of_run(&run.id) && invoice.status == InvoiceStatus::Draft;
        let mut drafts: Vec<usize> =
            (0..self.invoices.len()).filter(|draft| is_draft(&self.invoices[*draft])).collect();
        // The last document is the one that fails.
        let failed = failing && drafts.pop().is_some();
        for draft in drafts {
            self.invoices[draft].post(run.posted_as_of, now);
            self.make_pdf(draft);
        }
        self.runs[index].enter(if failed { Status::Completed } else { Status::Posted }, now);
        if run.plan.auto_email && !failed {
            self.email_invoices(&run, false);
        }
    }

    /// Stamps the posted invoices of the run as mailed.
    fn email_invoices(&mut self, run: &BillRun, resend: bool) {
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.is_of_run(&run.id)) {
            let wanted = invoice.emailed.is_none() || resend;
            let spared = run.plan.no_email_for_zero && invoice.amount().is_zero();
            if invoice.status == InvoiceStatus::Posted && wanted && !spared {
                invoice.emailed = Some(self.now);
                invoice.updated = self.now;
            }
        }
    }

    fn finish_canceling(&mut self, index: usize) {
        let (now, run) = (self.now, self.runs[index].id.clone());
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.is_of_run(&run)) {
            if invoice.status == InvoiceStatus::Draft {
                invoice.cancel(&mut self.ledger, now);
            }
        }
        self.runs[index].enter(Status::Canceled, now);
    }

    fn remove_run(&mut self, index: usize) {
        let run = self.runs.remove(index).id;
        self.invoices
            .retain(|invoice| !(invoice.is_of_run(&run) && invoice.status == InvoiceStatus::Canceled));
    }

    /// Puts the next run of a schedule next to this one; none when the schedule ends.
    fn add_next_run(&mut self, index: usize) -> Option<usize> {
        let (today, zone) = (self.today(), self.tenant.zone);
        let run = &self.runs[index];
        let schedule = run.plan.schedule.as_ref()?;
        // Days that went by unnoticed are not made up for.
        let mut day = schedule.next(run.day)?;
        while day < today {
            day = schedule.next(day)?;
        }
        let mut next = run.clone();
        next.id = self.ids.entity();
        next.number = self.ids.run_number();
        next.day = day;
        next.starts = Some(zone.moment(day, schedule.hour));
        next.invoice_date = next.invoice_date.repeated();
        next.target_date = next.target_date.repeated();
        next.created = self.now;
        next.enter(Status::Pending, self.now);
        self.runs.push(next);
        Some(self.runs.len() - 1)
    }
}
