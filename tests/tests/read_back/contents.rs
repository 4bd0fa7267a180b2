//! Creations, updates and writes on several invoices.

use http::Method;
use zuora_core::Amount;
use zuora_core::bill_runs::{AdHoc, Batches, CreateBillRun, EmailBillRun};
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CreateStandaloneInvoice,
    EmailInvoice, InvoicePatch, ItemPatch, ItemUpdate, NewInvoiceItem, UpdateInvoice, UploadInvoiceFile,
    WriteOffInvoice,
};
use zuora_core::operation::RawOperation;
use zuora_core::types::{AccountId, AccountNumber};

use crate::{AFTER_THE_SPAN, AT_ONCE, GONE, UPDATED, assert_end, client, day, end_of, end_with, shows};

#[test]
fn updating_an_invoice() {
    let shown = |fields: &str| {
        shows(200, &format!(r#"{{"success":true,"id":"i","updatedDate":"{UPDATED}",{fields}}}"#))
    };
    let pay = UpdateInvoice::new("i", InvoicePatch::default().auto_pay(true));
    assert_end(&end_of(&pay, shown(r#""autoPay":true"#)), "applied", AT_ONCE);
    assert_end(&end_of(&pay, shown(r#""autoPay":false"#)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&pay, Some("other"), shown(r#""autoPay":false"#)), "was changed", AFTER_THE_SPAN);
    assert_end(&end_of(&pay, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);

    let text = UpdateInvoice::new("i", InvoicePatch::default().comments("x "));
    assert_end(&end_of(&text, shown(r#""comments":"x""#)), "does not show", AFTER_THE_SPAN);
    let equal = end_with(&text, Some(UPDATED), shown(r#""comments":"x""#));
    assert_end(&equal, "not applied", AFTER_THE_SPAN);

    let item = ItemUpdate::from(NewInvoiceItem::named("Fee", 10, day()));
    let added = UpdateInvoice::new("i", InvoicePatch::default().items([item]));
    assert_end(&end_of(&added, shown(r#""autoPay":true"#)), "does not show", AFTER_THE_SPAN);
    assert_end(&end_with(&added, Some(UPDATED), shown(r#""autoPay":true"#)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&added, Some("other"), shown(r#""autoPay":true"#)), "was changed", AFTER_THE_SPAN);
}

#[test]
fn updating_the_items_of_an_invoice() {
    /// Shows an invoice that is paid automatically, and its items on two pages.
    fn shown(items: &str) -> impl Fn(&str, u64) -> (u16, String) + use<> {
        let items = items.to_owned();
        move |path, _| {
            let body = match (path.contains("/items"), path.contains("page=2")) {
                (true, true) => format!(r#"{{"success":true,"invoiceItems":[{items}]}}"#),
                (true, false) => r#"{"success":true,"invoiceItems":[{"id":"0"}],"nextPage":"x"}"#.to_owned(),
                _ => format!(r#"{{"success":true,"id":"i","autoPay":true,"updatedDate":"{UPDATED}"}}"#),
            };
            (200, body)
        }
    }
    let update = |changes: Vec<ItemUpdate>| UpdateInvoice::new("i", InvoicePatch::default().items(changes));
    let remove = update(vec![ItemUpdate::remove("a"), ItemPatch::of("b").quantity(2).into()]);
    assert_end(&end_of(&remove, shown(r#"{"id":"b","quantity":2.0}"#)), "applied", AT_ONCE);
    assert_end(&end_of(&remove, shown(r#"{"id":"A"},{"id":"b"}"#)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_of(&remove, shown(r#"{"id":"b","quantity":3}"#)), "does not show", AFTER_THE_SPAN);
    let equal = end_with(&remove, Some(UPDATED), shown(r#"{"id":"b","quantity":3}"#));
    assert_end(&equal, "not applied", AFTER_THE_SPAN);

    let hidden = update(vec![ItemPatch::of("b").accounting_code("AR").into()]);
    assert_end(&end_of(&hidden, shown(r#"{"id":"b"}"#)), "does not show", AFTER_THE_SPAN);

    // The fields of the invoice decide first: the service applies an update as a whole.
    let manual = |changes: Vec<ItemUpdate>| {
        UpdateInvoice::new("i", InvoicePatch::default().auto_pay(false).items(changes))
    };
    let end = end_of(&manual(vec![ItemUpdate::remove("a")]), shown(""));
    assert_end(&end, "not applied", AFTER_THE_SPAN);
    assert!(end.reads.iter().all(|path| !path.contains("/items")), "{:?}", end.reads);
    let paid =
        UpdateInvoice::new("i", InvoicePatch::default().auto_pay(true).items([ItemUpdate::remove("a")]));
    assert_end(&end_of(&paid, shown(r#"{"id":"z"}"#)), "applied", AT_ONCE);
    assert_end(&end_of(&paid, shown(r#"{"id":"a"}"#)), "not applied", AFTER_THE_SPAN);
    // Fields that do not show the update leave it undecided, whatever the items show.
    for fields in [InvoicePatch::default().comments("x"), InvoicePatch::default().template_id("t")] {
        let update = UpdateInvoice::new("i", fields.items([ItemUpdate::remove("a")]));
        let with_comment = |path: &str, second: u64| {
            let (status, body) = shown("")(path, second);
            (status, body.replace(r#""autoPay""#, r#""comments":"y","autoPay""#))
        };
        assert_end(&end_of(&update, with_comment), "does not show", AFTER_THE_SPAN);
    }
}

#[test]
fn a_removal_is_shown_only_by_items_that_were_all_read() {
    let remove = UpdateInvoice::new("i", InvoicePatch::default().items([ItemUpdate::remove("a")]));
    let shown = |status: u16, items: &'static str| {
        move |path: &str, _: u64| match path.contains("/items") {
            true => (status, items.to_owned()),
            false => (200, format!(r#"{{"success":true,"id":"i","updatedDate":"{UPDATED}"}}"#)),
        }
    };
    assert_end(
        &end_of(&remove, shown(200, r#"{"success":true,"invoiceItems":[{"id":"b"}]}"#)),
        "applied",
        AT_ONCE,
    );
    for (status, items) in [
        (204, ""),
        (200, r#"{"success":true}"#),
        (200, r#"{"success":true,"invoiceItems":[]}"#),
        (200, r#"{"success":true,"invoiceItems":[{"id":"b"},{"id":null}]}"#),
        (200, r#"{"success":true,"invoiceItems":[{"id":"b"},{"id":[]}]}"#),
        (200, r#"{"success":true,"invoiceItems":[{"id":"b"}],"nextPage":{}}"#),
    ] {
        assert_end(&end_of(&remove, shown(status, items)), "does not show", AFTER_THE_SPAN);
    }
    // The page before the last one is not complete.
    let pages = |path: &str, _: u64| match path {
        path if path.contains("page=2") => {
            (200, r#"{"success":true,"invoiceItems":[{"id":"b"}]}"#.to_owned())
        }
        path if path.contains("/items") => {
            let items = r#"{"success":true,"invoiceItems":[{"id":null}],"nextPage":"more"}"#;
            (200, items.to_owned())
        }
        _ => (200, format!(r#"{{"success":true,"id":"i","updatedDate":"{UPDATED}"}}"#)),
    };
    assert_end(&end_of(&remove, pages), "does not show", AFTER_THE_SPAN);
    // An item that is still there decides anyway.
    let kept = r#"{"success":true,"invoiceItems":[{"id":"a"},{"id":null}],"nextPage":{}}"#;
    assert_end(&end_of(&remove, shown(200, kept)), "not applied", AFTER_THE_SPAN);
}

#[test]
fn an_invoice_without_a_balance_and_without_an_id_decides_no_write_off() {
    let paid = format!(r#"{{"success":true,"status":"Posted","balance":0,"updatedDate":"{UPDATED}"}}"#);
    assert_end(&end_of(&WriteOffInvoice::new("i"), shows(200, &paid)), "its id is absent", AFTER_THE_SPAN);
    let due = paid.replace(r#""balance":0"#, r#""balance":1"#);
    assert_end(&end_of(&WriteOffInvoice::new("i"), shows(200, &due)), "not applied", AFTER_THE_SPAN);
}

fn create(number: Option<&str>) -> CreateStandaloneInvoice {
    let item = NewInvoiceItem::named("Fee", Amount::new(10_00, 2).unwrap(), day());
    let create = CreateStandaloneInvoice::new(AccountId::from("a"), day(), [item]).currency("EUR");
    match number {
        Some(number) => create.invoice_number(number),
        None => create,
    }
}

fn made(account: &str, currency: &str, amount: &str) -> String {
    format!(
        r#"{{"success":true,"id":"i","accountId":"{account}","currency":"{currency}","amount":{amount},"amountWithoutTax":{amount}}}"#
    )
}

#[test]
fn creating_an_invoice() {
    let own = create(Some("N-1"));
    let end = end_of(&own, shows(200, &made("a", "EUR", "10")));
    assert_end(&end, "applied", AT_ONCE);
    assert_eq!(end.reads, ["/v1/invoices/N-1"]);
    let with_tax = made("a", "EUR", "11").replace(r#""amountWithoutTax":11"#, r#""amountWithoutTax":10.00"#);
    assert_end(&end_of(&own, shows(200, &with_tax)), "applied", AT_ONCE);
    for body in [made("b", "EUR", "10"), made("a", "USD", "10"), made("a", "EUR", "9.99")] {
        assert_end(&end_of(&own, shows(200, &body)), "another account", AFTER_THE_SPAN);
    }
    let item = NewInvoiceItem::named("Fee", 10, day());
    let by_number =
        CreateStandaloneInvoice::new(AccountNumber::from("A-1"), day(), [item]).invoice_number("N-1");
    for (number, shown) in [("A-1", "applied"), ("A-2", "another account")] {
        let body = made("a", "EUR", "10").replace("{", &format!(r#"{{"accountNumber":"{number}","#));
        let after = if number == "A-1" { AT_ONCE } else { AFTER_THE_SPAN };
        assert_end(&end_of(&by_number, shows(200, &body)), shown, after);
    }
    let bare = r#"{"success":true,"id":"i"}"#;
    assert_end(&end_of(&own, shows(200, bare)), "cannot be compared", AFTER_THE_SPAN);
    assert_end(&end_of(&own, shows(404, GONE)), "not applied", AFTER_THE_SPAN);
    assert_end(&end_of(&own, shows(404, "")), "cannot be read", AT_ONCE);
    let end = end_of(&create(None), shows(200, "{}"));
    assert_end(&end, "no read can tell", AT_ONCE);
    assert!(end.reads.is_empty(), "{:?}", end.reads);
}

#[test]
fn writes_on_several_invoices() {
    fn rows(posted: &'static [&'static str]) -> impl Fn(&str, u64) -> (u16, String) {
        move |path, _| {
            let is_posted = posted.iter().any(|id| path.ends_with(id));
            let status = if is_posted { "Posted" } else { "Draft" };
            let body = format!(
                r#"{{"success":true,"status":"{status}","autoPay":{is_posted},"updatedDate":"{UPDATED}"}}"#
            );
            (200, body)
        }
    }
    let times = format!("{UPDATED}\n{UPDATED}");
    let pay = |id: &'static str| (id, InvoicePatch::default().auto_pay(true));
    let update = BulkUpdateInvoices::new([pay("a1"), pay("b2")]);
    assert_end(&end_of(&update, rows(&["a1", "b2"])), "applied", AT_ONCE);
    assert_end(&end_of(&update, rows(&[])), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&update, Some(&times), rows(&[])), "not applied", AFTER_THE_SPAN);
    assert_end(&end_with(&update, Some(UPDATED), rows(&[])), "was changed", AFTER_THE_SPAN);
    let end = end_of(&update, rows(&["b2"]));
    assert_end(&end, "applied in part (2 invoices", AFTER_THE_SPAN);
    assert!(end.shown.ends_with("applied to b2"), "{}", end.shown);
    assert_eq!(client(rows(&[])).baseline(&update).unwrap().unwrap().as_str(), times);

    let post = BulkPostInvoices::new(["a1", "b2"]);
    assert_end(&end_of(&post, rows(&["a1", "b2"])), "applied", AT_ONCE);
    assert_end(&end_of(&post, rows(&["a1"])), "applied in part", AFTER_THE_SPAN);
    assert_end(&end_of(&post, rows(&[])), "not applied", AFTER_THE_SPAN);

    let numbered = BulkCreateStandaloneInvoices::new([create(Some("N-1")), create(Some("N-2"))]);
    let both = |path: &str, _| {
        assert!(path.starts_with("/v1/invoices/N-"));
        (200, made("a", "EUR", "10.00"))
    };
    assert_end(&end_of(&numbered, both), "applied", AT_ONCE);
    assert_end(&end_of(&numbered, shows(404, GONE)), "not applied", AFTER_THE_SPAN);
    let mixed = BulkCreateStandaloneInvoices::new([create(None), create(Some("N-2"))]);
    let end = end_of(&mixed, both);
    assert_end(&end, "applied in part", AFTER_THE_SPAN);
    assert!(end.shown.ends_with("applied to N-2"), "{}", end.shown);
    assert_end(&end_of(&mixed, shows(404, GONE)), "outcome unknown", AFTER_THE_SPAN);
}

#[test]
fn what_no_read_can_tell_is_said_at_once() {
    let raw = RawOperation::new(Method::PUT, "/v1/things/1/post").body("{}".as_bytes());
    let run = CreateBillRun::new(Batches::all(), AdHoc::up_to(day()));
    let ends = [
        end_of(&raw, shows(200, "{}")),
        end_of(&run, shows(200, "{}")),
        end_of(&EmailBillRun::new("r"), shows(200, "{}")),
        end_of(&EmailInvoice::new("i"), shows(200, "{}")),
        end_of(&UploadInvoiceFile::new("i", "x.pdf", "%PDF".as_bytes().to_vec()), shows(200, "{}")),
        end_of(&BulkCreateStandaloneInvoices::new([create(None)]), shows(200, "{}")),
    ];
    for end in ends {
        assert_end(&end, "no read can tell", AT_ONCE);
        assert!(end.reads.is_empty(), "{:?}", end.reads);
    }
}
