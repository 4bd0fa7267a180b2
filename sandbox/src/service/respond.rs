//! The stages between a request and its operation: quotas, token, concurrency, idempotency key, headers.

use bytes::Bytes;
use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::api_family::ApiFamily;
use super::idempotency_store::KeyLookup;
use super::operation::ApiOperation;
use super::quotas::QuotaStatus;
use super::router::dispatch;
use super::sandbox::Sandbox;
use super::tokens::unauthorized;
use crate::http::{
    ANY_RESOURCE, ApiError, ApiRequest, Category, ENTITY_IDS, ORG_IDS, ResponseBody, compress,
    is_compressible, json_response,
};
use crate::state::{PlannedFailure, State, Tenant};
use crate::values::{Json, UnixTime};

static REQUEST_ID: HeaderName = HeaderName::from_static("zuora-request-id");
static TRACK_ID: HeaderName = HeaderName::from_static("zuora-track-id");
static CONCURRENCY_TYPE: HeaderName = HeaderName::from_static("concurrency-limit-type");
static CONCURRENCY_LIMIT: HeaderName = HeaderName::from_static("concurrency-limit-limit");
static CONCURRENCY_REMAINING: HeaderName = HeaderName::from_static("concurrency-limit-remaining");

impl Sandbox {
    /// Responds to a request at the current time of the state, without compression.
    pub(super) fn respond(
        &mut self,
        request: &ApiRequest,
        operation: Option<ApiOperation>,
    ) -> Response<Bytes> {
        let family = ApiFamily::of(&request.path);
        let (usage, quota) = match family {
            ApiFamily::Token => (&mut self.token_usage, self.state.settings.token_quota),
            _ => (&mut self.usage, self.state.settings.quota),
        };
        let quota_status = usage.count(quota, self.state.now);
        let mut response = match family {
            _ if quota_status.exhausted => self.identified(self.quota_exceeded(&quota_status)),
            ApiFamily::Unknown => self.identified(json_response(
                StatusCode::NOT_FOUND,
                &Json::object([("message", "no Route matched with those values".into())]),
            )),
            ApiFamily::Token => {
                let (status, body) = self.tokens.issue(&mut self.state, request);
                self.identified(json_response(status, &body))
            }
            ApiFamily::V1 | ApiFamily::ObjectQuery => self.authenticated(request, family, operation),
        };
        quota_status.write(response.headers_mut());
        if response.status() == StatusCode::UNAUTHORIZED {
            let realms = "Basic realm=Zuora API, ZSession realm=Zuora API, Bearer realm=Zuora API";
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(realms));
        } else if family == ApiFamily::V1 {
            self.write_concurrency(response.headers_mut());
        }
        if let Some(track) = track_id(request) {
            response.headers_mut().insert(&TRACK_ID, track);
        }
        response
    }

    /// Gives the response an id, unless it has one. A replay keeps the id of the request that was executed.
    fn identified(&mut self, mut response: Response<Bytes>) -> Response<Bytes> {
        if !response.headers().contains_key(&REQUEST_ID) {
            response.headers_mut().insert(&REQUEST_ID, self.new_request_id());
        }
        response
    }

    fn new_request_id(&mut self) -> HeaderValue {
        let id = self.state.ids.request();
        HeaderValue::from_bytes(id.as_bytes()).expect("an id is a header value")
    }

    /// Compresses the response if the client accepts it.
    pub(super) fn encode(&self, request: &ApiRequest, response: Response<Bytes>) -> Response<Bytes> {
        let is_long = response.body().len() > self.state.settings.gzip_above;
        match is_long && request.accepts_gzip() && is_compressible(&response) {
            true => compress(response),
            false => response,
        }
    }

    /// Admits a request that is executed later; `None` if it is rejected or replayed, so that nothing is left
    /// to execute.
    pub(super) fn admit_later(&mut self, request: &ApiRequest) -> Option<ApiFamily> {
        let family = ApiFamily::of(&request.path);
        if !matches!(family, ApiFamily::V1 | ApiFamily::ObjectQuery) {
            return None;
        }
        let quota_status = self.usage.count(self.state.settings.quota, self.state.now);
        if quota_status.exhausted || self.admit(request, family).is_err() {
            return None;
        }
        self.idempotency.start(request, self.state.now);
        Some(family)
    }

    /// Responds to a request under `/v1` or `/object-query`.
    fn authenticated(
        &mut self,
        request: &ApiRequest,
        family: ApiFamily,
        operation: Option<ApiOperation>,
    ) -> Response<Bytes> {
        match self.admit(request, family) {
            Ok(()) => self.perform(request, family, operation),
            Err(response) => self.identified(*response),
        }
    }

    /// Checks token, concurrency and idempotency key; returns the response if the request is not executed.
    fn admit(&mut self, request: &ApiRequest, family: ApiFamily) -> Result<(), Box<Response<Bytes>>> {
        if !self.tokens.accept(request, self.state.now) {
            return Err(Box::new(json_response(StatusCode::UNAUTHORIZED, &unauthorized())));
        }
        if let Err(error) = check_tenant(&self.state.tenant, request) {
            return Err(Box::new(self.reject(request, error, family)));
        }
        if family == ApiFamily::V1 && !self.is_within_concurrency() {
            return Err(Box::new(self.concurrency_exceeded(request)));
        }
        match self.idempotency.find(request, &self.state.settings, self.state.now) {
            Err(error) => Err(Box::new(self.reject(request, error, family))),
            Ok(KeyLookup::Replay(mut response)) => {
                response.headers_mut().remove(&TRACK_ID);
                Err(Box::new(response))
            }
            Ok(KeyLookup::New) => Ok(()),
        }
    }

    fn is_within_concurrency(&self) -> bool {
        let is_below = || self.in_progress() < self.state.settings.concurrency_limit;
        self.state.overrides.admitted.unwrap_or_else(is_below)
    }

    /// Executes an admitted request and stores the response under its idempotency key.
    pub(super) fn perform(
        &mut self,
        request: &ApiRequest,
        family: ApiFamily,
        operation: Option<ApiOperation>,
    ) -> Response<Bytes> {
        let performed = self.to_log(request, operation);
        let response = match self.dispatch(request, operation) {
            Ok(body) => {
                let mut response = body.into_response();
                response.headers_mut().insert(&REQUEST_ID, self.new_request_id());
                response
            }
            Err(error) => self.reject(request, error, family),
        };
        self.idempotency.store(request, &response, &self.state.settings, self.state.now);
        self.log_performed(performed, response.status());
        response
    }

    /// Executes the operation, or fails as a fault has planned.
    fn dispatch(
        &mut self,
        request: &ApiRequest,
        operation: Option<ApiOperation>,
    ) -> Result<ResponseBody, ApiError> {
        let body = self.dispatch_as_planned(request, operation)?;
        Ok(if self.state.settings.future_fields { body.with_future_fields() } else { body })
    }

    fn dispatch_as_planned(
        &mut self,
        request: &ApiRequest,
        operation: Option<ApiOperation>,
    ) -> Result<ResponseBody, ApiError> {
        if let Some(mut earlier) = self.earlier_state(request) {
            return dispatch(&mut earlier, request, operation);
        }
        match self.state.overrides.failure.take() {
            None => dispatch(&mut self.state, request, operation),
            Some(PlannedFailure { category, executed }) => {
                if executed {
                    dispatch(&mut self.state, request, operation)?;
                }
                Err(ApiError::failure(category))
            }
        }
    }

    /// Returns the state that a stale read shows.
    fn earlier_state(&self, request: &ApiRequest) -> Option<State> {
        let age = self.state.overrides.stale.filter(|_| request.method == Method::GET)?;
        self.history.at(UnixTime(self.state.now.0.saturating_sub(age)))
    }

    fn reject(&mut self, request: &ApiRequest, mut error: ApiError, family: ApiFamily) -> Response<Bytes> {
        if matches!(request.method, Method::GET | Method::DELETE) {
            error.resource = ANY_RESOURCE;
        }
        let reasons = error.reasons(self.state.settings.text_codes);
        let request_id = self.state.ids.request();
        let body = match family {
            ApiFamily::ObjectQuery if request.version.query_reasons => {
                Json::object([("reasons", reasons), ("requestId", request_id.clone().into())])
            }
            ApiFamily::ObjectQuery => {
                let message = error.reasons.first().map(|reason| &reason.message);
                Json::object([("message", message.into())])
            }
            _ => Json::object([
                ("success", false.into()),
                ("processId", self.state.ids.process().into()),
                ("reasons", reasons),
                ("requestId", request_id.clone().into()),
            ]),
        };
        let mut response = json_response(error.status(request.version.statuses), &body);
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(&REQUEST_ID, id);
        }
        response
    }

    fn concurrency_exceeded(&mut self, request: &ApiRequest) -> Response<Bytes> {
        let message =
            "Your total number of concurrent requests have exceeded the limit allowed by the system.";
        let error = ApiError::new(Category::Limit, message).with_status(StatusCode::TOO_MANY_REQUESTS);
        let mut response = self.reject(request, error, ApiFamily::V1);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("120"));
        response
    }

    fn quota_exceeded(&self, status: &QuotaStatus) -> Response<Bytes> {
        let reason = Json::object([("code", Json::from(70)), ("message", status.message().into())]);
        let body = Json::object([("reasons", vec![reason].into())]);
        let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, &body);
        if self.state.settings.retry_after_on_quota {
            response.headers_mut().insert(RETRY_AFTER, status.reset().into());
        }
        response
    }

    fn write_concurrency(&mut self, headers: &mut HeaderMap) {
        let limit = self.state.settings.concurrency_limit;
        let left = limit.saturating_sub(self.others_in_progress().saturating_add(1));
        headers.insert(&CONCURRENCY_TYPE, HeaderValue::from_static("Default"));
        headers.insert(&CONCURRENCY_LIMIT, self.limit_header.of(limit.into()));
        headers.insert(&CONCURRENCY_REMAINING, self.left_header.of(left.into()));
    }
}

