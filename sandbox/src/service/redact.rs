//! Removal of tokens and secrets from what the journal records.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response};

use super::tokens::PATH;
use crate::state::Tenant;
use crate::values::Json;

/// Text in place of an access token; as a shell variable, so that an exported command can be executed.
pub(crate) const TOKEN: &str = "$ZUORA_TOKEN";
/// Text in place of a client secret.
pub(crate) const SECRET: &str = "$ZUORA_CLIENT_SECRET";
/// Text in place of other credentials, and of a body that may contain some but cannot be parsed.
const REDACTED: &str = "<redacted>";

/// The texts that must not appear in an entry of the journal.
pub(crate) struct Redactor<'r> {
    /// Each text with its replacement.
    texts: Vec<(&'r str, &'static str)>,
    is_token_request: bool,
}

impl<'r> Redactor<'r> {
    /// Creates a redactor for a request, given by its path and headers, and for its responses.
    pub(crate) fn of(path: &str, headers: &'r HeaderMap, tenant: &'r Tenant) -> Self {
        let clients = tenant.oauth_clients.iter();
        Self::new(path, headers, clients.map(|client| client.client_secret.as_str()))
    }

    fn new(path: &str, headers: &'r HeaderMap, secrets: impl Iterator<Item = &'r str>) -> Self {
        let mut texts: Vec<_> = secrets.map(|secret| (secret, SECRET)).collect();
        let credentials =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = credentials.split_once(' ').map_or(credentials, |(_, token)| token).trim();
        texts.push((token, TOKEN));
        texts.retain(|(text, _)| !text.is_empty());
        Self { texts, is_token_request: path == PATH }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, (secret, name)| text.replace(secret, name))
    }

    pub(crate) fn headers(&self, headers: &HeaderMap) -> HeaderMap {
        let mut redacted = headers.clone();
        for (name, value) in &mut redacted {
            let text = match name {
                name if name == AUTHORIZATION => {
                    let scheme = value.to_str().ok().and_then(|value| value.split_once(' '));
                    scheme.map_or_else(|| TOKEN.to_owned(), |(scheme, _)| format!("{scheme} {TOKEN}"))
                }
                name if is_credential(name.as_str()) => REDACTED.to_owned(),
                _ => {
                    // Most headers contain none of the texts, and are not copied.
                    let Ok(text) = value.to_str() else { continue };
                    if !self.occurs_in(text) {
                        continue;
                    }
                    self.text(text)
                }
            };
            *value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(REDACTED));
        }
        redacted
    }

    pub(crate) fn request_body(&self, body: &Bytes) -> Bytes {
        if !self.is_token_request {
            return self.bytes(body);
        }
        let field = |pair: &str| match pair.split_once('=') {
            Some((name, _)) if is_secret_field(name) => format!("{name}={SECRET}"),
            _ => self.text(pair),
        };
        match std::str::from_utf8(body) {
            Ok(form) if !form.trim_start().starts_with(['{', '[']) => {
                form.split('&').map(field).collect::<Vec<_>>().join("&").into()
            }
            _ => Bytes::from_static(REDACTED.as_bytes()),
        }
    }

    pub(crate) fn response(&self, response: &Response<Bytes>) -> Response<Bytes> {
        let body = match self.is_token_request && !response.body().is_empty() {
            true => token_response(response.body()),
            false => self.bytes(response.body()),
        };
        let mut redacted = Response::new(body);
        *redacted.status_mut() = response.status();
        *redacted.headers_mut() = self.headers(response.headers());
        redacted
    }

    fn occurs_in(&self, text: &str) -> bool {
        self.texts.iter().any(|(secret, _)| text.len() >= secret.len() && text.contains(secret))
    }

    /// Replaces the texts wherever they occur.
    fn bytes(&self, body: &Bytes) -> Bytes {
        match std::str::from_utf8(body) {
            Ok(text) if self.occurs_in(text) => self.text(text).into(),
            Err(_) if self.texts.iter().any(|(secret, _)| contains(body, secret)) => {
                Bytes::from_static(REDACTED.as_bytes())
            }
            _ => body.clone(),
        }
    }
}

fn contains(body: &[u8], secret: &str) -> bool {
    body.windows(secret.len()).any(|part| part == secret.as_bytes())
}

fn is_secret_field(name: &str) -> bool {
    ["client_secret", "password", "refresh_token", "assertion"].contains(&name)
}

fn is_credential(header: &str) -> bool {
    let names = [COOKIE.as_str(), SET_COOKIE.as_str(), PROXY_AUTHORIZATION.as_str()];
    names.contains(&header)
        || ["apiaccesskeyid", "apisecretaccesskey", "zsession", "zuora-session"].contains(&header)
}

fn token_response(body: &Bytes) -> Bytes {
    let Some(Json::Object(mut members)) = Json::read(body) else {
        return Bytes::from_static(REDACTED.as_bytes());
    };
    for (name, value) in &mut members {
        if ["access_token", "refresh_token", "id_token", "jti"].contains(&&**name) {
            *value = TOKEN.into();
        }
    }
    Json::Object(members).to_string().into()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::http::ApiRequest;
    use crate::settings::Settings;

    fn api_request(request: http::request::Builder, body: &str) -> ApiRequest {
        let (head, ()) = request.body(()).unwrap().into_parts();
        ApiRequest::new(head, body.as_bytes(), &Settings::default())
    }

    #[test]
    fn the_secret_is_replaced_in_a_token_request_and_the_token_in_its_response() {
        let request = api_request(Request::post(PATH), "client_id=a&client_secret=s%2Bx&grant_type=b");
        let redactor = Redactor::new(&request.path, &request.headers, std::iter::once("other"));
        let body = redactor.request_body(&request.body);
        assert_eq!(&body[..], b"client_id=a&client_secret=$ZUORA_CLIENT_SECRET&grant_type=b");
        let response = Response::new(Bytes::from_static(br#"{"access_token":"abc","expires_in":5}"#));
        let shown = redactor.response(&response);
        assert_eq!(&shown.body()[..], br#"{"access_token":"$ZUORA_TOKEN","expires_in":5}"#);
        let cut = redactor.response(&Response::new(Bytes::from_static(br#"{"access_token":"abc"#)));
        assert_eq!(&cut.body()[..], b"<redacted>");
    }

    #[test]
    fn the_token_of_a_request_is_replaced_wherever_it_occurs() {
        let builder = Request::get("/v1/x?token=abc123")
            .header("authorization", "Bearer abc123")
            .header("x-copy", "abc123")
            .header("cookie", "session=1");
        let request = api_request(builder, r#"{"a":"abc123","b":"hush"}"#);
        let redactor = Redactor::new(&request.path, &request.headers, std::iter::once("hush"));
        let headers = redactor.headers(&request.headers);
        assert_eq!(headers["authorization"], "Bearer $ZUORA_TOKEN");
        assert_eq!(
            (&headers["x-copy"], &headers["cookie"]),
            (&"$ZUORA_TOKEN".parse().unwrap(), &"<redacted>".parse().unwrap())
        );
        let body = redactor.request_body(&request.body);
        assert_eq!(&body[..], br#"{"a":"$ZUORA_TOKEN","b":"$ZUORA_CLIENT_SECRET"}"#);
    }
}
