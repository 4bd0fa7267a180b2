//! Common interface of the bulk operations.

use crate::api::invoices::row_reader::BulkResponse;
use crate::api::invoices::rows::RowName;
use crate::api::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CreateStandaloneInvoice,
    CreatedInvoices, GetInvoice, Invoice, InvoicePatch, InvoiceStatus, InvoiceToPost, PostedInvoice,
    PostedInvoices, bulk_create, bulk_post, bulk_update,
};
use crate::call::reconcile::ReadBack;
use crate::error::{Error, Result};
use crate::model::rules::Path;
use crate::operation::{Operation, Spec};
use crate::types::{InvoiceId, InvoiceNumber};
use crate::wire;

/// Bulk operation on invoices that [`BulkJob`](crate::api::invoices::BulkJob) can split into several
/// requests: create, post or update.
///
/// The trait is sealed.
pub trait Bulk: Operation + Sized + sealed::Sealed {
    /// Row of the request.
    type Row: Clone;
    /// Result of a row that succeeded.
    type Applied;
    /// The response with the rows.
    #[doc(hidden)]
    type Response: BulkResponse;

    /// The way in which the rows of a response name their invoice.
    #[doc(hidden)]
    const NAMED_BY: RowName;

    /// Returns the spec of the operation.
    #[doc(hidden)]
    fn fixed_spec() -> &'static Spec;
    /// Returns an error if the service would reject the row.
    #[doc(hidden)]
    fn check(row: &Self::Row) -> Result<()>;
    /// Returns the number of invoice items in a row.
    #[doc(hidden)]
    fn items(row: &Self::Row) -> usize;
    /// Returns the row as JSON text, as the body of a request contains it.
    #[doc(hidden)]
    fn to_text(row: Self::Row) -> serde_json::Result<String>;
    /// Reads a row from its JSON text.
    #[doc(hidden)]
    fn from_text(text: &str) -> serde_json::Result<Self::Row>;
    /// Returns the id or number by which a response names the row.
    #[doc(hidden)]
    fn name(row: &Self::Row) -> Option<&str>;
    /// Returns the result of a row whose success was reported.
    #[doc(hidden)]
    fn applied(row: &Self::Row, reported: Option<Reported<Self>>) -> Self::Applied;
    /// Returns the result of a row whose effect was found in an invoice.
    #[doc(hidden)]
    fn found(row: &Self::Row, invoice: Invoice) -> Self::Applied;
    /// Returns the ids of the invoice.
    #[doc(hidden)]
    fn ids(applied: &Self::Applied) -> (Option<InvoiceId>, Option<InvoiceNumber>);
    /// Returns the operation that reads the invoice of a row, or `None` if nothing identifies the invoice.
    #[doc(hidden)]
    fn look_up(row: &Self::Row) -> Option<GetInvoice>;
    /// Compares a row with its invoice.
    #[doc(hidden)]
    fn compare(row: &Self::Row, invoice: &Invoice) -> Comparison;
    /// Returns the change to read back when the outcome of its only attempt is unknown.
    #[doc(hidden)]
    fn change(_: &Self::Row) -> Option<UpdatedRow> {
        None
    }
}

/// A row of the response.
pub(super) type Reported<B> = <<B as Bulk>::Response as BulkResponse>::Row;

/// The evidence of an invoice about a row.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The invoice shows the effect of the row.
    Applied,
    /// The invoice shows that the row has no effect.
    NotApplied,
    /// The invoice proves neither.
    Unclear,
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
    type Response = CreatedInvoices;

    const NAMED_BY: RowName = RowName::Number;

    fn fixed_spec() -> &'static Spec {
        &bulk_create::SPEC
    }

    fn check(row: &CreateStandaloneInvoice) -> Result<()> {
        row.check(&Path::ROOT)
    }

    fn items(row: &CreateStandaloneInvoice) -> usize {
        row.items().len()
    }

    fn to_text(row: CreateStandaloneInvoice) -> serde_json::Result<String> {
        wire::to_text(&row)
    }

    fn from_text(text: &str) -> serde_json::Result<CreateStandaloneInvoice> {
        serde_json::from_str(text)
    }

    fn name(row: &CreateStandaloneInvoice) -> Option<&str> {
        row.own_number()
    }

    fn applied(_: &CreateStandaloneInvoice, reported: Option<Invoice>) -> Invoice {
        reported.unwrap_or_default()
    }

    fn found(_: &CreateStandaloneInvoice, invoice: Invoice) -> Invoice {
        invoice
    }

    fn ids(created: &Invoice) -> (Option<InvoiceId>, Option<InvoiceNumber>) {
        (created.id.clone(), created.number.clone())
    }

    fn look_up(row: &CreateStandaloneInvoice) -> Option<GetInvoice> {
        row.own_number().map(GetInvoice::new)
    }

    fn compare(row: &CreateStandaloneInvoice, invoice: &Invoice) -> Comparison {
        if row.agrees_with(invoice) == Some(true) { Comparison::Applied } else { Comparison::Unclear }
    }
}

