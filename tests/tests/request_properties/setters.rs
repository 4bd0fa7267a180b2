//! The values that a caller sets are sent. The tests read them from the body by literal names, not with the models.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use zuora_core::bill_runs::{AdHoc, Batches, CancelBillRun, Condition, CreateBillRun, PostBillRun, Scope};
use zuora_core::bill_runs::{EmailBillRun, FilterObject, Operator, Schedule};
use zuora_core::invoices::{
    CreateStandaloneInvoice, CreateTaxationItems, EmailInvoice, InvoicePatch, ItemPatch, ItemUpdate,
    NewDiscountItem, NewInvoiceItem, NewTaxItem, NewTaxationItem, ReverseInvoice, TaxRateType, UpdateInvoice,
    UploadInvoiceFile, WriteOff, WriteOffInvoice, WriteOffItem, WriteOffTax,
};
use zuora_core::session::CreateToken;
use zuora_core::testing::strategies::{proptest, text};
use zuora_core::transport::HttpRequest;
use zuora_core::types::{AccountNumber, DateTime, InvoiceItemId, InvoiceKey, Patch, Secret, SubscriptionId};
use zuora_core::{Amount, Date, Operation};
use zuora_tests::json::Json;

use crate::{body, for_any};

const CASES: u32 = 96;

/// The value at a path of the body.
fn sent(request: &HttpRequest, path: &str) -> Option<Json> {
    Json::of(body(request)).at(path).cloned()
}

fn text_of(value: &(impl ToString + ?Sized)) -> Option<Json> {
    Some(Json::text(value.to_string()))
}

fn number(amount: &Amount) -> Option<Json> {
    Some(Json::number(amount))
}

#[test]
fn amounts_are_exact_bare_numbers() {
    let amounts = proptest::array::uniform8(any::<Amount>());
    for_any(4 * CASES, &(amounts, any::<Date>()), |(amounts, day)| {
        let [item, quantity, price, discount, tax, rate, exempt, line] = &amounts;
        let tax_line = NewTaxItem::new("VAT", tax.clone(), rate.clone(), TaxRateType::Percentage, day);
        let new_item = NewInvoiceItem::named("x", item.clone(), day)
            .quantity(quantity.clone())
            .unit_price(price.clone())
            .discount_items([NewDiscountItem::named("x", discount.clone())])
            .tax_items([tax_line.exempt_amount(exempt.clone())]);
        let account = AccountNumber::from("A1");
        let request = CreateStandaloneInvoice::new(account, day, [new_item.clone()]).request()?;
        for (path, amount) in [
            ("invoiceItems[0].amount", item),
            ("invoiceItems[0].quantity", quantity),
            ("invoiceItems[0].unitPrice", price),
            ("invoiceItems[0].discountItems[0].amount", discount),
            ("invoiceItems[0].taxItems[0].taxAmount", tax),
            ("invoiceItems[0].taxItems[0].taxRate", rate),
            ("invoiceItems[0].taxItems[0].exemptAmount", exempt),
        ] {
            prop_assert_eq!(sent(&request, path), number(amount), "{}", path);
        }

        let change = ItemPatch::of("1").amount(item.clone()).quantity(quantity.clone());
        let items = [ItemUpdate::from(change), new_item.into()];
        let request = UpdateInvoice::new("INV1", InvoicePatch::default().items(items)).request()?;
        prop_assert_eq!(sent(&request, "invoiceItems[0].quantity"), number(quantity));
        prop_assert_eq!(sent(&request, "invoiceItems[1].amount"), number(item));

        let lost = WriteOffItem::new("1").amount_without_tax(item.clone());
        let lost = lost.taxation_items([WriteOffTax::new("2").amount(tax.clone())]);
        let details = WriteOff::default().amount(line.clone()).items([lost]);
        let request = WriteOffInvoice::new("INV1").details(details).request()?;
        prop_assert_eq!(sent(&request, "amount"), number(line));
        prop_assert_eq!(sent(&request, "items[0].amountWithoutTax"), number(item));
        prop_assert_eq!(sent(&request, "items[0].taxationItems[0].amount"), number(tax));

        let id = "2c86c8955bd63cc1015bd7c151af02ef";
        let line = NewTaxationItem::new(id, "VAT", day).jurisdiction("EU").tax_amount(tax.clone());
        let line =
            line.tax_rate(rate.clone()).tax_rate_type(TaxRateType::FlatFee).exempt_amount(exempt.clone());
        let request = CreateTaxationItems::new("INV1", [line]).request()?;
        prop_assert_eq!(sent(&request, "taxationItems[0].taxAmount"), number(tax));
        prop_assert_eq!(sent(&request, "taxationItems[0].taxRate"), number(rate));
        prop_assert_eq!(sent(&request, "taxationItems[0].exemptAmount"), number(exempt));
        Ok(())
    });
}

