//! Idempotency keys, with the first request and response under each key.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use crate::http::{ApiError, ApiRequest, Category};
use crate::settings::Settings;
use crate::values::UnixTime;

/// The requests and responses by key.
#[derive(Clone, Default)]
pub(crate) struct IdempotencyStore {
    keys: HashMap<String, KeyedRequest>,
    /// The keys with the times of their requests, oldest first, keys that were removed included.
    by_time: VecDeque<(UnixTime, String)>,
}

/// The first request with a key.
#[derive(Clone)]
struct KeyedRequest {
    method: Method,
    path: String,
    /// Decompressed, since a client may compress the same body in several ways.
    body: Bytes,
    /// `None` while the request is running.
    response: Option<Response<Bytes>>,
    at: UnixTime,
}

/// The meaning of a key for a request.
pub(crate) enum KeyLookup {
    /// The request has no key or a new one: execute it.
    New,
    /// The request was executed before: return the stored response.
    Replay(Response<Bytes>),
}

impl IdempotencyStore {
    /// Looks up the key of the request.
    pub(crate) fn find(
        &mut self,
        request: &ApiRequest,
        settings: &Settings,
        now: UnixTime,
    ) -> Result<KeyLookup, ApiError> {
        let Some(key) = &request.key else { return Ok(KeyLookup::New) };
        let reject =
            |status, message: String| Err(ApiError::new(Category::Value, message).with_status(status));
        if !matches!(request.method, Method::POST | Method::PATCH) {
            let message =
                format!("Request method '{}' not supported with Idempotency-Key header", request.method);
            return reject(StatusCode::BAD_REQUEST, message);
        }
        let Some(key) = key.to_str().ok().filter(|key| (1..=settings.key_length).contains(&key.len())) else {
            let message = format!("The Idempotency-Key must have 1 to {} characters", settings.key_length);
            return reject(StatusCode::BAD_REQUEST, message);
        };
        self.forget_expired(settings, now);
        let Some(stored) = self.keys.get(key) else { return Ok(KeyLookup::New) };
        if stored.method != request.method || stored.path != request.path {
            let message = "The Idempotency-Key was used for another tenant, URL or method".to_owned();
            return reject(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        if settings.reject_other_body && stored.body != request.content {
            let message = "The Idempotency-Key was used with another request body".to_owned();
            return reject(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        let Some(mut response) = stored.response.clone() else {
            let message = "Another request with the same Idempotency-Key is in progress".to_owned();
            return reject(StatusCode::CONFLICT, message);
        };
        if settings.replay_as_conflict {
            *response.status_mut() = StatusCode::CONFLICT;
        }
        Ok(KeyLookup::Replay(response))
    }

    /// Marks the key of the request as running.
    pub(crate) fn start(&mut self, request: &ApiRequest, now: UnixTime) {
        if let (Some(key), &Method::POST) = (request.idempotency_key(), &request.method) {
            self.insert(key, KeyedRequest::new(request, None, now));
        }
    }

    /// Stores a rejection, unless an earlier request is still being executed under the key: its response is stored.
    pub(crate) fn store_rejection(
        &mut self,
        request: &ApiRequest,
        rejection: &Response<Bytes>,
        settings: &Settings,
        now: UnixTime,
    ) {
        let earlier = request.idempotency_key().and_then(|key| self.keys.get(key));
        if earlier.is_none_or(|earlier| earlier.response.is_some()) {
            self.store(request, rejection, settings, now);
        }
    }

    /// Stores the response under the key of the request, unless the key has one.
    pub(crate) fn store(
        &mut self,
        request: &ApiRequest,
        response: &Response<Bytes>,
        settings: &Settings,
        now: UnixTime,
    ) {
        let throttled = response.status() == StatusCode::TOO_MANY_REQUESTS;
        let is_stored = match response.status() {
            _ if throttled => settings.keep_throttled,
            status if status.is_server_error() => settings.keep_server_errors,
            // A 401 is about the token, so the request was not executed.
            status => status != StatusCode::UNAUTHORIZED,
        };
        if request.method != Method::POST {
            return;
        }
        let Some(key) = request.idempotency_key() else { return };
        match self.keys.get_mut(key) {
            Some(KeyedRequest { response: Some(_), .. }) => {}
            Some(running) if is_stored => running.response = Some(response.clone()),
            Some(_) => {
                self.keys.remove(key);
            }
            None if is_stored => {
                let stored = KeyedRequest::new(request, Some(response.clone()), now);
                self.insert(key, stored);
            }
            None => {}
        }
    }

    fn insert(&mut self, key: &str, request: KeyedRequest) {
        self.by_time.push_back((request.at, key.to_owned()));
        self.keys.insert(key.to_owned(), request);
    }

    fn forget_expired(&mut self, settings: &Settings, now: UnixTime) {
        let is_expired = |at: UnixTime| now.since(at) >= settings.key_life;
        while self.by_time.front().is_some_and(|(at, _)| is_expired(*at)) {
            let Some((at, key)) = self.by_time.pop_front() else { return };
            // The key may have been used again since.
            if self.keys.get(&key).is_some_and(|stored| stored.at == at) {
                self.keys.remove(&key);
            }
        }
    }
}

impl KeyedRequest {
    fn new(request: &ApiRequest, response: Option<Response<Bytes>>, at: UnixTime) -> Self {
        let (method, path, body) = (request.method.clone(), request.path.clone(), request.content.clone());
        Self { method, path, body, response, at }
    }
}
