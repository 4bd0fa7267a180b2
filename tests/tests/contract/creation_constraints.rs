//! The enforcement of each constraint on new standalone invoices that the facts state in words.

use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, CreateStandaloneInvoice, CustomRate, NewDiscountItem, NewInvoiceItem,
    NewTaxItem, TaxMode, TaxRateType,
};
use zuora_core::types::AccountNumber;

use crate::invoice_requests::{ID, day, small_creation, small_item};
use crate::subject::Enforcement::{ByService, Meaning, Rejected};
use crate::subject::{Constraint, Invalid, from_json, invalid};

pub(crate) fn creation() -> Vec<Constraint> {
    let creation = "CreateInvoiceRequest";
    let item = "CreateInvoiceItem";
    let discount = "CreateDiscountItem";
    let contact = "CreateAccountContact";
    let with = |item: NewInvoiceItem, field| invalid(create([item]), field);
    let nameless_discount = NewDiscountItem::default().amount(-1);
    let bill_to = r#""billToContact":{"firstName":"a","lastName":"b"}"#;
    vec![
        (
            creation,
            "accountId or accountNumber needed; both must name one account",
            Rejected(vec![parsed(r#""accountNumber":null"#, "accountId")]),
        ),
        (
            creation,
            "invoiceItems: 1..1000",
            Rejected(vec![
                invalid(create([]), "invoiceItems"),
                invalid(create(vec![small_item(); 1001]), "invoiceItems"),
            ]),
        ),
        (creation, "invoiceDate must lie in an open accounting period", ByService),
        (
            creation,
            "invoiceNumber at most 32 of A-Z a-z 0-9 - _, unique in the tenant",
            Rejected(vec![
                invalid(small_creation().invoice_number("INV 1"), "invoiceNumber"),
                invalid(small_creation().invoice_number("9".repeat(33)), "invoiceNumber"),
            ]),
        ),
        (
            creation,
            "billToContact excludes billToContactId; same for shipTo and soldTo",
            Rejected(vec![
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
            // The required bill-to contact may be the one of the account.
            "soldToSameAsBillTo excludes soldToContact and soldToContactId and needs a bill-to; same for shipTo",
            Rejected(vec![
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
            Rejected(vec![invalid(
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
            Rejected(vec![with(
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
            Rejected(vec![with(
                small_item().discount_items(vec![NewDiscountItem::named("x", -1); 11]),
                "invoiceItems[0].discountItems",
            )]),
        ),
        (
            item,
            "taxItems: at most 5",
            Rejected(vec![with(small_item().tax_items(vec![tax(); 6]), "invoiceItems[0].taxItems")]),
        ),
        (
            item,
            "with taxItems do not set taxMode/taxCode on the item; taxItems use TaxExclusive",
            Rejected(vec![
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
            Rejected(vec![with(
                small_item().discount_items([nameless_discount]),
                "invoiceItems[0].discountItems[0].chargeName",
            )]),
        ),
        (
            discount,
            "taxItems: at most 5",
            Rejected(vec![with(
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
            Rejected(vec![invalid(
                BulkCreateStandaloneInvoices::new(vec![small_creation(); 51]),
                "invoices",
            )]),
        ),
        (
            "BulkCreateInvoicesRequest",
            "at most 1000 invoice items in all",
            Rejected(vec![invalid(
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

fn create(items: impl IntoIterator<Item = NewInvoiceItem>) -> CreateStandaloneInvoice {
    CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), items)
}

/// A creation from its JSON, with these fields in addition to the required ones.
fn parsed(fields: &str, field: &'static str) -> Invalid {
    let account = if fields.contains("accountNumber") { "" } else { r#""accountNumber":"A00000001","# };
    let text = format!(
        r#"{{{account}{fields},"invoiceDate":"2024-06-01",
            "invoiceItems":[{{"chargeName":"x","amount":1,"serviceStartDate":"2024-06-01"}}]}}"#
    );
    invalid(from_json::<CreateStandaloneInvoice>(&text), field)
}

pub(crate) fn tax() -> NewTaxItem {
    NewTaxItem::new("VAT", 20, 1, TaxRateType::Percentage, day())
}
