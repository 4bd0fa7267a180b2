//! `PUT /v1/invoices`

use crate::api::invoices::row_reader::MAX_ROWS;
use crate::api::invoices::update::InvoicePatch;
use crate::error::Result;
use crate::model::envelope::Success;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::InvoiceId;

static SINGLE_SPEC: Spec = Spec::put("bulk_update_invoices", "/v1/invoices");
pub(super) static SPEC: Spec = Spec::put("bulk_update_invoices", "/v1/invoices").with_rows();

model! {
    /// `PUT /v1/invoices` ("Update invoices"): updates 1 to 50 invoices.
    ///
    /// The response reports only the success of the whole request, and nothing about each invoice. The
    /// service accepts no idempotency key. After an unknown outcome, read the invoices before retrying.
    /// [`BulkJob`](crate::api::invoices::BulkJob) updates any number of invoices, and reads an invoice back
    /// when its outcome is unknown.
    ///
    /// ```
    /// use zuora_core::invoices::{BulkUpdateInvoices, InvoicePatch};
    /// # use zuora_core::{Client, Config};
    /// # use zuora_core::testing::FakeTransport;
    /// #
    /// # let transport = FakeTransport::new(|request| {
    /// #     assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/v1/invoices"));
    /// #     Ok(FakeTransport::json(200, r#"{"success":true}"#))
    /// # });
    /// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
    /// let pay = InvoicePatch::default().auto_pay(true);
    /// let response = client.call(&BulkUpdateInvoices::new([("2c92c8955bd63cc1015bd7c151af02ab", pay)]))?;
    /// assert_eq!(response.envelope.success, Some(true));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "bulk_update_invoices")]
    #[doc(alias = "BulkUpdateInvoicesRequest")]
    pub request BulkUpdateInvoices {
        invoices: Vec<InvoicePatch> = "invoices" (by hand) [entries(1, MAX_ROWS)],
    }
}

impl BulkUpdateInvoices {
    /// Creates the operation for 1 to 50 pairs of an invoice id and its changes.
    pub fn new<I: Into<InvoiceId>>(changes: impl IntoIterator<Item = (I, InvoicePatch)>) -> Self {
        let invoices = changes.into_iter().map(|(invoice, changes)| changes.of(invoice.into())).collect();
        Self { invoices, ..Self::default() }
    }
}

impl BulkUpdateInvoices {
    /// Returns the changes, each with the id of its invoice.
    pub(in crate::api) fn changes(&self) -> &[InvoicePatch] {
        &self.invoices
    }
}

impl Operation for BulkUpdateInvoices {
    type Output = Success;

    fn spec(&self) -> &Spec {
        // The only row of a request is rejected with it.
        if self.invoices.len() == 1 { &SINGLE_SPEC } else { &SPEC }
    }

    fn request(&self) -> Result<HttpRequest> {
        self.check_fields(&Path::ROOT)?;
        for (index, changes) in self.invoices.iter().enumerate() {
            let path = Path::ROOT.row("invoices", index);
            if changes.invoice().is_none() {
                return Err(path.reject("id", "is required"));
            }
            changes.check(&path)?;
        }
        RequestBuilder::new(&SPEC).json(self, self.invoices.iter().map(InvoicePatch::size).sum())
    }

    fn parse(&self, success: &HttpResponse) -> Result<Success> {
        json::read(success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let bulk = BulkUpdateInvoices::new([("1", InvoicePatch::default().comments("x"))]);
        let text = serde_json::to_string(&bulk).unwrap();
        assert_eq!(text, r#"{"invoices":[{"id":"1","comments":"x"}]}"#);
        assert_eq!(serde_json::from_str::<BulkUpdateInvoices>(&text).unwrap(), bulk);
        assert_eq!(bulk.request().unwrap().body().as_ref(), text.as_bytes());
    }

    #[test]
    fn limits_are_enforced_and_the_field_is_named() {
        let invalid_field =
            |bulk: BulkUpdateInvoices| bulk.request().err().map(|error| error.field().unwrap().to_owned());
        let rows = |count| BulkUpdateInvoices::new(vec![("1", InvoicePatch::default()); count]);
        assert_eq!(
            (invalid_field(rows(0)).as_deref(), invalid_field(rows(50)), invalid_field(rows(51)).as_deref()),
            (Some("invoices"), None, Some("invoices"))
        );
        let nameless = serde_json::from_str(r#"{"invoices":[{"comments":"x"}]}"#).unwrap();
        assert_eq!(invalid_field(nameless).unwrap(), "invoices[0].id");
        let long = InvoicePatch::default().comments("x".repeat(256));
        assert_eq!(invalid_field(BulkUpdateInvoices::new([("1", long)])).unwrap(), "invoices[0].comments");
    }
}
