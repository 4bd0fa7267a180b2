//! A bill run as the service shows it.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{BillRunFilter, BillRunSchedule};
use crate::api::shared::required_fields;
use crate::error::Result;
use crate::model::model;
use crate::types::open_enum::open_enum;
use crate::types::{BillRunId, BillRunNumber, Date, DateTime};
use crate::wire::{FromWire, values};
use crate::wire::{ReadError, ValueReader};

model! {
    /// A bill run: a job that bills the accounts of its scope up to a target date.
    ///
    /// The answer of all bill-run operations but the e-mail one. Posting and deleting may echo an older status:
    /// read the run again instead of relying on theirs.
    pub response BillRun {
        /// Id of the run.
        pub id: Option<BillRunId> = "id",
        /// Number of the run; its invoices name it as their source.
        pub number: Option<BillRunNumber> = "billRunNumber",
        /// Name given by whoever created it.
        pub name: Option<Box<str>> = "name",
        /// Where the run stands.
        pub status: Option<BillRunStatus> = "status",
        /// Batches of accounts in scope; a run over filters may echo `AllBatches`.
        pub batches: Vec<String> = "batches",
        /// Bill cycle day of the accounts in scope.
        pub bill_cycle_day: Option<BillCycleDay> = "billCycleDay",
        /// What narrows the scope in place of batches.
        pub filters: Vec<BillRunFilter> = "billRunFilters",
        /// Kinds of charges that are left out.
        pub excluded_charge_types: Vec<ChargeType> = "chargeTypeToExclude",
        /// Whether posted documents are e-mailed without being asked for, after auto-posting.
        pub auto_email: Option<bool> = "autoEmail",
        /// Whether the documents are posted as soon as the run is complete.
        pub auto_post: Option<bool> = "autoPost",
        /// Whether subscriptions that are due are renewed by the run.
        pub auto_renewal: Option<bool> = "autoRenewal",
        /// Whether no e-mail is sent for documents of zero amount.
        pub no_email_for_zero_amount_invoice: Option<bool> = "noEmailForZeroAmountInvoice",
        /// When the run repeats; none for an ad hoc run.
        pub schedule: Option<BillRunSchedule> = "schedule",
        /// Organizations in scope, on tenants that have several.
        pub organization_labels: Vec<OrganizationLabel> = "organizationLabels",
        /// When a scheduled run starts, in the tenant's time zone; the start may be some 20 minutes off.
        pub scheduled_execution_time: Option<DateTime> = "scheduledExecutionTime",
        /// Date that the invoices bear.
        pub invoice_date: Option<Date> = "invoiceDate",
        /// Days from the day of the run to the invoice date, on scheduled runs.
        pub invoice_date_offset: Option<i64> = "invoiceDateOffset",
        /// Months from the month of the run to that of the invoice date, on monthly runs.
        pub invoice_date_month_offset: Option<i64> = "invoiceDateMonthOffset",
        /// Day of the month of the invoice date, on monthly runs; 31 is the last day of any month.
        pub invoice_date_day_of_month: Option<i64> = "invoiceDateDayOfMonth",
        /// Charges are billed when they are due on this day or before.
        pub target_date: Option<Date> = "targetDate",
        /// Days from the day of the run to the target date, on scheduled runs.
        pub target_date_offset: Option<i64> = "targetDateOffset",
        /// Months from the month of the run to that of the target date, on monthly runs.
        pub target_date_month_offset: Option<i64> = "targetDateMonthOffset",
        /// Day of the month of the target date, on monthly runs; 31 is the last day of any month.
        pub target_date_day_of_month: Option<i64> = "targetDateDayOfMonth",
        /// Whether subscriptions are billed.
        pub include_subscriptions: Option<bool> = "includeSubscriptions",
        /// Whether order line items are billed.
        pub include_order_line_items: Option<bool> = "includeOrderLineItems",
        /// Id of the user who created the run.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// When it was created, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who changed it last.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// When it was changed last, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
        /// The run that the schedule starts next, in the answer to canceling one occurrence of a scheduled run.
        pub next_run: Option<Box<BillRun>> = "nextRun",
    }
}

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
    /// An organization in or out of a run's scope, on tenants that have several.
    pub request OrganizationLabel {
        /// Id of the organization; it or the name is needed.
        pub organization_id: Option<String> = "organizationId",
        /// Name of the organization.
        pub organization_name: Option<String> = "organizationName",
        /// Whether the organizations below it are meant too.
        pub cascading_down: Option<bool> = "cascadingDown",
        /// Whether it is left out instead of taken in.
        pub excluded: Option<bool> = "excluded",
    }
}

