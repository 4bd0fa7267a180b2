//! The operation that requests a token: `POST /oauth/token`.

use std::fmt;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::model::json;
use crate::operation::{Effect, Operation, Quota, Spec};
use crate::transport::{Body, HttpRequest, HttpResponse};
use crate::types::Secret;

/// Characters that `application/x-www-form-urlencoded` encodes.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// `POST /oauth/token` ("Create an OAuth token"): exchanges the credentials of an OAuth client for a bearer token.
///
/// A session sends this operation itself. It is public for programs that drive everything by hand. A retry does no harm,
/// but token requests are limited to 100 a minute for one address.
#[doc(alias = "OAuth")]
#[doc(alias = "login")]
#[doc(alias = "sign in")]
#[derive(Clone, Debug)]
pub struct CreateToken {
    client_id: String,
    client_secret: Secret,
}

impl CreateToken {
    /// Creates the operation from the id and the secret of an OAuth client. The grant type is `client_credentials`.
    pub fn new(client_id: impl Into<String>, client_secret: Secret) -> Self {
        Self { client_id: client_id.into(), client_secret }
    }
}

impl CreateToken {
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn client_secret(&self) -> &Secret {
        &self.client_secret
    }
}

impl Operation for CreateToken {
    type Output = TokenResponse;

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::new("create_token", Method::POST, "/oauth/token", Effect::Read)
            .with_quota(Quota::TokenRequest);
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials",
            utf8_percent_encode(&self.client_id, FORM),
            utf8_percent_encode(self.client_secret.expose(), FORM),
        );
        let mut request = HttpRequest::new(Body::from(form));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = http::Uri::from_static("/oauth/token");
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        Ok(request)
    }

    fn parse(&self, success: &HttpResponse) -> Result<TokenResponse> {
        let raw: RawTokenResponse<'_> = serde_json::from_str(json::text(success.body())?)
            .map_err(|_| Error::unreadable("$", "is not the JSON object of a token response"))?;
        let token = raw.access_token.filter(|token| !token.is_empty());
        Ok(TokenResponse {
            access_token: Secret::from(
                token.ok_or_else(|| Error::unreadable("access_token", "is missing or empty"))?,
            ),
            expires_in: raw.expires_in.and_then(|seconds| whole_seconds(seconds.get())),
            token_type: raw.token_type,
            scope: raw.scope,
            jti: raw.jti,
        })
    }
}

/// Response to [`CreateToken`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// Bearer token.
    pub access_token: Secret,
    /// Seconds until the token expires, usually about an hour. The service sends a number or text.
    pub expires_in: Option<u64>,
    /// Type of the token: `bearer`.
    pub token_type: Option<String>,
    /// Users, entities and services that the token is valid for, separated by spaces.
    pub scope: Option<String>,
    /// Id that the service gave the token.
    pub jti: Option<String>,
}

#[derive(Deserialize)]
struct RawTokenResponse<'a> {
    access_token: Option<String>,
    #[serde(borrow)]
    expires_in: Option<&'a RawValue>,
    token_type: Option<String>,
    scope: Option<String>,
    jti: Option<String>,
}

impl fmt::Debug for RawTokenResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawTokenResponse(..)")
    }
}

/// Reads `3599`, `"3599"` and `3599.0` as the same number.
fn whole_seconds(json: &str) -> Option<u64> {
    let number = json.trim_matches('"').split('.').next()?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_response_is_valid_utf8() {
        let create = CreateToken::new("id", Secret::from("secret"));
        let parse = |body: &'static [u8]| create.parse(&HttpResponse::new(body.into()));
        let token = parse(b"{\"access_token\":\"t\",\"expires_in\":\"3599\"}").unwrap();
        assert_eq!((token.access_token.expose(), token.expires_in), ("t", Some(3599)));
        let error = parse(b"{\"access_token\":\"t\",\"x\":\"\xff\"}").unwrap_err().to_string();
        assert!(error.contains("byte 25 is not valid UTF-8"), "{error}");
    }
}
