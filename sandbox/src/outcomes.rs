//! Idempotency keys: the first outcome of each is kept and given again.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use crate::call::Call;
use crate::refusal::{Category, Refusal};
use crate::settings::Settings;
use crate::time::UnixTime;

/// What was answered under each key.
#[derive(Clone, Default)]
pub(crate) struct Outcomes(BTreeMap<String, Outcome>);

#[derive(Clone)]
struct Outcome {
    method: Method,
    path: String,
    body: Bytes,
    answer: Response<Bytes>,
    at: UnixTime,
}

/// What a key means for a call.
pub(crate) enum Keyed {
    /// No key, or one that is new: do the work.
    Fresh,
    /// The work was done before.
    Replay(Response<Bytes>),
}

impl Outcomes {
    /// Looks the call's key up.
    pub(crate) fn find(&mut self, call: &Call, settings: &Settings, now: UnixTime) -> Result<Keyed, Refusal> {
        let Some(key) = call.headers.get(KEY) else { return Ok(Keyed::Fresh) };
        let refuse = |status, message: String| Err(Refusal::new(Category::Value, message).always(status));
        if !matches!(call.method, Method::POST | Method::PATCH) {
            let message =
                format!("Request method '{}' not supported with Idempotency-Key header", call.method);
            return refuse(StatusCode::BAD_REQUEST, message);
        }
        let Some(key) = key.to_str().ok().filter(|key| (1..=settings.key_length).contains(&key.len())) else {
            let message = format!("The Idempotency-Key must have 1 to {} characters", settings.key_length);
            return refuse(StatusCode::BAD_REQUEST, message);
        };
        self.0.retain(|_, outcome| now.since(outcome.at) < settings.key_life);
        let Some(kept) = self.0.get(key) else { return Ok(Keyed::Fresh) };
        if kept.method != call.method || kept.path != call.path {
            let message = "The Idempotency-Key was used for another tenant, URL or method".to_owned();
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        if settings.refuse_other_body && kept.body != call.body {
            let message = "The Idempotency-Key was used with another request body".to_owned();
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        let mut answer = kept.answer.clone();
        if settings.replay_as_conflict {
            *answer.status_mut() = StatusCode::CONFLICT;
        }
        Ok(Keyed::Replay(answer))
    }

    /// Keeps the answer to a call under its key, unless one is kept already.
    pub(crate) fn keep(&mut self, call: &Call, answer: &Response<Bytes>, settings: &Settings, now: UnixTime) {
        let throttled = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        let kept = match answer.status() {
            _ if throttled => settings.keep_throttled,
            status if status.is_server_error() => settings.keep_server_errors,
            // A token that was refused says nothing about the work.
            status => status != StatusCode::UNAUTHORIZED,
        };
        let Some(key) = call.header(KEY) else { return };
        if kept && call.method == Method::POST {
            self.0.entry(key.to_owned()).or_insert_with(|| Outcome {
                method: call.method.clone(),
                path: call.path.clone(),
                body: call.body.clone(),
                answer: answer.clone(),
                at: now,
            });
        }
    }
}

const KEY: &str = "idempotency-key";
