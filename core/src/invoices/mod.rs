//! Invoices: what customers owe.
//!
//! | Operation | Method and path |
//! | --- | --- |
//! | [`CreateStandaloneInvoice`] | `POST /v1/invoices` |
//! | [`GetInvoice`] | `GET /v1/invoices/{invoiceKey}` |
//! | [`GetInvoiceItems`] | `GET /v1/invoices/{invoiceKey}/items` |
//! | [`PostInvoice`] | `PUT /v1/invoices/{invoiceKey}/post` |
//! | [`CancelInvoice`] | `PUT /v1/invoices/{invoiceKey}/cancel` |
//! | [`DeleteInvoice`] | `DELETE /v1/invoices/{invoiceKey}` |
//! | [`ReverseInvoice`] | `PUT /v1/invoices/{invoiceKey}/reverse` |
//! | [`WriteOffInvoice`] | `PUT /v1/invoices/{invoiceKey}/write-off` |
//! | [`EmailInvoice`] | `POST /v1/invoices/{invoiceKey}/emails` |

mod cancel;
mod contact;
mod create;
mod delete;
mod email;
mod get;
mod invoice;
mod item_update;
mod items;
mod job;
mod new_item;
mod paging;
mod post;
mod reverse;
mod terms;
mod write_off;

pub use cancel::CancelInvoice;
pub use contact::{BillTo, Contact, NewContact};
pub use create::{CreateStandaloneInvoice, CustomRate, InvoicedAccount};
pub use delete::DeleteInvoice;
pub use email::EmailInvoice;
pub use get::GetInvoice;
pub use invoice::Invoice;
pub use item_update::{DiscountChanges, DiscountUpdate, ItemChanges, ItemUpdate};
pub use items::{GetInvoiceItems, InvoiceItem, InvoiceItemTaxes, InvoiceItems, InvoiceTaxationItem};
pub use job::{InvoiceGoal, InvoiceJob, InvoiceJobDone, LookAtInvoice, SeenOfInvoice};
pub use new_item::{NewDiscountItem, NewInvoiceItem, NewTaxItem};
pub use post::PostInvoice;
pub use reverse::{CreditMemoMade, DebitMemoMade, ReverseInvoice, ReversedInvoice};
pub use terms::{
    EInvoiceStatus, InvoiceSource, InvoiceSourceType, InvoiceStatus, ItemSource, PhoneType, ProcessingType,
    RevRecTrigger, TaxMode, TaxRateType, TaxStatus, TransferredToAccounting,
};
pub use write_off::{
    CreditMemoItemFinance, WriteOff, WriteOffInvoice, WriteOffItem, WriteOffTax, WrittenOffInvoice, YesOrNo,
};
