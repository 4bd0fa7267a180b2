//! Delivery of requests and responses, with faults.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::deferred_request::{DeferredKind, DeferredRequest};
use super::delivered_response::DeliveredResponse;
use super::execute::Recorded;
use super::fault::{Duplication, Fault};
use super::faults::AppliedFaults;
use super::hooks::Moment;
use super::in_flight::Slot;
use super::operation::ApiOperation;
use super::request_pattern::RequestTarget;
use super::router::find_operation;
use super::sandbox::Sandbox;
use crate::http::ApiRequest;
use crate::state::{Overrides, PlannedFailure, RowFailure};
use crate::values::UnixTime;

impl Sandbox {
    /// Responds to a request at the given time, without faults.
    ///
    /// The URI may be absolute or a path. Background work that is due by `now` is done first. A time before
    /// that of the previous request counts as the time of the previous request.
    pub fn handle<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Response<Bytes> {
        let request = self.receive(request, now);
        let operation = find_operation(&request.method, &request.path);
        let recorded = self.record(request, operation, None);
        let response = self.execute(&recorded, Overrides::default());
        self.encode(&recorded.request, response)
    }

    /// Responds to a request like [`handle`](Self::handle), but applies the [`faults`](Self::faults).
    ///
    /// This is the method that a transport calls.
    pub fn deliver<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> DeliveredResponse {
        self.deliver_in(request, now, Slot::Uncounted)
    }

    /// Responds to a request that is counted among those in progress.
    pub(crate) fn deliver_in<B: AsRef<[u8]>>(
        &mut self,
        request: Request<B>,
        now: UnixTime,
        slot: Slot,
    ) -> DeliveredResponse {
        let request = self.receive(request, now);
        if self.history.is_empty() {
            self.remember();
        }
        let operation = find_operation(&request.method, &request.path);
        let faults = self.faults.take(&target(&request, operation), self.state.now);
        let recorded = self.record(request, operation, faults.as_deref().map(AppliedFaults::describe));
        let target = target(&recorded.request, operation);
        if let Some(action) = self.hooks.take_around(Moment::Before, &target) {
            action.perform(self);
        }
        let delivered = match faults {
            Some(faults) => self.deliver_with_faults(&recorded, *faults, slot),
            None => {
                let overrides = self.overrides(None, &recorded.request, slot);
                self.respond_as_service(&recorded, overrides, Duration::ZERO, |body| body)
            }
        };
        if let Some(action) = self.hooks.take_around(Moment::After, &target) {
            action.perform(self);
        }
        delivered
    }

    fn deliver_with_faults(
        &mut self,
        recorded: &Recorded,
        faults: AppliedFaults,
        slot: Slot,
    ) -> DeliveredResponse {
        let expires_after = matches!(faults.execution, Some(Fault::ExpireTokenAfter));
        let delivery = faults.delivery;
        let overrides = match delivery {
            // The execution is not reached, so that its fault has no effect.
            Some(Fault::NotSent | Fault::Respond(_) | Fault::Reject(_)) => Overrides::default(),
            _ => self.overrides(faults.execution, &recorded.request, slot),
        };
        let delivered = self.deliver_with(recorded, delivery, overrides, faults.delay);
        if expires_after {
            self.tokens.expire(&recorded.request);
        }
        delivered
    }

    fn deliver_with(
        &mut self,
        recorded: &Recorded,
        fault: Option<Fault>,
        overrides: Overrides,
        delay: Duration,
    ) -> DeliveredResponse {
        match fault {
            Some(Fault::NotSent) => {
                self.journal.not_sent(recorded.number);
                DeliveredResponse::NotSent { delay }
            }
            Some(Fault::LoseResponse) => {
                self.execute(recorded, overrides);
                self.lose(recorded, delay)
            }
            Some(Fault::Disconnect(length)) => {
                let response = self.execute(recorded, overrides);
                self.journal.lost(recorded.number);
                DeliveredResponse::Broken {
                    response: self.encode(&recorded.request, response),
                    length,
                    delay,
                }
            }
            Some(Fault::Respond(response)) => self.respond_as_gateway(recorded, response, delay),
            Some(Fault::Reject(response)) => {
                let (settings, now) = (&self.state.settings, self.state.now);
                self.idempotency.store_rejection(&recorded.request, &response, settings, now);
                self.journal.executed(recorded.number, &response, now);
                DeliveredResponse::Response { response, delay }
            }
            Some(Fault::ExecuteThenRespond(response)) => {
                self.execute(recorded, overrides);
                self.respond_as_gateway(recorded, response, delay)
            }
            Some(Fault::ExecuteLater { after, response }) => {
                self.defer(recorded, overrides, after);
                match response {
                    Some(response) => self.respond_as_gateway(recorded, response, delay),
                    None => self.lose(recorded, delay),
                }
            }
            Some(Fault::Duplicate(duplication)) => self.duplicate(recorded, overrides, duplication, delay),
            Some(Fault::Delay(slow)) => {
                let delay = delay.saturating_add(slow);
                self.respond_as_service(recorded, overrides, delay, |body| body)
            }
            Some(Fault::Truncate(length)) => self
                .respond_as_service(recorded, overrides, delay, |body| body.slice(..length.min(body.len()))),
            Some(Fault::Garble(position)) => {
                self.respond_as_service(recorded, overrides, delay, |body| garbled(&body, position))
            }
            Some(Fault::Drip { bytes, pause }) => {
                let response = self.execute(recorded, overrides);
                let response = self.encode(&recorded.request, response);
                let dripping = DeliveredResponse::Dripping { response, bytes: bytes.max(1), pause, delay };
                let arrival = self.state.now.after(dripping.arrives_after().unwrap_or(delay));
                self.add_delayed(&recorded.request.path, arrival);
                dripping
            }
            _ => self.respond_as_service(recorded, overrides, delay, |body| body),
        }
    }

