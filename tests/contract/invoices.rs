//! The invoice operations in legal and illegal forms.

use zuora_core::invoices::{
    EInvoiceStatus, GetInvoice, GetInvoiceItems, InvoiceSource, InvoiceSourceType, InvoiceStatus, ItemSource,
    PhoneType, ProcessingType, RevRecTrigger, TaxMode, TaxRateType, TaxStatus, TransferredToAccounting,
};
use zuora_core::object_query::{Comparison, Filter, QueryInvoices};

use crate::subject::Kept::Refused;
use crate::subject::{Constraint, Subject, Words, illegal};

const INVOICE: &str = "2c92c8955bd63cc1015bd7c151af02ab";
const NUMBER: &str = "INV00000155";

pub(crate) fn subjects() -> Vec<Subject> {
    vec![
        Subject {
            name: "get_invoice",
            body: "",
            legal: vec![Box::new(GetInvoice::new(INVOICE)), Box::new(GetInvoice::new(NUMBER))],
        },
        Subject {
            name: "get_invoice_items",
            body: "",
            legal: vec![
                Box::new(GetInvoiceItems::new(INVOICE)),
                Box::new(GetInvoiceItems::new(NUMBER).page_size(1).page(2)),
            ],
        },
        Subject {
            name: "query_invoices",
            body: "",
            legal: vec![
                Box::new(QueryInvoices::of_bill_run("BR-00000016")),
                Box::new(
                    QueryInvoices::new()
                        .filter(Filter::new("status", Comparison::In, "Draft,Posted"))
                        .ascending("invoicedate")
                        .fields(["id", "amount"])
                        .expand("account")
                        .include_null_fields(true)
                        .cursor("next")
                        .page_size(1),
                ),
            ],
        },
    ]
}

/// How each constraint is kept that the facts tell in words.
pub(crate) fn constraints() -> Vec<Constraint> {
    vec![
        (
            "get_invoice_items",
            "pageSize maximum",
            Refused(vec![
                illegal(GetInvoiceItems::new(INVOICE).page_size(41), "pageSize"),
                illegal(GetInvoiceItems::new(INVOICE).page_size(0), "pageSize"),
            ]),
        ),
        (
            "get_invoice_items",
            "page minimum",
            Refused(vec![illegal(GetInvoiceItems::new(INVOICE).page(0), "page")]),
        ),
        (
            "query_invoices",
            "pageSize minimum",
            Refused(vec![illegal(QueryInvoices::new().page_size(0), "pageSize")]),
        ),
        (
            "query_invoices",
            "pageSize maximum",
            Refused(vec![illegal(QueryInvoices::new().page_size(100), "pageSize")]),
        ),
    ]
}

/// Which values of an enumeration, or of a field with a list of its own, have a name in the library.
pub(crate) fn words() -> Vec<Words> {
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
        ("InvoiceResponse.source", |text| InvoiceSource::from(text).is_known()),
        ("InvoiceResponse.sourceType", |text| InvoiceSourceType::from(text).is_known()),
    ]
}
