//! Valid requests of the invoice operations, which together set every documented field.

use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, Contact, CreateStandaloneInvoice,
    CreateTaxationItems, CreditMemoItemFinance, CustomRate, DiscountPatch, EmailInvoice, InvoicePatch,
    InvoiceStatus, InvoiceToPost, InvoicedAccount, ItemPatch, ItemUpdate, NewContact, NewDiscountItem,
    NewInvoiceItem, NewTaxFinance, NewTaxItem, NewTaxationItem, PhoneType, PostInvoice, RevRecTrigger,
    ReverseInvoice, TaxMode, TaxRateType, TransferredToAccounting, UpdateInvoice, WriteOff, WriteOffInvoice,
    WriteOffItem, WriteOffTax, YesOrNo,
};
use zuora_core::types::{AccountNumber, ContactId, DateTime, Patch};
use zuora_core::{Amount, Date};

use crate::subject::Form;

/// An id of 32 hexadecimal digits.
pub(crate) const ID: &str = "2c92c8955bd63cc1015bd7c151af02ab";

pub(crate) fn creations() -> Vec<Box<dyn Form>> {
    let everything = CreateStandaloneInvoice::new(
        InvoicedAccount::Both(ID.into(), "A00000001".into()),
        day(),
        [
            full_item(),
            small_item().tax_code("T").tax_mode(TaxMode::TaxInclusive),
            NewInvoiceItem::of_charge(ID, 1, day()),
        ],
    )
    .due_date(day())
    .invoice_number("MY-2024_001")
    .status(InvoiceStatus::Posted)
    .currency("EUR")
    .custom_rates([CustomRate::new("USD", amount("1.0834")).rate_date(day())])
    .comments("Thanks")
    .auto_pay(true)
    .payment_term("Net 30")
    .sequence_set("INV")
    .template_id(ID)
    .communication_profile_id(ID)
    .transferred_to_accounting(TransferredToAccounting::No)
    .integration_id_ns("1")
    .integration_status_ns("Done")
    .sync_date_ns("2024-06-01")
    .bill_to(full_contact())
    .sold_to(full_contact())
    .ship_to(full_contact());
    let by_id = |contact: &str| ContactId::from(contact);
    vec![
        Box::new(small_creation()),
        Box::new(everything),
        Box::new(small_creation().bill_to(by_id(ID)).sold_to(by_id(ID)).ship_to(by_id(ID))),
        Box::new(
            small_creation().bill_to(by_id(ID)).sold_to(Contact::SameAsBillTo).ship_to(Contact::SameAsBillTo),
        ),
    ]
}

pub(crate) fn small_creation() -> CreateStandaloneInvoice {
    CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), [small_item()])
}

pub(crate) fn bulk_creations() -> Vec<Box<dyn Form>> {
    vec![Box::new(BulkCreateStandaloneInvoices::new(vec![small_creation(); 2]).use_single_transaction(false))]
}

pub(crate) fn bulk_posts() -> Vec<Box<dyn Form>> {
    vec![Box::new(BulkPostInvoices::new(vec![InvoiceToPost::new(ID).invoice_date(day()); 2]))]
}

pub(crate) fn updates() -> Vec<Box<dyn Form>> {
    changes().into_iter().map(|changes| Box::new(UpdateInvoice::new("INV00000155", changes)) as _).collect()
}

pub(crate) fn bulk_updates() -> Vec<Box<dyn Form>> {
    changes().into_iter().map(|changes| Box::new(BulkUpdateInvoices::new([(ID, changes)])) as _).collect()
}

pub(crate) fn posts() -> Vec<Box<dyn Form>> {
    vec![Box::new(PostInvoice::new(ID)), Box::new(PostInvoice::new("INV00000155").invoice_date(day()))]
}

pub(crate) fn reversals() -> Vec<Box<dyn Form>> {
    vec![
        Box::new(ReverseInvoice::new(ID)),
        Box::new(
            ReverseInvoice::new(ID)
                .memo_date(day())
                .apply_effective_date(day())
                .comment("twice")
                .reason_code("Invoice reversal"),
        ),
    ]
}

