//! `GET /v1/invoices/{invoiceKey}/application-parts`

use serde::{Deserialize, Serialize};

use crate::api::invoices::paging::numbered_pages;
use crate::model::model;
use crate::operation::Spec;
use crate::types::{Amount, CreditMemoId, DateTime, InvoiceKey, PaymentId};

static SPEC: Spec =
    Spec::read("get_invoice_application_parts", "/v1/invoices/{invoiceKey}/application-parts");

/// `GET /v1/invoices/{invoiceKey}/application-parts` ("List all application parts of an invoice"): lists the
/// payments and credit memos that are applied to an invoice.
///
/// Requires Invoice Settlement. From `Zuora-Version` 341.0 on, only processed payments are listed. The
/// service may return all application parts at once. The page and the page size are sent only when they are
/// set, and a page requires a page size.
///
/// ```
/// use zuora_core::invoices::GetInvoiceApplicationParts;
/// # use zuora_core::{Client, Config};
/// # use zuora_core::testing::FakeTransport;
/// #
/// # let transport = FakeTransport::new(|request| {
/// #     assert_eq!(request.uri(), "https://rest.zuora.com/v1/invoices/INV00000155/application-parts");
/// #     Ok(FakeTransport::json(200, r#"{"success":true,"applicationParts":[{"appliedAmount":5.10,
/// #         "paymentId":"4028"}]}"#))
/// # });
/// # let client = Client::with_transport(&Config::with_token("https://rest.zuora.com", "token"), transport)?;
/// for part in client.items(&GetInvoiceApplicationParts::new("INV00000155")) {
///     let part = part?;
///     assert!(part.payment_id.is_some());
///     assert_eq!(part.applied_amount.unwrap().to_string(), "5.10");
/// }
/// # Ok::<(), zuora_core::Error>(())
/// ```
#[doc(alias = "get_invoice_application_parts")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetInvoiceApplicationParts {
    #[serde(rename = "invoiceKey")]
    invoice: InvoiceKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
}

impl GetInvoiceApplicationParts {
    /// Creates the operation for an invoice id or number.
    pub fn new(invoice: impl Into<InvoiceKey>) -> Self {
        Self { invoice: invoice.into(), page: None, page_size: None }
    }
}

numbered_pages! {
    GetInvoiceApplicationParts { keys: [invoice], page: page, size: page_size }
        -> ApplicationParts { parts: ApplicationPart }
}

model! {
    /// Page of application parts.
    #[doc(alias = "GetInvoiceApplicationPartsRequest")]
    pub response ApplicationParts {
        /// Application parts on the page.
        pub parts: Vec<ApplicationPart> = "applicationParts",
        /// URL of the next page; absent on the last page. The client does not follow the URL.
        pub next_page: Option<Box<str>> = "nextPage",
    }
}

model! {
    /// Application of one payment or one credit memo to an invoice.
    pub struct ApplicationPart {
        /// Amount that was applied, in the currency of the invoice.
        pub applied_amount: Option<Amount> = "appliedAmount",
        /// Id of the credit memo; absent for a payment.
        pub credit_memo_id: Option<CreditMemoId> = "creditMemoId",
        /// Id of the payment; absent for a credit memo.
        pub payment_id: Option<PaymentId> = "paymentId",
        /// Id of the user who applied the amount.
        pub created_by_id: Option<Box<str>> = "createdById",
        /// Time of the application, in the tenant's time zone.
        pub created_date: Option<DateTime> = "createdDate",
        /// Id of the user who last updated the application.
        pub updated_by_id: Option<Box<str>> = "updatedById",
        /// Time of the last update, in the tenant's time zone.
        pub updated_date: Option<DateTime> = "updatedDate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Paginated};
    use crate::transport::HttpResponse;

    #[test]
    fn a_next_page_is_requested_only_when_one_exists() {
        let list = GetInvoiceApplicationParts::new("INV1");
        let page = |body: &'static str| list.into_page(list.parse(&HttpResponse::new(body.into())).unwrap());
        let (parts, next) = page(
            r#"{"success":true,"applicationParts":[{"appliedAmount":"5.10","paymentId":"p","creditMemoId":null}]}"#,
        );
        assert_eq!((parts[0].applied_amount.as_ref().unwrap().to_string().as_str(), next), ("5.10", None));
        assert_eq!(list.next_page(), None, "the size of a page is unknown before the response");
        let (_, next) = page(r#"{"applicationParts":[{},{}],"nextPage":"x"}"#);
        let next = next.unwrap();
        assert_eq!(next.request().unwrap().uri(), "/v1/invoices/INV1/application-parts?pageSize=2&page=2");
        assert_eq!(next.next_page(), Some(next.clone().page(3)));
        assert_eq!(
            serde_json::from_str::<GetInvoiceApplicationParts>(&serde_json::to_string(&next).unwrap())
                .unwrap(),
            next
        );
    }

    #[test]
    fn invalid_pages_are_rejected() {
        let invalid_field =
            |list: GetInvoiceApplicationParts| list.request().unwrap_err().field().unwrap().to_owned();
        assert_eq!(invalid_field(GetInvoiceApplicationParts::new("1").page_size(41)), "pageSize");
        assert_eq!(invalid_field(GetInvoiceApplicationParts::new("1").page(0)), "page");
        assert_eq!(invalid_field(GetInvoiceApplicationParts::new("1").page(2)), "pageSize");
    }
}
