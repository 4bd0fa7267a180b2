//! What the service offers: one operation a file.
//!
//! An operation is a plain struct with its request, its response and its unit tests; nothing here sends anything.

pub mod bill_runs;
pub mod files;
pub mod invoices;
pub mod jobs;
pub mod object_query;
mod shared;
