//! Delivery of requests and responses, with faults, and their record in the journal.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use super::deferred_request::DeferredRequest;
use super::delivered_response::DeliveredResponse;
use super::fault::Fault;
use super::faults::AppliedFaults;
use super::journal_entry::{Delivery, JournalEntry};
use super::operation::ApiOperation;
use super::redact::Redactor;
use super::request_pattern::RequestTarget;
use super::router::find_operation;
use super::sandbox::Sandbox;
use crate::http::ApiRequest;
use crate::state::BackgroundJob;
use crate::state::{Cause, Overrides, PlannedFailure, RowFailure};
use crate::values::UnixTime;

/// A request with its entry in the journal.
struct Recorded {
    request: ApiRequest,
    number: u64,
    redactor: Redactor,
}

impl Sandbox {
    /// Responds to a request at the given time, without faults.
    ///
    /// The URI may be absolute or a path. Background work that is due by `now` is done first. A time before
    /// that of the previous request counts as the time of the previous request.
    pub fn handle<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Response<Bytes> {
        let request = self.receive(request, now);
        let recorded = self.record(request, None);
        let response = self.execute(&recorded, Overrides::default());
        self.encode(&recorded.request, response)
    }

    /// Responds to a request like [`handle`](Self::handle), but applies the [`faults`](Self::faults).
    ///
    /// This is the method that a transport calls.
    pub fn deliver<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> DeliveredResponse {
        let request = self.receive(request, now);
        let target = RequestTarget {
            method: &request.method,
            path: &request.path,
            operation: find_operation(&request.method, &request.path),
            key: request.idempotency_key(),
        };
        let faults = self.faults.take(&target, self.state.now);
        let recorded = self.record(request, faults.describe());
        self.deliver_recorded(&recorded, faults)
    }

    fn deliver_recorded(&mut self, recorded: &Recorded, faults: AppliedFaults) -> DeliveredResponse {
        let overrides = self.overrides(faults.execution);
        let delay = faults.delay;
        match faults.delivery {
            Some(Fault::NotSent) => {
                self.journal.delivered(recorded.number, Delivery::NotSent, None);
                DeliveredResponse::NotSent { delay }
            }
            Some(Fault::LoseResponse) => {
                self.execute(recorded, overrides);
                self.journal.delivered(recorded.number, Delivery::Lost, None);
                DeliveredResponse::Lost { delay }
            }
            Some(Fault::Respond(response)) => self.respond_as_gateway(recorded, response, delay),
            Some(Fault::Reject(response)) => {
                let (settings, now) = (&self.state.settings, self.state.now);
                self.idempotency.store(&recorded.request, &response, settings, now);
                self.journal.executed(recorded.number, &response, &recorded.redactor, now);
                DeliveredResponse::Response { response, delay }
            }
            Some(Fault::ExecuteThenRespond(response)) => {
                self.execute(recorded, overrides);
                self.respond_as_gateway(recorded, response, delay)
            }
            Some(Fault::ExecuteLater { after, response }) => {
                if let Some(family) = self.admit_later(&recorded.request) {
                    let (due, request) = (self.state.now.after(after), recorded.request.clone());
                    self.deferred.push(DeferredRequest {
                        due,
                        number: recorded.number,
                        request,
                        family,
                        overrides,
                    });
                }
                match response {
                    Some(response) => self.respond_as_gateway(recorded, response, delay),
                    None => {
                        self.journal.delivered(recorded.number, Delivery::Lost, None);
                        DeliveredResponse::Lost { delay }
                    }
                }
            }
            Some(Fault::Delay(slow)) => {
                self.respond_as_service(recorded, overrides, delay.saturating_add(slow))
            }
            _ => self.respond_as_service(recorded, overrides, delay),
        }
    }

    fn respond_as_service(
        &mut self,
        recorded: &Recorded,
        overrides: Overrides,
        delay: std::time::Duration,
    ) -> DeliveredResponse {
        let response = self.execute(recorded, overrides);
        DeliveredResponse::Response { response: self.encode(&recorded.request, response), delay }
    }

    fn respond_as_gateway(
        &mut self,
        recorded: &Recorded,
        response: Response<Bytes>,
        delay: std::time::Duration,
    ) -> DeliveredResponse {
        let shown = recorded.redactor.response(&response);
        self.journal.delivered(recorded.number, Delivery::Gateway, Some(shown));
        DeliveredResponse::Response { response, delay }
    }

    /// Executes the request and records its effects and response.
    fn execute(&mut self, recorded: &Recorded, overrides: Overrides) -> Response<Bytes> {
        self.begin(&recorded.request, recorded.number, overrides);
        let response = self.respond(&recorded.request);
        self.end();
        self.journal.executed(recorded.number, &response, &recorded.redactor, self.state.now);
        response
    }

    /// Executes a request that was deferred until now.
    pub(super) fn execute_deferred(&mut self, deferred: DeferredRequest) {
        let DeferredRequest { number, request, family, overrides, .. } = deferred;
        self.begin(&request, number, overrides);
        let response = self.perform(&request, family);
        self.end();
        let redactor = self.redactor(&request);
        self.journal.executed(number, &response, &redactor, self.state.now);
    }

    fn begin(&mut self, request: &ApiRequest, number: u64, overrides: Overrides) {
        let operation = find_operation(&request.method, &request.path).map(ApiOperation::as_str);
        let key = request.idempotency_key().map(Arc::from);
        self.state.effects.cause = Cause { request: Some(number), operation, key };
        self.state.overrides = overrides;
    }

    fn end(&mut self) {
        self.state.effects.cause = Cause::default();
        self.state.overrides = Overrides::default();
        self.collect_effects();
    }

    /// Passes the effects since the last call to the journal.
    pub(super) fn collect_effects(&mut self) {
        self.journal.add_effects(self.state.effects.collect(), self.state.settings.journal_bytes);
    }

    /// Converts a fault of the execution.
    fn overrides(&mut self, fault: Option<Fault>) -> Overrides {
        let mut overrides = Overrides::default();
        match fault {
            Some(Fault::Fail(category)) => {
                overrides.failure = Some(PlannedFailure { category, executed: false });
            }
            Some(Fault::ExecuteThenFail(category)) => {
                overrides.failure = Some(PlannedFailure { category, executed: true });
            }
            Some(Fault::FailRow(row, category)) => overrides.row_failure = Some(RowFailure { row, category }),
            Some(Fault::RunAsJob(duration)) => overrides.job = Some(duration),
            Some(Fault::FailDocument(document)) => {
                self.state.failures.push_back(BackgroundJob::PostingOf(document));
            }
            _ => {}
        }
        overrides
    }

    fn receive<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> ApiRequest {
        self.advance(now);
        let (head, body) = request.into_parts();
        ApiRequest::new(head, body.as_ref(), &self.state.settings)
    }

    /// Adds the request to the journal.
    fn record(&mut self, request: ApiRequest, faults: Option<String>) -> Recorded {
        let redactor = self.redactor(&request);
        let number = self.journal.next_number();
        let operation = find_operation(&request.method, &request.path);
        let mut entry = JournalEntry::new(number, self.state.now, operation, &request, &redactor);
        entry.faults = faults;
        self.journal.push(entry);
        Recorded { request, number, redactor }
    }

    fn redactor(&self, request: &ApiRequest) -> Redactor {
        let clients = &self.state.tenant.oauth_clients;
        Redactor::new(request, clients.iter().map(|client| client.client_secret.as_str()))
    }
}
