//! Requests that the service executes later.

use std::sync::Arc;

use super::api_family::ApiFamily;
use crate::http::ApiRequest;
use crate::state::Overrides;
use crate::values::UnixTime;

/// A request that is executed later.
#[derive(Clone)]
pub(crate) struct DeferredRequest {
    pub(crate) due: UnixTime,
    pub(crate) request: Arc<ApiRequest>,
    pub(crate) kind: DeferredKind,
    pub(crate) overrides: Overrides,
}

/// The part of a deferred request that has already happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DeferredKind {
    /// The request was admitted, and has an entry in the journal.
    Admitted {
        /// Number of the entry.
        number: u64,
        family: ApiFamily,
    },
    /// The request arrives later, as a duplicate of the request of that entry.
    Duplicate(u64),
}
