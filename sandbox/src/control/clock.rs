//! The clock of the service.

use super::request::{ControlBody, ControlError, ControlRequest};
use crate::http::ApiError;
use crate::service::{Sandbox, duration};
use crate::values::{Json, parse_iso};

pub(super) fn get(sandbox: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Json(Json::object([
        ("now", sandbox.now().to_utc().into()),
        ("frozen", sandbox.is_clock_frozen().into()),
    ])))
}

pub(super) fn freeze(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.freeze_clock();
    get(sandbox, request)
}

pub(super) fn run(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.run_clock();
    get(sandbox, request)
}

pub(super) fn advance(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let span = duration(request.fields()?, "by")?.ok_or_else(|| ApiError::missing("by"))?;
    sandbox.advance_clock(span);
    get(sandbox, request)
}

pub(super) fn jump(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let expected = "a time such as 2026-04-01T09:00:00-08:00 is expected";
    let to =
        parse_iso(request.fields()?.required_text("to")?).ok_or_else(|| ApiError::value("to", expected))?;
    sandbox.jump_clock(to).map_err(ControlError::conflict)?;
    get(sandbox, request)
}
