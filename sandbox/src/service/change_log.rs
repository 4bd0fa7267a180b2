//! The log of changes, from which a sandbox with the same state can be built again.

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{Method, Request, StatusCode};

use super::api_family::ApiFamily;
use super::change::{Change, ChangeLog, Performed};
use super::operation::ApiOperation;
use super::redact::Redactor;
use super::router::find_operation;
use super::sandbox::Sandbox;
use crate::http::ApiRequest;

impl Sandbox {
    /// Returns the change for the log of a request that is about to be performed, if it can change the state.
    pub(super) fn to_log(
        &self,
        request: &ApiRequest,
        operation: Option<ApiOperation>,
    ) -> Option<Box<Performed>> {
        let lists_files = operation == Some(ApiOperation::ListFiles);
        if self.changes.is_none() || (request.method == Method::GET && !lists_files) {
            return None;
        }
        let redactor = Redactor::of(&request.path, &request.headers, &self.state.tenant);
        let mut headers = redactor.headers(&request.headers);
        for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
            headers.remove(name);
        }
        Some(Box::new(Performed {
            at: self.state.now,
            number: self.state.effects.cause.request.unwrap_or_default(),
            method: request.method.clone(),
            target: redactor.text(&request.target()),
            headers,
            body: redactor.request_body(&request.body),
            overrides: self.state.overrides,
            status: StatusCode::OK,
        }))
    }

    /// Logs a request that was performed, with the status of its response.
    pub(super) fn log_performed(&mut self, performed: Option<Box<Performed>>, status: StatusCode) {
        if let Some(performed) = performed {
            self.log(Change::Performed(Box::new(Performed { status, ..*performed })));
        }
    }

    pub(crate) fn log(&mut self, change: Change) {
        if let Some(log) = &mut self.changes {
            log.changes.push(change);
        }
    }

    /// Starts the log of a record with that checksum.
    pub(crate) fn keep_changes(&mut self, checksum: u32) {
        self.changes = Some(ChangeLog { changes: Vec::new(), checksum });
    }

    /// Ends the log.
    pub(crate) fn drop_changes(&mut self) {
        self.changes = None;
    }

    /// Removes the changes since the last call, and writes each with the checksum of the record up to it.
    pub(crate) fn take_changes(&mut self, mut write: impl FnMut(&Change, &mut u32)) {
        let Some(log) = &mut self.changes else { return };
        for change in std::mem::take(&mut log.changes) {
            write(&change, &mut log.checksum);
        }
    }

    /// Performs a logged request again. Returns whether it is one, and has the same status again.
    pub(crate) fn perform_again(&mut self, performed: Performed) -> bool {
        let Performed { at, number, method, target, headers, body, overrides, status } = performed;
        // A file list that shows an earlier state changes nothing, and the fault is not in the log.
        let may_differ = method == Method::GET;
        let Ok(mut request) = Request::builder().method(method).uri(target).body(()) else { return false };
        *request.headers_mut() = headers;
        let request = ApiRequest::new(request.into_parts().0, &body, &self.state.settings);
        self.advance_background(at);
        self.journal.continue_after(number);
        let operation = find_operation(&request.method, &request.path);
        self.begin(&request, number, operation, overrides);
        let response = self.perform(&request, ApiFamily::of(&request.path), operation);
        self.end(&request.method);
        may_differ || response.status() == status
    }
}
