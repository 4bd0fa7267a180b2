//! Invoices: what customers owe.
//!
//! | Operation | Method and path |
//! | --- | --- |
//! | [`GetInvoice`] | `GET /v1/invoices/{invoiceKey}` |
//! | [`GetInvoiceItems`] | `GET /v1/invoices/{invoiceKey}/items` |

mod get;
mod invoice;
mod items;
mod paging;
mod terms;

pub use get::GetInvoice;
pub use invoice::Invoice;
pub use items::{GetInvoiceItems, InvoiceItem, InvoiceItemTaxes, InvoiceItems, InvoiceTaxationItem};
pub use terms::{
    EInvoiceStatus, InvoiceSource, InvoiceSourceType, InvoiceStatus, ItemSource, PhoneType, ProcessingType,
    RevRecTrigger, TaxMode, TaxRateType, TaxStatus, TransferredToAccounting,
};