/// Rejects entities and organizations that are not those of the user.
fn check_tenant(tenant: &Tenant, request: &ApiRequest) -> Result<(), ApiError> {
    let named = request.header(&ENTITY_IDS).map(str::trim);
    let is_own = |named: &str| tenant.entities.iter().any(|entity| entity == named);
    if named.is_some_and(|named| !is_own(named)) {
        return Err(ApiError::permission("The entity in Zuora-Entity-Ids is not one of the token."));
    }
    if named.is_none() && tenant.entities.len() > 1 {
        return Err(ApiError::permission(
            "The token is for several entities, so Zuora-Entity-Ids is required.",
        ));
    }
    let mut organizations = request.header(&ORG_IDS).into_iter().flat_map(|ids| ids.split(','));
    let is_foreign = |id: &str| !tenant.organizations.iter().any(|organization| organization.id == id.trim());
    match organizations.any(is_foreign) {
        true => Err(ApiError::permission("An organization in Zuora-Org-Ids is not one of the user.")),
        false => Ok(()),
    }
}

/// Returns the track id of the request, unless the service would reject its value.
fn track_id(request: &ApiRequest) -> Option<HeaderValue> {
    let track = request.headers.get(&TRACK_ID)?;
    let is_valid = |text: &str| (1..=64).contains(&text.len()) && !text.contains([':', ';', '"', '\'']);
    track.to_str().is_ok_and(is_valid).then(|| track.clone())
}