pub(crate) fn write_offs() -> Vec<Box<dyn Form>> {
    let finance = CreditMemoItemFinance::default()
        .deferred_revenue_accounting_code("a")
        .on_account_accounting_code("b")
        .recognized_revenue_accounting_code("c")
        .revenue_recognition_rule_name("d");
    let item = WriteOffItem::new(ID)
        .amount_without_tax(amount("10.00"))
        .comment("gone")
        .finance_information(finance)
        .service_start_date(day())
        .service_end_date(day())
        .sku_name("SKU-1")
        .unit_of_measure("Each")
        .exclude_item_billing_from_revenue_accounting(true)
        .taxation_items([WriteOffTax::new(ID).amount(amount("0.80"))]);
    let everything = WriteOff::default()
        .comment("insolvent")
        .memo_date(day())
        .reason_code("Write-off")
        .amount(amount("10.80"))
        .tax_auto_calculation(false)
        .revenue_impacting(YesOrNo::No)
        .non_revenue_write_off_accounting_code("x")
        .items([item])
        .integration_id_ns("1")
        .integration_status_ns("Done")
        .origin_ns("n")
        .sync_date_ns("2024-06-01")
        .transaction_ns("t");
    vec![Box::new(WriteOffInvoice::new(ID)), Box::new(WriteOffInvoice::new(ID).details(everything))]
}

pub(crate) fn emails() -> Vec<Box<dyn Form>> {
    vec![
        Box::new(EmailInvoice::new(ID)),
        Box::new(EmailInvoice::new(ID).to(["a@example.com", "b@example.com"]).pdf_file(ID)),
        Box::new(EmailInvoice::new(ID).use_template_addresses(true).include_additional_addresses(true)),
    ]
}

pub(crate) fn new_taxes() -> Vec<Box<dyn Form>> {
    let finance = NewTaxFinance::default()
        .accounts_receivable_accounting_code("a")
        .sales_tax_payable_accounting_code("b");
    let line = NewTaxationItem::new(ID, "State tax", day())
        .jurisdiction("California")
        .tax_amount(amount("0.80"))
        .exempt_amount(amount("0.00"))
        .applicable_tax_un_rounded(amount("0.804"))
        .tax_rate(amount("0.08"))
        .tax_rate_type(TaxRateType::Percentage)
        .tax_rate_description("8 %")
        .tax_mode(TaxMode::TaxExclusive)
        .tax_code("T")
        .tax_code_description("general")
        .location_code("94403")
        .country("United States")
        .finance_information(finance);
    vec![Box::new(CreateTaxationItems::new(ID, [line]))]
}

fn changes() -> Vec<InvoicePatch> {
    let items: [ItemUpdate; 4] = [
        small_item().into(),
        full_item().discount_items([full_discount()]).into(),
        full_item_changes().into(),
        ItemUpdate::remove(ID),
    ];
    vec![
        InvoicePatch::default().items([ItemUpdate::remove(ID)]),
        InvoicePatch::default()
            .invoice_date(day())
            .comments("later")
            .auto_pay(false)
            .template_id(ID)
            .transferred_to_accounting(TransferredToAccounting::Ignore)
            .items(items)
            .integration_id_ns("1")
            .integration_status_ns("Done")
            .sync_date_ns("2024-06-01"),
        InvoicePatch::default().due_date(day()).items([ItemPatch::of(ID).without_tax()]),
    ]
}

pub(crate) fn small_item() -> NewInvoiceItem {
    NewInvoiceItem::named("Setup", amount("250.00"), day())
}

fn full_item() -> NewInvoiceItem {
    small_item()
        .product_rate_plan_charge_id(ID)
        .quantity(amount("2.500000000"))
        .unit_price(100)
        .unit_of_measure("Each")
        .service_end_date(day())
        .charge_date(DateTime::new(day(), 12, 0, 0).expect("noon"))
        .description("once")
        .sku("SKU-9")
        .item_type("Service")
        .purchase_order_number("PO-1")
        .booking_reference("B-1")
        .tax_items([full_tax()])
        .discount_items([full_discount()])
        .accounting_code("a")
        .accounts_receivable_accounting_code("b")
        .adjustment_liability_accounting_code("c")
        .adjustment_revenue_accounting_code("d")
        .contract_asset_accounting_code("e")
        .contract_liability_accounting_code("f")
        .contract_recognized_revenue_accounting_code("g")
        .deferred_revenue_accounting_code("h")
        .exclude_item_billing_from_revenue_accounting(true)
        .recognized_revenue_accounting_code("i")
        .rev_rec_code("j")
        .rev_rec_trigger_condition(RevRecTrigger::ContractEffectiveDate)
        .rev_rec_start_date(day())
        .revenue_recognition_rule_name("k")
        .unbilled_receivables_accounting_code("l")
        .integration_id_ns("1")
        .integration_status_ns("Done")
        .sync_date_ns("2024-06-01")
}

