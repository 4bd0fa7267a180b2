//! The bill run as reported by the service.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{BillRunFilter, BillRunSchedule};
use crate::api::shared::required_fields;
use crate::error::Result;
use crate::model::model;
use crate::types::open_enum::open_enum;
use crate::types::{BillRunId, BillRunNumber, Date, DateTime};
use crate::wire::values::{self, boxed_on_the_wire};
use crate::wire::{FromWire, ReadError, ValueReader};

model! {
    /// A bill run, which bills the accounts in its scope up to a target date.
    ///
    /// All operations on bill runs return a `BillRun`, except [`EmailBillRun`](super::EmailBillRun). The responses to
    /// posting and deleting may contain an outdated status. Read the run again to get its current status.
    #[doc(alias = "BillRunResponse")]
    #[doc(alias = "CancelBillRunResponse")]
    pub response BillRun {
        /// Id of the bill run.
        pub id: Option<BillRunId> = "id",
        /// Number of the bill run. It is the `sourceId` of the invoices that the run created.
        pub number: Option<BillRunNumber> = "billRunNumber",
        /// Name of the bill run, chosen by its creator.
        pub name: Option<Box<str>> = "name",
        /// Status of the bill run.
        pub status: Option<BillRunStatus> = "status",
        /// Batches of accounts in scope. A run with filters may report `AllBatches`.
        pub batches: Vec<String> = "batches",
        /// Bill cycle day of the accounts in scope.
        pub bill_cycle_day: Option<BillCycleDay> = "billCycleDay",
        /// Filters that define the scope instead of batches.
        pub filters: Vec<BillRunFilter> = "billRunFilters",
        /// Types of charges that the run does not bill.
        #[doc(alias = "chargeTypeToExclude")]
        pub excluded_charge_types: Vec<ChargeType> = "chargeTypeToExclude",
        /// Whether the service e-mails the documents automatically after auto-posting them.
        pub auto_email: Option<bool> = "autoEmail",
        /// Whether the service posts the documents automatically as soon as the run is completed.
        pub auto_post: Option<bool> = "autoPost",
        /// Whether the run renews subscriptions that are due for renewal.
        pub auto_renewal: Option<bool> = "autoRenewal",
        /// Whether documents with a zero amount are excluded from e-mailing.
        pub no_email_for_zero_amount_invoice: Option<bool> = "noEmailForZeroAmountInvoice",
        /// Schedule of the bill run. Absent for an ad hoc run.
        pub schedule: Option<BillRunSchedule> = "schedule",
        /// Organizations in scope, for tenants with the Multi-Org feature.
        pub organization_labels: Vec<OrganizationLabel> = "organizationLabels",
        /// Start time of a scheduled run, in the tenant's time zone. The actual start may differ by about 20 minutes.
        pub scheduled_execution_time: Option<DateTime> = "scheduledExecutionTime",
        /// Invoice date of the documents.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Number of days from the day of the run to the invoice date, for scheduled runs.
        pub invoice_date_offset: Option<i64> = "invoiceDateOffset",
        /// Number of months from the month of the run to the month of the invoice date, for monthly runs.
        pub invoice_date_month_offset: Option<i64> = "invoiceDateMonthOffset",
        /// Day of the month of the invoice date, 1 to 31, for monthly runs. 31 means the last day of any month.
        pub invoice_date_day_of_month: Option<i64> = "invoiceDateDayOfMonth",
        /// Target date. The run bills all charges that are due on or before this date.
        pub target_date: Option<Date> = "targetDate",
        /// Number of days from the day of the run to the target date, for scheduled runs.
        pub target_date_offset: Option<i64> = "targetDateOffset",
        /// Number of months from the month of the run to the month of the target date, for monthly runs.
        pub target_date_month_offset: Option<i64> = "targetDateMonthOffset",
        /// Day of the month of the target date, 1 to 31, for monthly runs. 31 means the last day of any month.
        pub target_date_day_of_month: Option<i64> = "targetDateDayOfMonth",
        /// Whether the run bills subscriptions.
        pub include_subscriptions: Option<bool> = "includeSubscriptions",
        /// Whether the run bills order line items.
        pub include_order_line_items: Option<bool> = "includeOrderLineItems",
        /// Id of the user who created the bill run.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// Time of creation, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who last updated the bill run.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// Time of the last update, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
        /// Next run of the schedule, in the response to canceling one occurrence of a scheduled run.
        pub next_run: Option<Box<BillRun>> = "nextRun",
    }
}

boxed_on_the_wire! { BillRun }

required_fields! {
    BillRun {
        /// Returns the id of the bill run.
        id: BillRunId = "id",
        /// Returns the number of the bill run.
        number: BillRunNumber = "billRunNumber",
        /// Returns the status of the bill run.
        status: BillRunStatus = "status",
    }
}

model! {
    /// An organization that a bill run includes or excludes, for tenants with the Multi-Org feature.
    ///
    /// Either `organization_id` or `organization_name` is required.
    pub request OrganizationLabel {
        /// Id of the organization.
        pub organization_id: Option<String> = "organizationId",
        /// Name of the organization.
        pub organization_name: Option<String> = "organizationName",
        /// Whether the label also applies to the descendants of the organization.
        pub cascading_down: Option<bool> = "cascadingDown",
        /// Whether the organization is excluded from the scope instead of included.
        pub excluded: Option<bool> = "excluded",
    }
}

