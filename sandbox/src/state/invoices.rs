//! All invoices, with the indexes that lookups use.

use std::collections::BTreeSet;
use std::ops::{Bound, Index, IndexMut};
use std::sync::Arc;

use bytes::Bytes;

use super::columns::Field;
use super::invoice::Invoice;
use super::pdf::InvoiceFile;
use super::store::{Store, Stored};
use crate::values::TextMap;

/// Number of invoices up to which responses are kept. A body takes about a kilobyte.
const MAX_SHOWN: usize = 10_000;

/// The invoices in order of creation, found by id, number, bill run, account or file.
#[derive(Clone, Default)]
pub(crate) struct Invoices {
    store: Store<Invoice>,
    /// Positions by the number of the bill run.
    by_run: TextMap<BTreeSet<usize>>,
    /// Positions by the id of the account, in order. An account has few of them.
    by_account: TextMap<Vec<usize>>,
    /// Positions by download id, files that are no longer there included.
    by_file: TextMap<usize>,
}

impl Stored for Invoice {
    const FIELDS: &'static [Field<Self>] = &[
        Field::text("id", |invoice| Some(&invoice.id)),
        Field::time("updateddate", |invoice| invoice.updated),
        Field::text("accountid", |invoice| Some(&invoice.account_id)),
        Field::number("amount", Self::amount),
        Field::number("balance", Self::balance),
        Field::date("duedate", |invoice| invoice.due_date),
        Field::date("invoicedate", |invoice| invoice.invoice_date),
        Field::text("invoicenumber", |invoice| Some(&invoice.number)),
        Field::text("reversed", |invoice| Some(if invoice.reversed { "true" } else { "false" })),
        Field::text("sourceid", |invoice| Some(&invoice.origin.as_ref()?.run_number)),
        Field::text("sourcetype", |invoice| Some(invoice.source_type())),
        Field::text("status", |invoice| Some(invoice.status.as_str())),
        Field::text("einvoicestatus", |_| None),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn number(&self) -> Option<&str> {
        Some(&self.number)
    }
}

impl Invoices {
    /// Adds an invoice and returns its position.
    pub(crate) fn push(&mut self, invoice: Invoice) -> usize {
        let position = self.store.end();
        if let Some(origin) = &invoice.origin {
            self.by_run.entry(origin.run_number.as_str().into()).or_default().insert(position);
        }
        // The position is greater than all others.
        self.by_account.entry(invoice.account_id.as_str().into()).or_default().push(position);
        self.store.push(invoice)
    }

    /// Removes the invoice at a position.
    pub(crate) fn remove(&mut self, position: usize) -> Option<Arc<Invoice>> {
        let invoice = self.store.remove(position)?;
        if let Some(origin) = &invoice.origin {
            forget(&mut self.by_run, &origin.run_number, position);
        }
        if let Some(known) = self.by_account.get_mut(invoice.account_id.as_str()) {
            known.retain(|other| *other != position);
        }
        for file in &invoice.files {
            self.by_file.remove(file.download_id.as_str());
        }
        Some(invoice)
    }

    /// Removes every invoice from a position on.
    pub(crate) fn truncate(&mut self, end: usize) {
        for position in end..self.store.end() {
            self.remove(position);
        }
        self.store.truncate(end);
    }

    /// Adds a file to the invoice at a position.
    pub(crate) fn add_file(&mut self, position: usize, file: InvoiceFile) {
        self.by_file.insert(file.download_id.as_str().into(), position);
        self[position].files.push(file);
    }

    /// Returns the file with that download id.
    pub(crate) fn file(&self, download_id: &str) -> Option<&InvoiceFile> {
        let invoice = self.store.get(*self.by_file.get(download_id)?)?;
        invoice.files.iter().find(|file| file.download_id == download_id)
    }

    /// Changes the number of the invoice at a position.
    pub(crate) fn renumber(&mut self, position: usize, number: String) {
        self.store.renumber(position, |invoice| {
            invoice.number = number;
            invoice.shown.clear();
        });
    }

