//! Parts of the API.

use super::tokens::PATH;

/// The part of the API that a path belongs to; each part has its own error envelope and headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiFamily {
    Token,
    V1,
    ObjectQuery,
    Unknown,
}

impl ApiFamily {
    pub(crate) fn of(path: &str) -> Self {
        let is_below = |folder| {
            path.strip_prefix(folder).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('/'))
        };
        match path {
            PATH => Self::Token,
            _ if is_below("/v1") => Self::V1,
            _ if is_below("/object-query") => Self::ObjectQuery,
            _ => Self::Unknown,
        }
    }
}
