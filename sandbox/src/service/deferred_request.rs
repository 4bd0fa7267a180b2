//! Requests that the service executes later.

use super::api_family::ApiFamily;
use crate::http::ApiRequest;
use crate::state::Overrides;
use crate::values::UnixTime;

/// A request that was admitted and is executed later.
#[derive(Clone)]
pub(crate) struct DeferredRequest {
    pub(crate) due: UnixTime,
    /// Number of the journal entry.
    pub(crate) number: u64,
    pub(crate) request: ApiRequest,
    pub(crate) family: ApiFamily,
    pub(crate) overrides: Overrides,
}