    /// Returns the position of the invoice with that id or number.
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.store.find(key)
    }

    pub(crate) fn get(&self, position: usize) -> Option<&Invoice> {
        self.store.get(position)
    }

    /// Returns the body of the response that shows the invoice at a position. It is kept if there are few invoices.
    pub(crate) fn shown(&self, position: usize, write: impl FnOnce(&Invoice) -> Bytes) -> Bytes {
        let invoice = &self.store[position];
        match self.len() <= MAX_SHOWN {
            true => invoice.shown.get_or_write(|| write(invoice)),
            false => write(invoice),
        }
    }

    /// Returns the invoice at a position as it is now, for [`replace`](Self::replace).
    pub(crate) fn shared(&self, position: usize) -> Option<Arc<Invoice>> {
        self.store.shared(position)
    }

    /// Returns to an earlier version of the invoice at a position.
    pub(crate) fn replace(&mut self, position: usize, invoice: Arc<Invoice>) {
        self.store.replace(position, invoice);
    }

    /// Returns the invoices in order of creation.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Invoice> {
        self.store.iter()
    }

    /// Returns the number of invoices.
    pub(crate) fn len(&self) -> usize {
        self.store.len()
    }

    /// Returns the position of the next invoice.
    pub(crate) fn end(&self) -> usize {
        self.store.end()
    }

    /// Returns the positions of the invoices of the bill run with that number, from a position on.
    pub(crate) fn of_run<'i>(&'i self, run: &str, from: usize) -> impl Iterator<Item = usize> + use<'i> {
        positions(&self.by_run, run, from)
    }

    /// Returns the positions of the invoices of an account, from a position on.
    pub(crate) fn of_account<'i>(
        &'i self,
        account: &str,
        from: usize,
    ) -> impl Iterator<Item = usize> + use<'i> {
        let known = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        known[known.partition_point(|position| *position < from)..].iter().copied()
    }

    /// Returns the invoices as a store.
    pub(crate) fn store(&self) -> &Store<Invoice> {
        &self.store
    }

    /// Updates the columns of the store.
    pub(crate) fn refresh_columns(&mut self) {
        self.store.refresh_columns();
    }
}

impl Index<usize> for Invoices {
    type Output = Invoice;

    fn index(&self, position: usize) -> &Invoice {
        &self.store[position]
    }
}

impl IndexMut<usize> for Invoices {
    fn index_mut(&mut self, position: usize) -> &mut Invoice {
        let invoice = &mut self.store[position];
        invoice.shown.clear();
        invoice
    }
}

type Positions = TextMap<BTreeSet<usize>>;

fn positions<'i>(index: &'i Positions, key: &str, from: usize) -> impl Iterator<Item = usize> + use<'i> {
    let range = (Bound::Included(from), Bound::Unbounded);
    index.get(key).into_iter().flat_map(move |known| known.range(range)).copied()
}

fn forget(index: &mut Positions, key: &str, position: usize) {
    if let Some(known) = index.get_mut(key) {
        known.remove(&position);
        if known.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::super::tenant::Tenant;
    use super::*;
    use crate::state::invoice::ShownText;
    use crate::values::{Date, UnixTime};

    #[test]
    fn a_copy_of_an_invoice_is_shown_anew() {
        let shown = ShownText::default();
        assert_eq!(shown.get_or_write(|| Bytes::from_static(b"old")), "old");
        assert_eq!(shown.clone().get_or_write(|| Bytes::from_static(b"new")), "new");
        assert_eq!(shown.get_or_write(|| Bytes::from_static(b"new")), "old");
    }

    #[test]
    fn responses_of_many_invoices_are_not_kept() {
        let (mut ids, tenant) = (Ids::default(), Tenant::demo());
        let (day, now) = (Date::parse("2026-03-01").unwrap(), UnixTime::from_secs(1_772_352_000));
        let mut invoices = Invoices::default();
        let draft = Invoice::draft(&mut ids, &tenant, &tenant.accounts[0], day, now);
        let mut is_kept = |count: usize| {
            while invoices.len() < count {
                let name = invoices.len().to_string();
                invoices.push(Invoice { id: name.clone(), number: name, ..draft.clone() });
            }
            assert_eq!(invoices.shown(count - 1, |_| Bytes::from_static(b"{}")), "{}");
            invoices.get(count - 1).unwrap().shown.is_kept()
        };
        assert!(is_kept(1) && is_kept(MAX_SHOWN));
        assert!(!is_kept(MAX_SHOWN + 1));
    }
}
