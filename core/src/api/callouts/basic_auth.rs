//! The check of basic credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};
use crate::types::Secret;

/// The user name and password of a callout template with basic authentication.
///
/// The check takes the same time for all wrong credentials, so that the time reveals no part of the password.
///
/// ```
/// use zuora_core::callouts::{BasicAuth, Unauthorized};
/// use zuora_core::http::{HeaderMap, HeaderValue};
///
/// let auth = BasicAuth::new("zuora", "hunter2")?;
/// let mut headers = HeaderMap::new();
/// assert_eq!(auth.check(&headers), Err(Unauthorized::Missing));
/// headers.insert("authorization", HeaderValue::from_static("Basic enVvcmE6aHVudGVyMg=="));
/// assert_eq!(auth.check(&headers), Ok(()));
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BasicAuth(Secret);

impl BasicAuth {
    /// Creates the check from a user name and a password.
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build): the user name is empty or contains a colon, or the password is
    /// empty, as that of a variable that is not set.
    pub fn new(user: &str, password: &str) -> Result<Self> {
        if user.is_empty() || user.contains(':') {
            return Err(Error::invalid("user", "must not be empty, and must not contain a colon"));
        }
        if password.is_empty() {
            return Err(Error::invalid("password", "must not be empty, since anyone could send it"));
        }
        Ok(Self(Secret::from(format!("{user}:{password}"))))
    }

    /// Checks the `Authorization` header of a request.
    ///
    /// # Errors
    /// [`Unauthorized`], with which the request is rejected. The first request of each notification is without the
    /// header, unless preemptive authentication is enabled in the callout template.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Unauthorized> {
        let value = headers.get(AUTHORIZATION).ok_or(Unauthorized::Missing)?;
        let encoded = value.to_str().ok().and_then(|text| text.split_once(' '));
        let (_, encoded) = encoded
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Basic"))
            .ok_or(Unauthorized::Mismatch)?;
        let given = STANDARD.decode(encoded.trim()).map_err(|_| Unauthorized::Mismatch)?;
        // Digests have one length, so that the comparison does not reveal that of the credentials.
        let [given, expected] = [&given[..], self.0.expose().as_bytes()].map(Sha256::digest);
        match given.ct_eq(&expected).into() {
            true => Ok(()),
            false => Err(Unauthorized::Mismatch),
        }
    }
}

/// A request whose sender is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unauthorized {
    /// The request has no credentials or no signature.
    #[error("the callout has no credentials")]
    Missing,
    /// The credentials or the signature are wrong.
    #[error("the credentials of the callout are wrong")]
    Mismatch,
}

impl Unauthorized {
    /// Returns the response with status 401 and the `WWW-Authenticate` header that asks for basic credentials.
    ///
    /// `realm` is a name for what the credentials protect. A character that the header cannot contain is left out.
    pub fn response(self, realm: &str) -> Response<Bytes> {
        let realm: String =
            realm.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
        let challenge = HeaderValue::try_from(format!("Basic realm=\"{realm}\""));
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        let challenge = challenge.unwrap_or(HeaderValue::from_static("Basic realm=\"callouts\""));
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str) -> Result<(), Unauthorized> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        BasicAuth::new("zuora", "hunter2:é").unwrap().check(&headers)
    }

    #[test]
    fn only_the_exact_credentials_are_accepted() {
        let encoded = STANDARD.encode("zuora:hunter2:é");
        for value in [format!("Basic {encoded}"), format!("basic  {encoded}")] {
            assert_eq!(check(&value), Ok(()), "{value}");
        }
        for wrong in
            ["zuora:hunter2:e", "zuora:hunter2:", "zuora:", "", "Zuora:hunter2:é", "zuora:hunter2:éé"]
        {
            assert_eq!(check(&format!("Basic {}", STANDARD.encode(wrong))), Err(Unauthorized::Mismatch));
        }
        for value in ["", "Basic", "Basic !", &encoded, &format!("Bearer {encoded}")] {
            assert_eq!(check(value), Err(Unauthorized::Mismatch), "{value}");
        }
        assert!(!format!("{:?}", BasicAuth::new("zuora", "hunter2").unwrap()).contains("hunter2"));
    }

    #[test]
    fn credentials_that_anyone_knows_are_rejected() {
        for (user, password, field) in [("zuora", "", "password"), ("", "x", "user"), ("zu:ora", "x", "user")]
        {
            assert_eq!(BasicAuth::new(user, password).unwrap_err().field(), Some(field));
        }
    }

    #[test]
    fn the_response_asks_for_credentials() {
        let response = Unauthorized::Missing.response("bil\"ling\n");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Basic realm=\"billing\"");
    }
}
