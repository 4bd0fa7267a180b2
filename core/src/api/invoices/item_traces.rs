//! Traces of an update in the items of its invoice.

use crate::api::invoices::item_update::{ItemPatch, ItemUpdate};
use crate::api::invoices::items::InvoiceItem;
use crate::types::InvoiceItemId;

/// Whether reading the items can show something about these changes: an item that is added has no id to look for, but
/// one that is removed decides about the whole update.
pub(in crate::api) fn are_observable(changes: &[ItemUpdate]) -> bool {
    let is_removal = |change: &ItemUpdate| matches!(change, ItemUpdate::Remove(_));
    let is_addition = |change: &ItemUpdate| matches!(change, ItemUpdate::Add(_));
    changes.iter().any(is_removal) || !(changes.is_empty() || changes.iter().any(is_addition))
}

/// Notes the changes that concern `item`, each with its index and whether the item shows it.
pub(in crate::api) fn note(changes: &[ItemUpdate], item: &InvoiceItem, seen: &mut Vec<(usize, bool)>) {
    let is_item = |id: Option<&InvoiceItemId>| match (id, &item.id) {
        (Some(id), Some(read)) => id.as_str().eq_ignore_ascii_case(read.as_str()),
        _ => false,
    };
    for (index, change) in changes.iter().enumerate() {
        match change {
            ItemUpdate::Remove(id) if is_item(Some(id)) => seen.push((index, false)),
            ItemUpdate::Modify(patch) if is_item(patch.id()) => seen.push((index, shows(item, patch))),
            _ => {}
        }
    }
}

/// Returns whether all items together show every change, or that nothing was changed. `None` if they show neither.
///
/// The service applies an update as a whole, so an item that was to be removed shows that nothing was applied. Other
/// values of an item show nothing: the service may calculate or normalize them.
pub(in crate::api) fn decide(changes: &[ItemUpdate], seen: &[(usize, bool)]) -> Option<bool> {
    let found = |index: usize| seen.iter().find(|(known, _)| *known == index).map(|(_, is_shown)| *is_shown);
    let is_shown = |(index, change): (usize, &ItemUpdate)| match change {
        ItemUpdate::Remove(_) => found(index).is_none(),
        ItemUpdate::Modify(_) => found(index) == Some(true),
        ItemUpdate::Add(_) => false,
    };
    let is_kept = |(index, change): (usize, &ItemUpdate)| {
        matches!(change, ItemUpdate::Remove(_)) && found(index).is_some()
    };
    if changes.iter().enumerate().any(is_kept) {
        return Some(false);
    }
    changes.iter().enumerate().all(is_shown).then_some(true)
}

/// Whether the item has every value of the patch. A patch with a field that no item shows is never shown.
fn shows(item: &InvoiceItem, patch: &ItemPatch) -> bool {
    fn same<T: PartialEq + ?Sized>(wanted: Option<&T>, current: Option<&T>) -> bool {
        wanted.is_none() || wanted == current
    }
    let mut hidden = patch.clone();
    for text in [
        &mut hidden.charge_name,
        &mut hidden.unit_of_measure,
        &mut hidden.description,
        &mut hidden.sku,
        &mut hidden.item_type,
        &mut hidden.purchase_order_number,
    ] {
        *text = None;
    }
    (hidden.amount, hidden.quantity, hidden.unit_price) = (None, None, None);
    (hidden.service_start_date, hidden.service_end_date) = (None, None);
    let Some(id) = patch.id().cloned() else { return false };
    let empty = ItemPatch::of(id);
    hidden == empty
        && *patch != empty
        && same(patch.charge_name.as_deref(), item.charge_name.as_deref())
        && same(patch.amount.as_ref(), item.charge_amount.as_ref())
        && same(patch.quantity.as_ref(), item.quantity.as_ref())
        && same(patch.unit_price.as_ref(), item.unit_price.as_ref())
        && same(patch.unit_of_measure.as_deref(), item.unit_of_measure.as_deref())
        && same(patch.service_start_date.as_ref(), item.service_start_date.as_ref())
        && same(patch.service_end_date.as_ref(), item.service_end_date.as_ref())
        && same(patch.description.as_deref(), item.description.as_deref())
        && same(patch.sku.as_deref(), item.sku.as_deref())
        && same(patch.item_type.as_deref(), item.item_type.as_deref())
        && same(patch.purchase_order_number.as_deref(), item.purchase_order_number.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::NewInvoiceItem;

    fn decided(changes: &[ItemUpdate], items: &str) -> Option<bool> {
        let items: Vec<InvoiceItem> = serde_json::from_str(items).unwrap();
        let mut seen = Vec::new();
        items.iter().for_each(|item| note(changes, item, &mut seen));
        decide(changes, &seen)
    }

    #[test]
    fn removals_decide_and_modifications_show_equal_values_only() {
        let remove = ItemUpdate::remove("AB");
        let amount = |value: i64| ItemUpdate::from(ItemPatch::of("c").amount(value));
        let add = ItemUpdate::from(NewInvoiceItem::named("Fee", 1, "2026-03-31".parse().unwrap()));
        let items = r#"[{"id":"c","chargeAmount":5.00,"sku":"S"}]"#;
        let before = r#"[{"id":"ab"},{"id":"c","chargeAmount":5}]"#;
        for (changes, items, expected) in [
            (vec![remove.clone()], items, Some(true)),
            (vec![remove.clone()], before, Some(false)),
            (vec![remove.clone(), amount(5)], items, Some(true)),
            (vec![remove.clone(), amount(6)], items, None),
            (vec![amount(5), remove.clone()], before, Some(false)),
            (vec![amount(6)], items, None),
            (vec![amount(5)], "[]", None),
            (vec![remove.clone(), add.clone()], items, None),
            (vec![remove.clone(), add.clone()], before, Some(false)),
            (vec![ItemPatch::of("c").sku("S").into()], items, Some(true)),
            (vec![ItemPatch::of("c").sku("S").without_tax().into()], items, None),
            (vec![ItemPatch::of("c").into()], items, None),
        ] {
            assert_eq!(decided(&changes, items), expected, "{changes:?} {items}");
            assert!(are_observable(&changes));
        }
        assert!(!are_observable(&[add.clone(), amount(5)]) && !are_observable(&[]));
        assert_eq!(decided(&[add], items), None);
    }
}
