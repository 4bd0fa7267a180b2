//! `POST /v1/bill-runs/{billRunKey}/emails`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{BillRun, EffectKind, InvoiceStatus, State};

/// Emails the posted invoices of a run: only the time is recorded, nothing is sent.
pub(crate) fn email(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let key = keys.first().copied().unwrap_or_default();
    let run = state.find_run(|run| run.id == key || run.number == key, key)?;
    let code = state.settings.bill_run_code;
    let body = request.object(&state.settings, &["resend"])?;
    let resend = Fields::new("", &body)?.flag("resend").map_err(|error| error.with_resource(code))?;
    let run = state.runs[run].clone();
    state.email_invoices(&run, resend.unwrap_or(false));
    Ok(ResponseBody::success())
}

impl State {
    /// Records the posted invoices of the run as emailed.
    pub(super) fn email_invoices(&mut self, run: &BillRun, resend: bool) {
        self.record(EffectKind::BillRunEmailed, &run.id);
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.is_of_run(&run.id)) {
            let wanted = invoice.emailed.is_none() || resend;
            let spared = run.plan.no_email_for_zero && invoice.amount().is_zero();
            if invoice.status == InvoiceStatus::Posted && wanted && !spared {
                invoice.emailed = Some(self.now);
                invoice.updated = self.now;
                self.effects.record(self.now, EffectKind::InvoiceEmailed, &invoice.id);
            }
        }
    }
}
