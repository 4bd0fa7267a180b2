//! Property: the amounts of invoices add up after any sequence of requests, as the API shows them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::value::RawValue;
use zuora_sandbox::Settings;

use crate::amount_steps::{NewItem, Step, step};
use crate::client::TestClient;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invoice {
    invoice_number: String,
    status: String,
    source_type: String,
    currency: String,
    amount: Box<RawValue>,
    amount_without_tax: Box<RawValue>,
    tax_amount: Box<RawValue>,
    discount: Box<RawValue>,
    balance: Box<RawValue>,
    payment_amount: Box<RawValue>,
    credit_memo_amount: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Items {
    invoice_items: Vec<Item>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    applied_to_item_id: Option<String>,
    processing_type: String,
    charge_amount: Box<RawValue>,
    tax_amount: Box<RawValue>,
    balance: Box<RawValue>,
    available_to_credit_amount: Box<RawValue>,
    taxation_items: Taxes,
}

#[derive(Deserialize)]
struct Taxes {
    data: Vec<Tax>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tax {
    tax_amount: Box<RawValue>,
    balance: Box<RawValue>,
    credit_amount: Box<RawValue>,
    payment_amount: Box<RawValue>,
    available_to_credit_amount: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    application_parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    applied_amount: Box<RawValue>,
    credit_memo_id: Option<String>,
    payment_id: Option<String>,
}

/// Returns the value of a JSON number.
fn exact(literal: &RawValue) -> Decimal {
    let text = literal.get();
    assert!(!text.starts_with("-0") || text.contains(|digit: char| ('1'..='9').contains(&digit)), "{text}");
    Decimal::from_str_exact(text).unwrap()
}

fn rounded(currency: &str, amount: Decimal) -> Decimal {
    let decimals = if currency == "JPY" { 0 } else { 2 };
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// A client with the expected state.
struct Story {
    client: TestClient,
    /// The paid amount of each invoice in the last list.
    invoices: BTreeMap<String, Decimal>,
    /// Paths of the invoices whose items can be changed.
    drafts: Vec<String>,
}

impl Story {
    fn new() -> Self {
        // Low limits, so that the sequences contain jobs.
        let settings = Settings::default().post_job_from(3_usize).delete_job_from(2_usize);
        let client = TestClient::with(settings.reverse_job_above(4_usize));
        Self { client, invoices: BTreeMap::new(), drafts: Vec::new() }
    }

    /// Returns the path of an existing invoice.
    fn pick(&self, index: Index) -> Option<String> {
        let paths: Vec<&String> = self.invoices.keys().collect();
        (!paths.is_empty()).then(|| index.get(&paths).to_string())
    }

    /// Returns the path of a draft if there is one, since other invoices reject most changes.
    fn pick_draft(&self, index: Index) -> Option<String> {
        match self.drafts.is_empty() {
            true => self.pick(index),
            false => Some(index.get(&self.drafts).clone()),
        }
    }

    fn pick_item(&mut self, invoice: &str, index: Index) -> Option<Item> {
        let mut items = self.items(invoice);
        (!items.is_empty()).then(|| items.swap_remove(index.index(items.len())))
    }

    fn take(&mut self, step: Step) -> Option<()> {
        match step {
            Step::Create { account, posted, items } => self.create(account, posted, &items),
            Step::Bill { batch } => {
                self.client
                    .completed(&format!(r#"{{"batches":["Batch{batch}"],"targetDate":"2026-03-31"}}"#));
            }
            Step::Add { invoice, item } => {
                let path = self.pick_draft(invoice)?;
                let currency = self.invoice(&path)?.currency;
                self.update(&path, &item.body(), Some(total(&currency, &item)));
            }
            Step::Amount { invoice, item, amount } => {
                let path = self.pick_draft(invoice)?;
                let currency = self.invoice(&path)?.currency;
                let item = self.pick_item(&path, item)?;
                let change = rounded(&currency, amount) - exact(&item.charge_amount);
                let body = format!(r#"{{"id":"{}","amount":{amount}}}"#, item.id);
                self.update(&path, &body, item.taxation_items.data.is_empty().then_some(change));
            }
            Step::Remove { invoice, item } => {
                let path = self.pick_draft(invoice)?;
                let item = self.pick_item(&path, item)?;
                let items = self.items(&path);
                let gone = items
                    .iter()
                    .filter(|one| one.id == item.id || one.applied_to_item_id.as_ref() == Some(&item.id));
                let change: Decimal =
                    gone.map(|one| -exact(&one.charge_amount) - exact(&one.tax_amount)).sum();
                self.update(&path, &format!(r#"{{"id":"{}","delete":true}}"#, item.id), Some(change));
            }
            Step::Untax { invoice, item } => {
                let path = self.pick_draft(invoice)?;
                let item = self.pick_item(&path, item)?;
                self.update(&path, &format!(r#"{{"id":"{}","taxCode":null,"taxMode":null}}"#, item.id), None);
            }
            Step::Tax { invoice, item, amount, inclusive } => {
                let path = self.pick_draft(invoice)?;
                let item = self.pick_item(&path, item)?;
                let mode = if inclusive { "TaxInclusive" } else { "TaxExclusive" };
                let body = format!(
                    r#"{{"taxationItems":[{{"invoiceItemId":"{}","name":"T","jurisdiction":"J","taxAmount":{amount},
                    "taxRate":0.1,"taxRateType":"Percentage","taxDate":"2026-03-01","taxMode":"{mode}"}}]}}"#,
                    item.id
                );
                let before = self.invoice(&path)?;
                let status = self.client.post(&format!("{path}/taxation-items"), &body).status;
                let taxed = status == 200 && !inclusive;
                let change = if taxed { rounded(&before.currency, amount) } else { Decimal::ZERO };
                assert_eq!(exact(&self.invoice(&path)?.amount), exact(&before.amount) + change);
            }
            Step::Comment { invoice } => {
                let path = self.pick(invoice)?;
                self.client.put(&path, r#"{"comments":"seen"}"#);
            }
            Step::Pay { invoice, share } => {
                let path = self.pick(invoice)?;
                let shown = self.invoice(&path)?;
                let amount = rounded(&shown.currency, exact(&shown.balance) / Decimal::from(share));
                if self.client.sandbox.pay(&shown.invoice_number, amount).is_ok() {
                    *self.invoices.get_mut(&path)? += amount;
                }
            }
            Step::Act { invoice, verb } => {
                let path = self.pick(invoice)?;
                match verb {
                    "delete" => self.client.delete(&path),
                    verb => self.client.put(&format!("{path}/{verb}"), "{}"),
                };
            }
            Step::BulkPost { invoices } => {
                let paths: Vec<String> = invoices.into_iter().filter_map(|index| self.pick(index)).collect();
                let rows: Vec<String> = paths
                    .iter()
                    .map(|path| format!(r#"{{"id":"{}"}}"#, path.rsplit('/').next().unwrap_or_default()))
                    .collect();
                self.client
                    .post("/v1/invoices/bulk-post", &format!(r#"{{"invoices":[{}]}}"#, rows.join(",")));
            }
            Step::Wait => self.client.seconds += 3,
        }
        Some(())
    }

    fn create(&mut self, account: Index, posted: bool, items: &[NewItem]) {
        let account = account.index(12) + 1;
        let status = if posted { "Posted" } else { "Draft" };
        let bodies: Vec<String> = items.iter().map(NewItem::body).collect();
        let body = format!(
            r#"{{"accountNumber":"A{account:08}","invoiceDate":"2026-03-01","status":"{status}","invoiceItems":[{}]}}"#,
            bodies.join(",")
        );
        let response = self.client.post("/v1/invoices", &body);
        if response.status != 200 {
            assert!(response.error().2.contains("cannot be negative"), "{}", response.text);
            return;
        }
        let shown: Invoice = serde_json::from_str(&response.text).unwrap();
        let expected: Decimal = items.iter().map(|item| total(&shown.currency, item)).sum();
        assert_eq!(exact(&shown.amount), expected, "{body}");
    }

    /// Updates an item, and checks that an accepted update is exact and a rejected one changes nothing.
    fn update(&mut self, path: &str, row: &str, change: Option<Decimal>) {
        let Some(before) = self.invoice(path).map(|invoice| exact(&invoice.amount)) else { return };
        let response = self.client.put(path, &format!(r#"{{"invoiceItems":[{row}]}}"#));
        let after = self.invoice(path).map(|invoice| exact(&invoice.amount)).unwrap();
        match change {
            _ if response.status != 200 => assert_eq!(after, before, "{row}"),
            Some(change) => assert_eq!(after, before + change, "{row}"),
            None => {}
        }
    }

    fn invoice(&mut self, path: &str) -> Option<Invoice> {
        let response = self.client.get(path);
        (response.status == 200).then(|| serde_json::from_str(&response.text).unwrap())
    }

    fn items(&mut self, path: &str) -> Vec<Item> {
        let mut items = Vec::new();
        for page in 1.. {
            let response = self.client.get(&format!("{path}/items?pageSize=40&page={page}"));
            let page: Items = serde_json::from_str(&response.text).unwrap();
            items.extend(page.invoice_items);
            if page.next_page.is_none() {
                break;
            }
        }
        items
    }

    /// Checks that the amounts of every listed invoice add up.
    fn check(&mut self) {
        let rows =
            self.client.get("/object-query/invoices?pageSize=99").body["data"].as_array().unwrap().clone();
        let mut before = std::mem::take(&mut self.invoices);
        self.drafts.clear();
        for row in rows {
            let path = format!("/v1/invoices/{}", row["id"].as_str().unwrap());
            let paid = before.remove(&path).unwrap_or_default();
            self.check_invoice(&path, paid);
            if row["status"] == "Draft" && row["sourceType"] == "Standalone" {
                self.drafts.push(path.clone());
            }
            self.invoices.insert(path, paid);
        }
    }

    fn check_invoice(&mut self, path: &str, payments: Decimal) {
        let invoice = self.invoice(path).unwrap();
        let items = self.items(path);
        let amount = exact(&invoice.amount);
        let balance = exact(&invoice.balance);
        let taxes = || items.iter().flat_map(|item| &item.taxation_items.data);
        let net: Decimal = items.iter().map(|item| exact(&item.charge_amount)).sum();
        let tax: Decimal = taxes().map(|tax| exact(&tax.tax_amount)).sum();
        assert_eq!(
            (amount, exact(&invoice.amount_without_tax), exact(&invoice.tax_amount)),
            (net + tax, net, tax)
        );
        let discounts = items.iter().filter(|item| item.processing_type == "Discount");
        assert_eq!(
            exact(&invoice.discount),
            -discounts.map(|item| exact(&item.charge_amount)).sum::<Decimal>()
        );
        for item in &items {
            let of_item: Decimal = item.taxation_items.data.iter().map(|tax| exact(&tax.tax_amount)).sum();
            assert_eq!(exact(&item.tax_amount), of_item);
            let parent = item.applied_to_item_id.as_ref();
            assert!(parent.is_none_or(|parent| items.iter().any(|item| item.id == *parent)));
        }
        for tax in taxes() {
            let settled = exact(&tax.credit_amount) + exact(&tax.payment_amount);
            assert_eq!(exact(&tax.balance), exact(&tax.tax_amount) - settled);
            let available = exact(&tax.tax_amount) - exact(&tax.credit_amount);
            assert_eq!(exact(&tax.available_to_credit_amount), available);
        }
        let left: Decimal = items.iter().map(|item| exact(&item.balance)).sum();
        let left_of_taxes: Decimal = taxes().map(|tax| exact(&tax.balance)).sum();
        assert_eq!(balance, left + left_of_taxes, "the balance is that of its lines");
        let (paid, credited) = (exact(&invoice.payment_amount), exact(&invoice.credit_memo_amount));
        assert_eq!(balance, amount - paid - credited);
        let available: Decimal = items.iter().map(|item| exact(&item.available_to_credit_amount)).sum();
        let available_of_taxes: Decimal = taxes().map(|tax| exact(&tax.available_to_credit_amount)).sum();
        assert_eq!(available + available_of_taxes, amount - credited);
        let response = self.client.get(&format!("{path}/application-parts?pageSize=40"));
        let parts: Parts = serde_json::from_str(&response.text).unwrap();
        let sum = |is: fn(&Part) -> bool| -> Decimal {
            parts
                .application_parts
                .iter()
                .filter(|part| is(part))
                .map(|part| exact(&part.applied_amount))
                .sum()
        };
        assert_eq!(paid, sum(|part| part.payment_id.is_some() && part.credit_memo_id.is_none()));
        assert_eq!(credited, sum(|part| part.credit_memo_id.is_some() && part.payment_id.is_none()));
        assert_eq!(paid, payments, "the payments are those that were made");
        if invoice.source_type == "Standalone" {
            assert!(amount >= Decimal::ZERO && balance >= Decimal::ZERO);
        }
        assert!(invoice.status == "Posted" || (paid + credited).is_zero());
        for number in [amount, net, tax, balance, paid, credited] {
            assert_eq!(number, rounded(&invoice.currency, number), "no more decimals than the currency has");
        }
    }
}

/// Computes the total of an item with its discounts and taxes from the request.
fn total(currency: &str, item: &NewItem) -> Decimal {
    let amount = rounded(currency, item.amount);
    let others = item.discounts.iter().chain(&item.taxes).map(|other| rounded(currency, *other));
    let computed = match item.code.filter(|_| item.taxes.is_empty()) {
        // A discount lowers the tax of its item.
        Some(("VAT", "TaxExclusive")) => {
            let amounts = item.discounts.iter().map(|discount| rounded(currency, *discount));
            let taxed = amounts.chain([amount]).map(|amount| rounded(currency, amount * Decimal::new(19, 2)));
            taxed.sum()
        }
        // Neither an inclusive tax nor a tax code without a rate changes the total.
        _ => Decimal::ZERO,
    };
    amount + others.sum::<Decimal>() + computed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn amounts_add_up_after_every_step(steps in prop::collection::vec(step(), 1..40)) {
        let mut story = Story::new();
        for step in steps {
            story.take(step);
            story.check();
        }
    }
}
