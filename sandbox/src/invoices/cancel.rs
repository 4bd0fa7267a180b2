//! `PUT /v1/invoices/{invoiceKey}/cancel`.

use super::InvoiceStatus;
use crate::call::Call;
use crate::jobs::Work;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// Cancels a draft: at once, or by a job when it has many items.
pub(crate) fn cancel(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    call.object(&world.settings, &[])?;
    let by_job = world.invoices[index].items.len() >= world.settings.cancel_job_from;
    let (job, _) = world.work(index, Work::Cancel, by_job)?;
    Ok(Reply::Success(world.jobs[job].started()))
}

impl World {
    pub(crate) fn why_not_cancel_invoice(&self, index: usize) -> Result<(), Refusal> {
        match self.invoices[index].status {
            InvoiceStatus::Draft => Ok(()),
            _ => Err(Refusal::rule("Only invoices with Draft status can be canceled.")
                .of_resource(self.settings.invoice_code)),
        }
    }
}
