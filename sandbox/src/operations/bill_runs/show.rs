//! Bill runs and schedules in responses.

use crate::state::{BillRun, CycleDay, DateRule, Repeat, Schedule, Scope, Tenant, WEEKDAYS};
use crate::values::Json;

impl BillRun {
    pub(super) fn json(&self, tenant: &Tenant) -> Json {
        let (batches, cycle_day) = self.plan.scope.shown();
        let [invoice_date, invoice_days, invoice_months, invoice_day] = self.invoice_date.shown();
        let [target_date, target_days, target_months, target_day] = self.target_date.shown();
        let excluded: Vec<&str> = self.plan.excluded.iter().map(|kind| kind.as_str()).collect();
        let schedule = self.plan.schedule.as_ref();
        let mut json = Json::non_null([
            ("id", (&self.id).into()),
            ("billRunNumber", (&self.number).into()),
            ("name", self.plan.name.clone().into()),
            ("status", self.status.as_str().into()),
            ("billRunFilters", self.plan.filters.clone()),
            ("organizationLabels", self.plan.organizations.clone()),
            ("autoEmail", self.plan.auto_email.into()),
            ("autoPost", self.plan.auto_post.into()),
            ("autoRenewal", self.plan.auto_renewal.into()),
            ("noEmailForZeroAmountInvoice", self.plan.no_email_for_zero.into()),
            ("includeSubscriptions", self.plan.subscriptions.into()),
            ("includeOrderLineItems", self.plan.order_line_items.into()),
            ("invoiceDate", invoice_date),
            ("invoiceDateMonthOffset", invoice_months),
            ("invoiceDateDayOfMonth", invoice_day),
            ("targetDate", target_date),
            ("targetDateMonthOffset", target_months),
            ("targetDateDayOfMonth", target_day),
            ("createdById", (&tenant.user_id).into()),
            ("createdDate", tenant.zone.stamp(self.created).into()),
            ("updatedById", (&tenant.user_id).into()),
            ("updatedDate", tenant.zone.stamp(self.updated).into()),
        ]);
        let stamp = |schedule: &Schedule| format!("{} {:02}:00:00", self.day, schedule.hour);
        // These are shown as null if they do not apply.
        for (name, value) in [
            ("batches", batches),
            ("billCycleDay", cycle_day),
            ("invoiceDateOffset", invoice_days),
            ("targetDateOffset", target_days),
            ("schedule", schedule.map(Schedule::json).into()),
            ("scheduledExecutionTime", schedule.map(stamp).into()),
            ("chargeTypeToExclude", if excluded.is_empty() { Json::Null } else { excluded.into() }),
        ] {
            json = json.prepend(name, value);
        }
        json
    }
}

impl Schedule {
    fn json(&self) -> Json {
        let (repeat, days) = match &self.repeat {
            Repeat::None => ("None", None),
            Repeat::Daily => ("Daily", None),
            Repeat::Weekly(days) => {
                ("Weekly", Some(days.iter().map(|day| WEEKDAYS[*day]).collect::<Vec<_>>()))
            }
            Repeat::Monthly => ("Monthly", None),
        };
        Json::non_null([
            ("repeatFrom", self.from.into()),
            ("repeatTo", self.to.into()),
            ("repeatType", repeat.into()),
            ("runTime", self.hour.into()),
            ("weeklyOnDay", days.into()),
            ("monthlyOnEndOfMonth", self.end_of_month.into()),
        ])
    }
}

impl DateRule {
    /// Shows date, offset in days, offset in months and day of month.
    fn shown(self) -> [Json; 4] {
        const NONE: Json = Json::Null;
        match self {
            Self::Fixed(date) => [date.into(), NONE, NONE, NONE],
            Self::Days { days, given } => [given.into(), days.into(), NONE, NONE],
            Self::Month { months, day } => [NONE, NONE, months.into(), day.into()],
        }
    }
}

impl Scope {
    /// Shows `batches` and `billCycleDay`, which are null for a run with filters.
    fn shown(&self) -> (Json, Json) {
        match self {
            Self::Batches { batches, day } => (batches.clone().into(), day.shown()),
            _ => (Json::Null, Json::Null),
        }
    }
}

impl CycleDay {
    fn shown(self) -> Json {
        match self {
            Self::All => "AllBillCycleDays".into(),
            Self::Day(day) => day.into(),
            Self::AsRunDay => "AsRunDay".into(),
        }
    }
}
