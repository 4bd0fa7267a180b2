//! `POST /v1/invoices/bulk-post`

use crate::api::invoices::row_reader::{BulkResponse, BulkRow, MAX_ROWS};
use crate::api::invoices::rows::{self, RowName};
use crate::error::{Error, Outcome, Result};
use crate::model::envelope::Envelope;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};
use crate::types::{Date, InvoiceId};

pub(super) static SPEC: Spec = Spec::keyed("bulk_post_invoices", "/v1/invoices/bulk-post").with_rows();

model! {
    /// `POST /v1/invoices/bulk-post` ("Post invoices"): posts 1 to 50 draft invoices, each with a new date if it
    /// [has one](InvoiceToPost::invoice_date).
    ///
    /// The service posts the invoices one after the other within the call, which can take a long time with an
    /// external tax engine. It posts or rejects each invoice independently, so check every row of the
    /// response. A response whose list of rows is missing or cut off is an error with an unknown outcome: retry it under
    /// its key. [`BulkJob`](crate::api::invoices::BulkJob) posts any number of invoices.
    ///
    /// ```
    /// use zuora_core::invoices::BulkPostInvoices;
    /// # use zuora_core::{Client, Config};
    /// # use zuora_core::testing::FakeTransport;
    /// #
    /// # let transport = FakeTransport::new(|request| {
    /// #     let target = (request.method().as_str(), request.uri().path());
    /// #     assert_eq!(target, ("POST", "/v1/invoices/bulk-post"));
    /// #     assert_eq!(&request.body()[..], br#"{"invoices":[{"id":"2c92c8955bd63cc1015bd7c151af02ab"}]}"#);
    /// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoices":[{"success":true,
    /// #         "id":"2c92c8955bd63cc1015bd7c151af02ab"}]}"#))
    /// # });
    /// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
    /// let posted = client.call(&BulkPostInvoices::new(["2c92c8955bd63cc1015bd7c151af02ab"]))?;
    /// assert!(posted.results().all(|result| result.is_ok()));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    #[doc(alias = "bulk_post_invoices")]
    #[doc(alias = "BulkPostInvoicesRequest")]
    pub request BulkPostInvoices {
        invoices: Vec<InvoiceToPost> = "invoices" (by hand) [entries(1, MAX_ROWS)],
    }
}

