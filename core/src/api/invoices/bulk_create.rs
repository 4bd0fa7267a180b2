//! `POST /v1/invoices/batch`

use crate::api::invoices::Invoice;
use crate::api::invoices::create::CreateStandaloneInvoice;
use crate::api::invoices::row_reader::{BulkResponse, BulkRow, MAX_ROWS};
use crate::api::invoices::rows::{self, RowName};
use crate::error::{Error, Outcome, Result};
use crate::model::envelope::Envelope;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};

pub(super) static SPEC: Spec =
    Spec::keyed("bulk_create_standalone_invoices", "/v1/invoices/batch").with_rows();

/// Maximum number of items in one request.
pub(super) const MAX_ITEMS: usize = 1000;

model! {
    /// `POST /v1/invoices/batch` ("Create standalone invoices"): creates 1 to 50 invoices with at most 1,000
    /// items in total.
    ///
    /// The service creates or rejects each invoice independently, so check every row of the response. With
    /// [`use_single_transaction`](Self::use_single_transaction), it creates all invoices or none.
    /// A response whose list of rows is missing or cut off is an error with an unknown outcome: retry it under its key.
    /// [`BulkJob`](crate::api::invoices::BulkJob) creates any number of invoices.
    ///
    /// Requires the permissions "Create Standalone Invoice" and "Modify Invoice".
    ///
    /// ```
    /// use zuora_core::invoices::{BulkCreateStandaloneInvoices, CreateStandaloneInvoice, NewInvoiceItem};
    /// use zuora_core::types::AccountId;
    /// use zuora_core::Date;
    /// # use zuora_core::{Client, Config};
    /// # use zuora_core::testing::FakeTransport;
    /// #
    /// # let transport = FakeTransport::new(|request| {
    /// #     assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/invoices/batch"));
    /// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoices":[{"success":true,"id":"2c92"},
    /// #         {"success":false,"objectIndex":1,"reasons":[{"code":58490020,
    /// #         "message":"No account is found."}]}]}"#))
    /// # });
    /// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
    /// let today = Date::new(2024, 6, 1)?;
    /// let invoice = |account: &str| {
    ///     let item = NewInvoiceItem::named("Setup", 250, today);
    ///     CreateStandaloneInvoice::new(AccountId::from(account), today, [item])
    /// };
    /// let bulk = BulkCreateStandaloneInvoices::new([invoice("2c92a0fd5e2d"), invoice("2c92a0fd5e2e")]);
    /// let created = client.call(&bulk)?;
    /// for result in created.results() {
    ///     match result {
    ///         Ok(invoice) => println!("created {}", invoice.id()?),
    ///         Err(envelope) => println!("rejected: {:?}", envelope.reasons),
    ///     }
    /// }
    /// # let results: Vec<bool> = created.results().map(|result| result.is_ok()).collect();
    /// # assert_eq!(results, [true, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "bulk_create_standalone_invoices")]
    #[doc(alias = "BulkCreateInvoicesRequest")]
    pub request BulkCreateStandaloneInvoices {
        invoices: Vec<CreateStandaloneInvoice> = "invoices" (by hand) [entries(1, MAX_ROWS)],
        /// Whether all invoices are created or none; by default each invoice is created independently.
        use_single_transaction: Option<bool> = "useSingleTransaction",
    }
}

impl BulkCreateStandaloneInvoices {
    /// Creates the operation for 1 to 50 invoices.
    pub fn new(invoices: impl IntoIterator<Item = CreateStandaloneInvoice>) -> Self {
        Self { invoices: invoices.into_iter().collect(), ..Self::default() }
    }
}

