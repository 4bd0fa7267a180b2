//! `POST /oauth/token`, and validation of the tokens that it issues.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};

use crate::http::{ApiRequest, ENTITY_IDS};
use crate::settings::TokenErrorFormat;
use crate::state::{OAuthClient, State};
use crate::values::{Json, UnixTime};

/// The valid tokens.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    /// The tokens by their texts, some expired ones included.
    valid: BTreeMap<String, Token>,
    /// Number of tokens from which on the expired ones are removed.
    purge_at: usize,
}

#[derive(Clone)]
struct Token {
    client: String,
    expires: UnixTime,
}

/// Path of the token endpoint.
pub(crate) const PATH: &str = "/oauth/token";

/// Returns the body of every other 401.
pub(crate) fn unauthorized() -> Json {
    let reason = Json::object([("code", "90000011".into()), ("message", "Authentication error".into())]);
    Json::object([("success", false.into()), ("reasons", vec![reason].into())])
}

impl Tokens {
    /// Responds to a token request.
    pub(crate) fn issue(&mut self, state: &mut State, request: &ApiRequest) -> (StatusCode, Json) {
        let client = match check(state, request) {
            Ok(client) => client,
            Err((status, error, description)) => {
                let body = match state.settings.token_error_format {
                    TokenErrorFormat::Envelope => unauthorized(),
                    TokenErrorFormat::OAuth => {
                        Json::object([("error", error.into()), ("error_description", description.into())])
                    }
                };
                return (status, body);
            }
        };
        if self.valid.len() >= self.purge_at {
            self.valid.retain(|_, token| token.expires > state.now);
            self.purge_at = 100 + 2 * self.valid.len();
        }
        let life = state.settings.token_life;
        let is_known = |(_, token): &(&String, &Token)| token.client == client && token.expires > state.now;
        let known = self.valid.iter().find(|token| state.settings.same_token && is_known(token));
        let known = known.map(|(text, token)| (text.clone(), token.expires));
        let (text, expires) = known.unwrap_or_else(|| {
            let (text, expires) = (state.ids.token(), state.now.after(life));
            self.valid.insert(text.clone(), Token { client, expires });
            (text, expires)
        });
        let left = Json::Number(expires.since(state.now).as_secs().to_string().into());
        let expires_in = match (state.settings.expires_in_as_text, left) {
            (true, Json::Number(left)) => Json::Text(left),
            (_, left) => left,
        };
        let entities: Vec<String> =
            state.tenant.entities.iter().map(|entity| format!("entity.{entity}")).collect();
        let scope = format!(
            "user.{} {} service.billing.read service.billing.write tenant.1 platform.write",
            state.tenant.user_id,
            entities.join(" ")
        );
        let body = Json::object([
            ("access_token", text.into()),
            ("token_type", "bearer".into()),
            ("expires_in", expires_in),
            ("scope", scope.into()),
            ("jti", state.ids.token().into()),
        ]);
        (StatusCode::OK, body)
    }

    /// Whether the request has a valid token.
    pub(crate) fn accept(&self, request: &ApiRequest, now: UnixTime) -> bool {
        let value = request.header(&AUTHORIZATION).and_then(|value| value.split_once(' '));
        value.is_some_and(|(scheme, text)| {
            let is_valid = |token: &Token| token.expires > now;
            scheme.eq_ignore_ascii_case("bearer") && self.valid.get(text).is_some_and(is_valid)
        })
    }

    /// Lets the token of the request expire.
    pub(crate) fn expire(&mut self, request: &ApiRequest) {
        let value = request.header(&AUTHORIZATION).and_then(|value| value.split_once(' '));
        if let Some((_, text)) = value {
            self.valid.remove(text);
        }
    }

    pub(crate) fn revoke(&mut self) {
        self.valid.clear();
    }
}

type TokenError = (StatusCode, &'static str, &'static str);

/// Returns the client id of a valid token request.
fn check(state: &State, request: &ApiRequest) -> Result<String, TokenError> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    if request.method != Method::POST {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "Only POST is supported."));
    }
    let media = request.header(&CONTENT_TYPE).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", "The body must be a form."));
    }
    let legacy = [AUTHORIZATION.as_str(), "apiaccesskeyid", "apisecretaccesskey"];
    let accepted = usize::from(state.settings.token_request_authorization);
    if legacy.iter().skip(accepted).any(|name| request.headers.contains_key(*name)) {
        return Err((BAD, "invalid_request", "The request must carry no other credentials."));
    }
    if request
        .header(&ENTITY_IDS)
        .is_some_and(|named| !state.tenant.entities.iter().any(|known| known == named))
    {
        return Err((BAD, "invalid_request", "The entity is not one of the tenant."));
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (Some(id), Some(secret)) = (field("client_id"), field("client_secret")) else {
        return Err((BAD, "invalid_request", "client_id and client_secret are required."));
    };
    if field("grant_type") != Some("client_credentials") {
        return Err((BAD, "unsupported_grant_type", "grant_type must be client_credentials."));
    }
    let known = |client: &&OAuthClient| client.client_id == id && client.client_secret == secret;
    match state.tenant.oauth_clients.iter().find(known) {
        Some(client) => Ok(client.client_id.clone()),
        None => Err((StatusCode::UNAUTHORIZED, "invalid_client", "Bad client credentials.")),
    }
}
