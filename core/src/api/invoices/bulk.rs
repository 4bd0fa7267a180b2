//! The operations on many invoices, as what they have in common.

use crate::api::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CreateStandaloneInvoice, GetInvoice,
    Invoice, InvoicePatch, InvoiceToPost, PostedInvoice,
};
use crate::call::reconcile::ReadBack;
use crate::error::{Error, Result};
use crate::model::envelope::{Envelope, Success};
use crate::operation::Operation;
use crate::types::InvoiceId;

/// An operation on many invoices that any number of them can be cut for: creating, posting or updating.
pub trait Bulk: Operation + Sized + sealed::Sealed {
    /// One row of the request.
    type Row: Clone;
    /// What a row that worked gives.
    type Applied;

    /// The request for these rows.
    #[doc(hidden)]
    fn from_rows(rows: Vec<Self::Row>) -> Self;
    /// How many items a row counts for.
    #[doc(hidden)]
    fn items(row: &Self::Row) -> usize;
    /// The results of the request's rows, in their order.
    #[doc(hidden)]
    fn results(&self, answer: Self::Output) -> Vec<Result<Self::Applied, Envelope>>;
    /// How to find out what became of a row whose answer was lost, where reading can tell.
    #[doc(hidden)]
    fn read_back(_: &Self::Row) -> Option<UpdatedRow> {
        None
    }
    /// Whether an invoice that was read back and shows something else proves that the row did not take effect.
    #[doc(hidden)]
    fn is_conclusive(_: &Self::Row) -> bool {
        false
    }
    /// What a row gives whose invoice was found to hold it.
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

    fn results(&self, answer: Self::Output) -> Vec<Result<Invoice, Envelope>> {
        answer.results().map(|row| row.cloned().map_err(Clone::clone)).collect()
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

    fn results(&self, answer: Self::Output) -> Vec<Result<PostedInvoice, Envelope>> {
        answer.results().map(|row| row.cloned().map_err(Clone::clone)).collect()
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
        let shows = changes.is_observable();
        shows.then(|| UpdatedRow { invoice: invoice.clone(), changes: changes.clone() })
    }

    fn is_conclusive((_, changes): &Self::Row) -> bool {
        changes.is_conclusive()
    }

    fn applied((invoice, _): &Self::Row) -> Option<InvoiceId> {
        Some(invoice.clone())
    }
}

/// A row of a bulk update whose answer was lost.
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
