//! `GET /v1/invoices/{invoiceKey}`

use serde::{Deserialize, Serialize};

use super::Invoice;
use crate::api::shared::operation_by_key;
use crate::model::json;
use crate::operation::Spec;
use crate::types::InvoiceKey;

static SPEC: Spec = Spec::read("get_invoice", "/v1/invoices/{invoiceKey}");

/// `GET /v1/invoices/{invoiceKey}` ("Retrieve an invoice"): reads an invoice, without its items.
///
/// ```
/// use zuora_core::invoices::GetInvoice;
/// use zuora_core::Operation;
///
/// let request = GetInvoice::new("INV00000155").request()?;
/// assert_eq!(request.uri(), "/v1/invoices/INV00000155");
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetInvoice {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
}

impl GetInvoice {
    /// Reads the invoice of this id or number.
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
    fn odd_forms_of_the_service_are_read() {
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
    fn what_is_missing_is_named() {
        let invoice = read(r#"{"amount":null,"extra":null}"#);
        assert_eq!(invoice.amount().unwrap_err().field(), Some("amount"));
        assert_eq!(invoice.extra.raw("extra"), Some("null"));
        assert_eq!(invoice.custom::<String>("extra").unwrap(), None);
        assert_eq!(format!("{invoice:?}"), r#"Invoice { extra: {"extra":null} }"#);
    }

    #[test]
    fn custom_fields_can_be_set_and_declared_ones_cannot() {
        let mut invoice = Invoice::default();
        invoice.set_custom("Region__c", "EU").unwrap();
        assert_eq!(serde_json::to_string(&invoice).unwrap(), r#"{"Region__c":"EU"}"#);
        assert_eq!(invoice.set_custom("amount", &1).unwrap_err().field(), Some("amount"));
    }
}
