//! `GET /v1/invoices/{invoiceKey}`

use serde::{Deserialize, Serialize};

use super::Invoice;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::InvoiceKey;

static SPEC: Spec = Spec::read("get_invoice", "/v1/invoices/{invoiceKey}");

/// `GET /v1/invoices/{invoiceKey}` ("Retrieve an invoice"): retrieves an invoice without its items.
///
/// ```
/// use zuora_core::invoices::{GetInvoice, InvoiceStatus};
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/v1/invoices/INV00000155"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"invoiceNumber":"INV00000155","status":"Posted",
/// #         "balance":250.00}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let invoice = client.call(&GetInvoice::new("INV00000155"))?;
/// assert_eq!(invoice.status()?, &InvoiceStatus::Posted);
/// assert_eq!(invoice.balance()?.to_string(), "250.00");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_invoice")]
#[doc(alias = "retrieve")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
}

impl GetInvoice {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into() }
    }
}

operation_by_key! { GetInvoice { invoice } -> Invoice, json::read }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::invoices::{EInvoiceStatus, InvoiceStatus, TransferredToAccounting};
    use crate::operation::Operation;
    use crate::transport::HttpResponse;
    use bytes::Bytes;

    fn read(body: &str) -> Invoice {
        GetInvoice::new("id").parse(&HttpResponse::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap()
    }

    #[test]
    fn unusual_forms_of_values_are_decoded() {
        let invoice = read(
            r#"{"id":"2c92","invoiceDate":"2021-02-01 00:00:00","amount":"10.50","balance":10.000000000,
            "status":"Posted","transferredToAccounting":false,"einvoiceStatus":"Success","autoPay":"true",
            "invoiceNumber":12345,"postedDate":"2025-03-21T01:42:47-07:00","Region__c":"EU","IntegrationId__NS":"7"}"#,
        );
        assert_eq!(invoice.status().unwrap(), &InvoiceStatus::Posted);
        assert_eq!(invoice.amount().unwrap(), &"10.5".parse().unwrap());
        assert_eq!(invoice.transferred_to_accounting, Some(TransferredToAccounting::False));
        assert_eq!(invoice.e_invoice_status, Some(EInvoiceStatus::Success));
        assert_eq!(invoice.custom::<&str>("Region__c").unwrap(), Some("EU"));
        assert_eq!(
            serde_json::to_string(&invoice).unwrap(),
            r#"{"id":"2c92","invoiceNumber":"12345","status":"Posted","amount":10.50,"balance":10.000000000,"#
                .to_owned()
                + r#""invoiceDate":"2021-02-01","postedDate":"2025-03-21T01:42:47-07:00","autoPay":true,"#
                + r#""transferredToAccounting":"false","eInvoiceStatus":"Success","IntegrationId__NS":"7","Region__c":"EU"}"#
        );
    }

    #[test]
    fn a_missing_field_is_named() {
        let invoice = read(r#"{"amount":null,"extra":null}"#);
        assert_eq!(invoice.amount().unwrap_err().field(), Some("amount"));
        assert_eq!(invoice.extra.raw("extra"), Some("null"));
        assert_eq!(invoice.custom::<String>("extra").unwrap(), None);
        assert_eq!(format!("{invoice:?}"), r#"Invoice { extra: {"extra":null} }"#);
    }

    #[test]
    fn custom_fields_can_be_set_and_declared_fields_cannot() {
        let mut invoice = Invoice::default();
        invoice.set_custom("Region__c", "EU").unwrap();
        assert_eq!(serde_json::to_string(&invoice).unwrap(), r#"{"Region__c":"EU"}"#);
        assert_eq!(invoice.set_custom("amount", &1).unwrap_err().field(), Some("amount"));
    }
}
