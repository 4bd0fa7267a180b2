//! The enforcement of each constraint of the invoice operations that the facts state in words.

use zuora_core::Date;
use zuora_core::invoices::{
    BulkPostInvoices, BulkUpdateInvoices, CreateTaxationItems, DiscountPatch, EmailInvoice,
    GetInvoiceApplicationParts, GetInvoiceFiles, GetInvoiceItems, GetInvoicePdfStatus, GetTaxationItems,
    InvoicePatch, ItemPatch, ItemUpdate, NewDiscountItem, NewInvoiceItem, NewTaxationItem, ReverseInvoice,
    TaxRateType, UpdateInvoice, WriteOff, WriteOffInvoice, YesOrNo,
};
use zuora_core::object_query::QueryInvoices;

use crate::creation_constraints::{creation, tax};
use crate::invoice_requests::{ID, day, small_item};
use crate::subject::Enforcement::{ByService, Meaning, Rejected, Unrepresentable};
use crate::subject::{Constraint, Invalid, from_json, invalid};

pub(crate) fn constraints() -> Vec<Constraint> {
    [creation(), update(), smaller_requests(), lists()].into_iter().flatten().collect()
}

fn update() -> Vec<Constraint> {
    let item = "UpdateInvoiceItem";
    let discount = "UpdateDiscountInvoiceItem";
    let one = |item: ItemUpdate, field| {
        invalid(UpdateInvoice::new(ID, InvoicePatch::default().items([item])), field)
    };
    let both_dates = r#""invoiceDate":"2024-06-01","dueDate":"2024-06-30""#;
    let items = |count| InvoicePatch::default().items(vec![ItemUpdate::remove(ID); count]);
    vec![
        (
            "UpdateInvoiceRequest",
            "invoiceDate excludes dueDate in one request",
            Rejected(vec![invalid(
                from_json::<UpdateInvoice>(&format!(r#"{{"invoiceKey":"{ID}","changes":{{{both_dates}}}}}"#)),
                "dueDate",
            )]),
        ),
        (
            "UpdateInvoiceRequest",
            "invoiceItems: 1..1000",
            Rejected(vec![invalid(UpdateInvoice::new(ID, items(1001)), "invoiceItems")]),
        ),
        (
            "UpdateInvoiceRequest",
            "changing transferredToAccounting away from Yes needs a permission",
            ByService,
        ),
        (
            "InvoiceForBulkUpdate",
            "invoiceDate excludes dueDate in one request",
            Rejected(vec![invalid(
                from_json::<BulkUpdateInvoices>(&format!(r#"{{"invoices":[{{"id":"{ID}",{both_dates}}}]}}"#)),
                "invoices[0].dueDate",
            )]),
        ),
        (
            "InvoiceForBulkUpdate",
            "invoiceItems: 1..1000",
            Rejected(vec![invalid(BulkUpdateInvoices::new([(ID, items(1001))]), "invoices[0].invoiceItems")]),
        ),
        (
            "InvoiceForBulkUpdate",
            "changing transferredToAccounting away from Yes needs a permission",
            ByService,
        ),
        (
            "BulkUpdateInvoicesRequest",
            "at most 50 invoices",
            Rejected(vec![invalid(
                BulkUpdateInvoices::new(vec![(ID, InvoicePatch::default()); 51]),
                "invoices",
            )]),
        ),
        (
            item,
            "id absent = new item (amount, serviceStartDate and chargeName or productRatePlanChargeId needed)",
            Rejected(vec![
                one(
                    NewInvoiceItem::default().charge_name("x").service_start_date(day()).into(),
                    "invoiceItems[0].amount",
                ),
                one(
                    NewInvoiceItem::default().charge_name("x").amount(1).into(),
                    "invoiceItems[0].serviceStartDate",
                ),
                one(
                    NewInvoiceItem::default().amount(1).service_start_date(day()).into(),
                    "invoiceItems[0].chargeName",
                ),
            ]),
        ),
        (item, "id present = change that item", Meaning),
        // A new item, a changed item and a removed item have three different types.
        (item, "delete allowed only with id", Unrepresentable),
        (
            item,
            "productRatePlanChargeId, bookingReference, taxItems allowed only without id",
            Unrepresentable,
        ),
        (item, "taxCode and taxMode both explicit null removes the taxItems", Meaning),
        (
            item,
            "discountItems: at most 10",
            Rejected(vec![
                one(
                    ItemPatch::of(ID).discount_items(vec![DiscountPatch::of(ID); 11]).into(),
                    "invoiceItems[0].discountItems",
                ),
                one(
                    small_item().discount_items(vec![NewDiscountItem::named("x", -1); 11]).into(),
                    "invoiceItems[0].discountItems",
                ),
            ]),
        ),
        (
            item,
            "taxItems: at most 5",
            Rejected(vec![one(small_item().tax_items(vec![tax(); 6]).into(), "invoiceItems[0].taxItems")]),
        ),
        (
            discount,
            "bookingReference, productRatePlanChargeId, taxItems only when the parent item has no id",
            Rejected(vec![
                one(
                    ItemPatch::of(ID)
                        .discount_items([NewDiscountItem::named("x", -1).booking_reference("b")])
                        .into(),
                    "invoiceItems[0].discountItems[0].bookingReference",
                ),
                one(
                    ItemPatch::of(ID).discount_items([NewDiscountItem::of_charge(ID, -1)]).into(),
                    "invoiceItems[0].discountItems[0].productRatePlanChargeId",
                ),
                one(
                    ItemPatch::of(ID)
                        .discount_items([NewDiscountItem::named("x", -1).tax_items([tax()])])
                        .into(),
                    "invoiceItems[0].discountItems[0].taxItems",
                ),
            ]),
        ),
        (discount, "amount should be negative", Meaning),
    ]
}

fn smaller_requests() -> Vec<Constraint> {
    let taxes = "CreateTaxationItemForInvoiceRequest";
    let write_off = "WriteOffInvoiceRequest";
    let empty_body = "send {} rather than no body (415 without Content-Type)";
    let line = || NewTaxationItem::new(ID, "VAT", day()).jurisdiction("x").tax_amount(1).tax_rate(1);
    let other_accounting = |details: WriteOff| {
        let details = details.non_revenue_write_off_accounting_code("x");
        invalid(WriteOffInvoice::new(ID).details(details), "nonRevenueWriteOffAccountingCode")
    };
    vec![
        (
            "BulkPostInvoicesRequest",
            "at most 50 invoices",
            Rejected(vec![invalid(BulkPostInvoices::new(vec![ID; 51]), "invoices")]),
        ),
        ("BulkPostInvoicesRequest", "posted one after another in one synchronous call", Meaning),
        ("PostInvoiceRequest", "invoiceDate must lie in an open accounting period", ByService),
        ("PostAsyncInvoiceRequest", "invoiceDate absent = keep the invoice date", Meaning),
        ("PostAsyncInvoiceRequest", empty_body, Unrepresentable),
        (
            "ReverseInvoiceRequest",
            "applyEffectiveDate >= memoDate >= invoice date",
            Rejected(vec![invalid(
                ReverseInvoice::new(ID)
                    .memo_date(day())
                    .apply_effective_date(Date::new(2024, 5, 31).expect("a valid date")),
                "applyEffectiveDate",
            )]),
        ),
        ("ReverseInvoiceRequest", "both dates default to today", Meaning),
        ("ReverseInvoiceRequest", "reasonCode must exist in the tenant", ByService),
        ("ReverseInvoiceRequest", empty_body, Unrepresentable),
        (write_off, "items, when given, must list every invoice item", ByService),
        (
            write_off,
            "items, amount, revenueImpacting, nonRevenueWriteOffAccountingCode need the enhanced write-off permission",
            ByService,
        ),
        (
            write_off,
            "nonRevenueWriteOffAccountingCode only when revenueImpacting is No",
            Rejected(vec![
                other_accounting(WriteOff::default()),
                other_accounting(WriteOff::default().revenue_impacting(YesOrNo::Yes)),
            ]),
        ),
        (write_off, "memoDate >= invoice date; default today", ByService),
        (write_off, "reasonCode must exist in the tenant", ByService),
        (write_off, empty_body, Unrepresentable),
        (
            "EmailBillingDocumentRequest",
            "emailAddresses used only when useEmailTemplateSetting is false",
            Unrepresentable,
        ),
        ("EmailBillingDocumentRequest", "neither given: mail goes to the bill-to contact addresses", Meaning),
        (
            "EmailBillingDocumentRequest",
            "pdfFileId is 32 hex digits; absent = latest PDF",
            Rejected(vec![invalid(EmailInvoice::new(ID).pdf_file("1"), "pdfFileId")]),
        ),
        ("EmailBillingDocumentRequest", "only posted documents can be mailed", ByService),
        (
            "CreateTaxationItemsRequest",
            "taxationItems: 1..500 (tenant-configurable)",
            Rejected(vec![
                invalid(CreateTaxationItems::new(ID, []), "taxationItems"),
                invalid(
                    CreateTaxationItems::new(ID, vec![line().tax_rate_type(TaxRateType::FlatFee); 501]),
                    "taxationItems",
                ),
            ]),
        ),
        (
            taxes,
            "invoiceItemId is 32 hex digits",
            Rejected(vec![invalid(
                CreateTaxationItems::new(ID, [line().invoice_item_id("1")]),
                "taxationItems[0].invoiceItemId",
            )]),
        ),
        (taxes, "taxRateType Percentage or FlatFee", Meaning),
        (taxes, "tax numbers accepted as number or numeric string", Meaning),
    ]
}

/// The constraints on query parameters.
fn lists() -> Vec<Constraint> {
    let page_size = |form: Vec<Invalid>| Rejected(form);
    vec![
        (
            "get_invoice_items",
            "pageSize maximum",
            page_size(vec![
                invalid(GetInvoiceItems::new(ID).page_size(41), "pageSize"),
                invalid(GetInvoiceItems::new(ID).page_size(0), "pageSize"),
            ]),
        ),
        (
            "get_invoice_items",
            "page minimum",
            Rejected(vec![invalid(GetInvoiceItems::new(ID).page(0), "page")]),
        ),
        (
            "get_invoice_files",
            "pageSize maximum",
            Rejected(vec![invalid(GetInvoiceFiles::new(ID).page_size(41), "pageSize")]),
        ),
        (
            "get_invoice_files",
            "page minimum",
            Rejected(vec![invalid(GetInvoiceFiles::new(ID).page(0), "page")]),
        ),
        (
            "get_taxation_items_of_invoice_item",
            "pageSize maximum",
            Rejected(vec![invalid(GetTaxationItems::new(ID, ID).page_size(41), "pageSize")]),
        ),
        (
            "get_taxation_items_of_invoice_item",
            "page minimum",
            Rejected(vec![invalid(GetTaxationItems::new(ID, ID).page(0), "page")]),
        ),
        (
            "get_invoice_application_parts",
            "pageSize maximum",
            Rejected(vec![invalid(GetInvoiceApplicationParts::new(ID).page_size(41), "pageSize")]),
        ),
        (
            "get_invoice_application_parts",
            "page minimum",
            Rejected(vec![invalid(GetInvoiceApplicationParts::new(ID).page(0), "page")]),
        ),
        (
            "get_invoice_pdf_status",
            "invoiceKeys max_keys",
            Rejected(vec![
                invalid(GetInvoicePdfStatus::new([ID; 51]), "invoiceKeys"),
                invalid(GetInvoicePdfStatus::new([ID; 0]), "invoiceKeys"),
                invalid(GetInvoicePdfStatus::new(["INV1,INV2"]), "invoiceKeys"),
            ]),
        ),
        (
            "query_invoices",
            "pageSize minimum",
            Rejected(vec![invalid(QueryInvoices::new().page_size(0), "pageSize")]),
        ),
        (
            "query_invoices",
            "pageSize maximum",
            Rejected(vec![invalid(QueryInvoices::new().page_size(100), "pageSize")]),
        ),
    ]
}
