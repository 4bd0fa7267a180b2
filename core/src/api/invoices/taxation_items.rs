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

/// `GET /v1/invoices/{invoiceKey}/items/{itemId}/taxation-items` ("List all taxation items of an invoice item"): lists the tax lines of an invoice item, page by
/// page.
///
/// ```
/// use zuora_core::invoices::GetTaxationItems;
/// use zuora_core::Operation;
///
/// let request = GetTaxationItems::new("INV00000155", "2c86c8955bd63cc1015bd7c151af02ef").request()?;
/// assert_eq!(
///     request.uri(),
///     "/v1/invoices/INV00000155/items/2c86c8955bd63cc1015bd7c151af02ef/taxation-items?pageSize=40",
/// );
/// # Ok::<(), zuora_core::Error>(())
/// ```
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
    /// Of this item of the invoice of this id or number, from the first page on, 40 a page.
    pub fn new(invoice: impl Into<InvoiceKey>, item: impl Into<InvoiceItemId>) -> Self {
        Self { invoice: invoice.into(), item: item.into(), paging: Paging::default() }
    }
}

numbered_pages! {
    GetTaxationItems { keys: [invoice, item], page: paging.page, size: paging.size } -> InvoiceTaxationItems { data: InvoiceTaxationItem }
}

model! {
    /// A page of an item's tax lines.
    pub response InvoiceTaxationItems {
        /// The lines.
        pub data: Vec<InvoiceTaxationItem> = "data",
        /// Address of the next page; none on the last one. It is not followed.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Paginated};
    use crate::transport::HttpResponse;

    #[test]
    fn lines_are_read_page_by_page() {
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
    fn both_keys_are_checked() {
        assert_eq!(GetTaxationItems::new("", "i").request().unwrap_err().field(), Some("invoiceKey"));
        assert_eq!(GetTaxationItems::new("1", "..").request().unwrap_err().field(), Some("itemId"));
    }
}