impl BulkCreateStandaloneInvoices {
    /// Returns the rows in the response of a call that failed, if it contains any: those before the point at which the
    /// response was cut off, or those of a request that was rejected as a whole. The outcome of the others is unknown.
    /// The error must be that of a call with exactly this request. The error of another operation has no rows.
    ///
    /// A call with an unknown outcome that is retried under its key, with
    /// [`CallOptions::retry_of`](crate::CallOptions::retry_of), receives the whole response.
    ///
    /// ```
    /// use zuora_core::invoices::{BulkCreateStandaloneInvoices, CreateStandaloneInvoice, NewInvoiceItem};
    /// use zuora_core::{Date, Outcome, types::AccountNumber};
    /// # use zuora_core::{Client, Config, DataCenter, testing::FakeTransport};
    /// # let cut_off = r#"{"success":true,"invoices":[{"success":true,"id":"2c92","invoiceNumber":"F-1"},{"succ"#;
    /// # let transport = FakeTransport::new(move |_| Ok(FakeTransport::json(200, cut_off)));
    /// # let config = Config::with_token(DataCenter::UsCloud2, "token").max_attempts(1);
    /// # let client = Client::with_transport(&config, transport)?;
    ///
    /// let date = Date::new(2026, 3, 31)?;
    /// let fee = |number: &str| {
    ///     let item = NewInvoiceItem::named("Fee", 25, date);
    ///     CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), date, [item]).invoice_number(number)
    /// };
    /// let bulk = BulkCreateStandaloneInvoices::new([fee("F-1"), fee("F-2")]);
    /// let error = client.call(&bulk).unwrap_err(); // the response was cut off
    /// assert_eq!(error.outcome(), Outcome::Unknown);
    ///
    /// let rows = bulk.rows_in(&error).expect("the response contains a row");
    /// let outcomes: Vec<_> = rows.invoices.iter().map(|row| row.envelope.outcome()).collect();
    /// assert_eq!(outcomes, [Outcome::Applied, Outcome::Unknown]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rows_in(&self, error: &Error) -> Option<CreatedInvoices> {
        rows::read_failed(error, &SPEC, &self.names(), RowName::Number)
    }

    /// Returns the invoices to create.
    pub(in crate::api) fn rows(&self) -> &[CreateStandaloneInvoice] {
        &self.invoices
    }

    fn names(&self) -> Vec<Option<&str>> {
        self.invoices.iter().map(CreateStandaloneInvoice::own_number).collect()
    }
}

impl BulkResponse for CreatedInvoices {
    type Row = Invoice;

    fn rows_mut(&mut self) -> &mut Vec<Invoice> {
        &mut self.invoices
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn envelope_mut(&mut self) -> &mut Envelope {
        &mut self.envelope
    }
}

impl BulkRow for Invoice {
    fn index(&self) -> Option<i64> {
        self.object_index
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn envelope_mut(&mut self) -> &mut Envelope {
        &mut self.envelope
    }
}

impl Operation for BulkCreateStandaloneInvoices {
    type Output = CreatedInvoices;

    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest> {
        self.check_fields(&Path::ROOT)?;
        for (index, invoice) in self.invoices.iter().enumerate() {
            invoice.check(&Path::ROOT.row("invoices", index))?;
        }
        if self.invoices.iter().map(|invoice| invoice.items().len()).sum::<usize>() > MAX_ITEMS {
            return Err(Error::invalid("invoices", "must have at most 1,000 items in total"));
        }
        let size = self.invoices.iter().map(CreateStandaloneInvoice::size).sum();
        RequestBuilder::new(&SPEC).json(self, size)
    }

