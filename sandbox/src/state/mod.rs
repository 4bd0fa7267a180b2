//! State of the simulated tenant: accounts, bill runs, invoices, jobs, and the invariants between them.
//!
//! Data and rules only: nothing here reads a request or builds a response.
//! Depends on `values` and on the settings only.

mod application;
mod background_job;
mod bill_run;
mod billing;
mod columns;
mod condition;
mod contact;
mod credit_memo;
mod effect;
mod extra_fields;
mod generated_tenant;
mod ids;
mod invoice;
mod invoices;
mod item;
mod job;
mod overrides;
mod page_ends;
mod pdf;
mod schedule;
mod scope;
mod settlement;
mod store;
mod tenant;
mod tenant_check;
mod tenant_index;
mod tenant_state;

pub(crate) use self::application::{Application, AppliedBy, Line};
pub use self::background_job::BackgroundJob;
pub(crate) use self::bill_run::{BillRun, BillRunPlan, BillRunStatus, Progress};
pub(crate) use self::billing::due_charges;
pub(crate) use self::columns::{Column, Field};
#[cfg(test)]
pub(crate) use self::condition::Dates;
pub(crate) use self::condition::{Condition, FieldGetter, Operator};
pub(crate) use self::contact::Contact;
pub(crate) use self::credit_memo::{CreditMemo, MemoTerms};
pub(crate) use self::effect::Cause;
pub use self::effect::{Effect, EffectKind};
pub(crate) use self::extra_fields::{ExtraFields, NETSUITE};
pub(crate) use self::ids::{Ids, TEMPORARY};
pub(crate) use self::invoice::{Invoice, InvoiceStatus, Origin};
pub(crate) use self::item::{Item, TaxItem, TaxMode};
pub(crate) use self::job::{Job, JobOperation, JobStatus};
pub(crate) use self::overrides::{Overrides, PlannedFailure, RowFailure};
pub(crate) use self::page_ends::{PageEnd, PageEnds};
pub(crate) use self::pdf::{InvoiceFile, Pdf};
pub(crate) use self::schedule::{DateRule, MAX_YEARS, Repeat, Schedule, WEEKDAYS};
pub(crate) use self::scope::{CycleDay, Scope};
pub(crate) use self::store::{Store, Stored};
pub(crate) use self::tenant::{Account, Charge, ChargeType, OAuthClient};
pub use self::tenant::{CLIENT_ID, CLIENT_SECRET, Tenant, TenantError};
pub(crate) use self::tenant_state::State;
