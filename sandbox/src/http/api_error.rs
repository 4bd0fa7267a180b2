//! Errors of operations, and their `reasons` on the wire.

use http::StatusCode;

use crate::values::{FailureCategory, Json};

/// The error of an operation that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) reasons: Vec<Reason>,
    /// First six digits of the codes. Codes of GET and DELETE requests always start with 500000.
    pub(crate) resource: u32,
    /// A status that does not depend on the version of the request.
    pub(crate) fixed_status: Option<StatusCode>,
}

/// One reason: a category and a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) category: Category,
    pub(crate) message: String,
}

/// The category of a reason: the last two digits of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Permission = 10,
    Value = 20,
    UnknownField = 21,
    MissingField = 22,
    MissingQuery = 23,
    Query = 27,
    Rule = 30,
    NotFound = 40,
    Unsupported = 45,
    Lock = 50,
    Internal = 60,
    Temporary = 61,
    Limit = 70,
    Malformed = 90,
    External = 99,
}

impl Category {
    /// Returns the status of an error of this category, from version 2024-05-20 on.
    fn status(self) -> StatusCode {
        match self {
            Self::Permission => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unsupported => StatusCode::METHOD_NOT_ALLOWED,
            Self::Lock => StatusCode::CONFLICT,
            Self::Limit => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal | Self::Temporary | Self::External => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Value
            | Self::UnknownField
            | Self::MissingField
            | Self::MissingQuery
            | Self::Query
            | Self::Rule
            | Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }
}

/// First six digits of codes that name no resource.
pub(crate) const ANY_RESOURCE: u32 = 500_000;

impl ApiError {
    pub(crate) fn new(category: Category, message: impl Into<String>) -> Self {
        Self {
            reasons: vec![Reason { category, message: message.into() }],
            resource: ANY_RESOURCE,
            fixed_status: None,
        }
    }

    pub(crate) fn value(field: &str, expected: &str) -> Self {
        Self::new(Category::Value, format!("Invalid value for field '{field}': {expected}."))
    }

    /// Rejects a value that refers to an object that does not exist.
    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self::new(Category::Value, message)
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(Category::MissingField, format!("The field '{field}' is required."))
    }

    pub(crate) fn rule(message: impl Into<String>) -> Self {
        Self::new(Category::Rule, message)
    }

    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::new(Category::Query, message)
    }

    /// Rejects an id or number that no object has.
    pub(crate) fn not_found(key: &str) -> Self {
        Self::new(Category::NotFound, format!("Cannot find entity by key: '{key}'."))
    }

    /// Rejects a request whose feature is disabled, or whose permission is missing.
    pub(crate) fn permission(message: impl Into<String>) -> Self {
        Self::new(Category::Permission, message)
    }

    /// Rejects a request whose body is missing, or whose media type is not supported.
    pub(crate) fn media() -> Self {
        Self::new(Category::Unsupported, "HTTP 415 Unsupported Media Type")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// Rejects a request while another operation is in progress on the same invoice.
    pub(crate) fn locked() -> Self {
        Self::new(Category::Lock, "Operation failed due to a lock competition, please retry later.")
    }

    /// Fails a request as a test has planned.
    pub(crate) fn failure(category: FailureCategory) -> Self {
        match category {
            FailureCategory::Rule => Self::rule("The request failed, as planned by the test."),
            FailureCategory::Lock => Self::locked(),
            FailureCategory::Internal => Self::new(Category::Internal, "An internal error occurred."),
            FailureCategory::Temporary => {
                Self::new(Category::Temporary, "A temporary error occurred, please retry later.")
            }
            FailureCategory::External => Self::new(Category::External, "An external system failed."),
        }
    }

    /// Sets the resource of the codes, if all reasons are about the content of the body.
    pub(crate) fn with_resource(mut self, resource: u32) -> Self {
        let of_body = |reason: &Reason| {
            matches!(
                reason.category,
                Category::Value | Category::UnknownField | Category::MissingField | Category::Rule
            )
        };
        if self.reasons.iter().all(of_body) {
            self.resource = resource;
        }
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.fixed_status = Some(status);
        self
    }

    /// Returns the status. `statuses` is whether the version of the request has HTTP statuses for errors.
    pub(crate) fn status(&self, statuses: bool) -> StatusCode {
        match (self.fixed_status, self.reasons.first()) {
            (Some(status), _) => status,
            (None, Some(reason)) if statuses => reason.category.status(),
            (None, _) => StatusCode::OK,
        }
    }

    /// Returns the `reasons` array of the response.
    pub(crate) fn reasons(&self, text_codes: bool) -> Json {
        let row = |reason: &Reason| {
            let code = i64::from(self.resource) * 100 + reason.category as i64;
            let code = if text_codes { Json::Text(code.into()) } else { Json::from(code) };
            Json::object([("code", code), ("message", Json::from(&reason.message))])
        };
        Json::Array(self.reasons.iter().map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_resource_and_category() {
        let error = ApiError::rule("No.").with_resource(592_100);
        assert_eq!(error.reasons(false).to_string(), r#"[{"code":59210030,"message":"No."}]"#);
        assert_eq!(error.reasons(true).to_string(), r#"[{"code":"59210030","message":"No."}]"#);
        assert_eq!(error.status(true), 400);
        assert_eq!(error.status(false), 200);
        assert_eq!(error.with_status(StatusCode::CONFLICT).status(false), 409);
    }
}