#[test]
fn texts_and_dates_are_sent_unchanged() {
    let parts =
        (text(1..=40), any::<Date>(), any::<DateTime>(), any::<Date>(), text(0..=40), any::<Amount>());
    for_any(CASES, &parts, |(name, day, stamp, due, custom, fee)| {
        let mut item = NewInvoiceItem::named(&name, 1, day).charge_date(stamp).description(&custom);
        item.set_custom("Fee__c", &fee)?;
        let mut create = CreateStandaloneInvoice::new(AccountNumber::from(&*name), day, [item]).due_date(due);
        create.set_custom("Region__c", &custom)?;
        let request = create.request()?;
        for (path, value) in [
            ("accountNumber", text_of(&name)),
            ("invoiceDate", text_of(&day)),
            ("dueDate", text_of(&due)),
            ("Region__c", text_of(&custom)),
            ("invoiceItems[0].chargeName", text_of(&name)),
            ("invoiceItems[0].serviceStartDate", text_of(&day)),
            ("invoiceItems[0].chargeDate", text_of(&stamp)),
            ("invoiceItems[0].description", text_of(&custom)),
            ("invoiceItems[0].Fee__c", number(&fee)),
        ] {
            prop_assert_eq!(sent(&request, path), value, "{}", path);
        }
        Ok(())
    });
}

#[test]
fn a_patch_keeps_clears_or_sets() {
    let patch = prop_oneof![Just(Patch::Keep), Just(Patch::Clear), text(0..=64).prop_map(Patch::Set)];
    for_any(CASES, &(any::<InvoiceItemId>(), patch), |(item, patch)| {
        let change = ItemPatch::of(item.clone()).tax_code(patch.clone());
        let changes = InvoicePatch::default().items([ItemUpdate::from(change), ItemUpdate::remove(&item)]);
        let request = UpdateInvoice::new("INV1", changes).request()?;
        let code = match patch {
            Patch::Keep => None,
            Patch::Clear => Some(Json::Null),
            Patch::Set(code) => text_of(&code),
        };
        prop_assert_eq!(sent(&request, "invoiceItems[0].taxCode"), code);
        prop_assert_eq!(sent(&request, "invoiceItems[0].id"), text_of(&item));
        prop_assert_eq!(sent(&request, "invoiceItems[1].id"), text_of(&item));
        prop_assert_eq!(sent(&request, "invoiceItems[1].delete"), Some(Json::Bool(true)));
        Ok(())
    });
}

#[test]
fn a_bill_run_is_created_with_its_scope_and_dates() {
    let parts = (vec(text(1..=12), 1..=5), 1..=31_u8, any::<Date>(), option::of(any::<Date>()));
    for_any(CASES, &parts, |(names, day, target, date)| {
        let mut dates = AdHoc::up_to(target);
        if let Some(date) = date {
            dates = dates.invoice_date(date);
        }
        let request = CreateBillRun::new(Batches::unchecked(&names).cycle_day(day), dates).request()?;
        let names = names.into_iter().map(Json::Text).collect();
        prop_assert_eq!(sent(&request, "batches"), Some(Json::List(names)));
        prop_assert_eq!(sent(&request, "billCycleDay"), text_of(&day));
        prop_assert_eq!(sent(&request, "targetDate"), text_of(&target));
        prop_assert_eq!(sent(&request, "invoiceDate"), date.as_ref().and_then(text_of));
        Ok(())
    });

    let id = || any::<u128>().prop_map(|id| format!("{id:032x}"));
    let parts = (id(), vec(id(), 1..=50), text(0..=20), any::<Date>(), 0..24_u8, 1..=31_u8, -12..=12_i64);
    for_any(CASES, &parts, |(account, subscriptions, value, from, hour, day, months)| {
        let ids = subscriptions.iter().map(|id| SubscriptionId::from(&**id));
        let scope = Scope::subscriptions(&*account, ids);
        let monthly = Schedule::monthly(from, hour).target_day(months, day);
        let request = CreateBillRun::new(scope, monthly).request()?;
        let Some(Json::List(filters)) = sent(&request, "billRunFilters") else { panic!("a list") };
        prop_assert_eq!(filters.len(), subscriptions.len());
        for (filter, subscription) in filters.iter().zip(&subscriptions) {
            prop_assert_eq!(filter.at("accountId").cloned(), text_of(&account));
            prop_assert_eq!(filter.at("subscriptionId").cloned(), text_of(&subscription));
        }
        prop_assert_eq!(sent(&request, "schedule.repeatFrom"), text_of(&from));
        prop_assert_eq!(sent(&request, "schedule.runTime"), Some(Json::number(&hour)));
        prop_assert_eq!(sent(&request, "targetDateDayOfMonth"), Some(Json::number(&day)));
        prop_assert_eq!(sent(&request, "targetDateMonthOffset"), Some(Json::number(&months)));

        let condition = Condition::of("Region__c", Operator::Like, &*value);
        let scope = Scope::condition(FilterObject::Subscription, condition);
        let request = CreateBillRun::new(scope, AdHoc::up_to(from)).request()?;
        prop_assert_eq!(sent(&request, "billRunFilters[0].condition.value"), text_of(&value));
        Ok(())
    });
}