impl BulkPostInvoices {
    /// Creates the operation for 1 to 50 invoices.
    pub fn new<I: Into<InvoiceToPost>>(invoices: impl IntoIterator<Item = I>) -> Self {
        Self { invoices: invoices.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl BulkPostInvoices {
    /// Returns the rows in the response of a call that failed, if it contains any: those before the point at which the
    /// response was cut off, or those of a request that was rejected as a whole. The outcome of the others is unknown.
    /// The error must be that of a call with exactly this request. The error of another operation has no rows.
    ///
    /// A call with an unknown outcome that is retried under its key, with
    /// [`CallOptions::retry_of`](crate::CallOptions::retry_of), receives the whole response.
    ///
    /// ```
    /// use zuora_core::invoices::BulkPostInvoices;
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let body = r#"{"success":false,"reasons":[{"code":59210020,"message":"rejected"}],"invoices":[
    /// #     {"success":false,"id":"8a1","reasons":[{"code":59210020,"message":"Only drafts can be posted."}]}]}"#;
    /// # let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(200, body)));
    /// # let client = Client::with_transport(&Config::with_token(DataCenter::UsCloud2, "token"), transport)?;
    ///
    /// let bulk = BulkPostInvoices::new(["8a1"]);
    /// let error = client.call(&bulk).unwrap_err(); // the request was rejected as a whole
    /// for row in bulk.rows_in(&error).iter().flat_map(|rows| &rows.invoices) {
    ///     println!("{:?}: {:?}", row.id, row.envelope.reasons);
    /// }
    /// # assert_eq!(bulk.rows_in(&error).map(|rows| rows.invoices.len()), Some(1));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    pub fn rows_in(&self, error: &Error) -> Option<PostedInvoices> {
        rows::read_failed(error, &SPEC, &self.names(), RowName::Id)
    }

    /// Returns the invoices to post.
    pub(in crate::api) fn rows(&self) -> &[InvoiceToPost] {
        &self.invoices
    }

    fn names(&self) -> Vec<Option<&str>> {
        self.invoices.iter().map(|row| row.id.as_ref().map(InvoiceId::as_str)).collect()
    }
}

impl BulkResponse for PostedInvoices {
    type Row = PostedInvoice;

    fn rows_mut(&mut self) -> &mut Vec<PostedInvoice> {
        &mut self.invoices
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn envelope_mut(&mut self) -> &mut Envelope {
        &mut self.envelope
    }
}

impl BulkRow for PostedInvoice {
    fn index(&self) -> Option<i64> {
        None
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn envelope_mut(&mut self) -> &mut Envelope {
        &mut self.envelope
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
        rows::read(success, &self.names(), RowName::Id)
    }
}

model! {
    /// Invoice to post. Custom fields can be set at the same time.
    pub request InvoiceToPost {
        /// Id of the invoice. The invoice number is not accepted here.
        pub id: Option<InvoiceId> = "id" [REQUIRED, max_len(32)],
        /// New date of the invoice; by default the date does not change.
        pub invoice_date: Option<Date> = "invoiceDate",
    }
}

impl InvoiceToPost {
    /// Creates a row for an invoice id.
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
    /// Response to a bulk posting: one row for each invoice of the request, in the order of the request.
    #[doc(alias = "BulkPostInvoicesResponse")]
    pub response PostedInvoices {
        /// One row for each invoice of the request. [`results`](Self::results) separates the rows that
        /// failed.
        pub invoices: Vec<PostedInvoice> = "invoices",
    }
}

impl PostedInvoices {
    /// Returns one result for each invoice of the request: the row of the posted invoice, or the envelope of a
    /// row that was rejected or whose outcome is unknown. [`Envelope::outcome`] reports which.
    pub fn results(&self) -> impl Iterator<Item = Result<&PostedInvoice, &Envelope>> {
        self.invoices.iter().map(|row| match row.envelope.outcome() {
            Outcome::Applied => Ok(row),
            Outcome::NotApplied | Outcome::Unknown => Err(&row.envelope),
        })
    }
}

model! {
    /// Row of the response to a bulk posting.
    pub response PostedInvoice {
        /// Id of the invoice. Present on failures too.
        pub id: Option<InvoiceId> = "id",
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::error::Context;

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let mut invoice = InvoiceToPost::new("1").invoice_date("2024-06-01".parse::<Date>().unwrap());
        invoice.set_custom("Region__c", "EU").unwrap();
        let bulk = BulkPostInvoices::new([invoice]);
        let text = serde_json::to_string(&bulk).unwrap();
        assert_eq!(text, r#"{"invoices":[{"id":"1","invoiceDate":"2024-06-01","Region__c":"EU"}]}"#);
        assert_eq!(serde_json::from_str::<BulkPostInvoices>(&text).unwrap(), bulk);
    }

    #[test]
    fn limits_are_enforced_and_the_field_is_named() {
        let invalid_field =
            |bulk: BulkPostInvoices| bulk.request().err().map(|error| error.field().unwrap().to_owned());
        assert_eq!(invalid_field(BulkPostInvoices::new(vec!["1"; 50])), None);
        assert_eq!(invalid_field(BulkPostInvoices::new(vec!["1"; 51])).unwrap(), "invoices");
        assert_eq!(
            invalid_field(BulkPostInvoices::new([InvoiceToPost::default()])).unwrap(),
            "invoices[0].id"
        );
    }

    #[test]
    fn a_failed_row_does_not_affect_other_rows() {
        let body = r#"{"success":true,"invoices":[{"id":"1","success":true},{"id":"2","success":false,
            "processId":"P","reasons":[{"code":59210020,"message":"Only invoices with Draft status can be posted."}]}]}"#;
        let posted = BulkPostInvoices::new(["1", "2"]).parse(&HttpResponse::new(body.into())).unwrap();
        let rows: Vec<_> = posted.results().collect();
        assert!(rows[0].is_ok());
        assert_eq!(rows[1].unwrap_err().reasons[0].category(), crate::ReasonCategory::Format);
    }
    #[test]
    fn a_row_that_succeeded_in_a_request_that_failed_leaves_the_outcome_unknown() {
        let config = crate::Config::with_token("https://rest.zuora.com", "token").max_attempts(1);
        for status in [200, 400, 401, 429] {
            let transport = crate::testing::FakeTransport::new(move |_| {
                let body = r#"{"success":false,"reasons":[{"code":"58490030","message":"1 of 2 failed"}],
                    "invoices":[{"id":"1","success":true},{"success":false}]}"#;
                Ok(crate::testing::FakeTransport::json(status, body))
            });
            let client = crate::Client::with_transport(&config, transport).unwrap();
            let error = client.call(&BulkPostInvoices::new(["1", "2"])).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
        }
    }

    #[test]
    fn a_row_that_succeeded_in_a_failed_response_is_not_believed() {
        for (status, expected) in [(StatusCode::OK, Some(true)), (StatusCode::BAD_REQUEST, None)] {
            let body = r#"{"invoices":[{"id":"i1","success":true}]}"#;
            let operation = SPEC.name.into();
            let context =
                Context { operation, status: Some(status), body: body.into(), ..Context::default() };
            let error = Error::unreadable("$", "cut off").with_context(context);
            let read = BulkPostInvoices::new(["i1"]).rows_in(&error).unwrap();
            assert_eq!(read.invoices[0].envelope.success, expected, "{status}");
        }
    }
}
