//! Invoices: the documents that bill customers.
//!
//! Operations on one invoice accept its id or its number. Bulk operations accept up to 50 invoices per
//! request, and [`BulkJob`] splits longer lists. The service processes large invoices in background jobs:
//! [`InvoiceWaiter`] waits for a job, and [`PdfWaiter`] waits for PDF files.
//!
//! | Operation | Method and path |
//! | --- | --- |
//! | [`CreateStandaloneInvoice`] | `POST /v1/invoices` |
//! | [`BulkCreateStandaloneInvoices`] | `POST /v1/invoices/batch` |
//! | [`BulkPostInvoices`] | `POST /v1/invoices/bulk-post` |
//! | [`BulkUpdateInvoices`] | `PUT /v1/invoices` |
//! | [`GetInvoice`] | `GET /v1/invoices/{invoiceKey}` |
//! | [`GetInvoiceItems`] | `GET /v1/invoices/{invoiceKey}/items` |
//! | [`GetInvoiceFiles`] | `GET /v1/invoices/{invoiceKey}/files` |
//! | [`UploadInvoiceFile`] | `POST /v1/invoices/{invoiceKey}/files` |
//! | [`GetInvoicePdfStatus`] | `GET /v1/invoices/pdf-status` |
//! | [`GetInvoiceApplicationParts`] | `GET /v1/invoices/{invoiceKey}/application-parts` |
//! | [`GetTaxationItems`] | `GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items` |
//! | [`CreateTaxationItems`] | `POST /v1/invoices/{invoiceKey}/taxation-items` |
//! | [`UpdateInvoice`] | `PUT /v1/invoices/{invoiceKey}` |
//! | [`PostInvoice`] | `PUT /v1/invoices/{invoiceKey}/post` |
//! | [`CancelInvoice`] | `PUT /v1/invoices/{invoiceKey}/cancel` |
//! | [`DeleteInvoice`] | `DELETE /v1/invoices/{invoiceKey}` |
//! | [`ReverseInvoice`] | `PUT /v1/invoices/{invoiceKey}/reverse` |
//! | [`WriteOffInvoice`] | `PUT /v1/invoices/{invoiceKey}/write-off` |
//! | [`EmailInvoice`] | `POST /v1/invoices/{invoiceKey}/emails` |

mod application_parts;
mod bulk;
mod bulk_chunk;
mod bulk_create;
mod bulk_job;
mod bulk_ledger;
mod bulk_post;
mod bulk_reading;
mod bulk_record;
mod bulk_result;
mod bulk_run;
mod bulk_saved;
mod bulk_update;
mod cancel;
mod contact;
mod create;
mod create_taxation_items;
mod delete;
mod email;
mod files;
mod get;
mod invoice;
pub(in crate::api) mod item_traces;
mod item_update;
mod items;
mod new_item;
mod paging;
mod pdf_status;
mod pdf_waiter;
mod post;
mod reverse;
mod row_cursor;
mod row_reader;
mod row_report;
mod rows;
mod taxation_items;
mod terms;
mod update;
mod upload_file;
mod waiter;
mod write_off;

pub use application_parts::{ApplicationPart, ApplicationParts, GetInvoiceApplicationParts};
pub use bulk::Bulk;
pub use bulk_create::{BulkCreateStandaloneInvoices, CreatedInvoices};
pub use bulk_job::BulkJob;
pub use bulk_post::{BulkPostInvoices, InvoiceToPost, PostedInvoice, PostedInvoices};
pub use bulk_result::{AppliedRow, BulkEvent, ChunkResult, RowError, RowResult, RowState};
pub use bulk_update::BulkUpdateInvoices;
pub use cancel::CancelInvoice;
pub use contact::{BillTo, Contact, NewContact};
pub use create::{CreateStandaloneInvoice, CustomRate, InvoicedAccount};
pub use create_taxation_items::{
    CreateTaxationItems, CreatedTaxationItems, NewTaxFinance, NewTaxationItem, TaxFinance, TaxationItem,
};
pub use delete::DeleteInvoice;
pub use email::EmailInvoice;
pub use files::{GetInvoiceFiles, InvoiceFile, InvoiceFiles};
pub use get::GetInvoice;
pub use invoice::Invoice;
pub use item_update::{DiscountPatch, DiscountUpdate, ItemPatch, ItemUpdate};
pub use items::{GetInvoiceItems, InvoiceItem, InvoiceItemTaxes, InvoiceItems, InvoiceTaxationItem};
pub use new_item::{NewDiscountItem, NewInvoiceItem, NewTaxItem};
pub use pdf_status::{GetInvoicePdfStatus, InvoicePdfStatus, InvoicePdfStatuses, PdfStatus};
pub use pdf_waiter::PdfWaiter;
pub use post::PostInvoice;
pub(in crate::api) use reverse::query_of;
pub use reverse::{ReversalCreditMemo, ReversalDebitMemo, ReverseInvoice, ReversedInvoice};
pub use taxation_items::{GetTaxationItems, InvoiceTaxationItems};
pub use terms::{
    EInvoiceStatus, InvoiceSource, InvoiceSourceType, InvoiceStatus, ItemSource, PhoneType, ProcessingType,
    RevRecTrigger, TaxMode, TaxRateType, TaxStatus, TransferredToAccounting,
};
pub use update::{InvoicePatch, UpdateInvoice, UpdatedInvoice};
pub use upload_file::{UploadInvoiceFile, UploadedFile};
pub use waiter::{InvoiceGoal, InvoiceOrJob, InvoiceOutcome, InvoiceWaiter, ReadInvoiceOrJob};
pub use write_off::{
    CreditMemoItemFinance, WriteOff, WriteOffInvoice, WriteOffItem, WriteOffTax, WrittenOffInvoice, YesOrNo,
};
