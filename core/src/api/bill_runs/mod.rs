//! Bill runs: the background jobs that create invoices.
//!
//! A bill run is created, waited for with a [`BillRunWaiter`], optionally reviewed as a [`Review`], and then posted.
//!
//! | Operation | Method and path |
//! | --- | --- |
//! | [`CreateBillRun`] | `POST /v1/bill-runs` |
//! | [`GetBillRun`] | `GET /v1/bill-runs/{billRunId}` |
//! | [`PostBillRun`] | `PUT /v1/bill-runs/{billRunId}/post` |
//! | [`CancelBillRun`] | `PUT /v1/bill-runs/{billRunId}/cancel` |
//! | [`DeleteBillRun`] | `DELETE /v1/bill-runs/{billRunId}` |
//! | [`EmailBillRun`] | `POST /v1/bill-runs/{billRunKey}/emails` |

mod batch_name;
mod bill_run;
mod cancel;
mod create;
mod delete;
mod email;
mod filter;
mod get;
mod post;
mod post_if_unchanged;
mod review;
mod review_bill_run;
mod review_pages;
mod review_rows;
mod schedule;
mod scope;
mod waiter;

#[cfg(feature = "proptest")]
pub(crate) use batch_name::BatchName;
pub use bill_run::{BillCycleDay, BillRun, BillRunStatus, BillRunType, ChargeType, OrganizationLabel};
pub use cancel::CancelBillRun;
pub use create::CreateBillRun;
pub use delete::DeleteBillRun;
pub use email::EmailBillRun;
pub use filter::{BillRunFilter, Condition, FilterObject, FilterType, Operator, Relation};
pub use get::GetBillRun;
pub use post::PostBillRun;
pub use post_if_unchanged::PostIfUnchanged;
pub use review::{Review, ReviewedInvoice};
pub use review_bill_run::ReviewBillRun;
pub use schedule::{BillRunSchedule, MonthlySchedule, RepeatType, Schedule, Weekday};
pub use scope::{AdHoc, Batches, RunTiming, Scope};
pub use waiter::{BillRunGoal, BillRunWaiter};