    fn respond_as_service(
        &mut self,
        recorded: &Recorded,
        overrides: Overrides,
        delay: Duration,
        change: impl FnOnce(Bytes) -> Bytes,
    ) -> DeliveredResponse {
        let response = self.execute(recorded, overrides);
        self.add_delayed(&recorded.request.path, self.state.now.after(delay));
        let response = self.encode(&recorded.request, response).map(change);
        DeliveredResponse::Response { response, delay }
    }

    fn respond_as_gateway(
        &mut self,
        recorded: &Recorded,
        response: Response<Bytes>,
        delay: Duration,
    ) -> DeliveredResponse {
        self.journal.replaced(recorded.number, &response);
        DeliveredResponse::Response { response, delay }
    }

    fn lose(&mut self, recorded: &Recorded, delay: Duration) -> DeliveredResponse {
        self.journal.lost(recorded.number);
        DeliveredResponse::Lost { delay }
    }

    /// Defers the execution of the request, if the request is admitted.
    fn defer(&mut self, recorded: &Recorded, overrides: Overrides, after: Duration) {
        self.state.overrides = overrides;
        let admitted = self.admit_later(&recorded.request);
        self.state.overrides = Overrides::default();
        if let Some(family) = admitted {
            let kind = DeferredKind::Admitted { number: recorded.number, family };
            let (due, request) = (self.state.now.after(after), Arc::clone(&recorded.request));
            self.deferred.push(DeferredRequest { due, request, kind, overrides });
        }
    }

    fn duplicate(
        &mut self,
        recorded: &Recorded,
        overrides: Overrides,
        duplication: Duplication,
        delay: Duration,
    ) -> DeliveredResponse {
        let first = self.execute(recorded, overrides);
        let request = Arc::clone(&recorded.request);
        let response = match duplication {
            Duplication::Later(after) => {
                let (due, kind) = (self.state.now.after(after), DeferredKind::Duplicate(recorded.number));
                let overrides = Overrides::default();
                self.deferred.push(DeferredRequest { due, request, kind, overrides });
                first
            }
            Duplication::FirstResponse | Duplication::SecondResponse => {
                let duplicate = self.record_duplicate(request, recorded.number);
                let second = self.execute(&duplicate, Overrides::default());
                match duplication {
                    Duplication::SecondResponse => {
                        self.journal.lost(recorded.number);
                        second
                    }
                    _ => {
                        self.journal.lost(duplicate.number);
                        first
                    }
                }
            }
        };
        DeliveredResponse::Response { response: self.encode(&recorded.request, response), delay }
    }

    /// Converts a fault of the execution and a slot.
    fn overrides(&mut self, fault: Option<Fault>, request: &ApiRequest, slot: Slot) -> Overrides {
        let admitted = match slot {
            Slot::Uncounted => None,
            Slot::Taken => Some(true),
            Slot::Refused => Some(false),
        };
        let mut overrides = Overrides { admitted, ..Overrides::default() };
        match fault {
            Some(Fault::Fail(category)) => {
                overrides.failure = Some(PlannedFailure { category, executed: false });
            }
            Some(Fault::ExecuteThenFail(category)) => {
                overrides.failure = Some(PlannedFailure { category, executed: true });
            }
            Some(Fault::FailRow(row, category)) => overrides.row_failure = Some(RowFailure { row, category }),
            Some(Fault::RunAsJob(duration)) => overrides.job = Some(duration),
            Some(Fault::StaleRead(age)) => overrides.stale = Some(age),
            Some(Fault::ExpireToken) => self.tokens.expire(request),
            Some(Fault::FailDocument(document)) => overrides.document_failure = Some(document),
            _ => {}
        }
        overrides
    }

    fn receive<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Arc<ApiRequest> {
        self.advance(now);
        let (head, body) = request.into_parts();
        Arc::new(ApiRequest::new(head, body.as_ref(), &self.state.settings))
    }
}

fn target(request: &ApiRequest, operation: Option<ApiOperation>) -> RequestTarget<'_> {
    RequestTarget { method: &request.method, path: &request.path, operation, key: request.idempotency_key() }
}

/// Replaces up to eight bytes from the position on, which is counted from the start again beyond the end.
fn garbled(body: &Bytes, position: usize) -> Bytes {
    let mut bytes = body.to_vec();
    let start = position.checked_rem(bytes.len()).unwrap_or_default();
    bytes.iter_mut().skip(start).take(8).for_each(|byte| *byte = 0xff);
    bytes.into()
}
