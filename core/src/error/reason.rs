//! Reasons of error responses, and the meaning of their codes.

use std::fmt::{self, Write as _};

use super::text::{Capped, OneLine};
use crate::wire::fields::ExtraFields;

/// Replacement of a text that contains a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// One reason of an error response.
#[doc(alias = "error code")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// Code as sent by the service, or an empty text. It usually has eight digits, of which the last two are the
    /// category. Words such as `LOCK_COMPETITION` also occur.
    pub code: String,
    /// Message for humans, or an empty text.
    pub message: String,
    /// Other fields of the reason, as in the rows of a bulk response.
    pub extra: ExtraFields,
}

impl Reason {
    /// Returns the meaning of the code, independent of the resource in its first six digits.
    pub fn category(&self) -> ReasonCategory {
        ReasonCategory::of(&self.code)
    }

    /// Replaces the code and the message, if they contain a secret, and drops the other fields, if any of them does.
    pub(crate) fn redact(&mut self, is_secret: impl Fn(&str) -> bool) {
        for text in [&mut self.code, &mut self.message] {
            if is_secret(text) {
                REDACTED.clone_into(text);
            }
        }
        if self.extra.iter().any(|(name, json)| is_secret(&name) || is_secret(json)) {
            self.extra = ExtraFields::default();
        }
    }
}

/// Prints one line, with at most 500 characters of the code and of the message.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, message) = (Capped(&self.code), Capped(&self.message));
        match (self.code.is_empty(), self.message.is_empty()) {
            (true, _) => write!(OneLine(f), "{message}"),
            (false, true) => write!(OneLine(f), "[{code}]"),
            (false, false) => write!(OneLine(f), "[{code}] {message}"),
        }
    }
}

/// Meaning of the code of a [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasonCategory {
    /// 10: the user lacks a permission, or the tenant lacks a feature.
    Permission,
    /// 11: wrong or missing credentials.
    Authentication,
    /// 20: a value has the wrong format.
    Format,
    /// 21: a field of the body that the service does not know.
    UnknownField,
    /// 22: a field of the body is missing.
    MissingField,
    /// 23: a query parameter is missing.
    MissingParameter,
    /// 27: a query parameter has an invalid value.
    InvalidParameter,
    /// 30: a business rule forbids the operation.
    Rule,
    /// 40: the object does not exist.
    NotFound,
    /// 45: the method or media type is not supported.
    Unsupported,
    /// 50: another operation holds a lock.
    Lock,
    /// 60: an error inside the service.
    Internal,
    /// 61: a temporary error inside the service.
    Temporary,
    /// 70: a limit of the tenant is exceeded.
    Limit,
    /// 90: the body is not well-formed.
    Malformed,
    /// 99: a system behind the service failed, such as a tax engine.
    External,
    /// A code with no known meaning.
    Other,
}

impl ReasonCategory {
    /// Whether the work may have been done although the service reports a failure.
    pub(crate) fn leaves_doubt(self) -> bool {
        matches!(self, Self::Internal | Self::Temporary | Self::External)
    }

    fn of(code: &str) -> Self {
        match code {
            "LOCK_COMPETITION" => return Self::Lock,
            "TEMPORARY_ERROR" | "SERVER_UNAVAILABLE" => return Self::Temporary,
            "UNKNOWN_ERROR" | "SystemError" => return Self::Internal,
            "TRANSACTION_TIMEOUT" => return Self::External,
            "INVALID_SESSION" => return Self::Authentication,
            _ if code.starts_with("REQUEST_EXCEEDED_") => return Self::Limit,
            _ => {}
        }
        // A code is the category alone (70) or has eight digits. Other lengths have another meaning, such as the HTTP
        // status in `{"code":415}`.
        if !matches!(code.len(), 2 | 8) || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Other;
        }
        match &code[code.len() - 2..] {
            "10" => Self::Permission,
            "11" => Self::Authentication,
            "20" => Self::Format,
            "21" => Self::UnknownField,
            "22" => Self::MissingField,
            "23" => Self::MissingParameter,
            "27" => Self::InvalidParameter,
            "30" => Self::Rule,
            "40" => Self::NotFound,
            "45" => Self::Unsupported,
            "50" => Self::Lock,
            "60" => Self::Internal,
            "61" => Self::Temporary,
            "70" => Self::Limit,
            "90" => Self::Malformed,
            "99" => Self::External,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use crate::bill_runs::GetBillRun;
    use crate::testing::FakeTransport;
    use crate::transport::HttpResponse;
    use crate::{Client, Config};

    #[test]
    fn only_an_envelope_of_json_says_that_an_object_is_gone() {
        let gone = |body: &'static [u8]| {
            let response = FakeTransport::new(move |_| {
                let mut response = HttpResponse::new(body.into());
                *response.status_mut() = StatusCode::NOT_FOUND;
                Ok(response)
            });
            let config = Config::with_token("https://rest.zuora.com", "token");
            let client = Client::with_transport(&config, response).unwrap();
            let error = client.call(&GetBillRun::new("BR-1")).unwrap_err();
            assert!(error.is_not_found());
            error.is_gone()
        };
        assert!(gone(br#"{"success":false,"reasons":[{"code":50000040,"message":"no"}]}"#));
        assert!(!gone(
            b"{\"success\":false,\"\xff\":1,\"reasons\":[{\"code\":50000040,\"message\":\"no\"}]}"
        ));
        assert!(!gone(br#"{"code":50000040,"message":"no"}"#));
        assert!(!gone(b"no such page"));
    }
}
