//! How each constraint of the invoice side is kept that the facts tell in words.

use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CreateStandaloneInvoice,
    CreateTaxationItems, CustomRate, DiscountChanges, EmailInvoice, GetInvoiceApplicationParts,
    GetInvoiceFiles, GetInvoiceItems, GetInvoicePdfStatus, GetTaxationItems, InvoiceChanges, ItemChanges,
    ItemUpdate, NewDiscountItem, NewInvoiceItem, NewTaxItem, NewTaxationItem, ReverseInvoice, TaxMode,
    TaxRateType, UpdateInvoice, WriteOff, WriteOffInvoice, YesOrNo,
};
use zuora_core::object_query::QueryInvoices;
use zuora_core::{AccountNumber, Date};

use crate::invoice_requests::{ID, day, small_creation, small_item};
use crate::subject::Kept::{ByService, Meaning, Refused, Unwritable};
use crate::subject::{Constraint, Illegal, illegal, written};

pub(crate) fn constraints() -> Vec<Constraint> {
    [creation(), update(), smaller_requests(), lists()].into_iter().flatten().collect()
}

fn creation() -> Vec<Constraint> {
    let creation = "CreateInvoiceRequest";
    let item = "CreateInvoiceItem";
    let discount = "CreateDiscountItem";
    let contact = "CreateAccountContact";
    let with = |item: NewInvoiceItem, field| illegal(create([item]), field);
    let nameless_discount = NewDiscountItem::default().amount(-1);
    let bill_to = r#""billToContact":{"firstName":"a","lastName":"b"}"#;
    vec![
        (
            creation,
            "accountId or accountNumber needed; both must name one account",
            Refused(vec![parsed(r#""accountNumber":null"#, "accountId")]),
        ),
        (
            creation,
            "invoiceItems: 1..1000",
            Refused(vec![
                illegal(create([]), "invoiceItems"),
                illegal(create(vec![small_item(); 1001]), "invoiceItems"),
            ]),
        ),
        (creation, "invoiceDate must lie in an open accounting period", ByService),
        (
            creation,
            "invoiceNumber at most 32 of A-Z a-z 0-9 - _, unique in the tenant",
            Refused(vec![
                illegal(small_creation().invoice_number("INV 1"), "invoiceNumber"),
                illegal(small_creation().invoice_number("9".repeat(33)), "invoiceNumber"),
            ]),
        ),
        (
            creation,
            "billToContact excludes billToContactId; same for shipTo and soldTo",
            Refused(vec![
                parsed(&format!(r#"{bill_to},"billToContactId":"{ID}""#), "billToContact"),
                parsed(
                    &format!(r#"{},"soldToContactId":"{ID}""#, bill_to.replace("bill", "sold")),
                    "soldToContact",
                ),
                parsed(
                    &format!(r#"{},"shipToContactId":"{ID}""#, bill_to.replace("bill", "ship")),
                    "shipToContact",
                ),
            ]),
        ),
        (
            creation,
            // The bill-to that it needs may be the account's own.
            "soldToSameAsBillTo excludes soldToContact and soldToContactId and needs a bill-to; same for shipTo",
            Refused(vec![
                parsed(
                    &format!(
                        r#""soldToSameAsBillTo":true,"soldToContactId":"{ID}","billToContactId":"{ID}""#
                    ),
                    "soldToContact",
                ),
                parsed(
                    &format!(
                        r#""shipToSameAsBillTo":true,"shipToContactId":"{ID}","billToContactId":"{ID}""#
                    ),
                    "shipToContact",
                ),
            ]),
        ),
        (
            creation,
            "customRates: at most 2 (home, reporting); needs Zuora-Version 224.0 or later",
            Refused(vec![illegal(
                small_creation().custom_rates(vec![CustomRate::new("USD", 1); 3]),
                "customRates",
            )]),
        ),
        (
            creation,
            "contacts, paymentTerm, sequenceSet, templateId need Flexible Billing Attributes",
            ByService,
        ),
        (creation, "currency needs Multiple Currencies; default is the account currency", ByService),
        (creation, "status Posted creates and posts at once", Meaning),
        ("CustomRates", "needs Zuora-Version 224.0 or later", ByService),
        ("CustomRates", "permission-controlled", ByService),
        (
            item,
            "chargeName needed when productRatePlanChargeId is absent",
            Refused(vec![with(
                NewInvoiceItem::default().amount(1).service_start_date(day()),
                "invoiceItems[0].chargeName",
            )]),
        ),
        (
            item,
            "productRatePlanChargeId given: chargeName, sku, uom, taxCode, taxMode, accountingCode, \
             deferredRevenueAccountingCode, recognizedRevenueAccountingCode are taken from the charge",
            Meaning,
        ),
        (
            item,
            "discountItems: at most 10",
            Refused(vec![with(
                small_item().discount_items(vec![NewDiscountItem::named("x", -1); 11]),
                "invoiceItems[0].discountItems",
            )]),
        ),
        (
            item,
            "taxItems: at most 5",
            Refused(vec![with(small_item().tax_items(vec![tax(); 6]), "invoiceItems[0].taxItems")]),
        ),
        (
            item,
            "with taxItems do not set taxMode/taxCode on the item; taxItems use TaxExclusive",
            Refused(vec![
                with(small_item().tax_items([tax()]).tax_code("T"), "invoiceItems[0].taxCode"),
                with(
                    small_item().tax_items([tax()]).tax_mode(TaxMode::TaxExclusive),
                    "invoiceItems[0].taxMode",
                ),
                with(
                    small_item().tax_items([tax().tax_mode(TaxMode::TaxInclusive)]),
                    "invoiceItems[0].taxItems[0].taxMode",
                ),
            ]),
        ),
        (item, "sku must not equal an existing product SKU", ByService),
        (item, "unitPrice above 0 for level-3 card data", Meaning),
        (item, "amount includes tax when TaxInclusive", Meaning),
        (discount, "amount should be negative", Meaning),
        (discount, "amount is a fixed amount even for percentage discounts", Meaning),
        (discount, "unitPrice shows as a percentage for percentage discounts", Meaning),
        (
            discount,
            "chargeName needed when productRatePlanChargeId is absent",
            Refused(vec![with(
                small_item().discount_items([nameless_discount]),
                "invoiceItems[0].discountItems[0].chargeName",
            )]),
        ),
        (
            discount,
            "taxItems: at most 5",
            Refused(vec![with(
                small_item().discount_items([NewDiscountItem::named("x", -1).tax_items(vec![tax(); 6])]),
                "invoiceItems[0].discountItems[0].taxItems",
            )]),
        ),
        ("CreateTaxationItem", "tax numbers accepted as number or numeric string", Meaning),
        (contact, "a new contact is created under the account", Meaning),
        (contact, "country must be a valid name or abbreviation", ByService),
        (contact, "Zuora Tax needs country and state on the sold-to (or bill-to)", ByService),
        (
            "BulkCreateInvoicesRequest",
            "at most 50 invoices",
            Refused(vec![illegal(BulkCreateStandaloneInvoices::new(vec![small_creation(); 51]), "invoices")]),
        ),
        (
            "BulkCreateInvoicesRequest",
            "at most 1000 invoice items in all",
            Refused(vec![illegal(
                BulkCreateStandaloneInvoices::new([
                    create(vec![small_item(); 501]),
                    create(vec![small_item(); 500]),
                ]),
                "invoices",
            )]),
        ),
        (
            "BulkCreateInvoicesRequest",
            "useSingleTransaction true = all or nothing; false = each invoice on its own",
            Meaning,
        ),
    ]
}

fn update() -> Vec<Constraint> {
    let item = "UpdateInvoiceItem";
    let discount = "UpdateDiscountInvoiceItem";
    let one = |item: ItemUpdate, field| {
        illegal(UpdateInvoice::new(ID, InvoiceChanges::default().items([item])), field)
    };
    let both_dates = r#""invoiceDate":"2024-06-01","dueDate":"2024-06-30""#;
    let items = |count| InvoiceChanges::default().items(vec![ItemUpdate::remove(ID); count]);
    vec![
        (
            "UpdateInvoiceRequest",
            "invoiceDate excludes dueDate in one request",
            Refused(vec![illegal(
                written::<UpdateInvoice>(&format!(r#"{{"invoiceKey":"{ID}","changes":{{{both_dates}}}}}"#)),
                "dueDate",
            )]),
        ),
        (
            "UpdateInvoiceRequest",
            "invoiceItems: 1..1000",
            Refused(vec![illegal(UpdateInvoice::new(ID, items(1001)), "invoiceItems")]),
        ),
        (
            "UpdateInvoiceRequest",
            "changing transferredToAccounting away from Yes needs a permission",
            ByService,
        ),
        (
            "InvoiceForBulkUpdate",
            "invoiceDate excludes dueDate in one request",
            Refused(vec![illegal(
                written::<BulkUpdateInvoices>(&format!(r#"{{"invoices":[{{"id":"{ID}",{both_dates}}}]}}"#)),
                "invoices[0].dueDate",
            )]),
        ),
        (
            "InvoiceForBulkUpdate",
            "invoiceItems: 1..1000",
            Refused(vec![illegal(BulkUpdateInvoices::new([(ID, items(1001))]), "invoices[0].invoiceItems")]),
        ),
        (
            "InvoiceForBulkUpdate",
            "changing transferredToAccounting away from Yes needs a permission",
            ByService,
        ),
        (
            "BulkUpdateInvoicesRequest",
            "at most 50 invoices",
            Refused(vec![illegal(
                BulkUpdateInvoices::new(vec![(ID, InvoiceChanges::default()); 51]),
                "invoices",
            )]),
        ),
        (
            item,
            "id absent = new item (amount, serviceStartDate and chargeName or productRatePlanChargeId needed)",
            Refused(vec![
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
        // An item that is new, one that is changed and one that is removed are three types.
        (item, "delete allowed only with id", Unwritable),
        (item, "productRatePlanChargeId, bookingReference, taxItems allowed only without id", Unwritable),
        (item, "taxCode and taxMode both explicit null removes the taxItems", Meaning),
        (
            item,
            "discountItems: at most 10",
            Refused(vec![
                one(
                    ItemChanges::of(ID).discount_items(vec![DiscountChanges::of(ID); 11]).into(),
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
            Refused(vec![one(small_item().tax_items(vec![tax(); 6]).into(), "invoiceItems[0].taxItems")]),
        ),
        (
            discount,
            "bookingReference, productRatePlanChargeId, taxItems only when the parent item has no id",
            Refused(vec![
                one(
                    ItemChanges::of(ID)
                        .discount_items([NewDiscountItem::named("x", -1).booking_reference("b")])
                        .into(),
                    "invoiceItems[0].discountItems[0].bookingReference",
                ),
                one(
                    ItemChanges::of(ID).discount_items([NewDiscountItem::of_charge(ID, -1)]).into(),
                    "invoiceItems[0].discountItems[0].productRatePlanChargeId",
                ),
                one(
                    ItemChanges::of(ID)
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
        illegal(WriteOffInvoice::new(ID).details(details), "nonRevenueWriteOffAccountingCode")
    };
    vec![
        (
            "BulkPostInvoicesRequest",
            "at most 50 invoices",
            Refused(vec![illegal(BulkPostInvoices::new(vec![ID; 51]), "invoices")]),
        ),
        ("BulkPostInvoicesRequest", "posted one after another in one synchronous call", Meaning),
        ("PostInvoiceRequest", "invoiceDate must lie in an open accounting period", ByService),
        ("PostAsyncInvoiceRequest", "invoiceDate absent = keep the invoice date", Meaning),
        ("PostAsyncInvoiceRequest", empty_body, Unwritable),
        (
            "ReverseInvoiceRequest",
            "applyEffectiveDate >= memoDate >= invoice date",
            Refused(vec![illegal(
                ReverseInvoice::new(ID)
                    .memo_date(day())
                    .apply_effective_date(Date::new(2024, 5, 31).expect("a day")),
                "applyEffectiveDate",
            )]),
        ),
        ("ReverseInvoiceRequest", "both dates default to today", Meaning),
        ("ReverseInvoiceRequest", "reasonCode must exist in the tenant", ByService),
        ("ReverseInvoiceRequest", empty_body, Unwritable),
        (write_off, "items, when given, must list every invoice item", ByService),
        (
            write_off,
            "items, amount, revenueImpacting, nonRevenueWriteOffAccountingCode need the enhanced write-off permission",
            ByService,
        ),
        (
            write_off,
            "nonRevenueWriteOffAccountingCode only when revenueImpacting is No",
            Refused(vec![
                other_accounting(WriteOff::default()),
                other_accounting(WriteOff::default().revenue_impacting(YesOrNo::Yes)),
            ]),
        ),
        (write_off, "memoDate >= invoice date; default today", ByService),
        (write_off, "reasonCode must exist in the tenant", ByService),
        (write_off, empty_body, Unwritable),
        (
            "EmailBillingDocumentRequest",
            "emailAddresses used only when useEmailTemplateSetting is false",
            Unwritable,
        ),
        ("EmailBillingDocumentRequest", "neither given: mail goes to the bill-to contact addresses", Meaning),
        (
            "EmailBillingDocumentRequest",
            "pdfFileId is 32 hex digits; absent = latest PDF",
            Refused(vec![illegal(EmailInvoice::new(ID).pdf_file("1"), "pdfFileId")]),
        ),
        ("EmailBillingDocumentRequest", "only posted documents can be mailed", ByService),
        (
            "CreateTaxationItemsRequest",
            "taxationItems: 1..500 (tenant-configurable)",
            Refused(vec![
                illegal(CreateTaxationItems::new(ID, []), "taxationItems"),
                illegal(
                    CreateTaxationItems::new(ID, vec![line().tax_rate_type(TaxRateType::FlatFee); 501]),
                    "taxationItems",
                ),
            ]),
        ),
        (
            taxes,
            "invoiceItemId is 32 hex digits",
            Refused(vec![illegal(
                CreateTaxationItems::new(ID, [line().invoice_item_id("1")]),
                "taxationItems[0].invoiceItemId",
            )]),
        ),
        (taxes, "taxRateType Percentage or FlatFee", Meaning),
        (taxes, "tax numbers accepted as number or numeric string", Meaning),
    ]
}

/// Parameters of queries.
fn lists() -> Vec<Constraint> {
    let page_size = |form: Vec<Illegal>| Refused(form);
    vec![
        (
            "get_invoice_items",
            "pageSize maximum",
            page_size(vec![
                illegal(GetInvoiceItems::new(ID).page_size(41), "pageSize"),
                illegal(GetInvoiceItems::new(ID).page_size(0), "pageSize"),
            ]),
        ),
        (
            "get_invoice_items",
            "page minimum",
            Refused(vec![illegal(GetInvoiceItems::new(ID).page(0), "page")]),
        ),
        (
            "get_invoice_files",
            "pageSize maximum",
            Refused(vec![illegal(GetInvoiceFiles::new(ID).page_size(41), "pageSize")]),
        ),
        (
            "get_invoice_files",
            "page minimum",
            Refused(vec![illegal(GetInvoiceFiles::new(ID).page(0), "page")]),
        ),
        (
            "get_taxation_items_of_invoice_item",
            "pageSize maximum",
            Refused(vec![illegal(GetTaxationItems::new(ID, ID).page_size(41), "pageSize")]),
        ),
        (
            "get_taxation_items_of_invoice_item",
            "page minimum",
            Refused(vec![illegal(GetTaxationItems::new(ID, ID).page(0), "page")]),
        ),
        (
            "get_invoice_application_parts",
            "pageSize maximum",
            Refused(vec![illegal(GetInvoiceApplicationParts::new(ID).page_size(41), "pageSize")]),
        ),
        (
            "get_invoice_application_parts",
            "page minimum",
            Refused(vec![illegal(GetInvoiceApplicationParts::new(ID).page(0), "page")]),
        ),
        (
            "get_invoice_pdf_status",
            "invoiceKeys max_keys",
            Refused(vec![
                illegal(GetInvoicePdfStatus::new([ID; 51]), "invoiceKeys"),
                illegal(GetInvoicePdfStatus::new([ID; 0]), "invoiceKeys"),
                illegal(GetInvoicePdfStatus::new(["INV1,INV2"]), "invoiceKeys"),
            ]),
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

fn create(items: impl IntoIterator<Item = NewInvoiceItem>) -> CreateStandaloneInvoice {
    CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), items)
}

/// A creation out of its text, with these fields beside what is needed.
fn parsed(fields: &str, field: &'static str) -> Illegal {
    let account = if fields.contains("accountNumber") { "" } else { r#""accountNumber":"A00000001","# };
    let text = format!(
        r#"{{{account}{fields},"invoiceDate":"2024-06-01",
            "invoiceItems":[{{"chargeName":"x","amount":1,"serviceStartDate":"2024-06-01"}}]}}"#
    );
    illegal(written::<CreateStandaloneInvoice>(&text), field)
}

fn tax() -> NewTaxItem {
    NewTaxItem::new("VAT", 20, 1, TaxRateType::Percentage, day())
}
