//! `POST /v1/bill-runs/{billRunKey}/emails`.

use crate::http::{ApiError, ApiRequest, Fields, ResponseBody};
use crate::state::{EffectKind, InvoiceStatus, State};

/// Emails the posted invoices of a run: only the time is recorded, nothing is sent.
pub(crate) fn email(
    state: &mut State,
    request: &ApiRequest,
    keys: &[&str],
) -> Result<ResponseBody, ApiError> {
    let key = keys.first().copied().unwrap_or_default();
    let run = state.find_run(key)?;
    let code = state.settings.bill_run_code;
    let body = request.object(&state.settings, &["resend"])?;
    let resend = Fields::new("", &body)?.flag("resend").map_err(|error| error.with_resource(code))?;
    if !state.settings.invoice_mail {
        return Err(ApiError::rule("The notification that mails invoices is not active.").with_resource(code));
    }
    state.email_invoices(run, resend.unwrap_or(false));
    Ok(ResponseBody::success())
}

impl State {
    /// Records the posted invoices of the run as emailed.
    pub(super) fn email_invoices(&mut self, run: usize, resend: bool) {
        let run = self.runs[run].clone();
        self.record(EffectKind::BillRunEmailed, &run.id);
        let positions: Vec<usize> = self.invoices.of_run(&run.number, 0).collect();
        for position in positions {
            let invoice = &self.invoices[position];
            let wanted = invoice.emailed.is_none() || resend;
            let spared = run.plan.no_email_for_zero && invoice.amount().is_zero();
            if invoice.status == InvoiceStatus::Posted && wanted && !spared {
                let invoice = &mut self.invoices[position];
                invoice.emailed = Some(self.now);
                invoice.updated = self.now;
                self.effects.record(self.now, EffectKind::InvoiceEmailed, &invoice.id);
            }
        }
    }
}
