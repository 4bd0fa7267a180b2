//! Items that an update adds, which no state of the invoice shows.

use serde_json::Value;
use zuora_core::Amount;
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::InvoiceItem;
use zuora_core::operation::Operation as _;

/// An item of an invoice, as far as added items are recognized by it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct SeenItem {
    /// Id of the item.
    pub id: String,
    /// Name of its charge.
    pub name: Option<String>,
    /// Its amount.
    pub amount: Option<Amount>,
}

impl From<&InvoiceItem> for SeenItem {
    fn from(item: &InvoiceItem) -> Self {
        Self {
            id: item.id.as_ref().map(ToString::to_string).unwrap_or_default(),
            name: item.charge_name.as_deref().map(str::to_owned),
            amount: item.charge_amount.clone(),
        }
    }
}

/// An item that an operation adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Added {
    name: Option<String>,
    amount: Option<Amount>,
}

/// Returns the items that the operation adds, which are none unless it adds them to one invoice alone.
pub(super) fn added(operation: &AnyOperation) -> Vec<Added> {
    let AnyOperation::UpdateInvoice(update) = operation else { return Vec::new() };
    let Ok(request) = update.request() else { return Vec::new() };
    // Amounts are compared as numbers that were written by the SDK: their text is read from the body itself.
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(rename = "invoiceItems", borrow, default)]
        items: Vec<Item<'a>>,
    }
    #[derive(serde::Deserialize)]
    struct Item<'a> {
        id: Option<Value>,
        #[serde(rename = "chargeName")]
        name: Option<String>,
        #[serde(borrow)]
        amount: Option<&'a serde_json::value::RawValue>,
    }
    let Ok(body) = serde_json::from_slice::<Body<'_>>(request.body()) else { return Vec::new() };
    let amount = |item: &Item<'_>| item.amount.and_then(|amount| amount.get().parse().ok());
    let items = body.items.iter().filter(|item| item.id.is_none());
    items.map(|item| Added { name: item.name.clone(), amount: amount(item) }).collect()
}

/// Describes the items that are new, if they are those that the operation adds, each once.
pub(super) fn evidence(added: &[Added], before: &[String], now: &[SeenItem]) -> Result<String, String> {
    let mut new: Vec<_> = now.iter().filter(|item| !before.contains(&item.id)).collect();
    let ids = new.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(", ");
    for wanted in added {
        let matches = |item: &&SeenItem| item.name == wanted.name && item.amount == wanted.amount;
        let Some(found) = new.iter().position(matches) else {
            return Err(match ids.is_empty() {
                true => "the invoice has no item that it did not have before".to_owned(),
                false => format!("the new items {ids} are not those of the update"),
            });
        };
        new.remove(found);
    }
    match new.is_empty() {
        true => Ok(format!("the invoice has the added items {ids}, which it did not have before")),
        false => Err(format!("the invoice has more new items than the update adds: {ids}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zuora_core::invoices::{InvoicePatch, ItemUpdate, NewInvoiceItem, UpdateInvoice};

    fn seen(id: &str, name: &str, amount: &str) -> SeenItem {
        SeenItem { id: id.into(), name: Some(name.into()), amount: Some(amount.parse().unwrap()) }
    }

    fn update() -> AnyOperation {
        let day = "2026-03-01".parse().unwrap();
        let fee = NewInvoiceItem::named("Fee", "90071992547409.93".parse::<Amount>().unwrap(), day);
        let patch = InvoicePatch::default().items([ItemUpdate::from(fee), ItemUpdate::remove("old")]);
        UpdateInvoice::new("INV1", patch).into()
    }

    #[test]
    fn added_items_are_recognized_by_name_and_exact_amount() {
        let added = added(&update());
        assert_eq!(added.len(), 1, "a removed item is not added");
        let before = ["1".to_owned()];
        let (old, fee) = (seen("1", "Fee", "90071992547409.93"), seen("2", "Fee", "90071992547409.930"));
        assert!(evidence(&added, &before, &[old.clone(), fee.clone()]).unwrap().contains('2'));
        assert!(evidence(&added, &before, std::slice::from_ref(&old)).unwrap_err().contains("no item"));
        let other = seen("3", "Fee", "90071992547409.94");
        assert!(evidence(&added, &before, &[old.clone(), other.clone()]).unwrap_err().contains("not those"));
        assert!(evidence(&added, &before, &[old, fee, other]).unwrap_err().contains("more new items"));
    }
}
