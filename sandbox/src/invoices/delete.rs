//! `DELETE /v1/invoices/{invoiceKey}`.

use super::InvoiceStatus;
use crate::call::Call;
use crate::jobs::Work;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::world::World;

/// Deletes a canceled invoice: at once, or by a job when it has many items.
pub(crate) fn delete(world: &mut World, _call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let by_job = world.invoices[index].items.len() >= world.settings.delete_job_from;
    let (job, _) = world.work(index, Work::Delete, by_job)?;
    Ok(Reply::Success(world.jobs[job].started()))
}

impl World {
    pub(crate) fn why_not_delete(&self, index: usize) -> Result<(), Refusal> {
        match self.invoices[index].status {
            InvoiceStatus::Canceled => Ok(()),
            _ => Err(Refusal::rule("Only invoices with Canceled status can be deleted.")),
        }
    }
}
