//! `PUT /v1/invoices/{invoiceKey}/post`.

use super::{InvoiceStatus, POST_CODE};
use crate::call::{Call, Fields};
use crate::jobs::Work;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::time::Date;
use crate::world::World;

/// Posts a draft: at once, or by a job when it has many items.
pub(crate) fn post(world: &mut World, call: &Call, keys: &[&str]) -> Result<Reply, Refusal> {
    let index = world.find_idle_invoice(keys.first().copied().unwrap_or_default())?;
    let body = call.object(&world.settings, &["invoiceDate"])?;
    let date =
        Fields::new("", &body)?.date("invoiceDate").map_err(|refusal| refusal.of_resource(POST_CODE))?;
    let by_job = world.invoices[index].items.len() >= world.settings.post_job_from;
    let (job, _) = world.work(index, Work::Post(date), by_job)?;
    Ok(Reply::Success(world.jobs[job].started()))
}

impl World {
    pub(crate) fn why_not_post(&self, index: usize) -> Result<(), Refusal> {
        match self.invoices[index].status {
            InvoiceStatus::Draft => Ok(()),
            _ => {
                let message = "Only invoices with Draft status can be posted.";
                Err(Refusal::unknown(message).of_resource(POST_CODE))
            }
        }
    }

    pub(crate) fn post_invoice(&mut self, index: usize, invoice_date: Option<Date>) {
        self.invoices[index].post(invoice_date, self.now);
        self.make_pdf(index);
    }
}
