//! `POST /v1/invoices/batch`

use crate::api::invoices::create::CreateStandaloneInvoice;
use crate::api::invoices::{Invoice, rows};
use crate::error::{Error, Result};
use crate::model::envelope::Envelope;
use crate::model::json;
use crate::model::model;
use crate::model::rules::Path;
use crate::operation::request_builder::RequestBuilder;
use crate::operation::{Operation, Spec};
use crate::transport::{HttpRequest, HttpResponse};

static SPEC: Spec = Spec::keyed("bulk_create_standalone_invoices", "/v1/invoices/batch");

/// Most items that one request may have.
const MOST_ITEMS: usize = 1000;

model! {
    /// `POST /v1/invoices/batch` ("Create standalone invoices"): makes up to 50 invoices with up to 1,000 items in all.
    ///
    /// Each invoice is made or refused by itself: look at each row of the answer. With
    /// [`use_single_transaction`](Self::use_single_transaction) it is all or none.
    ///
    /// ```
    /// use zuora_core::invoices::{BulkCreateStandaloneInvoices, CreateStandaloneInvoice, NewInvoiceItem};
    /// use zuora_core::{Date, Operation};
    /// use zuora_core::types::AccountId;
    ///
    /// let today = Date::new(2024, 6, 1)?;
    /// let invoice = |account: &str| {
    ///     let item = NewInvoiceItem::named("Setup", 250, today);
    ///     CreateStandaloneInvoice::new(AccountId::from(account), today, [item])
    /// };
    /// let bulk = BulkCreateStandaloneInvoices::new([invoice("2c92a0fd5e2d"), invoice("2c92a0fd5e2e")]);
    /// assert_eq!(bulk.request()?.uri(), "/v1/invoices/batch");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub request BulkCreateStandaloneInvoices {
        invoices: Vec<CreateStandaloneInvoice> = "invoices" (by hand) [entries(1, 50)],
        /// Whether it is all invoices or none; by default each is made by itself.
        use_single_transaction: Option<bool> = "useSingleTransaction",
    }
}

impl BulkCreateStandaloneInvoices {
    /// These invoices, 1 to 50.
    pub fn new(invoices: impl IntoIterator<Item = CreateStandaloneInvoice>) -> Self {
        Self { invoices: invoices.into_iter().collect(), ..Self::default() }
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
        if self.invoices.iter().map(|invoice| invoice.items().len()).sum::<usize>() > MOST_ITEMS {
            return Err(Error::invalid("invoices", "have more than 1,000 items in all"));
        }
        let size = self.invoices.iter().map(CreateStandaloneInvoice::size).sum();
        RequestBuilder::new(&SPEC).json(self, size)
    }

    fn parse(&self, success: &HttpResponse) -> Result<CreatedInvoices> {
        let mut created: CreatedInvoices = json::read(success.body())?;
        created.invoices = rows::in_request_order(created.invoices, |invoice| invoice.object_index);
        Ok(created)
    }
}

model! {
    /// The invoices that were made, and those that were not: one row for each of the request, in its order.
    pub response CreatedInvoices {
        /// The rows; ask [`results`](Self::results) which of them failed.
        pub invoices: Vec<Invoice> = "invoices",
    }
}

impl CreatedInvoices {
    /// For each invoice of the request what was made of it, or why it was not.
    pub fn results(&self) -> impl Iterator<Item = Result<&Invoice, &Envelope>> {
        self.invoices.iter().map(|invoice| {
            if rows::has_failed(&invoice.envelope, invoice.id.is_some()) {
                Err(&invoice.envelope)
            } else {
                Ok(invoice)
            }
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
    fn limits_are_named_and_met() {
        let fault = |invoices| {
            let error = BulkCreateStandaloneInvoices::new(invoices).request().err();
            error.map(|error| error.field().unwrap_or_default().to_owned()).unwrap_or_default()
        };
        assert_eq!(fault(vec![]), "invoices");
        assert_eq!(fault(vec![invoice(20); 50]), "");
        assert_eq!(fault(vec![invoice(1); 51]), "invoices");
        assert_eq!(fault(vec![invoice(500), invoice(501)]), "invoices");
        assert_eq!(fault(vec![invoice(1), invoice(1).comments("x".repeat(256))]), "invoices[1].comments");
        assert_eq!(fault(vec![invoice(1), invoice(0)]), "invoices[1].invoiceItems");
    }

    #[test]
    fn a_request_is_the_same_out_of_a_queue() {
        let bulk = BulkCreateStandaloneInvoices::new([invoice(1)]).use_single_transaction(true);
        let text = serde_json::to_string(&bulk).unwrap();
        assert_eq!(serde_json::from_str::<BulkCreateStandaloneInvoices>(&text).unwrap(), bulk);
        assert_eq!(bulk.request().unwrap().body().as_ref(), text.as_bytes());
    }

    #[test]
    fn rows_come_in_the_order_of_the_request() {
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
