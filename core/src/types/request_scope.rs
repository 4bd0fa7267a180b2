//! The tenant and the part of it that a request works in.

use serde::{Deserialize, Serialize};

/// The base URL, entity, organizations and API version that a request was made with.
///
/// A read that has to see what a write did must use the same: in another entity the object looks gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestScope {
    /// Base URL of the tenant's data center.
    pub base_url: String,
    /// Value of the header `Zuora-Entity-Ids`; `None` if it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// Value of the header `Zuora-Org-Ids`, separated by commas; `None` if it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_ids: Option<String>,
    /// Value of the header `Zuora-Version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
}

impl RequestScope {
    /// Returns why requests with the two scopes are about different data, if they are. The API version only decides how
    /// data is shown.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.base_url != other.base_url {
            return Some("base URL");
        }
        let differs = (&self.entity_id, &self.org_ids) != (&other.entity_id, &other.org_ids);
        differs.then_some("entity or organizations")
    }
}
