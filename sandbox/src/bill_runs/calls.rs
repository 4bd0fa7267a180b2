//! The calls on a run that is there: get, post, cancel, delete, email.

use super::{BillRun, Status};
use crate::call::{Call, Fields};
use crate::invoices::InvoiceStatus;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// `GET /v1/bill-runs/{billRunId}`.
pub(crate) fn get(world: &mut World, _call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let run = world.run_by_id(keys)?;
    Ok(Reply::Success(world.runs[run].json(&world.tenant)))
}

/// `PUT /v1/bill-runs/{billRunId}/post`.
pub(crate) fn post(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let run = world.run_by_id(keys)?;
    let code = world.settings.bill_run_code;
    let body = call.object(&world.settings, &["invoiceDate"])?;
    let date = Fields::new("", &body)?.date("invoiceDate").map_err(|refusal| refusal.of_resource(code))?;
    if world.runs[run].status != Status::Completed {
        return Err(Refusal::rule(world.settings.bill_run_texts.post.clone()).of_resource(code));
    }
    world.runs[run].posted_as_of = date;
    world.runs[run].enter(Status::PostInProgress, world.now);
    Ok(Reply::Success(world.runs[run].json(&world.tenant)))
}

/// `PUT /v1/bill-runs/{billRunId}/cancel`.
pub(crate) fn cancel(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let run = world.run_by_id(keys)?;
    let code = world.settings.bill_run_code;
    let body = call.object(&world.settings, &["cancelOnce"])?;
    let once = Fields::new("", &body)?.flag("cancelOnce").map_err(|refusal| refusal.of_resource(code))?;
    if let Some(text) = world.why_not_cancel(run) {
        return Err(Refusal::rule(text).of_resource(code));
    }
    let next = match (once.unwrap_or(true), world.runs[run].status) {
        (true, Status::Pending) => world.add_next_run(run),
        (true, _) => None,
        (false, _) => {
            world.cancel_later_runs(run);
            None
        }
    };
    world.runs[run].enter(Status::CancelInProgress, world.now);
    let mut answer = world.runs[run].json(&world.tenant);
    if let Some(next) = next {
        answer = answer.led_by("nextRun", world.runs[next].json(&world.tenant));
    }
    Ok(Reply::Success(answer))
}

/// `DELETE /v1/bill-runs/{billRunId}`.
pub(crate) fn delete(world: &mut World, _call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let run = world.run_by_id(keys)?;
    if !matches!(world.runs[run].status, Status::Canceled | Status::Error) {
        return Err(Refusal::rule(world.settings.bill_run_texts.delete.clone()));
    }
    world.runs[run].enter(Status::RemoveInProgress, world.now);
    Ok(Reply::Success(world.runs[run].json(&world.tenant)))
}

/// `POST /v1/bill-runs/{billRunKey}/emails`.
pub(crate) fn email(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let key = keys.first().copied().unwrap_or_default();
    let run = world.find_run(|run| run.id == key || run.number == key, key)?;
    let code = world.settings.bill_run_code;
    let body = call.object(&world.settings, &["resend"])?;
    let resend = Fields::new("", &body)?.flag("resend").map_err(|refusal| refusal.of_resource(code))?;
    let run = world.runs[run].clone();
    world.email_invoices(&run, resend.unwrap_or(false));
    Ok(Reply::success())
}

impl World {
    fn find_run(&self, is: impl Fn(&BillRun) -> bool, key: &str) -> Result<usize, Refusal> {
        self.runs.iter().position(is).ok_or_else(|| Refusal::no_entity(key))
    }

    fn run_by_id(&self, keys: &[&str]) -> Result<usize, Refusal> {
        let key = keys.first().copied().unwrap_or_default();
        let numbers = self.settings.run_number_as_id;
        self.find_run(|run| run.id == key || (numbers && run.number == key), key)
    }

    fn why_not_cancel(&self, run: usize) -> Option<String> {
        let (run, texts) = (&self.runs[run], &self.settings.bill_run_texts);
        if run.plan.catch_up {
            return Some(texts.cancel_catch_up.clone());
        }
        if !matches!(run.status, Status::Pending | Status::Completed) {
            return Some(texts.cancel.clone());
        }
        let posted = self
            .invoices
            .iter()
            .any(|invoice| invoice.is_of_run(&run.id) && invoice.status == InvoiceStatus::Posted);
        posted.then(|| texts.cancel_posted.clone())
    }

    fn cancel_later_runs(&mut self, run: usize) {
        let (now, series, id) = (self.now, self.runs[run].series.clone(), self.runs[run].id.clone());
        let pending =
            |run: &&mut BillRun| run.series == series && run.id != id && run.status == Status::Pending;
        for later in self.runs.iter_mut().filter(pending) {
            later.enter(Status::CancelInProgress, now);
        }
    }
}
