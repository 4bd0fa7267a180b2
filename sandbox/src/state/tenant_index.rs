//! Indexes of the tenant file.

use std::collections::{HashMap, HashSet};

use super::tenant::{Account, Charge, Tenant};

/// Positions of accounts and charges by their keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct TenantIndex {
    accounts: HashMap<Box<str>, usize>,
    account_numbers: HashMap<Box<str>, usize>,
    /// Account, subscription and charge of each product rate plan charge.
    product_charges: HashMap<Box<str>, (usize, usize, usize)>,
    skus: HashSet<Box<str>>,
    payment_terms: HashSet<Box<str>>,
}

impl TenantIndex {
    fn of(accounts: &[Account]) -> Self {
        let mut index = Self::default();
        for (at, account) in accounts.iter().enumerate() {
            index.accounts.entry(account.id.as_str().into()).or_insert(at);
            if !index.payment_terms.contains(account.payment_term.as_str()) {
                index.payment_terms.insert(account.payment_term.as_str().into());
            }
            index.account_numbers.entry(account.account_number.as_str().into()).or_insert(at);
            for (subscribed_at, subscription) in account.subscriptions.iter().enumerate() {
                for (charge_at, charge) in subscription.charges.iter().enumerate() {
                    let product = charge.product_rate_plan_charge_id.as_str();
                    if !index.product_charges.contains_key(product) {
                        index.product_charges.insert(product.into(), (at, subscribed_at, charge_at));
                    }
                    if !index.skus.contains(charge.sku.as_str()) {
                        index.skus.insert(charge.sku.as_str().into());
                    }
                }
            }
        }
        index
    }
}

impl Tenant {
    /// Builds the indexes that lookups use.
    pub(super) fn build_index(&mut self) {
        self.index = TenantIndex::of(&self.accounts);
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(*self.index.accounts.get(id)?)
    }

    pub(crate) fn account_by_number(&self, number: &str) -> Option<&Account> {
        self.accounts.get(*self.index.account_numbers.get(number)?)
    }

    /// Returns a charge of the product rate plan charge with that id.
    pub(crate) fn product_charge(&self, id: &str) -> Option<&Charge> {
        let (account, subscription, charge) = *self.index.product_charges.get(id)?;
        self.accounts.get(account)?.subscriptions.get(subscription)?.charges.get(charge)
    }

    /// Whether an invoice can have that payment term.
    pub(crate) fn has_payment_term(&self, term: &str) -> bool {
        self.payment_terms.contains_key(term) || self.index.payment_terms.contains(term)
    }

    pub(crate) fn has_sku(&self, sku: &str) -> bool {
        self.index.skus.contains(sku)
    }
}
