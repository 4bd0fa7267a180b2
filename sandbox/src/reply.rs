//! What an operation that worked answers.

use bytes::Bytes;

use crate::json::Json;

/// The body of a 200.
pub(crate) enum Reply {
    /// An object that gets `success: true`.
    Success(Json),
    /// A value that is written as it is: Object Query knows no flag.
    Plain(Json),
    /// The bytes of a PDF file.
    Pdf(Bytes),
}

impl Reply {
    /// Nothing but the flag.
    pub(crate) fn success() -> Self {
        Self::Success(Json::object([]))
    }
}