open_enum! {
    /// Where a bill run stands.
    pub enum BillRunStatus {
        /// Queued, or waiting for its time.
        Pending = "Pending",
        /// Accounts are being billed.
        Processing = "Processing",
        /// The documents exist as drafts and nothing is posted. Some accounts may have failed nevertheless, which
        /// a run does not show.
        Completed = "Completed",
        /// The run as a whole failed.
        Error = "Error",
        /// Canceled; its drafts are gone.
        Canceled = "Canceled",
        /// All documents are posted.
        Posted = "Posted",
        /// Documents are being posted. Falls back to `Completed` when one of them cannot be.
        PostInProgress = "PostInProgress",
        /// Being canceled.
        CancelInProgress = "CancelInProgress",
        /// Being deleted, along with its documents.
        RemoveInProgress = "RemoveInProgress",
        /// A scheduled run that somebody has put on hold.
        Paused = "Paused",
    }
}

open_enum! {
    /// What a bill run makes.
    pub enum BillRunType {
        /// Invoices and credit memos.
        Regular = "Regular",
        /// No documents: it moves the dates up to which charges count as billed, once and for good. Needs a feature
        /// of the tenant.
        CatchUp = "CatchUp",
    }
}

open_enum! {
    /// Kind of a charge.
    pub enum ChargeType {
        /// Charged once.
        OneTime = "OneTime",
        /// Charged every period.
        Recurring = "Recurring",
        /// Charged by what was used.
        Usage = "Usage",
        /// None of these, such as the items of a standalone invoice.
        Others = "Others",
    }
}

/// The day of the month on which the accounts in scope are billed: `AllBillCycleDays`, `1` to `31`, or
/// `AsRunDay` for the day of a scheduled run.
///
/// The service writes it as text or as a number, and so it is written back.
#[derive(Clone)]
pub struct BillCycleDay {
    text: Box<str>,
    /// It came as a bare number.
    bare: bool,
}

impl BillCycleDay {
    /// As it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The day, when it is one.
    pub fn day(&self) -> Option<u8> {
        self.text.parse().ok()
    }
}

impl From<&str> for BillCycleDay {
    fn from(text: &str) -> Self {
        Self { text: text.into(), bare: false }
    }
}

impl From<String> for BillCycleDay {
    fn from(text: String) -> Self {
        Self { text: text.into(), bare: false }
    }
}

impl From<u8> for BillCycleDay {
    fn from(day: u8) -> Self {
        Self { text: day.to_string().into(), bare: false }
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
    fn read<'de>(source: &mut dyn ValueReader<'de>) -> Result<Option<Self>, ReadError> {
        let json = source.raw()?;
        match json.as_bytes() {
            b"null" => Ok(None),
            [b'0'..=b'9', ..] => Ok(Some(Self { text: json.into(), bare: true })),
            _ => serde_json::from_str(json)
                .map(|text| Some(Self { text, bare: false }))
                .map_err(|_| ReadError::new("neither text nor a number")),
        }
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
            Ok(day) if self.bare => serializer.serialize_u64(day),
            _ => serializer.serialize_str(&self.text),
        }
    }
}