fn full_discount() -> NewDiscountItem {
    NewDiscountItem::named("Spring", amount("-25.00"))
        .product_rate_plan_charge_id(ID)
        .unit_price(10)
        .charge_date(DateTime::new(day(), 12, 0, 0).expect("noon"))
        .description("once")
        .sku("SKU-9")
        .item_type("Service")
        .purchase_order_number("PO-1")
        .booking_reference("B-1")
        .tax_items([full_tax()])
        .accounting_code("a")
        .accounts_receivable_accounting_code("b")
        .adjustment_liability_accounting_code("c")
        .adjustment_revenue_accounting_code("d")
        .contract_asset_accounting_code("e")
        .contract_liability_accounting_code("f")
        .contract_recognized_revenue_accounting_code("g")
        .deferred_revenue_accounting_code("h")
        .recognized_revenue_accounting_code("i")
        .rev_rec_code("j")
        .rev_rec_trigger_condition(RevRecTrigger::CustomerAcceptanceDate)
        .revenue_recognition_rule_name("k")
        .unbilled_receivables_accounting_code("l")
        .integration_id_ns("1")
        .integration_status_ns("Done")
        .sync_date_ns("2024-06-01")
}

fn full_tax() -> NewTaxItem {
    NewTaxItem::new("VAT", 20, amount("0.08"), TaxRateType::Percentage, day())
        .tax_code("T")
        .exempt_amount(amount("0.00"))
        .jurisdiction("California")
        .location_code("94403")
        .tax_code_description("general")
        .tax_rate_description("8 %")
}

/// An item with a tax code and mode instead of tax lines.
fn full_item_changes() -> ItemPatch {
    ItemPatch::of(ID)
        .charge_name("Setup")
        .amount(amount("200.00"))
        .quantity(2)
        .unit_price(100)
        .unit_of_measure("Each")
        .service_start_date(day())
        .service_end_date(day())
        .charge_date(DateTime::new(day(), 12, 0, 0).expect("noon"))
        .description("once")
        .sku("SKU-9")
        .item_type("Service")
        .purchase_order_number("PO-1")
        .tax_code("T")
        .tax_mode(Patch::Set(TaxMode::TaxInclusive))
        .discount_items([full_discount_changes()])
        .accounting_code("a")
        .accounts_receivable_accounting_code("b")
        .adjustment_liability_accounting_code("c")
        .adjustment_revenue_accounting_code("d")
        .contract_asset_accounting_code("e")
        .contract_liability_accounting_code("f")
        .contract_recognized_revenue_accounting_code("g")
        .deferred_revenue_accounting_code("h")
        .exclude_item_billing_from_revenue_accounting(true)
        .recognized_revenue_accounting_code("i")
        .rev_rec_code("j")
        .rev_rec_trigger_condition(RevRecTrigger::ServiceActivationDate)
        .rev_rec_start_date(day())
        .revenue_recognition_rule_name("k")
        .unbilled_receivables_accounting_code("l")
        .integration_id_ns("1")
        .integration_status_ns("Done")
        .sync_date_ns("2024-06-01")
}

fn full_discount_changes() -> DiscountPatch {
    DiscountPatch::of(ID)
        .charge_name("Summer")
        .amount(amount("-20.00"))
        .unit_price(10)
        .charge_date(DateTime::new(day(), 12, 0, 0).expect("noon"))
        .description("once")
        .sku("SKU-9")
        .item_type("Service")
        .purchase_order_number("PO-1")
        .accounting_code("a")
        .accounts_receivable_accounting_code("b")
        .adjustment_liability_accounting_code("c")
        .adjustment_revenue_accounting_code("d")
        .contract_asset_accounting_code("e")
        .contract_liability_accounting_code("f")
        .contract_recognized_revenue_accounting_code("g")
        .deferred_revenue_accounting_code("h")
        .recognized_revenue_accounting_code("i")
        .rev_rec_code("j")
        .rev_rec_trigger_condition(RevRecTrigger::ServiceActivationDate)
        .revenue_recognition_rule_name("k")
        .unbilled_receivables_accounting_code("l")
        .integration_id_ns("1")
        .integration_status_ns("Done")
        .sync_date_ns("2024-06-01")
}

fn full_contact() -> NewContact {
    NewContact::new("Ada", "Lovelace")
        .nickname("A")
        .contact_description("first")
        .work_email("a@example.com")
        .personal_email("b@example.com")
        .work_phone("1")
        .mobile_phone("2")
        .home_phone("3")
        .other_phone("4")
        .other_phone_type(PhoneType::Other)
        .fax("5")
        .address1("1 Main Street")
        .address2("Floor 2")
        .city("London")
        .county("Greater London")
        .state("England")
        .zip_code("EC1A")
        .country("United Kingdom")
        .tax_region("UK")
}

pub(crate) fn amount(literal: &str) -> Amount {
    literal.parse().expect("a number")
}

pub(crate) fn day() -> Date {
    Date::new(2024, 6, 1).expect("a valid date")
}
