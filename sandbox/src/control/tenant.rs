//! The sandbox as a whole: state, settings, snapshots, and changes by other users.

use super::request::{ControlBody, ControlError, ControlRequest};
use crate::http::ApiError;
use crate::service::Sandbox;
use crate::state::BackgroundJob;
use crate::values::Json;

fn done() -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Json(Json::object([])))
}

pub(super) fn health(_: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Json(Json::object([
        ("status", "ok".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ])))
}

pub(super) fn state(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let limit = usize::try_from(request.number("limit", 50)?).unwrap_or(usize::MAX);
    Ok(ControlBody::Json(sandbox.overview(limit)))
}

pub(super) fn reset(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.reset();
    sandbox.advance(request.outside);
    done()
}

pub(super) fn snapshots(sandbox: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    let names = sandbox.snapshot_names().map(Json::from).collect();
    Ok(ControlBody::Json(Json::object([("snapshots", Json::Array(names))])))
}

pub(super) fn snapshot(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.store_snapshot(name(request)?);
    snapshots(sandbox, request)
}

pub(super) fn restore(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let name = name(request)?;
    if !sandbox.restore_stored(name) {
        return Err(ControlError::not_found(format!(
            "no snapshot is named {name:?}; see /sandbox/snapshots"
        )));
    }
    sandbox.advance(request.outside);
    done()
}

fn name(request: &ControlRequest) -> Result<&str, ControlError> {
    Ok(request.fields()?.text_within("name", 100)?.unwrap_or("default"))
}

pub(super) fn pay(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let fields = request.fields()?;
    let (invoice, amount) = (fields.required_text("invoice")?, fields.required_decimal("amount")?);
    let payment = sandbox.pay(invoice, amount).map_err(ControlError::conflict)?;
    Ok(ControlBody::Json(Json::object([("payment", payment.into())])))
}

pub(super) fn fail(sandbox: &mut Sandbox, request: &ControlRequest) -> Result<ControlBody, ControlError> {
    let fields = request.fields()?;
    let job = fields.one_of("job", &["billing", "posting", "job", "pdf"])?;
    let document = fields.integer("document", 0, i64::from(u32::MAX))?.and_then(|n| usize::try_from(n).ok());
    let job = match (job.ok_or_else(|| ApiError::missing("job"))?, document) {
        ("posting", Some(document)) => BackgroundJob::PostingOf(document),
        ("posting", None) => BackgroundJob::Posting,
        ("billing", Some(document)) => BackgroundJob::BillingOf(document),
        (_, Some(_)) => {
            return Err(ApiError::value("document", "only billing and posting have documents").into());
        }
        ("billing", None) => BackgroundJob::Billing,
        ("pdf", None) => BackgroundJob::Pdf,
        (_, None) => BackgroundJob::Job,
    };
    sandbox.fail_next(job);
    done()
}

pub(super) fn revoke_tokens(sandbox: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    sandbox.revoke_tokens();
    done()
}

pub(super) fn settings(sandbox: &mut Sandbox, _: &ControlRequest) -> Result<ControlBody, ControlError> {
    Ok(ControlBody::Json(sandbox.settings().to_json()))
}

pub(super) fn change_settings(
    sandbox: &mut Sandbox,
    request: &ControlRequest,
) -> Result<ControlBody, ControlError> {
    let mut changed = sandbox.settings().clone();
    for (name, value) in request.fields()?.members() {
        changed.set_json(name, value).map_err(|error| ControlError::invalid(error.to_string()))?;
    }
    *sandbox.settings() = changed;
    settings(sandbox, request)
}
