//! Shared code of the benches: the measurements, the response bodies, and the hand-written client for comparison.

pub mod bulk_create;
mod measure;
pub mod memory;
pub mod plain;
pub mod raw;
pub mod server;
pub mod wire;

pub use measure::{Bench, Table, processor_time};

use zuora_core::invoices::{GetInvoiceItems, InvoiceItems};
use zuora_core::operation::Spec;
use zuora_core::transport::{HttpRequest, HttpResponse};
use zuora_core::{Operation, Result};

/// Lists the items of an invoice in a page that is larger than the service would send.
#[derive(Clone, Debug)]
pub struct LargePage {
    request: GetInvoiceItems,
    page: GetInvoiceItems,
}

impl LargePage {
    /// Lists the items of the invoice with this id or number.
    pub fn new(invoice: &str) -> Self {
        let request = GetInvoiceItems::new(invoice);
        Self { page: request.clone().page_size(u32::MAX), request }
    }
}

impl Operation for LargePage {
    type Output = InvoiceItems;

    fn spec(&self) -> &Spec {
        self.request.spec()
    }

    fn request(&self) -> Result<HttpRequest> {
        self.request.request()
    }

    fn parse(&self, success: &HttpResponse) -> Result<InvoiceItems> {
        self.page.parse(success)
    }
}
