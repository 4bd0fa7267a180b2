//! Common interface of the bulk operations.

use crate::api::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CreateStandaloneInvoice, GetInvoice,
    Invoice, InvoicePatch, InvoiceToPost, PostedInvoice,
};
use crate::call::reconcile::ReadBack;
use crate::error::{Error, Result};
use crate::model::envelope::{Envelope, Success};
use crate::operation::Operation;
use crate::types::InvoiceId;

/// Bulk operation on invoices that [`BulkJob`](crate::api::invoices::BulkJob) can split into several
/// requests: create, post or update.
///
/// The trait is sealed.
pub trait Bulk: Operation + Sized + sealed::Sealed {
    /// Row of the request.
    type Row: Clone;
    /// Result of a row that succeeded.
    type Applied;

    /// Creates the operation for some rows.
    #[doc(hidden)]
    fn from_rows(rows: Vec<Self::Row>) -> Self;
    /// Returns the number of invoice items in a row.
    #[doc(hidden)]
    fn items(row: &Self::Row) -> usize;
    /// Returns the results of the rows, in the order of the request.
    #[doc(hidden)]
    fn results(&self, response: Self::Output) -> Vec<Result<Self::Applied, Envelope>>;
    /// Returns the operation to read a row back when its outcome is unknown, or `None` when its changes are
    /// not visible.
    #[doc(hidden)]
    fn read_back(_: &Self::Row) -> Option<UpdatedRow> {
        None
    }
    /// Returns whether an invoice with other values proves that the row was not applied.
    #[doc(hidden)]
    fn is_conclusive(_: &Self::Row) -> bool {
        false
    }
    /// Returns the result of a row whose changes were found in the invoice.
    #[doc(hidden)]
    fn applied(_: &Self::Row) -> Option<Self::Applied> {
        None
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::BulkCreateStandaloneInvoices {}
    impl Sealed for super::BulkPostInvoices {}
    impl Sealed for super::BulkUpdateInvoices {}
}

impl Bulk for BulkCreateStandaloneInvoices {
    type Row = CreateStandaloneInvoice;
    type Applied = Invoice;

    fn from_rows(rows: Vec<CreateStandaloneInvoice>) -> Self {
        Self::new(rows)
    }

    fn items(row: &CreateStandaloneInvoice) -> usize {
        row.items().len()
    }

    fn results(&self, response: Self::Output) -> Vec<Result<Invoice, Envelope>> {
        response.results().map(|row| row.cloned().map_err(Clone::clone)).collect()
    }
}

impl Bulk for BulkPostInvoices {
    type Row = InvoiceToPost;
    type Applied = PostedInvoice;

    fn from_rows(rows: Vec<InvoiceToPost>) -> Self {
        Self::new(rows)
    }

    fn items(_: &InvoiceToPost) -> usize {
        0
    }

    fn results(&self, response: Self::Output) -> Vec<Result<PostedInvoice, Envelope>> {
        response.results().map(|row| row.cloned().map_err(Clone::clone)).collect()
    }
}

impl Bulk for BulkUpdateInvoices {
    type Row = (InvoiceId, InvoicePatch);
    type Applied = InvoiceId;

    fn from_rows(rows: Vec<Self::Row>) -> Self {
        Self::new(rows)
    }

    fn items((_, changes): &Self::Row) -> usize {
        changes.items.len()
    }

    fn results(&self, _: Success) -> Vec<Result<InvoiceId, Envelope>> {
        self.invoices().map(|invoice| Ok(invoice.clone())).collect()
    }

    fn read_back((invoice, changes): &Self::Row) -> Option<UpdatedRow> {
        let is_observable = changes.is_observable();
        is_observable.then(|| UpdatedRow { invoice: invoice.clone(), changes: changes.clone() })
    }

    fn is_conclusive((_, changes): &Self::Row) -> bool {
        changes.is_conclusive()
    }

    fn applied((invoice, _): &Self::Row) -> Option<InvoiceId> {
        Some(invoice.clone())
    }
}

/// Row of a bulk update with an unknown outcome.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct UpdatedRow {
    invoice: InvoiceId,
    changes: InvoicePatch,
}

impl ReadBack for UpdatedRow {
    type Read = GetInvoice;

    fn read_back(&self) -> GetInvoice {
        GetInvoice::new(self.invoice.clone())
    }

    fn is_applied(&self, seen: Result<&Invoice, &Error>) -> Option<bool> {
        self.changes.matches(seen.ok()?)
    }
}
