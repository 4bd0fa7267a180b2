//! Removal of the secrets of a session that the service echoes.

use http::{HeaderMap, HeaderValue};

use super::{Cause, Error, Inner};
use crate::error::reason::REDACTED;

impl Error {
    /// Replaces each text of the error that contains a secret.
    pub(crate) fn redact(mut self, is_secret: impl Fn(&str) -> bool) -> Self {
        let Inner { cause, context } = &mut *self.0;
        for reason in &mut context.reasons {
            reason.redact(&is_secret);
        }
        for id in [&mut context.request_id, &mut context.process_id].into_iter().flatten() {
            if is_secret(id) {
                *id = REDACTED.into();
            }
        }
        redact_headers(&mut context.headers, &is_secret);
        if let Cause::Decode { path: text, .. } | Cause::TokenUnavailable { what: text } = cause {
            if is_secret(text) {
                *text = REDACTED.into();
            }
        }
        if let Cause::Decode { why, .. } = cause {
            if is_secret(why) {
                *why = REDACTED.into();
            }
        }
        self
    }
}

/// Replaces each header that contains a secret.
pub(crate) fn redact_headers(headers: &mut HeaderMap, is_secret: impl Fn(&str) -> bool) {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    // One search shows that nothing has to be replaced, as in nearly every response.
    let all: Vec<String> = headers.values().map(text).collect();
    if !is_secret(&all.join("\n")) {
        return;
    }
    for value in headers.values_mut().filter(|value| is_secret(&text(value))) {
        *value = HeaderValue::from_static(REDACTED);
    }
}
