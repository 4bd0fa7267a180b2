//! The sandbox: one tenant, its service, and the controls that a test has over both.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use rust_decimal::Decimal;

use super::delivered_response::DeliveredResponse;
use super::faults::{Fault, Faults};
use super::idempotency_store::IdempotencyStore;
use super::quotas::QuotaUsage;
use super::request_log::RequestLog;
use super::tokens::Tokens;
use crate::http::ApiRequest;
use crate::settings::Settings;
use crate::state::{BackgroundJob, State, Tenant};
use crate::values::UnixTime;

/// A simulated service with one tenant.
///
/// Performs no I/O and has no clock: the same requests at the same times get the same responses, byte for
/// byte. A clone is independent of the original, so that a test can try several continuations of one state.
#[derive(Clone)]
pub struct Sandbox {
    pub(super) state: State,
    pub(super) tokens: Tokens,
    pub(super) idempotency: IdempotencyStore,
    pub(super) usage: QuotaUsage,
    pub(super) token_usage: QuotaUsage,
    faults: Faults,
    request_log: RequestLog,
}

/// The error of [`Sandbox::pay`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot pay {amount}: {reason}")]
pub struct PaymentError {
    amount: Decimal,
    reason: String,
}

impl Sandbox {
    /// Creates a sandbox in which the tenant has no bill runs and no invoices.
    pub fn new(tenant: Tenant, settings: Settings) -> Self {
        Self {
            state: State::new(tenant, settings),
            tokens: Tokens::default(),
            idempotency: IdempotencyStore::default(),
            usage: QuotaUsage::default(),
            token_usage: QuotaUsage::default(),
            faults: Faults::default(),
            request_log: RequestLog::default(),
        }
    }

    /// Creates a sandbox with the [demo tenant](Tenant::demo) and default [`Settings`].
    pub fn demo() -> Self {
        Self::new(Tenant::demo(), Settings::default())
    }

    /// Responds to a request at the given time, without faults.
    ///
    /// The URI may be absolute or a path. Background work that is due by `now` is done first. A time before
    /// that of the previous request counts as the time of the previous request.
    pub fn handle<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> Response<Bytes> {
        let request = self.receive(request, now);
        self.respond(&request)
    }

    /// Responds to a request like [`handle`](Self::handle), but applies the [`faults`](Self::faults).
    ///
    /// This is the method that a transport calls.
    pub fn deliver<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> DeliveredResponse {
        let path = request.uri().path();
        match self.faults.take(request.method(), path) {
            None => {
                DeliveredResponse::Response { response: self.handle(request, now), delay: Duration::ZERO }
            }
            Some(Fault::Delay(delay)) => {
                DeliveredResponse::Response { response: self.handle(request, now), delay }
            }
            Some(Fault::NotSent) => DeliveredResponse::NotSent,
            Some(Fault::LoseResponse) => {
                self.handle(request, now);
                DeliveredResponse::Lost
            }
            Some(Fault::Respond(response)) => {
                let request = self.receive(request, now);
                self.idempotency.store(&request, &response, &self.state.settings, self.state.now);
                DeliveredResponse::Response { response, delay: Duration::ZERO }
            }
        }
    }

    /// Returns the faults that are planned.
    pub fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Makes the next background job of that kind fail.
    pub fn fail_next(&mut self, job: BackgroundJob) {
        self.state.failures.push_back(job);
    }

    /// Pays a posted invoice in part or in full, and returns the id of the payment.
    ///
    /// Takes the place of the payment operations, which are not simulated. The payment has the time of the
    /// last request.
    ///
    /// ```
    /// # use zuora_sandbox::Sandbox;
    /// let mut sandbox = Sandbox::demo();
    /// let error = sandbox.pay("INV00000001", rust_decimal::Decimal::ONE).unwrap_err();
    /// assert_eq!(error.to_string(), "cannot pay 1: no invoice has the id or number INV00000001");
    /// ```
    ///
    /// # Errors
    /// Fails if no posted invoice has that id or number, if a job is running on the invoice, or if the amount
    /// is not positive, has more decimals than the currency, or exceeds the balance.
    pub fn pay(&mut self, invoice: &str, amount: Decimal) -> Result<String, PaymentError> {
        self.state.pay(invoice, amount).map_err(|reason| PaymentError { amount, reason })
    }

    /// Revokes every access token, as when the user of the OAuth client is deactivated for a moment.
    pub fn revoke_tokens(&mut self) {
        self.tokens.revoke();
    }

    /// Returns the settings; changes take effect with the next request.
    pub fn settings(&mut self) -> &mut Settings {
        &mut self.state.settings
    }

    /// Returns the tenant that the sandbox was created with.
    pub fn tenant(&self) -> &Tenant {
        &self.state.tenant
    }

    /// Counts the requests among the last 10,000 that had that method and a path that ends in `path`.
    ///
    /// A `*` in `path` matches one segment. Requests to which a fault responded are included; requests that
    /// were not sent are not.
    pub fn seen(&self, method: &Method, path: &str) -> usize {
        self.request_log.count(method, path)
    }

    fn receive<B: AsRef<[u8]>>(&mut self, request: Request<B>, now: UnixTime) -> ApiRequest {
        self.state.advance(now);
        let (head, body) = request.into_parts();
        let request = ApiRequest::new(head, body.as_ref(), &self.state.settings);
        self.request_log.record(&request.method, &request.path);
        request
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("now", &self.state.now)
            .field("bill_runs", &self.state.runs.len())
            .field("invoices", &self.state.invoices.len())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
