//! One request to a sandbox: of the service or of the control API.

use std::time::Duration;

use http::Request;

use crate::control::is_control;
use crate::service::{DeliveredResponse, Sandbox, Slot};
use crate::values::UnixTime;

/// Passes a request to the control API or to the service.
pub(super) fn exchange<B: AsRef<[u8]>>(
    sandbox: &mut Sandbox,
    request: Request<B>,
    now: UnixTime,
    slot: Slot,
) -> DeliveredResponse {
    match is_control(request.uri().path()) {
        true => {
            DeliveredResponse::Response { response: sandbox.control(request, now), delay: Duration::ZERO }
        }
        false => sandbox.deliver_in(request, now, slot),
    }
}