open_enum! {
    /// Status of a bill run.
    pub enum BillRunStatus {
        /// The run is queued, or scheduled for later.
        Pending = "Pending",
        /// The run is billing its accounts.
        Processing = "Processing",
        /// The documents exist as drafts and none is posted. Some accounts may have failed, but the run does not
        /// report them.
        Completed = "Completed",
        /// The run failed as a whole.
        Error = "Error",
        /// The run is canceled and its draft documents are deleted.
        Canceled = "Canceled",
        /// All documents are posted.
        Posted = "Posted",
        /// The documents are being posted. If any of them cannot be posted, the run returns to `Completed`.
        PostInProgress = "PostInProgress",
        /// The run is being canceled.
        CancelInProgress = "CancelInProgress",
        /// The run and its documents are being deleted.
        RemoveInProgress = "RemoveInProgress",
        /// The schedule of the run is paused.
        Paused = "Paused",
    }
}

open_enum! {
    /// Type of a bill run.
    pub enum BillRunType {
        /// A run that creates invoices and credit memos.
        Regular = "Regular",
        /// An ad hoc run that creates no documents. It moves the charged-through dates of the charges to the target date,
        /// which cannot be undone. It leaves out order line items, and accounts that ever had an invoice. Requires the
        /// Catch-Up Bill Run feature and the permission "Manage Billing Settings".
        CatchUp = "CatchUp",
    }
}

open_enum! {
    /// Type of a charge.
    pub enum ChargeType {
        /// A one-time charge.
        OneTime = "OneTime",
        /// A charge for each billing period.
        Recurring = "Recurring",
        /// A charge for usage.
        Usage = "Usage",
        /// Any other charge, such as an item of a standalone invoice.
        Others = "Others",
    }
}

/// The bill cycle day of the accounts in scope.
///
/// The value is `AllBillCycleDays`, a day of the month from `1` to `31`, or `AsRunDay` for the day of a scheduled run.
/// Any other value is an error of the request, unless it is [`unchecked`](Self::unchecked). The service sends the value
/// as text or as a number, and the same form is written back.
///
/// ```
/// use zuora_core::bill_runs::BillCycleDay;
///
/// assert_eq!(BillCycleDay::from(15).day(), Some(15));
/// assert_eq!(BillCycleDay::from("AllBillCycleDays").day(), None);
/// ```
#[derive(Clone)]
pub struct BillCycleDay {
    text: Box<str>,
    form: Form,
}

/// The form of a value, which two equal values may differ in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Set by the caller, and checked before it is sent.
    Checked,
    /// Received as text, or set by the caller for a tenant that accepts more.
    Text,
    /// Received as a number instead of text.
    Number,
}

impl BillCycleDay {
    /// Creates a value that is sent although no document names it, for a tenant that accepts more. A number that is not
    /// a day of a month, and an empty text, are still errors of the request.
    ///
    /// ```
    /// use zuora_core::bill_runs::{AdHoc, Batches, BillCycleDay, CreateBillRun};
    /// use zuora_core::{Date, Operation};
    ///
    /// let run = |day| CreateBillRun::new(Batches::all().cycle_day(day), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()));
    /// assert_eq!(run(BillCycleDay::from("EndOfQuarter")).request().unwrap_err().field(), Some("billCycleDay"));
    /// assert!(run(BillCycleDay::unchecked("EndOfQuarter")).request().is_ok());
    /// ```
    pub fn unchecked(text: impl Into<String>) -> Self {
        Self { text: text.into().into(), form: Form::Text }
    }

    pub(super) fn is_valid(&self) -> bool {
        let is_day =
            || self.day().is_some_and(|day| (1..=31).contains(&day) && day.to_string() == *self.text);
        self.form != Form::Checked || matches!(&*self.text, "AllBillCycleDays" | "AsRunDay") || is_day()
    }

    /// Returns the value as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the day of the month, or `None` if the value is not a number.
    pub fn day(&self) -> Option<u8> {
        self.text.parse().ok()
    }
}

impl From<&str> for BillCycleDay {
    fn from(text: &str) -> Self {
        Self { text: text.into(), form: Form::Checked }
    }
}

impl From<String> for BillCycleDay {
    fn from(text: String) -> Self {
        Self { text: text.into(), form: Form::Checked }
    }
}

impl From<u8> for BillCycleDay {
    fn from(day: u8) -> Self {
        Self { text: day.to_string().into(), form: Form::Checked }
    }
}

impl PartialEq for BillCycleDay {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for BillCycleDay {}

impl fmt::Display for BillCycleDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for BillCycleDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromWire for BillCycleDay {
    fn read<'de>(place: &mut Option<Self>, source: &mut dyn ValueReader<'de>) -> Result<(), ReadError> {
        let json = source.raw()?;
        *place = match json.as_bytes() {
            b"null" => None,
            [b'0'..=b'9', ..] => Some(Self { text: json.into(), form: Form::Number }),
            _ => {
                let text =
                    serde_json::from_str(json).map_err(|_| ReadError::new("expected text or a number"))?;
                Some(Self { text, form: Form::Text })
            }
        };
        Ok(())
    }
}

impl<'de> Deserialize<'de> for BillCycleDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::required(deserializer)
    }
}

impl Serialize for BillCycleDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text.parse::<u64>() {
            Ok(day) if self.form == Form::Number => serializer.serialize_u64(day),
            _ => serializer.serialize_str(&self.text),
        }
    }
}
