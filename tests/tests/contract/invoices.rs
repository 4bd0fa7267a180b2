//! The invoice operations, with jobs and Object Query: their valid forms and their enumerations.

use zuora_core::invoices::{
    CancelInvoice, DeleteInvoice, EInvoiceStatus, GetInvoice, GetInvoiceApplicationParts, GetInvoiceFiles,
    GetInvoiceItems, GetInvoicePdfStatus, GetTaxationItems, InvoiceSource, InvoiceSourceType, InvoiceStatus,
    ItemSource, PdfStatus, PhoneType, ProcessingType, RevRecTrigger, TaxMode, TaxRateType, TaxStatus,
    TransferredToAccounting, UploadInvoiceFile, YesOrNo,
};
use zuora_core::jobs::{GetOperationJob, JobKind, JobObject, JobStatus};
use zuora_core::object_query::{Comparison, Filter, QueryInvoices};

use crate::invoice_requests::{
    ID, bulk_creations, bulk_posts, bulk_updates, creations, emails, new_taxes, posts, reversals, updates,
    write_offs,
};
use crate::subject::{Enumeration, Form, Subject};

const NUMBER: &str = "INV00000155";

pub(crate) fn subjects() -> Vec<Subject> {
    let subject = |name, body, valid| Subject { name, body, valid };
    vec![
        subject("create_standalone_invoice", "", creations()),
        subject("bulk_create_standalone_invoices", "", bulk_creations()),
        subject("bulk_post_invoices", "", bulk_posts()),
        subject("bulk_update_invoices", "", bulk_updates()),
        subject("update_invoice", "changes", updates()),
        subject("post_invoice", "body", posts()),
        subject("reverse_invoice", "body", reversals()),
        subject("write_off_invoice", "details", write_offs()),
        subject("email_invoice", "body", emails()),
        subject("create_invoice_taxation_items", "body", new_taxes()),
        subject(
            "upload_file_for_invoice",
            "",
            vec![Box::new(UploadInvoiceFile::new(ID, "a.pdf", "%PDF-1.7"))],
        ),
        subject("cancel_invoice", "", vec![Box::new(CancelInvoice::new(ID))]),
        subject("delete_invoice", "", vec![Box::new(DeleteInvoice::new(ID))]),
        subject("get_invoice", "", vec![Box::new(GetInvoice::new(ID)), Box::new(GetInvoice::new(NUMBER))]),
        subject(
            "get_invoice_items",
            "",
            pages(GetInvoiceItems::new(ID), GetInvoiceItems::new(ID).page_size(1).page(2)),
        ),
        subject(
            "get_invoice_files",
            "",
            pages(GetInvoiceFiles::new(ID), GetInvoiceFiles::new(ID).page_size(1).page(2)),
        ),
        subject(
            "get_invoice_application_parts",
            "",
            pages(
                GetInvoiceApplicationParts::new(ID),
                GetInvoiceApplicationParts::new(ID).page_size(1).page(2),
            ),
        ),
        subject(
            "get_taxation_items_of_invoice_item",
            "",
            pages(GetTaxationItems::new(ID, ID), GetTaxationItems::new(ID, ID).page_size(1).page(2)),
        ),
        subject("get_invoice_pdf_status", "", vec![Box::new(GetInvoicePdfStatus::new([ID, NUMBER]))]),
        subject("get_operation_job", "", vec![Box::new(GetOperationJob::new(ID))]),
        subject(
            "query_invoices",
            "",
            pages(
                QueryInvoices::of_bill_run("BR-00000016"),
                QueryInvoices::new()
                    .filter(Filter::new("status", Comparison::In, "Draft,Posted"))
                    .ascending("invoicedate")
                    .fields(["id", "amount"])
                    .expand("account")
                    .include_null_fields(true)
                    .cursor("next")
                    .page_size(1),
            ),
        ),
    ]
}

/// The first page, and a later one.
fn pages<O: Form + 'static>(first: O, later: O) -> Vec<Box<dyn Form>> {
    vec![Box::new(first), Box::new(later)]
}

/// Whether a value of an enumeration, or of a field with a separate list, has a name in the library.
pub(crate) fn enumerations() -> Vec<Enumeration> {
    vec![
        ("BillingDocumentStatus", |text| InvoiceStatus::from(text).is_known()),
        ("TransferredToAccountingStatus", |text| TransferredToAccounting::from(text).is_known()),
        ("RevRecTrigger", |text| RevRecTrigger::from(text).is_known()),
        ("TaxMode", |text| TaxMode::from(text).is_known()),
        ("PhoneType", |text| PhoneType::from(text).is_known()),
        ("EInvoiceStatus", |text| EInvoiceStatus::from(text).is_known()),
        ("TaxStatus", |text| TaxStatus::from(text).is_known()),
        ("BillingDocumentItemProcessingType", |text| ProcessingType::from(text).is_known()),
        ("BillingDocumentItemSourceType", |text| ItemSource::from(text).is_known()),
        ("TaxRateType", |text| TaxRateType::from(text).is_known()),
        ("GetInvoicePdfStatusResponse.pdfGenerationStatus", |text| PdfStatus::from(text).is_known()),
        ("OperationJobStatus", |text| JobStatus::from(text).is_known()),
        ("OperationJobObjectType", |text| JobObject::from(text).is_known()),
        ("OperationJobType", |text| JobKind::from(text).is_known()),
        ("WriteOffInvoiceRequest.revenueImpacting", |text| YesOrNo::from(text).is_known()),
        ("InvoiceResponse.source", |text| InvoiceSource::from(text).is_known()),
        ("InvoiceResponse.sourceType", |text| InvoiceSourceType::from(text).is_known()),
    ]
}
