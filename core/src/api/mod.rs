//! Operations of the service, one per file.
//!
//! An operation is a plain struct that builds its request and reads its response. Nothing in this module sends a
//! request.

#[doc(alias = "BillRunApi")]
pub mod bill_runs;
#[cfg(feature = "callouts")]
pub mod callouts;
mod digest;
pub mod files;
#[doc(alias = "InvoicesApi")]
pub mod invoices;
pub mod jobs;
pub mod object_query;
pub(crate) mod read_back;
mod shared;