#[test]
fn small_bodies_contain_what_was_set() {
    let parts = (any::<InvoiceKey>(), any::<Date>(), any::<Date>(), text(0..=255), any::<bool>());
    for_any(CASES, &parts, |(invoice, memo, applied, comment, yes)| {
        let request = PostBillRun::new("1").invoice_date(memo).request()?;
        prop_assert_eq!(body(&request), format!("{{\"invoiceDate\":\"{memo}\"}}"));
        let cancel = CancelBillRun::new("1");
        let request = if yes { cancel.this_occurrence() } else { cancel.all_occurrences() }.request()?;
        prop_assert_eq!(body(&request), format!("{{\"cancelOnce\":{yes}}}"));
        let request = EmailBillRun::new("1").resend(yes).request()?;
        prop_assert_eq!(body(&request), format!("{{\"resend\":{yes}}}"));

        let reverse = ReverseInvoice::new(invoice.clone()).memo_date(memo.min(applied));
        let request = reverse.apply_effective_date(memo.max(applied)).comment(&comment).request()?;
        prop_assert_eq!(sent(&request, "memoDate"), text_of(&memo.min(applied)));
        prop_assert_eq!(sent(&request, "applyEffectiveDate"), text_of(&memo.max(applied)));
        prop_assert_eq!(sent(&request, "comment"), text_of(&comment));

        let email = EmailInvoice::new(invoice).to(["a@example.com", "b@example.com"]);
        let request = email.include_additional_addresses(yes).request()?;
        prop_assert_eq!(sent(&request, "emailAddresses"), text_of("a@example.com,b@example.com"));
        prop_assert_eq!(sent(&request, "includeAdditionalEmailAddresses"), Some(Json::Bool(yes)));
        Ok(())
    });
}

#[test]
fn a_file_is_uploaded_byte_for_byte() {
    let lines = prop_oneof![vec(any::<u8>(), 0..60), Just(b"\r\n--zuora-0\r\n\r\n--".to_vec()),];
    let name = text(1..=20)
        .prop_filter("names have no control characters", |name| !name.chars().any(char::is_control));
    for_any(CASES, &(any::<InvoiceKey>(), name, lines), |(invoice, name, rest)| {
        let file = [&b"%PDF-1.7\n"[..], &rest].concat();
        let request = UploadInvoiceFile::new(invoice, &name, Bytes::from(file.clone())).request()?;
        let media = request.headers()["content-type"].to_str()?;
        let boundary = media.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
        let head = format!("--{boundary}\r\n").into_bytes();
        let tail = format!("\r\n--{boundary}--\r\n").into_bytes();
        let form = request.body().as_ref();
        let part =
            form.strip_prefix(&head[..]).and_then(|form| form.strip_suffix(&tail[..])).expect("one part");
        let end = part.windows(4).position(|window| window == b"\r\n\r\n").expect("headers");
        prop_assert_eq!(&part[end + 4..], &file[..]);
        prop_assert!(!file.windows(boundary.len()).any(|window| window == boundary.as_bytes()));
        let headers = std::str::from_utf8(&part[..end])?;
        let lines: Vec<&str> = headers.split("\r\n").collect();
        let name = name.replace('"', "%22");
        let disposition = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
        prop_assert_eq!(lines, [disposition.as_str(), "Content-Type: application/pdf"]);
        Ok(())
    });
}

#[test]
fn a_token_request_sends_id_and_secret_as_a_form() {
    for_any(CASES, &(text(0..=40), text(0..=40)), |(id, secret)| {
        let request = CreateToken::new(&*id, Secret::from(&*secret)).request()?;
        prop_assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/oauth/token"));
        let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let grant = pair("grant_type", "client_credentials");
        prop_assert_eq!(form, [pair("client_id", &id), pair("client_secret", &secret), grant]);
        Ok(())
    });
    for_any(CASES, &any::<CreateToken>(), |create| {
        let (first, again) = (create.request()?, create.request()?);
        prop_assert_eq!(first.body().as_ref(), again.body().as_ref());
        Ok(())
    });
}
