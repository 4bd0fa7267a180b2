//! Operations of the service, one file each: read a request, change the state, show the result.
//!
//! Each operation is a function from the state, a request and the path keys to a response body or an error.
//! Depends on `http` and `state`; authentication, quotas and faults are applied in `service`.

pub(crate) mod bill_runs;
pub(crate) mod invoices;
pub(crate) mod jobs;
pub(crate) mod object_query;