impl Bulk for BulkPostInvoices {
    type Row = InvoiceToPost;
    type Applied = PostedInvoice;
    type Response = PostedInvoices;

    const NAMED_BY: RowName = RowName::Id;

    fn fixed_spec() -> &'static Spec {
        &bulk_post::SPEC
    }

    fn check(row: &InvoiceToPost) -> Result<()> {
        row.check_fields(&Path::ROOT)
    }

    fn items(_: &InvoiceToPost) -> usize {
        0
    }

    fn to_text(row: InvoiceToPost) -> serde_json::Result<String> {
        wire::to_text(&row)
    }

    fn from_text(text: &str) -> serde_json::Result<InvoiceToPost> {
        serde_json::from_str(text)
    }

    fn name(row: &InvoiceToPost) -> Option<&str> {
        row.id.as_ref().map(InvoiceId::as_str)
    }

    fn applied(row: &InvoiceToPost, reported: Option<PostedInvoice>) -> PostedInvoice {
        let posted = reported.unwrap_or_default();
        PostedInvoice { id: posted.id.or_else(|| row.id.clone()), ..posted }
    }

    fn found(row: &InvoiceToPost, _: Invoice) -> PostedInvoice {
        PostedInvoice { id: row.id.clone(), ..PostedInvoice::default() }
    }

    fn ids(posted: &PostedInvoice) -> (Option<InvoiceId>, Option<InvoiceNumber>) {
        (posted.id.clone(), None)
    }

    fn look_up(row: &InvoiceToPost) -> Option<GetInvoice> {
        row.id.clone().map(GetInvoice::new)
    }

    fn compare(row: &InvoiceToPost, invoice: &Invoice) -> Comparison {
        match invoice.status {
            Some(InvoiceStatus::Posted) if is_invoice(row.id.as_ref(), invoice) => Comparison::Applied,
            Some(InvoiceStatus::Draft) if is_invoice(row.id.as_ref(), invoice) => Comparison::NotApplied,
            _ => Comparison::Unclear,
        }
    }
}

impl Bulk for BulkUpdateInvoices {
    type Row = (InvoiceId, InvoicePatch);
    type Applied = InvoiceId;
    type Response = PostedInvoices;

    const NAMED_BY: RowName = RowName::Id;

    fn fixed_spec() -> &'static Spec {
        &bulk_update::SPEC
    }

    fn check((_, changes): &Self::Row) -> Result<()> {
        changes.check(&Path::ROOT)
    }

    fn items((_, changes): &Self::Row) -> usize {
        changes.items.len()
    }

    fn to_text((invoice, changes): Self::Row) -> serde_json::Result<String> {
        wire::to_text(&changes.of(invoice))
    }

    fn from_text(text: &str) -> serde_json::Result<Self::Row> {
        let changes: InvoicePatch = serde_json::from_str(text)?;
        let invoice = changes.invoice().cloned();
        let invoice = invoice.ok_or_else(|| serde::de::Error::custom("the row has no `id`"))?;
        Ok((invoice, changes))
    }

    fn name((invoice, _): &Self::Row) -> Option<&str> {
        Some(invoice.as_str())
    }

    fn applied((invoice, _): &Self::Row, _: Option<PostedInvoice>) -> InvoiceId {
        invoice.clone()
    }

    fn found((invoice, _): &Self::Row, _: Invoice) -> InvoiceId {
        invoice.clone()
    }

    fn ids(invoice: &InvoiceId) -> (Option<InvoiceId>, Option<InvoiceNumber>) {
        (Some(invoice.clone()), None)
    }

    fn look_up((invoice, changes): &Self::Row) -> Option<GetInvoice> {
        changes.is_observable().then(|| GetInvoice::new(invoice.clone()))
    }

    fn compare((id, changes): &Self::Row, invoice: &Invoice) -> Comparison {
        match changes.matches(invoice).filter(|_| is_invoice(Some(id), invoice)) {
            Some(true) => Comparison::Applied,
            Some(false) if changes.is_conclusive() => Comparison::NotApplied,
            _ => Comparison::Unclear,
        }
    }

    fn change((invoice, changes): &Self::Row) -> Option<UpdatedRow> {
        let is_observable = changes.is_observable();
        is_observable.then(|| UpdatedRow { invoice: invoice.clone(), changes: changes.clone() })
    }
}

/// Returns whether a response can be about the invoice with this id.
fn is_invoice(id: Option<&InvoiceId>, invoice: &Invoice) -> bool {
    match (id, &invoice.id) {
        (Some(id), Some(read)) => id.as_str().eq_ignore_ascii_case(read.as_str()),
        _ => true,
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
