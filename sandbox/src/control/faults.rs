//! Planned faults, and chaos.

use super::request::{ControlBody, ControlError, ControlRequest};
use crate::http::{ApiError, Fields};
use crate::service::{Chaos, PlannedFault, Sandbox};
use crate::values::{Json, SettingValue as _};

pub(super) fn list(sandbox: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    let faults = sandbox.faults();
    let chaos = faults.chaos().map(|chaos| {
        Json::object([
            ("seed", chaos.seed().to_json()),
            ("rate", Json::Number(chaos.rate().to_string().into())),
        ])
    });
    Ok(ControlBody::Json(Json::non_null([
        ("faults", Json::Array(faults.planned().map(PlannedFault::to_json).collect())),
        ("chaos", chaos.unwrap_or(Json::Null)),
    ])))
}

pub(super) fn add(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let fault = PlannedFault::from_fields(request.fields()?)?;
    let shown = fault.to_json();
    sandbox.faults().push(fault);
    Ok(ControlBody::Json(shown))
}

pub(super) fn clear(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.faults().clear();
    list(sandbox, request)
}

pub(super) fn set_chaos(
    sandbox: &mut Sandbox,
    request: &ControlRequest,
) -> Result<ControlBody, ControlError> {
    let chaos = read_chaos(request.fields()?)?;
    sandbox.faults().set_chaos(chaos);
    list(sandbox, request)
}

fn read_chaos(fields: Fields<'_>) -> Result<Chaos, ApiError> {
    let read = |name| fields.get(name).ok_or_else(|| ApiError::missing(name));
    let seed = u64::from_json(read("seed")?);
    let seed = seed.ok_or_else(|| ApiError::value("seed", "a whole number is expected"))?;
    let rate = match read("rate")? {
        Json::Number(text) | Json::Text(text) => text.parse().ok(),
        _ => None,
    };
    let rate: Option<f64> = rate.filter(|rate| (0.0..=1.0).contains(rate));
    let rate = rate.ok_or_else(|| ApiError::value("rate", "a number from 0 to 1 is expected"))?;
    Ok(Chaos::new(seed, rate))
}
