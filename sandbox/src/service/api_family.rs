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
        match path.split('/').nth(1) {
            _ if path == PATH => Self::Token,
            Some("v1") => Self::V1,
            Some("object-query") => Self::ObjectQuery,
            _ => Self::Unknown,
        }
    }
}
