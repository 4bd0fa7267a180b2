//! Execution of requests, and their record in the journal.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response};

use super::deferred_request::{DeferredKind, DeferredRequest};
use super::operation::ApiOperation;
use super::router::find_operation;
use super::sandbox::Sandbox;
use crate::http::ApiRequest;
use crate::state::{Cause, Overrides};

/// A request with its entry in the journal.
pub(super) struct Recorded {
    pub(super) request: Arc<ApiRequest>,
    pub(super) number: u64,
    pub(super) operation: Option<ApiOperation>,
}

impl Sandbox {
    /// Adds the request to the journal.
    pub(super) fn record(
        &mut self,
        request: Arc<ApiRequest>,
        operation: Option<ApiOperation>,
        faults: Option<String>,
    ) -> Recorded {
        let tenant = Arc::clone(&self.state.tenant);
        let number = self.journal.add(self.state.now, operation, &request, tenant, faults);
        Recorded { request, number, operation }
    }

    /// Adds the second delivery of a request to the journal.
    pub(super) fn record_duplicate(&mut self, request: Arc<ApiRequest>, original: u64) -> Recorded {
        let operation = find_operation(&request.method, &request.path);
        let recorded = self.record(request, operation, None);
        self.journal.mark_duplicate(recorded.number, original);
        recorded
    }

    /// Executes the request and records its effects and response.
    pub(super) fn execute(&mut self, recorded: &Recorded, overrides: Overrides) -> Response<Bytes> {
        self.begin(&recorded.request, recorded.number, recorded.operation, overrides);
        let response = self.respond(&recorded.request, recorded.operation);
        self.end(&recorded.request.method);
        self.journal.executed(recorded.number, &response, self.state.now);
        response
    }

    /// Executes a request that was deferred until now.
    pub(super) fn execute_deferred(&mut self, deferred: DeferredRequest) {
        let DeferredRequest { request, kind, overrides, .. } = deferred;
        match kind {
            DeferredKind::Admitted { number, family } => {
                let operation = find_operation(&request.method, &request.path);
                self.begin(&request, number, operation, overrides);
                let response = self.perform(&request, family, operation);
                self.end(&request.method);
                self.journal.executed(number, &response, self.state.now);
            }
            DeferredKind::Duplicate(original) => {
                let recorded = self.record_duplicate(request, original);
                self.execute(&recorded, overrides);
                self.journal.lost(recorded.number);
            }
        }
    }

    pub(super) fn begin(
        &mut self,
        request: &ApiRequest,
        number: u64,
        operation: Option<ApiOperation>,
        overrides: Overrides,
    ) {
        let operation = operation.map(ApiOperation::as_str);
        let key = request.idempotency_key().map(Arc::from);
        self.state.effects.cause = Cause { request: Some(number), operation, key };
        self.state.overrides = overrides;
    }

    pub(super) fn end(&mut self, method: &Method) {
        self.state.effects.cause = Cause::default();
        self.state.overrides = Overrides::default();
        self.collect_effects();
        if *method != Method::GET {
            self.remember();
        }
    }

    /// Passes the effects since the last call to the journal.
    pub(super) fn collect_effects(&mut self) {
        self.journal.add_effects(self.state.effects.collect(), self.state.settings.journal_bytes);
    }

    /// Records the state for stale reads, if one is possible.
    pub(super) fn remember(&mut self) {
        match self.faults.stale_by() {
            Some(age) => self.history.record(&self.state, age),
            None => self.history.clear(),
        }
    }
}