    fn parse(&self, success: &HttpResponse) -> Result<CreatedInvoices> {
        rows::read(success, &self.names(), RowName::Number)
    }
}

model! {
    /// Response to a bulk creation: one row for each invoice of the request, in the order of the request.
    #[doc(alias = "BulkCreateInvoicesResponse")]
    pub response CreatedInvoices {
        /// One row for each invoice of the request. [`results`](Self::results) separates the rows that
        /// failed.
        pub invoices: Vec<Invoice> = "invoices",
    }
}

impl CreatedInvoices {
    /// Returns one result for each invoice of the request: the invoice that was created, or the envelope of a
    /// row that was rejected or whose outcome is unknown. [`Envelope::outcome`] reports which.
    pub fn results(&self) -> impl Iterator<Item = Result<&Invoice, &Envelope>> {
        self.invoices.iter().map(|invoice| match invoice.envelope.outcome() {
            Outcome::Applied => Ok(invoice),
            Outcome::NotApplied | Outcome::Unknown => Err(&invoice.envelope),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::NewInvoiceItem;
    use crate::types::{AccountId, Date};

    fn invoice(items: usize) -> CreateStandaloneInvoice {
        let day: Date = "2024-06-01".parse().unwrap();
        CreateStandaloneInvoice::new(
            AccountId::from("a"),
            day,
            vec![NewInvoiceItem::named("x", 1, day); items],
        )
    }

    #[test]
    fn limits_are_enforced_and_the_field_is_named() {
        let invalid_field = |invoices| {
            let error = BulkCreateStandaloneInvoices::new(invoices).request().err();
            error.map(|error| error.field().unwrap_or_default().to_owned()).unwrap_or_default()
        };
        assert_eq!(invalid_field(vec![]), "invoices");
        assert_eq!(invalid_field(vec![invoice(20); 50]), "");
        assert_eq!(invalid_field(vec![invoice(1); 51]), "invoices");
        assert_eq!(invalid_field(vec![invoice(500), invoice(501)]), "invoices");
        assert_eq!(
            invalid_field(vec![invoice(1), invoice(1).comments("x".repeat(256))]),
            "invoices[1].comments"
        );
        assert_eq!(invalid_field(vec![invoice(1), invoice(0)]), "invoices[1].invoiceItems");
    }

    #[test]
    fn a_queued_operation_sends_the_same_request() {
        let bulk = BulkCreateStandaloneInvoices::new([invoice(1)]).use_single_transaction(true);
        let text = serde_json::to_string(&bulk).unwrap();
        assert_eq!(serde_json::from_str::<BulkCreateStandaloneInvoices>(&text).unwrap(), bulk);
        assert_eq!(bulk.request().unwrap().body().as_ref(), text.as_bytes());
    }

    #[test]
    fn one_odd_row_costs_no_other_row() {
        let read = |body: &'static str| {
            let bulk = BulkCreateStandaloneInvoices::new([invoice(1), invoice(1)]);
            let created = bulk.parse(&HttpResponse::new(body.into())).unwrap();
            created.invoices.iter().map(|invoice| invoice.envelope.outcome()).collect::<Vec<_>>()
        };
        let odd = r#"{"success":true,"invoices":[{"success":false,"reasons":[{"code":"58490020"}]},
            {"id":"i2","success":true,"amount":"n/a"}]}"#;
        assert_eq!(read(odd), [Outcome::NotApplied, Outcome::Applied]);
        let missing = r#"{"success":true,"invoices":[{"success":false}]}"#;
        assert_eq!(read(missing), [Outcome::Unknown, Outcome::Unknown]);
    }

    #[test]
    fn rows_are_in_the_order_of_the_request() {
        let body = r#"{"success":true,"invoices":[{"success":true,"id":"a"},{"success":true,"id":"c"},
            {"success":false,"processId":"P","objectIndex":1,"reasons":[{"code":58490020,"message":"No account"}]}]}"#;
        let bulk = BulkCreateStandaloneInvoices::new([invoice(1), invoice(1), invoice(1)]);
        let created = bulk.parse(&HttpResponse::new(body.into())).unwrap();
        let rows: Vec<_> = created.results().collect();
        assert_eq!(rows[0].unwrap().id().unwrap(), &"a");
        assert_eq!(rows[1].unwrap_err().reasons[0].code, "58490020");
        assert_eq!(rows[2].unwrap().id().unwrap(), &"c");
    }
}
