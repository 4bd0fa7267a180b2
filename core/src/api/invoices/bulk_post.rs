//! `POST /v1/invoices/bulk-post`

use crate::api::invoices::rows;
use crate::error::Result;
use crate::model::envelope::Envelope;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{Date, InvoiceId};

static SPEC: Spec = Spec::keyed("bulk_post_invoices", "/v1/invoices/bulk-post");

model! {
    /// `POST /v1/invoices/bulk-post` ("Post invoices"): posts up to 50 draft invoices.
    ///
    /// They are posted one by one within the call, which takes its time where taxes are worked out elsewhere. Each is
    /// posted or refused by itself: look at each row of the answer.
    ///
    /// ```
    /// use zuora_core::invoices::BulkPostInvoices;
    /// use zuora_core::Operation;
    ///
    /// let request = BulkPostInvoices::new(["2c92c8955bd63cc1015bd7c151af02ab"]).request()?;
    /// assert_eq!(request.uri(), "/v1/invoices/bulk-post");
    /// assert_eq!(&request.body()[..], br#"{"invoices":[{"id":"2c92c8955bd63cc1015bd7c151af02ab"}]}"#);
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    pub request BulkPostInvoices {
        invoices: Vec<InvoiceToPost> = "invoices" (by hand) [entries(1, 50)],
    }
}

impl BulkPostInvoices {
    /// These invoices, 1 to 50.
    pub fn new<I: Into<InvoiceToPost>>(invoices: impl IntoIterator<Item = I>) -> Self {
        Self { invoices: invoices.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl Operation for BulkPostInvoices {
    type Output = PostedInvoices;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.check_fields(&Path::ROOT)?;
        for (index, invoice) in self.invoices.iter().enumerate() {
            invoice.check_fields(&Path::ROOT.row("invoices", index))?;
        }
        RequestBuilder::new(&SPEC).json(self, 16 + 80 * self.invoices.len())
    }

    fn parse(&self, success: &HttpResponse) -> Result<PostedInvoices> {
        json::read(success.body())
    }
}

model! {
    /// An invoice that is to be posted. Custom fields may be set along with it.
    pub request InvoiceToPost {
        /// The invoice; numbers do not work here.
        pub id: Option<InvoiceId> = "id" [REQUIRED, max_len(32)],
        /// Date that it gets; without one it keeps its own.
        pub invoice_date: Option<Date> = "invoiceDate",
    }
}

impl InvoiceToPost {
    /// The invoice of this id.
    pub fn new(invoice: impl Into<InvoiceId>) -> Self {
        Self::default().id(invoice)
    }
}

impl From<InvoiceId> for InvoiceToPost {
    fn from(invoice: InvoiceId) -> Self {
        Self::new(invoice)
    }
}

impl From<&str> for InvoiceToPost {
    fn from(invoice: &str) -> Self {
        Self::new(invoice)
    }
}

model! {
    /// What became of the invoices: one row for each of the request, in its order.
    pub response PostedInvoices {
        /// The rows; ask [`results`](Self::results) which of them failed.
        pub invoices: Vec<PostedInvoice> = "invoices",
    }
}

impl PostedInvoices {
    /// For each invoice of the request the row, or why it was not posted.
    pub fn results(&self) -> impl Iterator<Item = Result<&PostedInvoice, &Envelope>> {
        self.invoices.iter().map(|row| {
            if rows::has_failed(&row.envelope, row.id.is_some()) { Err(&row.envelope) } else { Ok(row) }
        })
    }
}

model! {
    /// What became of one invoice.
    pub response PostedInvoice {
        /// The invoice; there on failures too.
        pub id: Option<InvoiceId> = "id",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let mut invoice = InvoiceToPost::new("1").invoice_date("2024-06-01".parse::<Date>().unwrap());
        invoice.set_custom("Region__c", "EU").unwrap();
        let bulk = BulkPostInvoices::new([invoice]);
        let text = serde_json::to_string(&bulk).unwrap();
        assert_eq!(text, r#"{"invoices":[{"id":"1","invoiceDate":"2024-06-01","Region__c":"EU"}]}"#);
        assert_eq!(serde_json::from_str::<BulkPostInvoices>(&text).unwrap(), bulk);
    }

    #[test]
    fn limits_are_named_and_met() {
        let fault =
            |bulk: BulkPostInvoices| bulk.request().err().map(|error| error.field().unwrap().to_owned());
        assert_eq!(fault(BulkPostInvoices::new(vec!["1"; 50])), None);
        assert_eq!(fault(BulkPostInvoices::new(vec!["1"; 51])).unwrap(), "invoices");
        assert_eq!(fault(BulkPostInvoices::new([InvoiceToPost::default()])).unwrap(), "invoices[0].id");
    }

    #[test]
    fn a_row_that_failed_does_not_hide_another() {
        let body = r#"{"success":true,"invoices":[{"id":"1","success":true},{"id":"2","success":false,
            "processId":"P","reasons":[{"code":59210020,"message":"Only invoices with Draft status can be posted."}]}]}"#;
        let posted = BulkPostInvoices::new(["1", "2"]).parse(&HttpResponse::new(body.into())).unwrap();
        let rows: Vec<_> = posted.results().collect();
        assert!(rows[0].is_ok());
        assert_eq!(rows[1].unwrap_err().reasons[0].category(), crate::ReasonCategory::Format);
    }
}
