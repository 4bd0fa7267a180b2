//! `GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items`

use serde::{Deserialize, Serialize};

use crate::api::invoices::items::InvoiceTaxationItem;
use crate::api::invoices::paging::{Paging, numbered_pages};
use crate::model::model;
use crate::operation::Spec;
use crate::types::{InvoiceItemId, InvoiceKey};

static SPEC: Spec = Spec::read(
    "get_taxation_items_of_invoice_item",
    "/v1/invoices/{invoiceKey}/items/{itemId}/taxation-items",
);

/// `GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items` ("List all taxation items of an invoice
/// item"): lists the tax lines of an invoice item in pages.
///
/// ```
/// use zuora_core::invoices::GetTaxationItems;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri().query(), Some("pageSize=40"));
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"data":[{"name":"VAT","taxRate":0.19,
/// #         "taxAmount":1.90}]}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// let tax_lines = GetTaxationItems::new("INV00000155", "2c86c8955bd63cc1015bd7c151af02ef");
/// for line in client.items(&tax_lines) {
///     let line = line?;
///     assert_eq!(line.tax_amount.unwrap().to_string(), "1.90");
/// }
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_taxation_items_of_invoice_item")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetTaxationItems {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(rename = "itemId")]
    item: InvoiceItemId,
    #[serde(default)]
    paging: Paging,
}

impl GetTaxationItems {
    /// Creates the operation for an invoice id or number and the id of one of its items. It starts at the
    /// first page and requests 40 tax lines per page.
    pub fn new(invoice: impl Into<InvoiceKey>, item: impl Into<InvoiceItemId>) -> Self {
        Self { invoice: invoice.into(), item: item.into(), paging: Paging::default() }
    }
}

numbered_pages! {
    GetTaxationItems { keys: [invoice, item], page: paging.page, size: paging.size }
        -> InvoiceTaxationItems { data: InvoiceTaxationItem }
}

model! {
    /// Page of tax lines of an invoice item.
    #[doc(alias = "TaxationItemsDataResponse")]
    pub response InvoiceTaxationItems {
        /// Tax lines on the page.
        pub data: Vec<InvoiceTaxationItem> = "data",
        /// URL of the next page; absent on the last page. The client does not follow the URL.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Paginated};
    use crate::transport::HttpResponse;

    #[test]
    fn tax_lines_are_listed_in_pages() {
        let list = GetTaxationItems::new("INV1", "i").page_size(1);
        let body = r#"{"data":[{"name":"VAT","taxRate":0.080,"taxAmount":"8.00"}],"nextPage":"x"}"#;
        let (lines, next) = list.into_page(list.parse(&HttpResponse::new(body.into())).unwrap());
        assert_eq!(lines[0].tax_rate.as_ref().unwrap().to_string(), "0.080");
        let next = next.unwrap();
        assert_eq!(
            next.request().unwrap().uri(),
            "/v1/invoices/INV1/items/i/taxation-items?pageSize=1&page=2"
        );
        assert_eq!(
            serde_json::from_str::<GetTaxationItems>(&serde_json::to_string(&next).unwrap()).unwrap(),
            next
        );
    }

    #[test]
    fn both_path_keys_are_validated() {
        assert_eq!(GetTaxationItems::new("", "i").request().unwrap_err().field(), Some("invoiceKey"));
        assert_eq!(GetTaxationItems::new("1", "..").request().unwrap_err().field(), Some("itemId"));
    }
}
