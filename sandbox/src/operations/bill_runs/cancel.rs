//! `PUT /v1/bill-runs/{billRunId}/cancel`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{BillRun, BillRunStatus, InvoiceStatus, State};

/// Starts canceling a run, and optionally the later runs of its schedule.
pub(crate) fn cancel(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let run = state.run_by_id(keys)?;
    let code = state.settings.bill_run_code;
    let request_body = request.object(&state.settings, &["cancelOnce"])?;
    let once =
        Fields::new("", &request_body)?.flag("cancelOnce").map_err(|error| error.with_resource(code))?;
    let next = state.start_canceling(run, once.unwrap_or(true))?;
    let mut body = state.runs[run].json(&state.tenant);
    if let Some(next) = next {
        body = body.prepend("nextRun", state.runs[next].json(&state.tenant));
    }
    Ok(ResponseBody::Success(body))
}

impl State {
    /// Starts canceling a run; returns the index of the next run of its schedule if that was created.
    pub(super) fn start_canceling(&mut self, run: usize, once: bool) -> Result<Option<usize>, ApiError> {
        if let Some(text) = self.cancel_error(run) {
            return Err(ApiError::rule(text).with_resource(self.settings.bill_run_code));
        }
        let next = match (once, self.runs[run].status) {
            (true, BillRunStatus::Pending) => self.add_next_run(run),
            (true, _) => None,
            (false, _) => {
                self.cancel_later_runs(run);
                None
            }
        };
        self.set_run_status(run, BillRunStatus::CancelInProgress);
        Ok(next)
    }

    fn cancel_error(&self, run: usize) -> Option<String> {
        let (run, texts) = (&self.runs[run], &self.settings.bill_run_texts);
        if run.plan.catch_up {
            return Some(texts.cancel_catch_up.clone());
        }
        if !matches!(run.status, BillRunStatus::Pending | BillRunStatus::Completed) {
            return Some(texts.cancel.clone());
        }
        let is_posted = |invoice: usize| self.invoices[invoice].status == InvoiceStatus::Posted;
        let posted = self.invoices.of_run(&run.number, 0).any(is_posted);
        posted.then(|| texts.cancel_posted.clone())
    }

    fn cancel_later_runs(&mut self, run: usize) {
        let (series, id) = (self.runs[run].series.clone(), self.runs[run].id.clone());
        let pending =
            |run: &BillRun| run.series == series && run.id != id && run.status == BillRunStatus::Pending;
        let later: Vec<usize> =
            self.active_runs.iter().copied().filter(|later| pending(&self.runs[*later])).collect();
        for later in later {
            self.set_run_status(later, BillRunStatus::CancelInProgress);
        }
    }
}
